/**
 * What was asked in each recorded KMS case that needs only the operations there are: names say it,
 * the answers confirm
 * it.
 */
import assert from 'node:assert/strict';
import { constants, createPublicKey, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { type Ask, b64, type Case, newKey, recordable } from './case.ts';
import { importCases } from './kms-import-cases.ts';
import { multiRegionCases } from './kms-multi-region-cases.ts';
import { rotationCases } from './kms-rotation-cases.ts';
import { tagCases } from './kms-tag-cases.ts';

const describe = async (ask: Ask, KeyId: string, region?: string) =>
  recordable(await ask('DescribeKey', { KeyId }, region));

const otherRegion = 'us-west-2';

const signVerify: Case = async (ask, [KeySpec, SigningAlgorithm]) => {
  const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'SIGN_VERIFY' });
  const base = { KeyId, SigningAlgorithm, Message: b64('test message!%$@ 1234567890') };
  const signed = await ask('Sign', { ...base, MessageType: 'RAW' });
  if (!specHas(KeySpec as string, SigningAlgorithm as string)) {
    assert.equal(signed.body.__type, 'InvalidKeyUsageException');
    return {};
  }
  const { Signature } = signed.body as { Signature: string };
  const broken = Buffer.from(`x${'y'.repeat(255)}`).toString('base64');
  return {
    signature: recordable(signed),
    verification: recordable(await ask('Verify', { ...base, Signature })),
    'bad-digest': recordable(await ask('Sign', { ...base, MessageType: 'DIGEST' })),
    'bad-signature': recordable(await ask('Verify', { ...base, Signature: broken })),
  };
};

const specHas = (spec: string, algorithm: string): boolean =>
  !['ECC_NIST_P256-ECDSA_SHA_384', 'ECC_SECG_P256K1-ECDSA_SHA_512'].includes(
    `${spec}-${algorithm}`,
  );

const oaepLimit: Case = async (ask, [KeySpec, EncryptionAlgorithm]) => {
  const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' });
  const Plaintext = b64('x'.repeat(1_000));
  return {
    'generate-random-exc': recordable(
      await ask('Encrypt', { KeyId, EncryptionAlgorithm, Plaintext }),
    ),
  };
};

const macs: Case = async (ask, [KeySpec, MacAlgorithm]) => {
  const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
  const base = { MacAlgorithm, Message: b64('some important message') };
  const made = await ask('GenerateMac', { ...base, KeyId });
  const { Mac } = made.body;
  return {
    'generate-mac': recordable(made),
    'verify-mac': recordable(await ask('VerifyMac', { ...base, KeyId, Mac })),
    'generate-mac-invalid-key-id': recordable(
      await ask('GenerateMac', { ...base, KeyId: 'key_id' }),
    ),
    'verify-mac-invalid-key-id': recordable(
      await ask('VerifyMac', { ...base, KeyId: 'key_id', Mac }),
    ),
  };
};

const contextBound =
  (operation: string, extra: object): Case =>
  async (ask) => {
    const { KeyId } = await newKey(ask);
    const made = await ask(operation, {
      KeyId,
      EncryptionContext: { 'context-key': 'context-value' },
      ...extra,
    });
    const CiphertextBlob = made.body.CiphertextBlob ?? made.body.PrivateKeyCiphertextBlob;
    return {
      'decrypt-without-encryption-context': recordable(
        await ask('Decrypt', { CiphertextBlob, KeyId }),
      ),
    };
  };

const multiRegion =
  (MultiRegion: boolean, name: string): Case =>
  async (ask) => ({
    [name]: await newKey(ask, {
      MultiRegion,
      Description: `test ${MultiRegion ? '' : 'non '}multi region key`,
    }),
  });

const dryRun =
  (operation: string): Case =>
  async (ask) => {
    const { KeyId } = await newKey(ask);
    return {
      dryrun_exception: recordable(
        await ask(operation, { KeyId, KeyPairSpec: 'RSA_2048', DryRun: true }),
      ),
    };
  };

const dataKeys =
  (operation: string, name: string, input: object): Case =>
  async (ask) => ({
    [name]: recordable(await ask(operation, { KeyId: (await newKey(ask)).KeyId, ...input })),
  });

/**
 * The recorder kept no answer here; the case's name says what a signature must be: of the digest's
 * salt
 * length.
 */
