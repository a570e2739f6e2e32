/**
 * Encrypt and Decrypt with RSA keys: RSAES-OAEP (RFC 8017 section 7.1), MGF1 with the same hash,
 * empty label. The ciphertext is the bare OAEP output, so that anyone with the public key can make
 * one.
 */
import { constants, type KeyObject, publicEncrypt, webcrypto } from 'node:crypto';
import type { KeyPair, KeySpecName, PublicHalf } from './key-spec.ts';

export type RsaEncryptionAlgorithmName = 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256';

export interface RsaEncryptionAlgorithm {
  readonly name: RsaEncryptionAlgorithmName;
  /** As node:crypto calls it. */
  readonly hash: string;
  /** As Web Cryptography calls it. */
  readonly webHash: string;
  readonly hashBytes: number;
}

export const rsaEncryptionAlgorithms: ReadonlyMap<string, RsaEncryptionAlgorithm> = new Map(
  (
    [
      { name: 'RSAES_OAEP_SHA_1', hash: 'sha1', webHash: 'SHA-1', hashBytes: 20 },
      { name: 'RSAES_OAEP_SHA_256', hash: 'sha256', webHash: 'SHA-256', hashBytes: 32 },
    ] as const
  ).map((algorithm) => [algorithm.name, algorithm]),
);

const modulusBytes: ReadonlyMap<KeySpecName, number> = new Map([
  ['RSA_2048', 256],
  ['RSA_3072', 384],
  ['RSA_4096', 512],
]);

/** RFC 8017 section 7.1.1: the modulus less two hashes and two bytes. For RSA_2048: 214 and 190. */
export function maxPlaintextBytes(spec: KeySpecName, algorithm: RsaEncryptionAlgorithm): number {
  const size = modulusBytes.get(spec);
  if (size === undefined) throw new Error(`${spec} is not an RSA key spec`);
  return size - 2 * algorithm.hashBytes - 2;
}

/**
 * `plaintext` has at most `maxPlaintextBytes`; more throws. The public operation is cheap and runs
 * inline.
 */
export function encrypt(
  key: PublicHalf,
  algorithm: RsaEncryptionAlgorithm,
  plaintext: Buffer,
): Buffer {
  return publicEncrypt(
    { key: key.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm.hash },
    plaintext,
  );
}

/** On the thread pool. Undefined for every failure alike, so that it is no padding oracle. */
export async function decrypt(
  key: KeyPair,
  algorithm: RsaEncryptionAlgorithm,
  ciphertext: Buffer,
): Promise<Buffer | undefined> {
  // RFC 8017 section 7.1.2, step 1: as long as the modulus. OpenSSL also takes a ciphertext whose
  // leading zero is gone.
  const { modulusLength } = key.privateKey.asymmetricKeyDetails ?? {};
  if (ciphertext.length * 8 !== modulusLength) return undefined;
  try {
    const cryptoKey = webKey(key.privateKey, algorithm);
    const input = new Uint8Array(ciphertext);
    return Buffer.from(await webcrypto.subtle.decrypt('RSA-OAEP', cryptoKey, input));
  } catch {
    return undefined;
  }
}

const webKeys = new Map(
  [...rsaEncryptionAlgorithms.keys()].map((name) => [
    name,
    new WeakMap<KeyObject, webcrypto.CryptoKey>(),
  ]),
);

/**
 * privateDecrypt would block; Web Cryptography is node's only way to run OAEP on the thread pool.
 */
function webKey(privateKey: KeyObject, algorithm: RsaEncryptionAlgorithm): webcrypto.CryptoKey {
  const known = webKeys.get(algorithm.name)?.get(privateKey);
  if (known !== undefined) return known;
  const key = privateKey.toCryptoKey({ name: 'RSA-OAEP', hash: algorithm.webHash }, false, [
    'decrypt',
  ]);
  webKeys.get(algorithm.name)?.set(privateKey, key);
  return key;
}
