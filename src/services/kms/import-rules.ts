/** What may be imported how: the rules that need no key material to be checked. Pure. */
import { type KeySpec, type KeySpecName, keySpecs } from '../../crypto/key-spec.ts';
import { type WrappingAlgorithm, wrappingAlgorithms } from '../../crypto/key-wrap.ts';
import type {
  GetParametersForImportRequest,
  ImportKeyMaterialRequest,
} from '../../model/kms.generated.ts';
import {
  materialIdWithNew,
  symmetricOnly,
  validToNeeded,
  validToNotAllowed,
  validToOutOfRange,
  wrappingNotSupported,
} from './errors.ts';
import { isSymmetricEncryptionKey, type Key } from './key.ts';

/** Key specs that keys of origin EXTERNAL may have (CreateKey in the API reference). */
export const isImportable = ({ name, family }: KeySpec): boolean =>
  ['symmetric', 'hmac', 'rsa', 'ecc'].includes(family) && name !== 'ECC_NIST_EDWARDS25519';

/** The wrapping keys that AWS makes outside China. */
const wrappingSpecs: ReadonlySet<string> = new Set(['RSA_2048', 'RSA_3072', 'RSA_4096']);

export interface Wrapping {
  readonly algorithm: WrappingAlgorithm;
  readonly wrappingSpec: KeySpec;
}

/**
 * AWS's table of what wraps what: OAEP alone is too short for RSA private keys under any wrapping
 * key and for P-521 ones under RSA_2048 (GetParametersForImport in the API reference).
 * @throws ApiError UnsupportedOperationException
 */
export function checkedWrapping(
  spec: KeySpecName,
  input: Pick<GetParametersForImportRequest, 'WrappingAlgorithm' | 'WrappingKeySpec'>,
): Wrapping {
  const { WrappingAlgorithm: name, WrappingKeySpec: wrapping } = input;
  const algorithm = wrappingAlgorithms.get(name);
  const wrappingSpec = wrappingSpecs.has(wrapping) ? keySpecs.get(wrapping) : undefined;
  const tooLong = spec.startsWith('RSA_') || (spec === 'ECC_NIST_P521' && wrapping === 'RSA_2048');
  if (algorithm === undefined || wrappingSpec === undefined || (tooLong && !algorithm.isHybrid))
    throw wrappingNotSupported({ algorithm: name, wrapping, spec });
  return { algorithm, wrappingSpec };
}

/** @throws ApiError ValidationException for members that this key or this import cannot have. */
export function checkImportMembers(key: Key, input: ImportKeyMaterialRequest): void {
  if (!isSymmetricEncryptionKey(key)) {
    for (const member of ['ImportType', 'KeyMaterialDescription', 'KeyMaterialId'] as const)
      if (input[member] !== undefined) throw symmetricOnly(member);
  }
  if (input.KeyMaterialId !== undefined && input.ImportType === 'NEW_KEY_MATERIAL')
    throw materialIdWithNew();
}

const maxValidMs = 365 * 24 * 60 * 60 * 1000;

/**
 * When the material expires, milliseconds since 1970; undefined when it does not.
 * @throws ApiError ValidationException
 */
export function checkedExpiry(
  { ExpirationModel, ValidTo }: Pick<ImportKeyMaterialRequest, 'ExpirationModel' | 'ValidTo'>,
  now: number,
): number | undefined {
  if (ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (ValidTo !== undefined) throw validToNotAllowed();
    return undefined;
  }
  if (ValidTo === undefined) throw validToNeeded();
  if (ValidTo <= now || ValidTo > now + maxValidMs) throw validToOutOfRange();
  return ValidTo;
}
