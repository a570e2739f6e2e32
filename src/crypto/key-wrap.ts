/**
 * How key material travels into a KMS key: AES key wrap with padding (RFC 5649), and the wrapping
 * algorithms of ImportKeyMaterial, which stand on it and on RSAES-OAEP.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import {
  type RsaEncryptionAlgorithm,
  decrypt as rsaDecrypt,
  rsaEncryptionAlgorithms,
} from './asymmetric-encryption.ts';
import type { KeyPair } from './key-spec.ts';

export type WrappingAlgorithmName =
  | 'RSAES_OAEP_SHA_1'
  | 'RSAES_OAEP_SHA_256'
  | 'RSA_AES_KEY_WRAP_SHA_1'
  | 'RSA_AES_KEY_WRAP_SHA_256';

export interface WrappingAlgorithm {
  readonly name: WrappingAlgorithmName;
  readonly oaep: RsaEncryptionAlgorithm;
  /** Whether RSA wraps an AES key and that the material, instead of RSA the material itself. */
  readonly isHybrid: boolean;
}

/** By AWS's names. SM2PKE is China's; RSAES_PKCS1_V1_5 AWS takes no more since October 2023. */
export const wrappingAlgorithms: ReadonlyMap<string, WrappingAlgorithm> = new Map(
  (['SHA_1', 'SHA_256'] as const)
    .flatMap((hash): WrappingAlgorithm[] => {
      const oaep = rsaEncryptionAlgorithms.get(`RSAES_OAEP_${hash}`)!;
      return [
        { name: `RSAES_OAEP_${hash}`, oaep, isHybrid: false },
        { name: `RSA_AES_KEY_WRAP_${hash}`, oaep, isHybrid: true },
      ];
    })
    .map((algorithm) => [algorithm.name, algorithm]),
);

/** The key that RSA wraps in the hybrid form. PKCS #11 allows shorter ones, AWS does not. */
const hybridKeyBytes = 32;

/**
 * Opens wrapped material; undefined for every failure alike. In the hybrid form (PKCS #11
 * CKM_RSA_AES_KEY_WRAP) the first bytes, as many as the modulus has, hold the AES key. The caller
 * owns the result and wipes it.
 */
export async function unwrapMaterial(
  key: KeyPair,
  algorithm: WrappingAlgorithm,
  wrapped: Buffer,
): Promise<Buffer | undefined> {
  if (!algorithm.isHybrid) return rsaDecrypt(key, algorithm.oaep, wrapped);
  const modulusBytes = (key.privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const aesKey = await rsaDecrypt(key, algorithm.oaep, wrapped.subarray(0, modulusBytes));
  if (aesKey === undefined) return undefined;
  const material =
    aesKey.length === hybridKeyBytes
      ? unwrapPadded(aesKey, wrapped.subarray(modulusBytes))
      : undefined;
  aesKey.fill(0);
  return material;
}

/** RFC 5649 section 3: what stands before the length in the alternative initial value. */
const alternativeIv = Buffer.from('a65959a6', 'hex');

const cipherOf = (key: Buffer): string => `id-aes${key.length * 8}-wrap-pad`;

/** AES key wrap with padding. `key` has 16, 24 or 32 bytes, the plaintext at least one. */
export function wrapPadded(key: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv(cipherOf(key), key, alternativeIv);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

/** Opens what `wrapPadded` made; undefined for every failure alike. The caller wipes the result. */
export function unwrapPadded(key: Buffer, wrapped: Buffer): Buffer | undefined {
  // OpenSSL finds nothing wrong with nothing.
  if (wrapped.length === 0) return undefined;
  try {
    const decipher = createDecipheriv(cipherOf(key), key, alternativeIv);
    const plaintext = decipher.update(wrapped);
    decipher.final();
    return plaintext;
  } catch {
    return undefined;
  }
}