const saltLength: Case = async (ask, [KeySpec, SigningAlgorithm]) => {
  const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'SIGN_VERIFY' });
  const message = Buffer.from('test message');
  const signed = await ask('Sign', {
    KeyId,
    SigningAlgorithm,
    Message: message.toString('base64'),
  });
  const { PublicKey } = (await ask('GetPublicKey', { KeyId })).body;
  const key = createPublicKey({
    key: Buffer.from(PublicKey as string, 'base64'),
    format: 'der',
    type: 'spki',
  });
  const pss = SigningAlgorithm?.includes('PSS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const hash = `sha${SigningAlgorithm?.slice(-3)}`;
  assert.ok(
    verify(hash, message, { key, ...pss }, Buffer.from(signed.body.Signature as string, 'base64')),
  );
  return {};
};

export const cases: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'test_generate_random_invalid_number_of_bytes',
    async (ask, [count]) => ({
      'generate-random-exc': recordable(
        await ask('GenerateRandom', count === 'None' ? {} : { NumberOfBytes: Number(count) }),
      ),
    }),
  ],
  [
    'test_generate_random',
    async (ask, [count]) => {
      const { body } = await ask('GenerateRandom', { NumberOfBytes: Number(count) });
      return { result_length: Buffer.from(body.Plaintext as string, 'base64').length };
    },
  ],
  ['test_encrypt_validate_plaintext_size_per_key_type', oaepLimit],
  [
    'test_create_key',
    async (ask) => ({ 'describe-key': await newKey(ask, { Description: 'test key 123' }) }),
  ],
  [
    'test_get_key_in_different_region',
    async (ask) => {
      const key = await newKey(ask, { Description: 'test key 123' }, otherRegion);
      return {
        'describe-key-diff-region-with-id': await describe(ask, key.KeyId as string),
        'describe-key-diff-region-with-arn': await describe(ask, key.Arn as string),
        'describe-key-same-specific-region-with-id': await describe(
          ask,
          key.KeyId as string,
          otherRegion,
        ),
        'describe-key-same-specific-region-with-arn': await describe(
          ask,
          key.Arn as string,
          otherRegion,
        ),
      };
    },
  ],
  [
    'test_get_key_does_not_exist',
    async (ask) => {
      const { Arn } = await newKey(ask);
      const missing = randomUUID();
      return {
        'describe-nonexistent-key-with-id': await describe(ask, missing),
        'describe-nonexistent-with-arn': await describe(
          ask,
          (Arn as string).replace(/[^/]+$/, missing),
        ),
        'describe-key-with-valid-id-mrk': await describe(ask, `mrk-${missing.replaceAll('-', '')}`),
      };
    },
  ],
  [
    'test_get_key_invalid_uuid',
    async (ask) => ({
      'describe-key-with-invalid-uuid': await describe(ask, 'fake-key-id'),
      'describe-key-with-invalid-uuid-2': await describe(ask, '134f2428cec14b25a1ae9048164dba47'),
      'describe-key-with-invalid-uuid-mrk': await describe(ask, 'mrk-fake-key-id'),
    }),
  ],
  [
    'test_create_alias',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      return {
        create_alias: recordable(
          await ask('CreateAlias', { AliasName: 'no-prefix', TargetKeyId: KeyId }),
        ),
      };
    },
  ],
  ['test_sign_verify', signVerify],
  [
    'test_hmac_create_key',
    async (ask) => {
      const key = await newKey(ask, {
        Description: 'test key',
        KeySpec: 'HMAC_256',
        KeyUsage: 'GENERATE_VERIFY_MAC',
      });
      const { body } = await ask('DescribeKey', { KeyId: key.KeyId });
      return { 'create-hmac-key': key, 'describe-key': body.KeyMetadata };
    },
  ],
  [
    'test_hmac_create_key_invalid_operations',
    async (ask) => ({
      'create-hmac-key-without-key-usage': recordable(
        await ask('CreateKey', { KeySpec: 'HMAC_256' }),
      ),
      'create-hmac-key-invalid-spec': recordable(
        await ask('CreateKey', { KeySpec: 'HMAC_random', KeyUsage: 'GENERATE_VERIFY_MAC' }),
      ),
      'create-hmac-key-invalid-key-usage': recordable(
        await ask('CreateKey', { KeySpec: 'HMAC_256', KeyUsage: 'RANDOM' }),
      ),
    }),
  ],
  ['test_generate_and_verify_mac', macs],
  [
    'test_invalid_generate_mac',
    async (ask, [KeySpec, MacAlgorithm]) => {
      const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
      return {
        'generate-mac': recordable(
          await ask('GenerateMac', { KeyId, MacAlgorithm, Message: b64('m') }),
        ),
      };
    },
  ],
  [
    'test_invalid_verify_mac',
    async (ask, [KeySpec, MacAlgorithm, message]) => {
      const { KeyId } = await newKey(ask, { KeySpec, KeyUsage: 'GENERATE_VERIFY_MAC' });
      const made = await ask('GenerateMac', {
        KeyId,
        MacAlgorithm: 'HMAC_SHA_256',
        Message: b64('some important message'),
      });
      const { Mac } = made.body;
      return {
        'generate-mac': recordable(made),
        'verify-mac': recordable(
          await ask('VerifyMac', { KeyId, MacAlgorithm, Mac, Message: b64(message ?? '') }),
        ),
      };
    },
  ],
  [
    'test_error_messaging_for_invalid_keys',
    async (ask) => {
      const symmetric = (await newKey(ask)).KeyId;
      const hmac = (await newKey(ask, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))
        .KeyId;
      const signer = (await newKey(ask, { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' })).KeyId;
      const { CiphertextBlob } = (await ask('Encrypt', { KeyId: symmetric, Plaintext: b64('p') }))
        .body;
      const signing = { SigningAlgorithm: 'RSASSA_PSS_SHA_256', Message: b64('m') };
      return {
        'generate-mac-invalid-key-id': recordable(
          await ask('GenerateMac', {
            KeyId: symmetric,
            MacAlgorithm: 'HMAC_SHA_256',
            Message: b64('m'),
          }),
        ),
        'sign-invalid-key-id': recordable(await ask('Sign', { KeyId: hmac, ...signing })),
        'verify-invalid-key-id': recordable(
          await ask('Verify', { KeyId: symmetric, ...signing, Signature: b64('s') }),
        ),
        'encrypt-invalid-key-id': recordable(
          await ask('Encrypt', { KeyId: signer, Plaintext: b64('p') }),
        ),
        'decrypt-invalid-key-id': recordable(
          await ask('Decrypt', { KeyId: signer, CiphertextBlob }),
        ),
      };
    },
  ],
  [
    'test_plaintext_size_for_encrypt',
    async (ask) => ({
      'invalid-plaintext-size-encrypt': recordable(
        await ask('Encrypt', {
          KeyId: (await newKey(ask)).KeyId,
          Plaintext: b64('x'.repeat(4_097)),
        }),
      ),
    }),
  ],
  [
    'test_generate_data_key_pair_without_plaintext',
    dataKeys('GenerateDataKeyPairWithoutPlaintext', 'generate-data-key-pair-without-plaintext', {
      KeyPairSpec: 'RSA_2048',
    }),
  ],
  [
    'test_generate_data_key_pair',
    dataKeys('GenerateDataKeyPair', 'generate-data-key-pair', { KeyPairSpec: 'RSA_2048' }),
  ],
  [
    'test_generate_data_key',
    dataKeys('GenerateDataKey', 'generate-data-key-result', { KeySpec: 'AES_256' }),
  ],
  [
    'test_generate_data_key_without_plaintext',
    dataKeys('GenerateDataKeyWithoutPlaintext', 'generate-data-key-without-plaintext', {
      KeySpec: 'AES_256',
    }),
  ],
  [
    'test_encrypt_decrypt_encryption_context',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      const EncryptionContext = { 'context-key': 'context-value' };
      const made = await ask('Encrypt', {
        KeyId,
        Plaintext: b64('test message 123 !%$@ 1234567890'),
        EncryptionContext,
      });
      const { CiphertextBlob } = made.body;
      return {
        encrypt_response: recordable(made),
        decrypt_response_with_encryption_context: recordable(
          await ask('Decrypt', { CiphertextBlob, EncryptionContext }),
        ),
        decrypt_response_without_encryption_context: recordable(
          await ask('Decrypt', { CiphertextBlob }),
        ),
        decrypt_response_with_invalid_ciphertext: recordable(
          await ask('Decrypt', { CiphertextBlob: b64('invalid'), EncryptionContext }),
        ),
      };
    },
  ],
  [
    'test_encryption_context_generate_data_key',
    contextBound('GenerateDataKey', { KeySpec: 'AES_256' }),
  ],
  [
    'test_encryption_context_generate_data_key_without_plaintext',
    contextBound('GenerateDataKeyWithoutPlaintext', { KeySpec: 'AES_256' }),
  ],
  [
    'test_encryption_context_generate_data_key_pair',
    contextBound('GenerateDataKeyPair', { KeyPairSpec: 'RSA_2048' }),
  ],
  [
    'test_encryption_context_generate_data_key_pair_without_plaintext',
    contextBound('GenerateDataKeyPairWithoutPlaintext', { KeyPairSpec: 'RSA_2048' }),
  ],
  ['test_create_multi_region_key', multiRegion(true, 'create_multi_region_key')],
  [
    'test_non_multi_region_keys_should_not_have_multi_region_properties',
    multiRegion(false, 'non_multi_region_keys_should_not_have_multi_region_properties'),
  ],
  [
    'test_derive_shared_secret',
    async (ask) => {
      const agreement = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' };
      const { KeyId } = await newKey(ask, agreement);
      const peer = (await ask('GetPublicKey', { KeyId: (await newKey(ask, agreement)).KeyId })).body
        .PublicKey;
      const derive = async (input: object) =>
        recordable(
          await ask('DeriveSharedSecret', {
            KeyId,
            KeyAgreementAlgorithm: 'ECDH',
            PublicKey: peer,
            ...input,
          }),
        );
      return {
        response: await derive({}),
        'response-invalid-key-usage': await derive({
          KeyId: (await newKey(ask, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).KeyId,
        }),
        'response-invalid-key-spec': recordable(
          await ask('CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' }),
        ),
        'response-invalid-key-agreement-algo': await derive({ KeyAgreementAlgorithm: 'INVALID' }),
        'response-invalid-key': await derive({ KeyId: (await newKey(ask)).KeyId }),
        'response-invalid-public-key': await derive({ PublicKey: b64('InvalidPublicKey') }),
      };
    },
  ],
  [
    'test_derive_shared_secret_matches_openssl',
    async (ask) => {
      const { KeyId } = await newKey(ask, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' });
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const PublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
      return {
        'derived-shared-key-resp': recordable(
          await ask('DeriveSharedSecret', { KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey }),
        ),
      };
    },
  ],
  ...multiRegionCases,
  ...tagCases,
  ...rotationCases,
  ...importCases,
  ['test_generate_data_key_pair_dry_run', dryRun('GenerateDataKeyPair')],
  [
    'test_generate_data_key_pair_without_plaintext_dry_run',
    dryRun('GenerateDataKeyPairWithoutPlaintext'),
  ],
  [
    'test_re_encrypt',
    async (ask, [KeySpec, algorithm]) => {
      const EncryptionAlgorithm = algorithm as string;
      const usage = KeySpec === 'SYMMETRIC_DEFAULT' ? {} : { KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' };
      const [from, to] = [await newKey(ask, usage), await newKey(ask, usage)];
      const { CiphertextBlob } = (
        await ask('Encrypt', { KeyId: from.KeyId, Plaintext: b64('m'), EncryptionAlgorithm })
      ).body;
      return {
        test_re_encrypt: recordable(
          await ask('ReEncrypt', {
            CiphertextBlob,
            SourceKeyId: from.KeyId,
            DestinationKeyId: to.KeyId,
            SourceEncryptionAlgorithm: EncryptionAlgorithm,
            DestinationEncryptionAlgorithm: EncryptionAlgorithm,
          }),
        ),
      };
    },
  ],
  [
    'test_re_encrypt_incorrect_source_key',
    async (ask) => {
      const [from, to] = [await newKey(ask), await newKey(ask)];
      const { CiphertextBlob } = (await ask('Encrypt', { KeyId: from.KeyId, Plaintext: b64('m') }))
        .body;
      const input = { CiphertextBlob, SourceKeyId: to.KeyId, DestinationKeyId: to.KeyId };
      return { 'incorrect-source-key': recordable(await ask('ReEncrypt', input)) };
    },
  ],
  [
    'test_describe_with_alias_arn',
    async (ask) => {
      const key = await newKey(ask, { Description: 'test - description' });
      const AliasName = `alias/${randomUUID()}`;
      await ask('CreateAlias', { AliasName, TargetKeyId: key.KeyId });
      const arn = (key.Arn as string).replace(/key\/.*$/, AliasName);
      return { 'created-key': key, 'describe-key': await describe(ask, arn) };
    },
  ],
  ['test_verify_salt_length', saltLength],
]);
