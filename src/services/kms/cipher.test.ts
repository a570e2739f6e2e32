import assert from 'node:assert/strict';
import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import type { CreateKeyRequest } from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const newKey = async (input: CreateKeyRequest = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input);
  assert.ok(KeyMetadata?.Arn);
  return { id: KeyMetadata.KeyId, arn: KeyMetadata.Arn };
};
const rsaKey = () => newKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
const plaintext = Buffer.from('plaintext');
const encrypt = async (KeyId: string, EncryptionContext: Record<string, string> = {}) => {
  const answer = await kms.ask('Encrypt', { KeyId, Plaintext: plaintext, EncryptionContext });
  return Buffer.from(answer.CiphertextBlob ?? []);
};
const invalidCiphertext = refusal('InvalidCiphertextException');
const root = `arn:aws:iam::${account}:root`;
const unseen =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

describe('Encrypt and Decrypt', () => {
  test('give the plaintext back, and name key, algorithm and material', async () => {
    const key = await newKey();
    const sealed = await kms.ask('Encrypt', { KeyId: key.id, Plaintext: plaintext });
    const CiphertextBlob = Buffer.from(sealed.CiphertextBlob ?? []);
    assert.deepEqual(sealed, {
      CiphertextBlob,
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    });
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: key.id });
    assert.deepEqual(await kms.ask('Decrypt', { CiphertextBlob }), {
      Plaintext: plaintext,
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      KeyMaterialId: KeyMetadata?.CurrentKeyMaterialId,
    });
  });

  test('answer at once, without promises, when key and material are cached', async () => {
    const { id } = await newKey();
    await kms.ask('CreateAlias', { AliasName: 'alias/hot', TargetKeyId: id });
    const CiphertextBlob = await encrypt(id);
    for (const KeyId of [id, 'alias/hot']) {
      const sealed = await kms.call('Encrypt', { KeyId, Plaintext: plaintext });
      assert.ok(sealed.wasSynchronous);
      assert.ok((await kms.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })).wasSynchronous);
      assert.ok((await kms.call('Decrypt', { KeyId, CiphertextBlob })).wasSynchronous);
    }
    assert.ok((await kms.call('Decrypt', { CiphertextBlob })).wasSynchronous);
  });

  test('accept every form of naming the key', async () => {
    const { id, arn } = await newKey();
    await kms.ask('CreateAlias', { AliasName: 'alias/forms', TargetKeyId: arn });
    const aliasArn = arn.replace(/key\/.*/, 'alias/forms');
    for (const KeyId of [id, id.toUpperCase(), arn, 'alias/forms', aliasArn])
      assert.deepEqual(
        (await kms.ask('Decrypt', { KeyId, CiphertextBlob: await encrypt(KeyId) })).Plaintext,
        plaintext,
      );
  });

  test('fail with one error and no text for every wrong context and every altered bit', async () => {
    const { id } = await newKey();
    const CiphertextBlob = await encrypt(id, { a: 'b' });
    for (const EncryptionContext of [{}, { a: 'c' }, { A: 'b' }, { a: 'b', c: '' }, { ab: '' }])
      await assert.rejects(
        kms.ask('Decrypt', { CiphertextBlob, EncryptionContext }),
        invalidCiphertext,
      );
    for (let bit = 0; bit < CiphertextBlob.length * 8; bit++) {
      const altered = Buffer.from(CiphertextBlob);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      await assert.rejects(
        kms.ask('Decrypt', { CiphertextBlob: altered, EncryptionContext: { a: 'b' } }),
        invalidCiphertext,
      );
    }
  });

  test("know this installation's ciphertexts after a new start, and no other's", async () => {
    const { id } = await newKey();
    const CiphertextBlob = await encrypt(id);
    const later = await kms.startAgain();
    assert.deepEqual((await later.ask('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    const other = await openKms();
    await assert.rejects(other.ask('Decrypt', { CiphertextBlob }), invalidCiphertext);
    await other.close();
  });

  test('load material again that the cache had to forget', async () => {
    const small = await openKms({ materialCacheEntries: 2 });
    const blobs: Buffer[] = [];
    for (let i = 0; i < 5; i++) {
      const { KeyMetadata } = await small.ask('CreateKey', {});
      const KeyId = KeyMetadata?.KeyId ?? '';
      const sealed = await small.ask('Encrypt', { KeyId, Plaintext: Buffer.from([i]) });
      blobs.push(Buffer.from(sealed.CiphertextBlob ?? []));
    }
    for (const [i, CiphertextBlob] of blobs.entries())
      assert.deepEqual(
        (await small.ask('Decrypt', { CiphertextBlob })).Plaintext,
        Buffer.from([i]),
      );
    await small.close();
  });
});

describe('Decrypt', () => {
  test('says which key was wrong before it looks at that key', async () => {
    const CiphertextBlob = await encrypt((await newKey()).id);
    const disabled = await newKey();
    await kms.ask('DisableKey', { KeyId: disabled.id });
    const signing = await newKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    for (const { id } of [await newKey(), disabled, signing, await rsaKey()])
      await assert.rejects(
        kms.ask('Decrypt', { CiphertextBlob, KeyId: id }),
        refusal(
          'IncorrectKeyException',
          'The key ID in the request does not identify a CMK that can perform this operation.',
        ),
      );
  });

  test('says that a blob is none before it looks at the key named', async () => {
    const { id } = await rsaKey();
    const CiphertextBlob = Buffer.alloc(256, 1);
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob, KeyId: id }), invalidCiphertext);
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob, KeyId: 'foo' }), invalidCiphertext);
  });

  test('does not tell whether a key is missing, in another Region or of another account', async () => {
    const CiphertextBlob = await encrypt((await newKey()).id);
    const denied = (who: string) =>
      refusal(
        'AccessDeniedException',
        `User: ${who} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext ${unseen}`,
      );
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob }, { region: 'us-east-1' }),
      denied(root),
    );
    const stranger = { account: '444455556666' };
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob }, stranger),
      denied('arn:aws:iam::444455556666:root'),
    );
    const arn = `arn:aws:kms:${region}:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
    await assert.rejects(
      kms.ask('Encrypt', { KeyId: arn, Plaintext: plaintext }),
      refusal(
        'AccessDeniedException',
        `User: ${root} is not authorized to perform: kms:Encrypt on this resource ${unseen}`,
      ),
    );
  });

  test('obeys the state of the key', async () => {
    const { id, arn } = await newKey();
    const CiphertextBlob = await encrypt(id);
    await kms.ask('DisableKey', { KeyId: id });
    const disabled = refusal('DisabledException', `${arn} is disabled.`);
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob }), disabled);
    await kms.ask('EnableKey', { KeyId: id });
    assert.deepEqual((await kms.ask('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob }),
      refusal('KMSInvalidStateException', `${arn} is pending deletion.`),
    );
  });

  test('of a dry run ends where it would have succeeded, or with the true error', async () => {
    const { id, arn } = await newKey();
    const CiphertextBlob = await encrypt(id, { a: 'b' });
    const EncryptionContext = { a: 'b' };
    const DryRun = true;
    const succeeded = refusal(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob, EncryptionContext, DryRun }),
      succeeded,
    );
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob, DryRun }), invalidCiphertext);
    const DryRunModifiers = ['IGNORE_CIPHERTEXT'] as const;
    await assert.rejects(kms.ask('Decrypt', { KeyId: id, DryRun, DryRunModifiers }), succeeded);
    await assert.rejects(
      kms.ask('Decrypt', { DryRun, DryRunModifiers }),
      refusal(
        'ValidationException',
        "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
      ),
    );
    await assert.rejects(
      kms.ask('Decrypt', { KeyId: id, DryRunModifiers }),
      refusal('ValidationException', 'DryRunModifiers can only be specified when DryRun is true.'),
    );
    await assert.rejects(
      kms.ask('Decrypt', { KeyId: id }),
      refusal(
        'ValidationException',
        "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
      ),
    );
    await kms.ask('DisableKey', { KeyId: id });
    await assert.rejects(
      kms.ask('Decrypt', { KeyId: id, DryRun, DryRunModifiers }),
      refusal('DisabledException', `${arn} is disabled.`),
    );
  });
});

describe('Encrypt and Decrypt with RSA keys', () => {
  test('are bare OAEP: who has the public key needs no KMS to encrypt', async () => {
    const { id, arn } = await rsaKey();
    const { PublicKey } = await kms.ask('GetPublicKey', { KeyId: id });
    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
    for (const [EncryptionAlgorithm, oaepHash] of [
      ['RSAES_OAEP_SHA_1', 'sha1'],
      ['RSAES_OAEP_SHA_256', 'sha256'],
    ] as const) {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const outside = publicEncrypt({ key, padding, oaepHash }, plaintext);
      const inside = await kms.ask('Encrypt', {
        KeyId: id,
        Plaintext: plaintext,
        EncryptionAlgorithm,
      });
      for (const CiphertextBlob of [outside, Buffer.from(inside.CiphertextBlob ?? [])]) {
        const opened = await kms.ask('Decrypt', { KeyId: id, CiphertextBlob, EncryptionAlgorithm });
        assert.deepEqual(opened, { KeyId: arn, Plaintext: plaintext, EncryptionAlgorithm });
      }
    }
  });

  test('check usage, state, algorithm, context and size in this order', async () => {
    const { id, arn } = await rsaKey();
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' as const;
    const tooLong = { KeyId: id, Plaintext: Buffer.alloc(191), EncryptionAlgorithm };
    await assert.rejects(
      kms.ask('Encrypt', tooLong),
      refusal(
        'ValidationException',
        'Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.',
      ),
    );
    await assert.rejects(
      kms.ask('Encrypt', { ...tooLong, EncryptionContext: { a: 'b' } }),
      refusal(
        'ValidationException',
        'EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.',
      ),
    );
    const wrong = { KeyId: id, Plaintext: Buffer.alloc(191), EncryptionContext: { a: 'b' } };
    await assert.rejects(
      kms.ask('Encrypt', wrong),
      refusal(
        'InvalidKeyUsageException',
        'Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.',
      ),
    );
    await kms.ask('DisableKey', { KeyId: id });
    await assert.rejects(
      kms.ask('Encrypt', wrong),
      refusal('DisabledException', `${arn} is disabled.`),
    );
    await assert.rejects(
      kms.ask('Sign', {
        KeyId: id,
        Message: plaintext,
        SigningAlgorithm: 'RSASSA_PSS_SHA_256',
      }),
      refusal(
        'InvalidKeyUsageException',
        `${arn} key usage is ENCRYPT_DECRYPT which is not valid for Sign.`,
      ),
    );
  });

  test('fail alike for every damaged ciphertext', async () => {
    const { id } = await rsaKey();
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256' as const;
    for (const CiphertextBlob of [Buffer.alloc(256, 1), Buffer.alloc(255), Buffer.alloc(1)])
      await assert.rejects(
        kms.ask('Decrypt', { KeyId: id, CiphertextBlob, EncryptionAlgorithm }),
        invalidCiphertext,
      );
  });
});

describe('ReEncrypt', () => {
  test('moves a plaintext from key and context to key and context', async () => {
    const [from, to] = [await newKey(), await newKey()];
    const answer = await kms.call('ReEncrypt', {
      CiphertextBlob: await encrypt(from.id, { a: 'b' }),
      SourceEncryptionContext: { a: 'b' },
      DestinationKeyId: to.id,
      DestinationEncryptionContext: { c: 'd' },
    });
    const { output } = answer;
    const CiphertextBlob = Buffer.from(output.CiphertextBlob ?? []);
    assert.equal(output.SourceKeyId, from.arn);
    assert.equal(output.KeyId, to.arn);
    const opened = await kms.ask('Decrypt', { CiphertextBlob, EncryptionContext: { c: 'd' } });
    assert.deepEqual(opened.Plaintext, plaintext);
    assert.equal(opened.KeyMaterialId, output.DestinationKeyMaterialId);
    assert.deepEqual(
      answer.resources.map(({ arn }) => arn),
      [from.arn, to.arn],
    );
    assert.deepEqual(answer.authorized, [
      `kms:ReEncryptFrom ${from.arn}`,
      `kms:ReEncryptTo ${to.arn}`,
    ]);
    assert.deepEqual(answer.notes?.additionalEventData, {
      sourceKeyMaterialId: output.SourceKeyMaterialId,
      destinationKeyMaterialId: output.DestinationKeyMaterialId,
    });
  });

  test('goes between symmetric and RSA keys and gives RSA material no id', async () => {
    const [from, to] = [await newKey(), await rsaKey()];
    const there = await kms.ask('ReEncrypt', {
      CiphertextBlob: await encrypt(from.id),
      DestinationKeyId: to.id,
      DestinationEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
    });
    assert.equal('DestinationKeyMaterialId' in there, false);
    const back = await kms.ask('ReEncrypt', {
      CiphertextBlob: Buffer.from(there.CiphertextBlob ?? []),
      SourceKeyId: to.id,
      SourceEncryptionAlgorithm: 'RSAES_OAEP_SHA_1',
      DestinationKeyId: from.id,
    });
    assert.equal('SourceKeyMaterialId' in back, false);
    const CiphertextBlob = Buffer.from(back.CiphertextBlob ?? []);
    assert.deepEqual((await kms.ask('Decrypt', { CiphertextBlob })).Plaintext, plaintext);
  });

  test('answers for the source first, and names its own two actions', async () => {
    const [from, to] = [await newKey(), await newKey()];
    const CiphertextBlob = await encrypt(from.id);
    await kms.ask('DisableKey', { KeyId: to.id });
    const request = { CiphertextBlob, DestinationKeyId: to.id };
    await assert.rejects(
      kms.ask('ReEncrypt', { ...request, SourceEncryptionContext: { a: 'b' } }),
      invalidCiphertext,
    );
    const disabled = refusal('DisabledException', `${to.arn} is disabled.`);
    await assert.rejects(kms.ask('ReEncrypt', request), disabled);
    await assert.rejects(kms.ask('ReEncrypt', { ...request, DryRun: true }), disabled);
    await assert.rejects(
      kms.ask('ReEncrypt', request, { account: '444455556666' }),
      (error: { text?: string }) => /perform: kms:ReEncryptFrom on the/.test(error.text ?? ''),
    );
    await assert.rejects(
      kms.ask('ReEncrypt', {
        CiphertextBlob,
        DestinationKeyId: to.arn.replace(account, '444455556666'),
      }),
      (error: { text?: string }) => /perform: kms:ReEncryptTo on this/.test(error.text ?? ''),
    );
  });
});
