/**
 * The import token: the private half of a wrapping key, sealed, with what it may be used for. It
 * travels with the caller, so a wrapping key needs no record, works on every node and after every
 * restart, and is gone when its time is over. Pure: keys and random bytes come in.
 *
 *     offset size
 *     0      1    01: this format's version
 *     1      1    wrapping algorithm
 *     2      1    spec of the wrapping key
 *     3      6    when it expires, milliseconds since 1970, big-endian
 *     9      16   nonce, from which the token's own key is derived
 *     25     12   IV
 *     37     n    the wrapping key's PKCS#8, encrypted
 *     37+n   16   GCM tag
 *
 * The first 9 bytes and the ARN of the key that the material is for are authenticated with it.
 */
import { hmacSha256 } from '../../crypto/hash.ts';
import { type KeySpec, type KeySpecName, keySpecs, type SecretKey } from '../../crypto/key-spec.ts';
import { type WrappingAlgorithm, wrappingAlgorithms } from '../../crypto/key-wrap.ts';
import { openMessage, sealMessage } from '../../crypto/message.ts';
import type { InstallationKey } from './installation.ts';

const version = 1;
const algorithmAt = 1;
const specAt = 2;
const expiryAt = 3;
const nonceAt = 9;
const ivAt = nonceAt + 16;
const sealedAt = ivAt + 12;
export const tokenRandomBytes = sealedAt - nonceAt;

/** In the order of the token's numbers for them, which stay; so of the specs below. */
const algorithmNames = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
] as const satisfies ReadonlyArray<WrappingAlgorithm['name']>;

const specNames: readonly KeySpecName[] = ['RSA_2048', 'RSA_3072', 'RSA_4096'];

/** Keeps this use of the installation's key apart from its others. */
const keyLabel = 'sealhold kms import token v1\0';

export type TokenKey = SecretKey['secret'];

/** The key of the installation's import tokens. */
export function tokenKeyOf(installationKey: InstallationKey): TokenKey {
  const secret = hmacSha256(installationKey, keyLabel);
  const loaded = keySpecs.get('SYMMETRIC_DEFAULT')?.load(secret);
  secret.fill(0);
  if (loaded?.kind !== 'secret') throw new Error('A token key is a symmetric key');
  return loaded.secret;
}

export interface ImportParameters {
  /** The key that the material is for. */
  readonly keyArn: string;
  readonly algorithm: WrappingAlgorithm;
  readonly wrappingSpec: KeySpec;
  readonly expiresAt: number;
  /** PKCS#8 DER of the wrapping key. */
  readonly privateKey: Buffer;
}

/** Seals a token. `random`: `tokenRandomBytes` fresh ones. */
export function sealToken(key: TokenKey, parameters: ImportParameters, random: Buffer): Buffer {
  const header = Buffer.alloc(nonceAt);
  header[0] = version;
  header[algorithmAt] = algorithmNames.indexOf(parameters.algorithm.name);
  header[specAt] = specNames.indexOf(parameters.wrappingSpec.name);
  header.writeUIntBE(parameters.expiresAt, expiryAt, nonceAt - expiryAt);
  const sealed = sealMessage(key, {
    nonce: random.subarray(0, ivAt - nonceAt),
    iv: random.subarray(ivAt - nonceAt),
    aad: additionalData(header, parameters.keyArn),
    plaintext: parameters.privateKey,
  });
  return Buffer.concat([header, random, sealed]);
}

/**
 * Opens the token of this key; undefined for one of another key, of another installation, or
 * altered. Whether it has expired is the caller's to see. The caller wipes the private key.
 */
export function openToken(
  key: TokenKey,
  token: Buffer,
  keyArn: string,
): ImportParameters | undefined {
  if (token.length < sealedAt || token[0] !== version) return undefined;
  const algorithm = wrappingAlgorithms.get(algorithmNames[token[algorithmAt] ?? -1] ?? '');
  const wrappingSpec = keySpecs.get(specNames[token[specAt] ?? -1] ?? '');
  if (algorithm === undefined || wrappingSpec === undefined) return undefined;
  const header = token.subarray(0, nonceAt);
  const privateKey = openMessage(key, {
    nonce: token.subarray(nonceAt, ivAt),
    iv: token.subarray(ivAt, sealedAt),
    aad: additionalData(header, keyArn),
    sealed: token.subarray(sealedAt),
  });
  if (privateKey === undefined) return undefined;
  const expiresAt = header.readUIntBE(expiryAt, nonceAt - expiryAt);
  return { keyArn, algorithm, wrappingSpec, expiresAt, privateKey };
}

/** The header has one length, so that every two pairs differ in their bytes. */
const additionalData = (header: Buffer, keyArn: string): Buffer =>
  Buffer.concat([header, Buffer.from(keyArn)]);
