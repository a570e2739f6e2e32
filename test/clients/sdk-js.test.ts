/**
 * The unmodified AWS SDK for JavaScript against a strict server over the socket: every KMS
 * operation there
 * is.
 */
import assert from 'node:assert/strict';
import {
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  verify,
} from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import * as kms from '@aws-sdk/client-kms';
import { GetAccessKeyInfoCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

let server: RunningServer;
let client: kms.KMSClient;
const folder = freshFolder();
const region = 'eu-central-1';

before(async () => {
  server = await startServer({ mode: 'start', data: folder });
  client = new kms.KMSClient(clientOptions());
});
after(async () => {
  client?.destroy();
  await server?.stop();
  removeFolder(folder);
});

const clientOptions = () => ({
  endpoint: server.endpoint,
  region,
  credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
});

async function createKey(
  input: kms.CreateKeyCommandInput = {},
): Promise<kms.KeyMetadata & { KeyId: string; Arn: string }> {
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand(input));
  assert.ok(KeyMetadata?.KeyId && KeyMetadata.Arn);
  return KeyMetadata as kms.KeyMetadata & { KeyId: string; Arn: string };
}

const bytes = (text: string) => Buffer.from(text);

describe('the AWS SDK for JavaScript', () => {
  test('asks STS who it is', async () => {
    const sts = new STSClient(clientOptions());
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    assert.match(identity.Account ?? '', /^\d{12}$/);
    assert.equal(identity.Arn, `arn:aws:iam::${identity.Account}:root`);
    assert.equal(identity.UserId, identity.Account);
    const info = await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: server.accessKeyId }));
    assert.equal(info.Account, identity.Account);
    sts.destroy();
  });

  test('creates a key, describes it and finds it in the list', async () => {
    const key = await createKey({
      Description: 'main job',
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    });
    assert.equal(key.KeyState, 'Enabled');
    const described = await client.send(new kms.DescribeKeyCommand({ KeyId: key.KeyId }));
    assert.deepEqual(described.KeyMetadata, key);
    const { Keys } = await client.send(new kms.ListKeysCommand({}));
    assert.ok(Keys?.some((k) => k.KeyArn === key.Arn));
  });

  test('encrypts and decrypts with a context, and only with that context', async () => {
    const { KeyId, Arn } = await createKey();
    const EncryptionContext = { purpose: 'test', ümlaut: '✓' };
    const sealed = await client.send(
      new kms.EncryptCommand({ KeyId, Plaintext: bytes('secret'), EncryptionContext }),
    );
    assert.equal(sealed.KeyId, Arn);
    const { CiphertextBlob } = sealed;
    const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob, EncryptionContext }));
    assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'secret');
    assert.match(opened.KeyMaterialId ?? '', /^[0-9a-f]{64}$/);
    await assert.rejects(client.send(new kms.DecryptCommand({ CiphertextBlob })), {
      name: 'InvalidCiphertextException',
    });
  });

  test('re-encrypts from one key to another', async () => {
    const [from, to] = [await createKey(), await createKey()];
    const { CiphertextBlob } = await client.send(
      new kms.EncryptCommand({ KeyId: from.KeyId, Plaintext: bytes('x') }),
    );
    const moved = await client.send(
      new kms.ReEncryptCommand({
        CiphertextBlob,
        DestinationKeyId: to.Arn,
        DestinationEncryptionContext: { moved: 'yes' },
      }),
    );
    assert.equal(moved.SourceKeyId, from.Arn);
    assert.equal(moved.KeyId, to.Arn);
    const opened = await client.send(
      new kms.DecryptCommand({
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: { moved: 'yes' },
        KeyId: to.KeyId,
      }),
    );
    assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'x');
  });

  test('makes data keys, with and without their plaintext', async () => {
    const { KeyId } = await createKey();
    const whole = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    assert.equal(whole.Plaintext?.length, 32);
    const opened = await client.send(
      new kms.DecryptCommand({ CiphertextBlob: whole.CiphertextBlob }),
    );
    assert.deepEqual(opened.Plaintext, whole.Plaintext);
    const sealed = await client.send(
      new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }),
    );
    const later = await client.send(
      new kms.DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }),
    );
    assert.equal(later.Plaintext?.length, 64);
  });

  test('makes data key pairs of every spec, whose private half decrypts to PKCS#8', async () => {
    const { KeyId } = await createKey();
    for (const KeyPairSpec of [
      'RSA_2048',
      'ECC_NIST_P256',
      'ECC_SECG_P256K1',
      'ECC_NIST_EDWARDS25519',
    ] as const) {
      const pair = await client.send(new kms.GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }));
      const opened = await client.send(
        new kms.DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }),
      );
      assert.deepEqual(opened.Plaintext, pair.PrivateKeyPlaintext);
      const derived = createPublicKey({
        key: Buffer.from(pair.PrivateKeyPlaintext ?? []),
        format: 'der',
        type: 'pkcs8',
      } as unknown as Parameters<typeof createPublicKey>[0]);
      assert.deepEqual(
        derived.export({ format: 'der', type: 'spki' }),
        Buffer.from(pair.PublicKey ?? []),
      );
      const sealed = await client.send(
        new kms.GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec }),
      );
      assert.ok(sealed.PrivateKeyCiphertextBlob && !('PrivateKeyPlaintext' in sealed));
    }
  });

  test('draws random bytes', async () => {
    const { Plaintext } = await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 48 }));
    assert.equal(Plaintext?.length, 48);
  });

  const signers: ReadonlyArray<[kms.KeySpec, kms.SigningAlgorithmSpec]> = [
    ['RSA_2048', 'RSASSA_PSS_SHA_256'],
    ['RSA_3072', 'RSASSA_PKCS1_V1_5_SHA_384'],
    ['RSA_4096', 'RSASSA_PSS_SHA_512'],
    ['ECC_NIST_P256', 'ECDSA_SHA_256'],
    ['ECC_NIST_P384', 'ECDSA_SHA_384'],
    ['ECC_NIST_P521', 'ECDSA_SHA_512'],
    ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512'],
    ['ML_DSA_44', 'ML_DSA_SHAKE_256'],
    ['ML_DSA_65', 'ML_DSA_SHAKE_256'],
    ['ML_DSA_87', 'ML_DSA_SHAKE_256'],
  ];
  for (const [KeySpec, SigningAlgorithm] of signers) {
    test(`signs and verifies with ${KeySpec} and ${SigningAlgorithm}`, async () => {
      const { KeyId } = await createKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' });
      const Message = bytes('a message');
      const { Signature } = await client.send(
        new kms.SignCommand({ KeyId, Message, SigningAlgorithm }),
      );
      const verified = await client.send(
        new kms.VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm }),
      );
      assert.equal(verified.SignatureValid, true);
      const broken = Buffer.from(Signature ?? []);
      broken[broken.length - 1]! ^= 1;
      await assert.rejects(
        client.send(new kms.VerifyCommand({ KeyId, Message, Signature: broken, SigningAlgorithm })),
        { name: 'KMSInvalidSignatureException' },
      );
    });
  }

  test('a signature over a digest verifies outside with the exported public key', async () => {
    const { KeyId } = await createKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const digest = createHash('sha256').update('a message').digest();
    const { Signature } = await client.send(
      new kms.SignCommand({
        KeyId,
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      }),
    );
    const exported = await client.send(new kms.GetPublicKeyCommand({ KeyId }));
    assert.deepEqual(exported.SigningAlgorithms, ['ECDSA_SHA_256']);
    const publicKey = createPublicKey({
      key: Buffer.from(exported.PublicKey ?? []),
      format: 'der',
      type: 'spki',
    });
    assert.ok(verify('sha256', bytes('a message'), publicKey, Buffer.from(Signature ?? [])));
  });

  test('decrypts what was encrypted offline with an exported RSA public key', async () => {
    const { KeyId } = await createKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId }));
    const CiphertextBlob = publicEncrypt(
      {
        key: createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' }),
        oaepHash: 'sha256',
      },
      bytes('offline'),
    );
    const opened = await client.send(
      new kms.DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    );
    assert.equal(Buffer.from(opened.Plaintext ?? []).toString(), 'offline');
  });

  for (const size of ['224', '256', '384', '512'] as const) {
    test(`makes and verifies MACs with HMAC_${size}`, async () => {
      const { KeyId } = await createKey({
        KeySpec: `HMAC_${size}`,
        KeyUsage: 'GENERATE_VERIFY_MAC',
      });
      const MacAlgorithm = `HMAC_SHA_${size}` as const;
      const Message = bytes('m');
      const { Mac } = await client.send(
        new kms.GenerateMacCommand({ KeyId, Message, MacAlgorithm }),
      );
      assert.equal(Mac?.length, Number(size) / 8);
      const { MacValid } = await client.send(
        new kms.VerifyMacCommand({ KeyId, Message, Mac, MacAlgorithm }),
      );
      assert.equal(MacValid, true);
      await assert.rejects(
        client.send(new kms.VerifyMacCommand({ KeyId, Message: bytes('n'), Mac, MacAlgorithm })),
        { name: 'KMSInvalidMacException' },
      );
    });
  }

  test('agrees on the same shared secret as the peer', async () => {
    const { KeyId } = await createKey({ KeySpec: 'ECC_NIST_P384', KeyUsage: 'KEY_AGREEMENT' });
    const peer = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const { SharedSecret } = await client.send(
      new kms.DeriveSharedSecretCommand({
        KeyId,
        KeyAgreementAlgorithm: 'ECDH',
        PublicKey: peer.publicKey.export({ format: 'der', type: 'spki' }),
      }),
    );
    const { PublicKey } = await client.send(new kms.GetPublicKeyCommand({ KeyId }));
    const ours = createPublicKey({
      key: Buffer.from(PublicKey ?? []),
      format: 'der',
      type: 'spki',
    });
    assert.deepEqual(
      Buffer.from(SharedSecret ?? []),
      diffieHellman({ privateKey: peer.privateKey, publicKey: ours }),
    );
  });

  for (const KeySpec of ['ML_KEM_512', 'ML_KEM_768', 'ML_KEM_1024'] as const) {
    test(`encapsulates and decapsulates with ${KeySpec}`, async () => {
      const { KeyId } = await createKey({ KeySpec, KeyUsage: 'ENCAPSULATE_DECAPSULATE' });
      const EncapsulationAlgorithm = 'ML_KEM' as const;
      const made = await client.send(new kms.EncapsulateCommand({ KeyId, EncapsulationAlgorithm }));
      assert.equal(made.SharedSecret?.length, 32);
      const back = await client.send(
        new kms.DecapsulateCommand({
          KeyId,
          EncapsulationAlgorithm,
          SharedSecretCiphertextBlob: made.SharedSecretCiphertextBlob,
        }),
      );
      assert.deepEqual(back.SharedSecret, made.SharedSecret);
    });
  }

  test('names keys by aliases, moves an alias and deletes it', async () => {
    const [first, second] = [await createKey(), await createKey()];
    const AliasName = 'alias/app/main';
    await client.send(new kms.CreateAliasCommand({ AliasName, TargetKeyId: first.Arn }));
    const sealed = await client.send(
      new kms.EncryptCommand({ KeyId: AliasName, Plaintext: bytes('a') }),
    );
    assert.equal(sealed.KeyId, first.Arn);
    await client.send(new kms.UpdateAliasCommand({ AliasName, TargetKeyId: second.KeyId }));
    const { Aliases } = await client.send(new kms.ListAliasesCommand({ KeyId: second.KeyId }));
    assert.deepEqual(
      Aliases?.map((a) => [a.AliasName, a.TargetKeyId]),
      [[AliasName, second.KeyId]],
    );
    await client.send(new kms.DeleteAliasCommand({ AliasName }));
    await assert.rejects(client.send(new kms.DescribeKeyCommand({ KeyId: AliasName })), {
      name: 'NotFoundException',
    });
  });

  test('disables, enables, schedules and cancels deletion', async () => {
    const { KeyId, Arn } = await createKey();
    await client.send(new kms.DisableKeyCommand({ KeyId }));
    await assert.rejects(client.send(new kms.EncryptCommand({ KeyId, Plaintext: bytes('a') })), {
      name: 'DisabledException',
      message: `${Arn} is disabled.`,
    });
    await client.send(new kms.EnableKeyCommand({ KeyId }));
    const scheduled = await client.send(
      new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
    );
    assert.equal(scheduled.KeyState, 'PendingDeletion');
    assert.ok(scheduled.DeletionDate instanceof Date);
    await assert.rejects(client.send(new kms.EncryptCommand({ KeyId, Plaintext: bytes('a') })), {
      name: 'KMSInvalidStateException',
      message: `${Arn} is pending deletion.`,
    });
    await client.send(new kms.CancelKeyDeletionCommand({ KeyId }));
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }));
    assert.equal(KeyMetadata?.KeyState, 'Disabled');
  });

  test('changes the description, the tags and the policy', async () => {
    const { KeyId, AWSAccountId } = await createKey();
    await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }));
    const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId }));
    assert.equal(KeyMetadata?.Description, 'new');
    await client.send(
      new kms.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'k', TagValue: 'v' }] }),
    );
    const tagged = await client.send(new kms.ListResourceTagsCommand({ KeyId }));
    assert.deepEqual(tagged.Tags, [{ TagKey: 'k', TagValue: 'v' }]);
    await client.send(new kms.UntagResourceCommand({ KeyId, TagKeys: ['k'] }));
    assert.deepEqual((await client.send(new kms.ListResourceTagsCommand({ KeyId }))).Tags, []);
    const { Policy } = await client.send(new kms.GetKeyPolicyCommand({ KeyId }));
    const policy = JSON.parse(Policy ?? '');
    assert.equal(policy.Statement[0].Principal.AWS, `arn:aws:iam::${AWSAccountId}:root`);
    policy.Statement[0].Sid = 'changed';
    await client.send(new kms.PutKeyPolicyCommand({ KeyId, Policy: JSON.stringify(policy) }));
    const changed = await client.send(
      new kms.GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }),
    );
    assert.deepEqual(JSON.parse(changed.Policy ?? ''), policy);
    const { PolicyNames } = await client.send(new kms.ListKeyPoliciesCommand({ KeyId }));
    assert.deepEqual(PolicyNames, ['default']);
  });

  test('pages through keys with its own paginator, each key once', async () => {
    for (let i = 0; i < 5; i++) await createKey();
    const seen: string[] = [];
    for await (const page of kms.paginateListKeys({ client, pageSize: 2 }, {}))
      for (const key of page.Keys ?? []) seen.push(key.KeyId ?? '');
    assert.ok(seen.length >= 5);
    assert.equal(new Set(seen).size, seen.length);
  });

  test('is told that a dry run would have succeeded', async () => {
    const { KeyId } = await createKey();
    await assert.rejects(
      client.send(new kms.EncryptCommand({ KeyId, Plaintext: bytes('a'), DryRun: true })),
      { name: 'DryRunOperationException' },
    );
  });

  test('is refused with AWS errors when its secret or its access key is wrong', async () => {
    const wrongSecret = new kms.KMSClient({
      ...clientOptions(),
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: 'wrong' },
    });
    await assert.rejects(wrongSecret.send(new kms.ListKeysCommand({})), {
      name: 'InvalidSignatureException',
    });
    const unknownKey = new kms.KMSClient({
      ...clientOptions(),
      credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' },
    });
    await assert.rejects(unknownKey.send(new kms.ListKeysCommand({})), {
      name: 'UnrecognizedClientException',
    });
  });
});
