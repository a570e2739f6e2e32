/**
 * `seal.json`: how the root key is wrapped. Holds no secret; without the key file or the
 * passphrase it opens nothing.
 */
import { join } from 'node:path';
import { ivBytes, open, seal } from '../crypto/aead.ts';
import { deriveFromPassword, type PasswordParameters } from '../crypto/password.ts';
import type { World } from '../world.ts';
import { readIfThere, replaceFile } from './durable-file.ts';
import { SealError } from './seal-error.ts';

const format = 1;
const rootKeyBytes = 32;

export type SealFile = {
  /** The root key under AES-256-GCM: IV ‖ ciphertext ‖ tag. */
  readonly wrapped: Buffer;
} & SealMethod;

export type SealMethod =
  /** `keyFile` relative to the data folder, or absolute. */
  | { readonly kind: 'keyfile'; readonly keyFile: string }
  | { readonly kind: 'passphrase'; readonly kdf: PasswordParameters };

export function sealFileOf(folder: string): string {
  return join(folder, 'seal.json');
}

/** Undefined when the folder has none. Throws SealError when it isn't ours. */
export function readSealFile(folder: string): SealFile | undefined {
  const file = sealFileOf(folder);
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const seal = decode(parse(text));
  if (seal !== undefined) return seal;
  throw new SealError(`${file} is damaged or of a newer version. Restore it from a backup.`);
}

export function writeSealFile(folder: string, { wrapped, ...method }: SealFile): void {
  const plain = {
    format,
    ...(method.kind === 'keyfile'
      ? method
      : { kind: method.kind, kdf: { ...method.kdf, salt: method.kdf.salt.toString('base64') } }),
    wrapped: wrapped.toString('base64'),
  };
  replaceFile(sealFileOf(folder), `${JSON.stringify(plain, undefined, 2)}\n`);
}

export function wrapRootKey(
  rootKey: Buffer,
  under: { readonly key: Buffer; readonly method: SealMethod; readonly world: World },
): SealFile {
  const iv = under.world.randomBytes(ivBytes);
  const aad = additionalData(under.method);
  const sealed = seal(under.key, { iv, aad, plaintext: rootKey });
  return { ...under.method, wrapped: Buffer.concat([iv, sealed]) };
}

/** The root key, or undefined when `key` is not the one it was wrapped under. */
export function unwrapRootKey(file: SealFile, key: Buffer): Buffer | undefined {
  const iv = file.wrapped.subarray(0, ivBytes);
  const sealed = file.wrapped.subarray(ivBytes);
  const rootKey = open(key, { iv, aad: additionalData(file), sealed });
  return rootKey?.length === rootKeyBytes ? rootKey : undefined;
}

/**
 * Different systems type the same letters as different code points: NFC makes them one (RFC 8265
 * section 4.2).
 */
export function keyFromPassphrase(passphrase: string, kdf: PasswordParameters): Promise<Buffer> {
  return deriveFromPassword(passphrase.normalize('NFC'), kdf, { lengthBytes: rootKeyBytes });
}

/** The place of a key file isn't bound: it may move. */
function additionalData(method: SealMethod): Buffer {
  const { kind } = method;
  const kdf = kind === 'passphrase' ? method.kdf : undefined;
  const costs = kdf && [kdf.algorithm, kdf.memoryKib, kdf.passes, kdf.parallelism];
  const salt = kdf?.salt.toString('base64');
  return Buffer.from(JSON.stringify(['sealhold seal', format, kind, costs ?? null, salt ?? null]));
}

type Plain = Readonly<Record<string, unknown>>;

function parse(text: string): Plain {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function decode(plain: Plain): SealFile | undefined {
  if (plain.format !== format || typeof plain.wrapped !== 'string') return undefined;
  const wrapped = Buffer.from(plain.wrapped, 'base64');
  if (plain.kind === 'keyfile' && typeof plain.keyFile === 'string') {
    return { kind: 'keyfile', keyFile: plain.keyFile, wrapped };
  }
  const kdf = plain.kind === 'passphrase' ? decodeKdf(plain.kdf) : undefined;
  return kdf === undefined ? undefined : { kind: 'passphrase', kdf, wrapped };
}

function decodeKdf(value: unknown): PasswordParameters | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { algorithm, salt, memoryKib, passes, parallelism }: Plain = { ...value };
  // Bounds: a file from elsewhere must not make us take all memory (4 GiB) or hang.
  if (algorithm !== 'argon2id' || typeof salt !== 'string') return undefined;
  if (!isBetween(memoryKib, 8, 4 * 1024 * 1024)) return undefined;
  if (!isBetween(passes, 1, 64) || !isBetween(parallelism, 1, 64)) return undefined;
  return { algorithm, salt: Buffer.from(salt, 'base64'), memoryKib, passes, parallelism };
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}
