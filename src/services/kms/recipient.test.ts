import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  attestationPki,
  type Claims,
  enclaveClaims,
  pcr,
  pemOf,
  signedDocument,
} from '../../../test/attestation.ts';
import { enclaveKey } from '../../../test/enclave-key.ts';
import { account, type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';
import type { LiveCall } from '../../call.ts';
import { trustedRoots } from '../../crypto/certificate-chain.ts';
import { createRecipients, recipientConditions } from './recipient.ts';

const pki = attestationPki();
const key = enclaveKey();
const attestationRoots = trustedRoots(pemOf(pki.chain[0]!));
const claims = enclaveClaims(pki, key.spki);
const recipientOf = (changed: Claims = {}) =>
  ({
    KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
    AttestationDocument: signedDocument(pki, { ...claims, ...changed }),
  }) as const;
const Recipient = recipientOf();
const invalid = (what: string) =>
  refusal('ValidationException', `The attestation document is not valid: ${what}.`);

let kms: KmsUnderTest;
let KeyId: string;
before(async () => {
  kms = await openKms({ attestationRoots });
  kms.clock.now = Date.now();
  KeyId = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
});
after(async () => {
  await kms.close();
  key.remove();
});

const decrypt = async (CiphertextBlob: Uint8Array) =>
  Buffer.from(
    (await kms.ask('Decrypt', { CiphertextBlob: Buffer.from(CiphertextBlob) })).Plaintext!,
  );

/** The recipient's copy, after a look that nothing else shows the plaintext. */
function opened(output: object, plaintextName: string): Buffer {
  assert.equal(plaintextName in output, false);
  return key.open((output as { CiphertextForRecipient: Buffer }).CiphertextForRecipient);
}

describe('an attested request', () => {
  test('of Decrypt is answered for the recipient alone', async () => {
    const Plaintext = Buffer.from('for the enclave');
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext });
    const input = { CiphertextBlob: Buffer.from(CiphertextBlob!), Recipient };
    const output = await kms.ask('Decrypt', input);
    assert.deepEqual(opened(output, 'Plaintext'), Plaintext);
    const { CiphertextForRecipient: _, ...rest } = output;
    const arn = (await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.Arn;
    assert.deepEqual(rest, { KeyId: arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
  });

  test('of Decrypt works with an RSA key too', async () => {
    const input = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' } as const;
    const rsa = (await kms.ask('CreateKey', input)).KeyMetadata?.KeyId ?? '';
    const use = { KeyId: rsa, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } as const;
    const Plaintext = Buffer.from('x');
    const { CiphertextBlob } = await kms.ask('Encrypt', { ...use, Plaintext });
    const output = await kms.ask('Decrypt', {
      ...use,
      CiphertextBlob: Buffer.from(CiphertextBlob!),
      Recipient,
    });
    assert.deepEqual(opened(output, 'Plaintext'), Plaintext);
  });

  test('of GenerateDataKey gives the same key twice: sealed here and for the recipient', async () => {
    const output = await kms.ask('GenerateDataKey', { KeyId, KeySpec: 'AES_256', Recipient });
    const dataKey = opened(output, 'Plaintext');
    assert.equal(dataKey.length, 32);
    assert.deepEqual(await decrypt(output.CiphertextBlob!), dataKey);
    assert.match(output.KeyMaterialId ?? '', /^[0-9a-f]{64}$/);
  });

  test('of GenerateDataKeyPair seals the private key, the longest too', async () => {
    for (const KeyPairSpec of ['ECC_NIST_P256', 'RSA_4096'] as const) {
      const output = await kms.ask('GenerateDataKeyPair', { KeyId, KeyPairSpec, Recipient });
      const privateKey = opened(output, 'PrivateKeyPlaintext');
      assert.deepEqual(await decrypt(output.PrivateKeyCiphertextBlob!), privateKey);
      const read = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
      const publicKey = createPublicKey(read).export({ type: 'spki', format: 'der' });
      assert.deepEqual(Buffer.from(output.PublicKey!), publicKey);
      assert.ok(output.CiphertextForRecipient!.length <= 6144);
    }
  });

  test('of GenerateRandom', async () => {
    const output = await kms.ask('GenerateRandom', { NumberOfBytes: 1024, Recipient });
    assert.equal(opened(output, 'Plaintext').length, 1024);
    assert.deepEqual(Object.keys(output), ['CiphertextForRecipient']);
  });

  test('of DeriveSharedSecret', async () => {
    const input = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' } as const;
    const ecc = (await kms.ask('CreateKey', input)).KeyMetadata?.KeyId ?? '';
    const peer = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey;
    const PublicKey = peer.export({ type: 'spki', format: 'der' });
    const asked = { KeyId: ecc, KeyAgreementAlgorithm: 'ECDH', PublicKey } as const;
    const plain = await kms.ask('DeriveSharedSecret', asked);
    const output = await kms.ask('DeriveSharedSecret', { ...asked, Recipient });
    assert.deepEqual(opened(output, 'SharedSecret'), plain.SharedSecret);
    assert.equal(output.KeyOrigin, 'AWS_KMS');
  });

  test('of a dry run ends as one, once its document is believed', async () => {
    const asked = { KeyId, KeySpec: 'AES_256', DryRun: true } as const;
    const dryRun = { code: 'DryRunOperationException' };
    await assert.rejects(kms.ask('GenerateDataKey', { ...asked, Recipient }), dryRun);
    const false_ = recipientOf({ digest: 'SHA1' });
    const refused = invalid('it is malformed');
    await assert.rejects(kms.ask('GenerateDataKey', { ...asked, Recipient: false_ }), refused);
  });

  test('shows in the trail who attested, and nothing of the document', async () => {
    const { notes } = await kms.call('GenerateDataKey', { KeyId, NumberOfBytes: 1, Recipient });
    const { keyMaterialId, ...added } = notes?.additionalEventData ?? {};
    assert.match(String(keyMaterialId), /^[0-9a-f]{64}$/);
    const of = (byte: number) => pcr(byte).toString('base64');
    assert.deepEqual(added, {
      recipient: {
        attestationDocumentModuleId: 'i-0123456789abcdef0-enc0123456789abcdef',
        attestationDocumentEnclaveImageDigest: of(1),
        attestationDocumentEnclavePCR1: of(2),
        attestationDocumentEnclavePCR2: of(3),
        attestationDocumentEnclavePCR3: of(4),
        attestationDocumentEnclavePCR4: of(5),
        attestationDocumentEnclavePCR8: of(9),
      },
    });
    assert.deepEqual(notes?.requestParameters, { recipient: undefined });
  });
});

describe('an attestation document that is not believed', () => {
  const asking = (input: ReturnType<typeof recipientOf> | object, of = kms) =>
    of.ask('GenerateRandom', { NumberOfBytes: 1, Recipient: input });

  test('is refused by every operation, before anything is done', async () => {
    const malformed = { ...Recipient, AttestationDocument: Buffer.from('x') };
    const refused = invalid('it is malformed');
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext: Buffer.from('x') });
    const blob = Buffer.from(CiphertextBlob!);
    const more = { KeyId, Recipient: malformed };
    const asked = [
      kms.ask('Decrypt', { CiphertextBlob: blob, Recipient: malformed }),
      kms.ask('GenerateDataKey', { ...more, KeySpec: 'AES_256' }),
      kms.ask('GenerateDataKeyPair', { ...more, KeyPairSpec: 'ECC_NIST_P256' }),
      kms.ask('DeriveSharedSecret', {
        ...more,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: Buffer.of(1),
      }),
      asking(malformed),
    ];
    for (const each of asked) await assert.rejects(each, refused);
  });

  test('is told why: members, roots, time, signature, key', async () => {
    const { KeyEncryptionAlgorithm, AttestationDocument } = Recipient;
    const absent = (member: string) =>
      refusal(
        'ValidationException',
        `1 validation error detected: Value null at 'recipient.${member}' failed to satisfy constraint: Member must not be null`,
      );
    await assert.rejects(asking({ KeyEncryptionAlgorithm }), absent('attestationDocument'));
    await assert.rejects(asking({ AttestationDocument }), absent('keyEncryptionAlgorithm'));
    const bare = await openKms();
    await assert.rejects(
      asking(Recipient, bare),
      invalid('its certificates do not lead to a trusted root'),
    );
    await bare.close();
    const changed = Buffer.from(AttestationDocument);
    changed[changed.length - 1]! ^= 1;
    await assert.rejects(
      asking({ ...Recipient, AttestationDocument: changed }),
      invalid('it was not signed by its certificate'),
    );
    await assert.rejects(
      asking(recipientOf({ public_key: null })),
      invalid('it has no public key'),
    );
    await assert.rejects(
      asking(recipientOf({ public_key: Buffer.from('x') })),
      invalid('its public key is no RSA key of 2048, 3072 or 4096 bits'),
    );
  });

  test('is judged by the clock of the server', async () => {
    const over = invalid('a certificate of its chain is not valid at this time');
    kms.clock.now += 4 * 3_600_000;
    await assert.rejects(asking(Recipient), over);
    kms.clock.now -= 8 * 3_600_000;
    await assert.rejects(asking(Recipient), over);
    kms.clock.now += 4 * 3_600_000;
    await asking(Recipient);
  });
});

