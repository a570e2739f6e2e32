/**
 * What AWS KMS calls a key spec: one row for each, with the usages, the algorithms, and how its
 * material is made and loaded. Source: AWS KMS Developer Guide, "Key spec reference", and the
 * service model.
 */
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
} from 'node:crypto';
import { randomBytes } from './random.ts';

export type KeyUsage =
  | 'ENCRYPT_DECRYPT'
  | 'SIGN_VERIFY'
  | 'GENERATE_VERIFY_MAC'
  | 'KEY_AGREEMENT'
  | 'ENCAPSULATE_DECAPSULATE';

export type KeyFamily = 'symmetric' | 'hmac' | 'rsa' | 'ecc' | 'ml-dsa' | 'ml-kem' | 'sm2';

export type KeySpecName =
  | 'SYMMETRIC_DEFAULT'
  | `RSA_${2048 | 3072 | 4096}`
  | `ECC_NIST_${'P256' | 'P384' | 'P521' | 'EDWARDS25519'}`
  | 'ECC_SECG_P256K1'
  | `HMAC_${224 | 256 | 384 | 512}`
  | `ML_DSA_${44 | 65 | 87}`
  | `ML_KEM_${512 | 768 | 1024}`
  | 'SM2';

/** Material of a symmetric or HMAC key, ready for use. */
export interface SecretKey {
  readonly kind: 'secret';
  readonly spec: KeySpecName;
  readonly secret: KeyObject;
}

/** What verifying and encrypting need of an asymmetric key. */
export interface PublicHalf {
  readonly spec: KeySpecName;
  readonly publicKey: KeyObject;
  /** SubjectPublicKeyInfo, as GetPublicKey returns it. */
  readonly publicKeyDer: Buffer;
}

/** Material of an asymmetric key, ready for use. */
export interface KeyPair extends PublicHalf {
  readonly kind: 'pair';
  readonly privateKey: KeyObject;
}

export type LoadedKey = SecretKey | KeyPair;

export interface KeySpec {
  readonly name: KeySpecName;
  readonly family: KeyFamily;
  /** False for what AWS offers in China only (SM2): modelled, never made here. */
  readonly supported: boolean;
  /** The usages it may have and the algorithms of each, in the order of KeyMetadata. */
  readonly algorithms: ReadonlyMap<KeyUsage, readonly string[]>;
  /**
   * The secret bytes, or PKCS#8 DER. Slow kinds are made on the thread pool. The caller owns and
   * wipes the result.
   */
  readonly generate: () => Promise<Buffer>;
  /**
   * Undefined where the bytes are no key of this spec. The bytes are left as they are: the caller
   * wipes them.
   */
  readonly load: (material: Buffer) => LoadedKey | undefined;
}

/** Every key spec of the model by name, in the model's order. A `Map`: names come from callers. */
export const keySpecs: ReadonlyMap<string, KeySpec> = new Map(
  [
    rsa({ name: 'RSA_2048', modulusBits: 2048 }),
    rsa({ name: 'RSA_3072', modulusBits: 3072 }),
    rsa({ name: 'RSA_4096', modulusBits: 4096 }),
    ec({ name: 'ECC_NIST_P256', curve: 'prime256v1', signing: 'ECDSA_SHA_256', agrees: true }),
    ec({ name: 'ECC_NIST_P384', curve: 'secp384r1', signing: 'ECDSA_SHA_384', agrees: true }),
    ec({ name: 'ECC_NIST_P521', curve: 'secp521r1', signing: 'ECDSA_SHA_512', agrees: true }),
    ec({ name: 'ECC_SECG_P256K1', curve: 'secp256k1', signing: 'ECDSA_SHA_256', agrees: false }),
    secret({
      name: 'SYMMETRIC_DEFAULT',
      family: 'symmetric',
      sizeBytes: 32,
      algorithms: [['ENCRYPT_DECRYPT', ['SYMMETRIC_DEFAULT']]],
    }),
    hmac({ name: 'HMAC_224', sizeBytes: 28, algorithm: 'HMAC_SHA_224' }),
    hmac({ name: 'HMAC_256', sizeBytes: 32, algorithm: 'HMAC_SHA_256' }),
    hmac({ name: 'HMAC_384', sizeBytes: 48, algorithm: 'HMAC_SHA_384' }),
    hmac({ name: 'HMAC_512', sizeBytes: 64, algorithm: 'HMAC_SHA_512' }),
    sm2(),
    postQuantum({ name: 'ML_DSA_44', type: 'ml-dsa-44' }),
    postQuantum({ name: 'ML_DSA_65', type: 'ml-dsa-65' }),
    postQuantum({ name: 'ML_DSA_87', type: 'ml-dsa-87' }),
    pair({
      name: 'ECC_NIST_EDWARDS25519',
      family: 'ecc',
      type: 'ed25519',
      generateOptions: {},
      algorithms: [['SIGN_VERIFY', ['ED25519_SHA_512', 'ED25519_PH_SHA_512']]],
    }),
    postQuantum({ name: 'ML_KEM_512', type: 'ml-kem-512' }),
    postQuantum({ name: 'ML_KEM_768', type: 'ml-kem-768' }),
    postQuantum({ name: 'ML_KEM_1024', type: 'ml-kem-1024' }),
  ].map((spec) => [spec.name, spec]),
);

