/** Keys of origin EXTERNAL for the service-level tests: made, and given material. */
import { randomBytes } from 'node:crypto';
import type {
  AlgorithmSpec,
  CreateKeyRequest,
  ImportKeyMaterialRequest,
  KeyMetadata,
  WrappingKeySpec,
} from '../src/model/kms.generated.ts';
import { type Caller, type KmsUnderTest, refusal } from './open-kms.ts';
import { wrapMaterial } from './wrap-material.ts';

export async function externalKey(kms: KmsUnderTest, input: CreateKeyRequest = {}) {
  const { KeyMetadata } = await kms.ask('CreateKey', { Origin: 'EXTERNAL', ...input });
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
}

export interface ImportOptions {
  readonly algorithm?: AlgorithmSpec;
  readonly wrappingSpec?: WrappingKeySpec;
  readonly input?: Partial<ImportKeyMaterialRequest>;
  readonly caller?: Caller;
}

/** Token and public key as KMS gives them. */
export async function parametersFor(kms: KmsUnderTest, KeyId: string, options: ImportOptions = {}) {
  const { algorithm = 'RSAES_OAEP_SHA_256', wrappingSpec = 'RSA_2048', caller } = options;
  const input = { KeyId, WrappingAlgorithm: algorithm, WrappingKeySpec: wrappingSpec };
  const { ImportToken, PublicKey } = await kms.ask('GetParametersForImport', input, caller);
  return { algorithm, token: Buffer.from(ImportToken ?? []), publicKey: PublicKey ?? Buffer.of() };
}
export type Parameters = Awaited<ReturnType<typeof parametersFor>>;

/** Wraps and imports under parameters that were asked for before; without an expiry unless told. */
export function importWith(
  kms: KmsUnderTest,
  KeyId: string,
  {
    parameters,
    material,
    input,
  }: {
    readonly parameters: Parameters;
    readonly material: Buffer;
    readonly input?: Partial<ImportKeyMaterialRequest> | undefined;
  },
  caller?: Caller,
) {
  const request: ImportKeyMaterialRequest = {
    KeyId,
    ImportToken: parameters.token,
    EncryptedKeyMaterial: wrapMaterial(material, parameters),
    ...(input?.ValidTo === undefined ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } : {}),
    ...input,
  };
  return kms.ask('ImportKeyMaterial', request, caller);
}

export async function importMaterial(
  kms: KmsUnderTest,
  KeyId: string,
  material: Buffer,
  options: ImportOptions = {},
) {
  const parameters = await parametersFor(kms, KeyId, options);
  const { input, caller } = options;
  return importWith(kms, KeyId, { parameters, material, input }, caller);
}

/** A symmetric key with its first imported material. */
export async function importedKey(
  kms: KmsUnderTest,
  input: Partial<ImportKeyMaterialRequest> = {},
) {
  const key = await externalKey(kms);
  const material = randomBytes(32);
  const parameters = await parametersFor(kms, key.id);
  const answer = await importWith(kms, key.id, { parameters, material, input });
  return { ...key, material, parameters, materialId: answer.KeyMaterialId ?? '' };
}

/** What tests of imported material ask again and again. `kms` is called when a question is. */
export const importAsks = (kms: () => KmsUnderTest) => ({
  describeKey: async (KeyId: string): Promise<Partial<KeyMetadata>> =>
    (await kms().ask('DescribeKey', { KeyId })).KeyMetadata ?? {},
  seal: async (KeyId: string) =>
    Buffer.from(
      (await kms().ask('Encrypt', { KeyId, Plaintext: Buffer.from('x') })).CiphertextBlob ?? [],
    ),
  open: (CiphertextBlob: Buffer) => kms().ask('Decrypt', { CiphertextBlob }),
  remove: (KeyId: string, KeyMaterialId?: string) =>
    kms().ask('DeleteImportedKeyMaterial', {
      KeyId,
      ...(KeyMaterialId === undefined ? {} : { KeyMaterialId }),
    }),
  rotations: async (KeyId: string) =>
    (await kms().ask('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }))
      .Rotations ?? [],
});
export const isNew = { input: { ImportType: 'NEW_KEY_MATERIAL' } } as const;
export const isPendingImport = (arn: string) =>
  refusal('KMSInvalidStateException', `${arn} is pending import.`);
