/**
 * Wraps key material for ImportKeyMaterial as its owner would, with nothing of ours: node:crypto
 * here, `openssl` in AWS's manual.
 */
import {
  constants,
  createCipheriv,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

export interface Wrapping {
  /** AWS's name of the algorithm. */
  readonly algorithm: string;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** The hybrid form's AES key, 32 bytes unless a test wants another. */
  readonly aesKey?: Buffer;
}

export function wrapMaterial(material: Buffer, wrapping: Wrapping): Buffer {
  const { algorithm, publicKey, aesKey = randomBytes(32) } = wrapping;
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  const oaepHash = algorithm.endsWith('SHA_1') ? 'sha1' : 'sha256';
  const oaep = (bytes: Buffer) =>
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes);
  if (!algorithm.startsWith('RSA_AES_KEY_WRAP')) return oaep(material);
  const name = `id-aes${aesKey.length * 8}-wrap-pad`;
  const cipher = createCipheriv(name, aesKey, Buffer.from('A65959A6', 'hex'));
  return Buffer.concat([oaep(aesKey), cipher.update(material), cipher.final()]);
}

/** A private key made elsewhere. */
export function foreignKey(type: 'rsa' | 'ec', options: object): KeyObject {
  const generate = generateKeyPairSync as unknown as (
    type: string,
    options: object,
  ) => { readonly privateKey: KeyObject };
  return generate(type, options).privateKey;
}

export const pkcs8Of = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'pkcs8' });

/** node's names of the curves. */
export const curveOf: Readonly<Record<string, string>> = {
  ECC_NIST_P256: 'prime256v1',
  ECC_NIST_P384: 'secp384r1',
  ECC_NIST_P521: 'secp521r1',
  ECC_SECG_P256K1: 'secp256k1',
};
