/** The recorded KMS cases about imported key material. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { curveOf, foreignKey, pkcs8Of, wrapMaterial } from '../wrap-material.ts';
import { type Ask, b64, type Case, newKey, recordable } from './case.ts';

const describe = async (ask: Ask, KeyId: string | undefined) =>
  recordable(await ask('DescribeKey', { KeyId }));

const externalKey = (ask: Ask, input: object = {}) =>
  newKey(ask, { Origin: 'EXTERNAL', Description: 'test-key', ...input });

interface Importing {
  readonly algorithm?: string;
  readonly input?: object;
}

async function importMaterial(
  ask: Ask,
  KeyId: string | undefined,
  material: Buffer,
  { algorithm = 'RSAES_OAEP_SHA_256', input = {} }: Importing = {},
) {
  const parameters = await ask('GetParametersForImport', {
    KeyId,
    WrappingAlgorithm: algorithm,
    WrappingKeySpec: 'RSA_4096',
  });
  const { PublicKey, ImportToken } = parameters.body;
  const imported = await ask('ImportKeyMaterial', {
    KeyId,
    ImportToken,
    EncryptedKeyMaterial: wrapMaterial(material, {
      algorithm,
      publicKey: Buffer.from(PublicKey as string, 'base64'),
    }).toString('base64'),
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    ...input,
  });
  return { parameters, imported };
}

const deleted = async (ask: Ask, KeyId: string | undefined) => {
  assert.equal((await ask('DeleteImportedKeyMaterial', { KeyId })).status, 200);
  return describe(ask, KeyId);
};

const pkcs8 = (type: 'rsa' | 'ec', options: object): Buffer => pkcs8Of(foreignKey(type, options));

const ecdsa: Record<string, string> = {
  ECC_NIST_P384: 'ECDSA_SHA_384',
  ECC_NIST_P521: 'ECDSA_SHA_512',
};

const importSymmetric: Case = async (ask) => {
  const key = await newKey(ask, { Origin: 'EXTERNAL', Description: 'symmetric import' });
  const { KeyId } = key;
  const encrypt = async () => recordable(await ask('Encrypt', { KeyId, Plaintext: b64('x') }));
  const refused = await encrypt();
  const before = await describe(ask, KeyId);
  const material = randomBytes(32);
  const expiring = { ExpirationModel: 'KEY_MATERIAL_EXPIRES' };
  const withoutDate = await importMaterial(ask, KeyId, material, { input: expiring });
  await importMaterial(ask, KeyId, material);
  const { CiphertextBlob } = (await ask('Encrypt', { KeyId, Plaintext: b64('x') })).body;
  assert.equal((await ask('Decrypt', { CiphertextBlob })).body.Plaintext, b64('x'));
  return {
    'created-key': key,
    'encrypt-before-import-error': refused,
    'describe-key-before-import': before,
    'import-expiring-key-without-valid-to': recordable(withoutDate.imported),
    'describe-key-after-import': await describe(ask, KeyId),
    'describe-key-after-deleted-import': await deleted(ask, KeyId),
    'encrypt-after-delete-error': await encrypt(),
  };
};

const importAsymmetric: Case = async (ask) => {
  const key = await externalKey(ask, {
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
  });
  const before = await describe(ask, key.KeyId);
  await importMaterial(ask, key.KeyId, pkcs8('ec', { namedCurve: 'prime256v1' }));
  return {
    'created-key': key,
    'describe-key-before-import': before,
    'describe-key-after-import': await describe(ask, key.KeyId),
    'describe-key-after-deleted-import': await deleted(ask, key.KeyId),
  };
};

const importRsa: Case = async (ask) => {
  const { KeyId } = await externalKey(ask, { KeySpec: 'RSA_4096', KeyUsage: 'ENCRYPT_DECRYPT' });
  const before = await describe(ask, KeyId);
  const algorithm = 'RSA_AES_KEY_WRAP_SHA_256';
  await importMaterial(ask, KeyId, pkcs8('rsa', { modulusLength: 4096 }), { algorithm });
  return {
    'describe-before-import': before,
    'import-key-material-response': await describe(ask, KeyId),
    'describe-key-after-deleted-import': await deleted(ask, KeyId),
  };
};

const importEcc: Case = async (ask, [KeySpec = '']) => {
  const Description = 'test ecc key import';
  const { KeyId } = await externalKey(ask, { KeySpec, KeyUsage: 'SIGN_VERIFY', Description });
  const before = await describe(ask, KeyId);
  await importMaterial(ask, KeyId, pkcs8('ec', { namedCurve: curveOf[KeySpec] }));
  const after = await describe(ask, KeyId);
  const SigningAlgorithm = ecdsa[KeySpec] ?? 'ECDSA_SHA_256';
  const signing = { KeyId, SigningAlgorithm, Message: b64('message') };
  const signed = await ask('Sign', signing);
  const { Signature } = signed.body;
  return {
    'describe-key-before-import': before,
    'describe-key-after-import': after,
    'sign-result': recordable(signed),
    'verify-result': recordable(await ask('Verify', { ...signing, Signature })),
    'describe-key-after-deleted-import': await deleted(ask, KeyId),
  };
};

const importHmac: Case = async (ask, [KeySpec = '']) => {
  const Description = 'test import hmac key';
  const bits = Number(KeySpec.slice(-3));
  const { KeyId } = await externalKey(ask, {
    KeySpec,
    KeyUsage: 'GENERATE_VERIFY_MAC',
    Description,
  });
  const before = await describe(ask, KeyId);
  await importMaterial(ask, KeyId, randomBytes(bits / 8));
  const after = await describe(ask, KeyId);
  const use = { KeyId, MacAlgorithm: `HMAC_SHA_${bits}`, Message: b64('message') };
  const made = await ask('GenerateMac', use);
  const { Mac } = made.body;
  return {
    'describe-key-before-import': before,
    'describe-key-after-import': after,
    'generate-mac-response': recordable(made),
    'verify-mac-response': recordable(await ask('VerifyMac', { ...use, Mac })),
    'describe-key-after-deleted-import': await deleted(ask, KeyId),
  };
};

const wrongOrigin =
  (name: string): Case =>
  async (ask) => {
    const { Arn } = await newKey(ask);
    const parameters = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_4096' };
    return {
      [name]: recordable(await ask('GetParametersForImport', { KeyId: Arn, ...parameters })),
    };
  };

const newMaterial = { input: { ImportType: 'NEW_KEY_MATERIAL' } };
const encrypted = async (ask: Ask, KeyId: string | undefined) =>
  ask('Encrypt', { KeyId, Plaintext: b64('secret') });
const rotate = async (ask: Ask, KeyId: string | undefined) =>
  recordable(await ask('RotateKeyOnDemand', { KeyId }));

const rotateToImported: Case = async (ask) => {
  const key = await externalKey(ask);
  const { KeyId } = key;
  const empty = await describe(ask, KeyId);
  const first = await importMaterial(ask, KeyId, randomBytes(32));
  const withFirst = await describe(ask, KeyId);
  const before = await encrypted(ask, KeyId);
  const second = await importMaterial(ask, KeyId, randomBytes(32), newMaterial);
  return {
    'create-kms-external-key': key,
    'get-import-parameters-response': recordable(first.parameters),
    'describe-empty-key-response': empty,
    'import-key-material-response': recordable(first.imported),
    'describe-key-with-material-response': withFirst,
    'kms-encrypt-initial-response': recordable(before),
    'import-new-key-material-response': recordable(second.imported),
    'describe-key-with-new-material-response': await describe(ask, KeyId),
    'rotate-key-on-demand-response': await rotate(ask, KeyId),
    'describe-key-after-rotation': await describe(ask, KeyId),
    'kms-encrypt-rotated-key-response': recordable(await encrypted(ask, KeyId)),
  };
};

const decryptWithPrevious: Case = async (ask) => {
  const key = await externalKey(ask);
  const { KeyId } = key;
  const { imported } = await importMaterial(ask, KeyId, randomBytes(32));
  const before = await encrypted(ask, KeyId);
  await importMaterial(ask, KeyId, randomBytes(32), newMaterial);
  const rotated = await rotate(ask, KeyId);
  const { CiphertextBlob } = before.body;
  assert.equal((await ask('Decrypt', { CiphertextBlob })).body.Plaintext, b64('secret'));
  return {
    'create-kms-external-key': key,
    'import-key-material-response': recordable(imported),
    'kms-encrypt-initial-response': recordable(before),
    'rotate-key-on-demand-response': rotated,
  };
};

const pendingAlready: Case = async (ask) => {
  const { KeyId } = await externalKey(ask);
  const [first, second, third] = [
    await importMaterial(ask, KeyId, randomBytes(32)),
    await importMaterial(ask, KeyId, randomBytes(32), newMaterial),
    await importMaterial(ask, KeyId, randomBytes(32), newMaterial),
  ];
  return {
    'import-initial-material-response': recordable(first.imported),
    'import-pending-material-response': recordable(second.imported),
    'existing-pending-material-error': recordable(third.imported),
  };
};

export const importCases: ReadonlyMap<string, Case> = new Map<string, Case>([
  ['test_import_key_symmetric', importSymmetric],
  ['test_import_key_asymmetric', importAsymmetric],
  ['test_import_key_rsa_aes_wrap_sha256', importRsa],
  ['test_import_key_ecc_keys', importEcc],
  ['test_import_key_hmac_keys', importHmac],
  ['test_get_parameters_for_import', wrongOrigin('response-error')],
  [
    'test_get_parameters_for_import_raises_for_non_external_kms_keys',
    wrongOrigin('get-import-parameters-error'),
  ],
  ['test_rotate_key_on_demand_updates_current_key_material_for_external_keys', rotateToImported],
  [
    'test_rotate_key_on_demand_for_external_keys_decrypts_with_previous_material',
    decryptWithPrevious,
  ],
  ['test_import_key_material_raises_if_there_is_already_key_material_pending', pendingAlready],
  [
    'test_rotate_key_on_demand_raises_for_no_pending_key_material',
    async (ask) => {
      const { KeyId } = await externalKey(ask);
      await importMaterial(ask, KeyId, randomBytes(32));
      return { 'rotate-key-on-demand-invalid-state-error': await rotate(ask, KeyId) };
    },
  ],
  [
    'test_rotate_key_on_demand_on_external_key_with_no_key_material',
    // The recorder's parameter names its answer only; the key was symmetric in both.
    async (ask, [name]) => {
      const key = await externalKey(ask);
      return {
        'create-kms-external-key': key,
        [`rotate-key-on-demand-error-response-${name}`]: await rotate(ask, key.KeyId),
      };
    },
  ],
]);