/** The specs GenerateDataKeyPair takes (DataKeyPairSpec), SM2 left out. */
export const dataKeyPairSpecs: ReadonlySet<string> = new Set<KeySpecName>([
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'ECC_NIST_P521',
  'ECC_SECG_P256K1',
  'ECC_NIST_EDWARDS25519',
  'ML_KEM_512',
  'ML_KEM_768',
  'ML_KEM_1024',
]);

type Algorithms = ReadonlyArray<readonly [KeyUsage, readonly string[]]>;

function secret(row: {
  readonly name: KeySpecName;
  readonly family: 'symmetric' | 'hmac';
  readonly sizeBytes: number;
  readonly algorithms: Algorithms;
}): KeySpec {
  return {
    name: row.name,
    family: row.family,
    supported: true,
    algorithms: new Map(row.algorithms),
    generate: async () => randomBytes(row.sizeBytes),
    load: (material) =>
      material.length === row.sizeBytes
        ? { kind: 'secret', spec: row.name, secret: createSecretKey(material) }
        : undefined,
  };
}

/**
 * AWS makes HMAC keys of the hash's output length up to its block length and takes imported ones of
 * the output length only; ours always have the output length, so that both are loaded by one rule
 * (RFC 2104 section 3).
 */
function hmac(row: {
  readonly name: KeySpecName;
  readonly sizeBytes: number;
  readonly algorithm: string;
}): KeySpec {
  return secret({
    name: row.name,
    family: 'hmac',
    sizeBytes: row.sizeBytes,
    algorithms: [['GENERATE_VERIFY_MAC', [row.algorithm]]],
  });
}

/** Node's names of the kinds of key pair, as `KeyObject.asymmetricKeyType` tells them. */
type PairType = 'rsa' | 'ec' | 'ed25519' | `ml-dsa-${44 | 65 | 87}` | `ml-kem-${512 | 768 | 1024}`;

interface PairRow {
  readonly name: KeySpecName;
  readonly family: KeyFamily;
  readonly type: PairType;
  readonly generateOptions: { readonly modulusLength?: number; readonly namedCurve?: string };
  readonly algorithms: Algorithms;
}

function pair(row: PairRow): KeySpec {
  return {
    name: row.name,
    family: row.family,
    supported: true,
    algorithms: new Map(row.algorithms),
    generate: () => generatePkcs8(row),
    load: (material) => loadPkcs8(row, material),
  };
}

