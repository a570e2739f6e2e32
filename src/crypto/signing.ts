/**
 * Sign and Verify: AWS KMS's signing algorithms (AWS KMS Developer Guide, "Supported signing
 * algorithms"). A whole message goes to OpenSSL; a digest goes to digest-signing.ts. What is cheap
 * runs inline, the rest in threads.
 */
import { constants, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import { digestSigners } from './digest-signing.ts';
import { type KeyPair, type KeySpecName, keySpecs, type PublicHalf } from './key-spec.ts';
import type { RsaHash } from './rsa-digest.ts';
import { signInThread, verifyInThread } from './signing-threads.ts';

export type SigningAlgorithmName =
  | `RSASSA_PSS_SHA_${256 | 384 | 512}`
  | `RSASSA_PKCS1_V1_5_SHA_${256 | 384 | 512}`
  | `ECDSA_SHA_${256 | 384 | 512}`
  | 'ED25519_SHA_512'
  | 'ED25519_PH_SHA_512'
  | 'ML_DSA_SHAKE_256';

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU';

export interface SigningAlgorithm {
  readonly name: SigningAlgorithmName;
  /** The message types it takes, and the exact length of the message with each (undefined: any). */
  readonly messageTypes: ReadonlyMap<MessageType, { readonly exactBytes: number | undefined }>;
  /** For a whole message, as node:crypto calls it; null where the algorithm has its own. */
  readonly hash: string | null;
  /** Beside the key, for a whole message. */
  readonly options: { readonly padding?: number; readonly saltLength?: number };
}

export interface SigningInput {
  readonly message: Buffer;
  readonly messageType: MessageType;
}

const anyLength = { exactBytes: undefined };

interface HashingRow {
  readonly name: SigningAlgorithmName;
  readonly hash: RsaHash;
  readonly digestBytes: number;
}

/** By name; which key spec takes which is in key-spec.ts. */
export const signingAlgorithms: ReadonlyMap<string, SigningAlgorithm> = new Map(
  [
    pss({ name: 'RSASSA_PSS_SHA_256', hash: 'sha256', digestBytes: 32 }),
    pss({ name: 'RSASSA_PSS_SHA_384', hash: 'sha384', digestBytes: 48 }),
    pss({ name: 'RSASSA_PSS_SHA_512', hash: 'sha512', digestBytes: 64 }),
    pkcs1({ name: 'RSASSA_PKCS1_V1_5_SHA_256', hash: 'sha256', digestBytes: 32 }),
    pkcs1({ name: 'RSASSA_PKCS1_V1_5_SHA_384', hash: 'sha384', digestBytes: 48 }),
    pkcs1({ name: 'RSASSA_PKCS1_V1_5_SHA_512', hash: 'sha512', digestBytes: 64 }),
    hashing({ name: 'ECDSA_SHA_256', hash: 'sha256', digestBytes: 32 }, {}),
    hashing({ name: 'ECDSA_SHA_384', hash: 'sha384', digestBytes: 48 }, {}),
    hashing({ name: 'ECDSA_SHA_512', hash: 'sha512', digestBytes: 64 }, {}),
    own('ED25519_SHA_512', [['RAW', anyLength]]),
    own('ED25519_PH_SHA_512', [['DIGEST', { exactBytes: 64 }]]),
    own('ML_DSA_SHAKE_256', [
      ['RAW', anyLength],
      ['EXTERNAL_MU', { exactBytes: 64 }],
    ]),
  ].map((algorithm) => [algorithm.name, algorithm]),
);

/** Whether the algorithm takes this type of message, and a message of this length with it. */
export function fitsAlgorithm(
  algorithm: SigningAlgorithm,
  { message, messageType }: SigningInput,
): boolean {
  const rule = algorithm.messageTypes.get(messageType);
  if (rule === undefined) return false;
  return rule.exactBytes === undefined || rule.exactBytes === message.length;
}

/**
 * Signs. Cheap ones answer at once, the others from a thread; `await` takes both. The caller has
 * checked that the algorithm is one of the key's spec and that `messageTypes` allows the message; a
 * violation throws.
 */
export function sign(
  key: KeyPair,
  algorithm: SigningAlgorithm,
  input: SigningInput,
): Buffer | Promise<Buffer> {
  assertFits(key, algorithm, input);
  if (input.messageType === 'RAW') return signWhole(key, algorithm, input.message);
  const inline = key.spec === 'ECC_NIST_P256' ? digestSigners.get(algorithm.name) : undefined;
  if (inline !== undefined) return inline.sign(key, input.message);
  return signInThread(algorithm.name, key, input.message);
}

/**
 * Whether the signature is the key's over the message. Anything malformed is false. Checks as
 * `sign` does.
 */
export function verify(
  key: PublicHalf,
  algorithm: SigningAlgorithm,
  input: SigningInput & { readonly signature: Buffer },
): boolean | Promise<boolean> {
  assertFits(key, algorithm, input);
  if (input.messageType === 'RAW') return verifyWhole(key, algorithm, input);
  const signed = { digest: input.message, signature: input.signature };
  // RSA's public operation is cheap.
  const cheap = key.spec === 'ECC_NIST_P256' || key.publicKey.asymmetricKeyType === 'rsa';
  const inline = cheap ? digestSigners.get(algorithm.name) : undefined;
  if (inline !== undefined) return inline.verify(key, signed);
  return verifyInThread(algorithm.name, key, signed);
}

/**
 * A digest of another length would be padded or cut silently, and another key's algorithm could
 * weaken the hash.
 */
function assertFits(key: PublicHalf, algorithm: SigningAlgorithm, input: SigningInput): void {
  const allowed = keySpecs.get(key.spec)?.algorithms.get('SIGN_VERIFY') ?? [];
  if (!allowed.includes(algorithm.name) || !fitsAlgorithm(algorithm, input)) {
    throw new Error(`${algorithm.name} on ${key.spec} doesn't take this ${input.messageType}`);
  }
}

function signWhole(
  key: KeyPair,
  { hash, options }: SigningAlgorithm,
  message: Buffer,
): Buffer | Promise<Buffer> {
  const input = { key: key.privateKey, ...options };
  if (cheapCurves.has(key.spec)) return nodeSign(hash, message, input);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  nodeSign(hash, message, input, (error, signature) =>
    error === null ? resolve(signature) : reject(error),
  );
  return promise;
}

function verifyWhole(
  key: PublicHalf,
  { hash, options }: SigningAlgorithm,
  { message, signature }: { readonly message: Buffer; readonly signature: Buffer },
): boolean | Promise<boolean> {
  const input = { key: key.publicKey, ...options };
  if (cheapCurves.has(key.spec) || options.padding !== undefined) {
    return nodeVerify(hash, message, input, signature);
  }
  const { promise, resolve } = Promise.withResolvers<boolean>();
  nodeVerify(hash, message, input, signature, (error, valid) => resolve(error === null && valid));
  return promise;
}

/** A signature costs less than handing it to a thread. */
const cheapCurves: ReadonlySet<KeySpecName> = new Set(['ECC_NIST_P256', 'ECC_NIST_EDWARDS25519']);

/**
 * RFC 8017 section 8.1. OpenSSL takes MGF1's hash from the message's; an exact salt length is
 * checked on both sides.
 */
function pss(row: HashingRow): SigningAlgorithm {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return hashing(row, { padding, saltLength: row.digestBytes });
}

function pkcs1(row: HashingRow): SigningAlgorithm {
  return hashing(row, { padding: constants.RSA_PKCS1_PADDING });
}

function hashing(row: HashingRow, options: SigningAlgorithm['options']): SigningAlgorithm {
  const messageTypes = new Map<MessageType, { readonly exactBytes: number | undefined }>([
    ['RAW', anyLength],
    ['DIGEST', { exactBytes: row.digestBytes }],
  ]);
  return { name: row.name, messageTypes, hash: row.hash, options };
}

/** An algorithm that has its hash built in. */
function own(
  name: SigningAlgorithmName,
  messageTypes: ReadonlyArray<readonly [MessageType, { readonly exactBytes: number | undefined }]>,
): SigningAlgorithm {
  return { name, messageTypes: new Map(messageTypes), hash: null, options: {} };
}
