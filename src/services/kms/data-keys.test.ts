import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';

let kms: KmsUnderTest;
let KeyId: string;
before(async () => {
  kms = await openKms();
  KeyId = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
});
after(() => kms.close());

const decrypt = async (blob: Uint8Array | undefined, EncryptionContext = {}) => {
  const CiphertextBlob = Buffer.from(blob ?? []);
  return (await kms.ask('Decrypt', { CiphertextBlob, EncryptionContext })).Plaintext;
};

describe('GenerateDataKey', () => {
  test('makes keys of the size that was asked for, sealed under the context', async () => {
    const EncryptionContext = { a: 'b' };
    for (const [size, sizeBytes] of [
      [{ KeySpec: 'AES_256' }, 32],
      [{ KeySpec: 'AES_128' }, 16],
      [{ NumberOfBytes: 1024 }, 1024],
    ] as const) {
      const made = await kms.ask('GenerateDataKey', { KeyId, EncryptionContext, ...size });
      assert.equal(made.Plaintext?.length, sizeBytes);
      assert.deepEqual(await decrypt(made.CiphertextBlob, EncryptionContext), made.Plaintext);
      await assert.rejects(decrypt(made.CiphertextBlob), refusal('InvalidCiphertextException'));
    }
  });

  test('without plaintext shows none, and seals a key that is not zeros', async () => {
    const made = await kms.ask('GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_256' });
    assert.deepEqual(Object.keys(made).sort(), ['CiphertextBlob', 'KeyId', 'KeyMaterialId']);
    assert.notDeepEqual(await decrypt(made.CiphertextBlob), Buffer.alloc(32));
  });

  test('wants one size, after the key is found and before its usage is looked at', async () => {
    const { KeyMetadata } = await kms.ask('CreateKey', {
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
    });
    const hmac = KeyMetadata?.KeyId ?? '';
    const wanted = refusal(
      'ValidationException',
      'Please specify either number of bytes or key spec.',
    );
    await assert.rejects(kms.ask('GenerateDataKey', { KeyId: hmac }), wanted);
    const both = { KeyId, KeySpec: 'AES_256', NumberOfBytes: 32 } as const;
    await assert.rejects(kms.ask('GenerateDataKeyWithoutPlaintext', both), wanted);
    await assert.rejects(
      kms.ask('GenerateDataKey', { KeyId: 'foo' }),
      refusal('NotFoundException', "Invalid keyId 'foo'"),
    );
    await assert.rejects(
      kms.ask('GenerateDataKey', { KeyId: hmac, KeySpec: 'AES_256' }),
      refusal(
        'InvalidKeyUsageException',
        `${KeyMetadata?.Arn} key usage is GENERATE_VERIFY_MAC which is not valid for GenerateDataKey.`,
      ),
    );
  });

  test('refuses RSA keys', async () => {
    const { KeyMetadata } = await kms.ask('CreateKey', {
      KeySpec: 'RSA_2048',
      KeyUsage: 'ENCRYPT_DECRYPT',
    });
    const rsa = KeyMetadata?.KeyId ?? '';
    const refused = refusal(
      'InvalidKeyUsageException',
      'You cannot generate a data key with an asymmetric CMK',
    );
    await assert.rejects(kms.ask('GenerateDataKey', { KeyId: rsa, KeySpec: 'AES_256' }), refused);
    await assert.rejects(
      kms.ask('GenerateDataKeyPair', { KeyId: rsa, KeyPairSpec: 'ECC_NIST_P256' }),
      refused,
    );
  });
});

describe('GenerateDataKeyPair', () => {
  for (const KeyPairSpec of [
    'RSA_2048',
    'ECC_NIST_P521',
    'ECC_SECG_P256K1',
    'ECC_NIST_EDWARDS25519',
    'ML_KEM_768',
  ] as const)
    test(`makes a pair of ${KeyPairSpec} whose halves belong together`, async () => {
      const EncryptionContext = { a: 'b' };
      const made = await kms.ask('GenerateDataKeyPair', { KeyId, KeyPairSpec, EncryptionContext });
      const der = Buffer.from(made.PrivateKeyPlaintext ?? []);
      const half = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
      assert.deepEqual(half.export({ type: 'spki', format: 'der' }), made.PublicKey);
      assert.deepEqual(await decrypt(made.PrivateKeyCiphertextBlob, EncryptionContext), der);
      assert.equal(made.KeyPairSpec, KeyPairSpec);
    });

  test('without plaintext shows no private key, and seals a real one', async () => {
    const made = await kms.ask('GenerateDataKeyPairWithoutPlaintext', {
      KeyId,
      KeyPairSpec: 'ECC_NIST_P256',
    });
    assert.equal('PrivateKeyPlaintext' in made, false);
    const der = Buffer.from((await decrypt(made.PrivateKeyCiphertextBlob)) ?? []);
    const half = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    assert.deepEqual(half.export({ type: 'spki', format: 'der' }), made.PublicKey);
  });

  test('has no SM2 outside China', async () => {
    await assert.rejects(
      kms.ask('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'SM2' }),
      refusal('UnsupportedOperationException', 'KeySpec SM2 is not supported in this Region'),
    );
  });

  test('of a dry run makes none', async () => {
    await assert.rejects(
      kms.ask('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'RSA_4096', DryRun: true }),
      refusal(
        'DryRunOperationException',
        'The request would have succeeded, but the DryRun option is set.',
      ),
    );
  });
});

describe('GenerateRandom', () => {
  test('gives as many bytes as were asked for, others each time', async () => {
    const one = (await kms.ask('GenerateRandom', { NumberOfBytes: 44 })).Plaintext;
    const two = (await kms.ask('GenerateRandom', { NumberOfBytes: 44 })).Plaintext;
    assert.equal(one?.length, 44);
    assert.notDeepEqual(one, two);
  });
  test('wants a number, and a key store that is there', async () => {
    await assert.rejects(
      kms.ask('GenerateRandom', {}),
      refusal('ValidationException', 'NumberOfBytes is required.'),
    );
    await assert.rejects(
      kms.ask('GenerateRandom', { NumberOfBytes: 1, CustomKeyStoreId: 'cks-1' }),
      refusal('CustomKeyStoreNotFoundException', 'Custom key store cks-1 does not exist.'),
    );
  });
});