describe('what policies can decide on', () => {
  const call = { now: Date.now(), note: () => undefined } as unknown as LiveCall;
  const conditionsOf = (changed: Claims) =>
    Object.fromEntries(
      recipientConditions(
        createRecipients(attestationRoots).verified({ Recipient: recipientOf(changed) }, call),
      ),
    );
  const prefix = 'kms:recipientattestation:';

  test('of an enclave: its image and its registers in lower-case hex', () => {
    assert.deepEqual(
      conditionsOf({
        pcrs: new Map([
          [0, pcr(0xab)],
          [31, pcr(1)],
        ]),
      }),
      {
        [`${prefix}imagesha384`]: 'ab'.repeat(48),
        [`${prefix}pcr0`]: 'ab'.repeat(48),
        [`${prefix}pcr31`]: '01'.repeat(48),
      },
    );
  });

  test('of a NitroTPM: its registers, under names of their own', () => {
    const registers = new Map([
      [0, pcr(1)],
      [4, pcr(2)],
    ]);
    assert.deepEqual(conditionsOf({ pcrs: undefined, nitrotpm_pcrs: registers }), {
      [`${prefix}nitrotpmpcr0`]: '01'.repeat(48),
      [`${prefix}nitrotpmpcr4`]: '02'.repeat(48),
    });
  });

  test('decides: a key policy can be for one image alone', async () => {
    const made = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
    const { CiphertextBlob } = await kms.ask('Encrypt', {
      KeyId: made,
      Plaintext: Buffer.from('x'),
    });
    const statement = (image: string) => ({
      Effect: 'Deny',
      Principal: '*',
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: {
        StringNotEqualsIgnoreCase: { 'kms:RecipientAttestation:ImageSha384': image },
      },
    });
    const policyFor = (image: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${account}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
          statement(image),
        ],
      });
    const decrypting = (more: object) =>
      kms.ask('Decrypt', { CiphertextBlob: Buffer.from(CiphertextBlob!), ...more });
    const denied = { code: 'AccessDeniedException' };
    await kms.ask('PutKeyPolicy', { KeyId: made, Policy: policyFor('01'.repeat(48)) });
    assert.deepEqual(opened(await decrypting({ Recipient }), 'Plaintext'), Buffer.from('x'));
    await assert.rejects(decrypting({}), denied);
    await kms.ask('PutKeyPolicy', { KeyId: made, Policy: policyFor('02'.repeat(48)) });
    await assert.rejects(decrypting({ Recipient }), denied);
  });

  test('without a recipient: nothing', () => {
    assert.equal(recipientConditions(createRecipients().verified({}, call)).size, 0);
  });
});