function rsa(row: { readonly name: KeySpecName; readonly modulusBits: number }): KeySpec {
  return pair({
    name: row.name,
    family: 'rsa',
    type: 'rsa',
    generateOptions: { modulusLength: row.modulusBits },
    algorithms: [
      ['ENCRYPT_DECRYPT', ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']],
      [
        'SIGN_VERIFY',
        [
          'RSASSA_PKCS1_V1_5_SHA_256',
          'RSASSA_PKCS1_V1_5_SHA_384',
          'RSASSA_PKCS1_V1_5_SHA_512',
          'RSASSA_PSS_SHA_256',
          'RSASSA_PSS_SHA_384',
          'RSASSA_PSS_SHA_512',
        ],
      ],
    ],
  });
}

function ec(row: {
  readonly name: KeySpecName;
  readonly curve: string;
  readonly signing: string;
  readonly agrees: boolean;
}): KeySpec {
  return pair({
    name: row.name,
    family: 'ecc',
    type: 'ec',
    generateOptions: { namedCurve: row.curve },
    algorithms: [
      ['SIGN_VERIFY', [row.signing]],
      ...(row.agrees ? [['KEY_AGREEMENT', ['ECDH']] as const] : []),
    ],
  });
}

function postQuantum(row: { readonly name: KeySpecName; readonly type: PairType }): KeySpec {
  const signs = row.type.startsWith('ml-dsa');
  return pair({
    ...row,
    family: signs ? 'ml-dsa' : 'ml-kem',
    generateOptions: {},
    algorithms: [
      signs ? ['SIGN_VERIFY', ['ML_DSA_SHAKE_256']] : ['ENCAPSULATE_DECAPSULATE', ['ML_KEM']],
    ],
  });
}

/** AWS offers SM2 in its China regions only, so it is known here but never made. */
function sm2(): KeySpec {
  return {
    name: 'SM2',
    family: 'sm2',
    supported: false,
    algorithms: new Map([
      ['ENCRYPT_DECRYPT', ['SM2PKE']],
      ['SIGN_VERIFY', ['SM2DSA']],
      ['KEY_AGREEMENT', ['ECDH']],
    ]),
    generate: () => Promise.reject(new Error('SM2 keys exist in the China regions only')),
    load: () => undefined,
  };
}

/**
 * On the thread pool: RSA-4096 takes a third of a second. ML-DSA and ML-KEM come out in their seed
 * form.
 */
function generatePkcs8(row: PairRow): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = {
    ...row.generateOptions,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  };
  // The types know one overload for each literal type; the table has them as data.
  const generate = generateKeyPair as unknown as (
    type: PairType,
    options: object,
    done: (error: Error | null, publicKey: Buffer, privateKey: Buffer) => void,
  ) => void;
  generate(row.type, options, (error, _publicKey, privateKey) =>
    error === null ? resolve(privateKey) : reject(error),
  );
  return promise;
}

function loadPkcs8(row: PairRow, material: Buffer): KeyPair | undefined {
  // OpenSSL ignores what follows the key; a key with a tail would be two materials with one
  // meaning.
  if (!isOneDerSequence(material)) return undefined;
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
  if (!fits(row, privateKey)) return undefined;
  const publicKey = createPublicKey(privateKey);
  const publicKeyDer = publicKey.export({ type: 'spki', format: 'der' });
  return { kind: 'pair', spec: row.name, privateKey, publicKey, publicKeyDer };
}

function fits(row: PairRow, key: KeyObject): boolean {
  if (key.asymmetricKeyType !== row.type) return false;
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (row.type === 'rsa') {
    // FIPS 186-5 section A.1.1 wants an odd exponent above 2^16; the upper bound keeps verification
    // cheap.
    const exponent = publicExponent ?? 0n;
    const sound = exponent > 0xffffn && exponent < 1n << 64n && (exponent & 1n) === 1n;
    return modulusLength === row.generateOptions.modulusLength && sound;
  }
  return namedCurve === row.generateOptions.namedCurve;
}

/** Whether the bytes are one DER SEQUENCE from the first to the last (X.690 section 8.1.3). */
export function isOneDerSequence(der: Uint8Array): boolean {
  const first = der[1];
  if (der[0] !== 0x30 || first === undefined) return false;
  if (first < 0x80) return der.length === 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 || lengthBytes > 4 || der.length < 2 + lengthBytes) return false;
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + (der[2 + i] ?? 0);
  return der.length === 2 + lengthBytes + length;
}
