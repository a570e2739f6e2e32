/**
 * The ciphertext blob of symmetric keys. Pure: keys and random bytes come in, bytes go out.
 *
 *     offset size
 *     0      5    01 02 02 00 78: AWS's recognisable front; the first byte is this format's version
 *     5      32   key material id
 *     37     6    account, as a big-endian number
 *     43     1    kind of key id: 0 a UUID, 1 multi-Region
 *     44     16   key id
 *     60     16   header tag: proves that this installation wrote the 60 bytes before it
 *     76     16   nonce, from which the message's own key is derived
 *     92     12   IV
 *     104    n    ciphertext, as long as the plaintext
 *     104+n  16   GCM tag
 *
 * The header, the first 76 bytes, is the same for all messages of one key material. It and the
 * encryption context are the additional authenticated data; nonce and IV are authenticated by what
 * they derive. No Region is in it: the replicas of a multi-Region key read each other's blobs.
 */
import { equalSecret, hmacSha256 } from '../../crypto/hash.ts';
import type { SecretKey } from '../../crypto/key-spec.ts';
import { openMessage, sealMessage } from '../../crypto/message.ts';
import { contextNotUnicode } from './errors.ts';
import { uuidText } from './key-id.ts';

type SecretKeyObject = SecretKey['secret'];
export type EncryptionContext = Readonly<Record<string, string>>;

const front = Buffer.from([0x01, 0x02, 0x02, 0x00, 0x78]);
const materialAt = front.length;
const accountAt = materialAt + 32;
const kindAt = accountAt + 6;
const keyIdAt = kindAt + 1;
const tagAt = keyIdAt + 16;
export const headerBytes = tagAt + 16;
const nonceAt = headerBytes;
const ivAt = nonceAt + 16;
const sealedAt = ivAt + 12;
const shortestBytes = sealedAt + 16;

/** Keeps this use of the installation's key apart from its others. */
const tagLabel = Buffer.from('sealhold kms ciphertext header v1\0');

export interface BlobOwner {
  readonly account: string;
  readonly keyId: string;
  /** 64 lower-case hex digits. */
  readonly materialId: string;
}

/** The 76 bytes that begin every blob of this material. */
export function blobHeader(owner: BlobOwner, installationKey: SecretKeyObject): Buffer {
  const header = Buffer.alloc(headerBytes);
  front.copy(header);
  header.write(owner.materialId, materialAt, 'hex');
  header.writeUIntBE(Number(owner.account), accountAt, 6);
  const isMultiRegion = owner.keyId.startsWith('mrk-');
  header[kindAt] = isMultiRegion ? 1 : 0;
  header.write(owner.keyId.replace(/^mrk-|-/g, ''), keyIdAt, 'hex');
  headerTag(header, installationKey).copy(header, tagAt);
  return header;
}

function headerTag(header: Buffer, installationKey: SecretKeyObject): Buffer {
  return hmacSha256(installationKey, Buffer.concat([tagLabel, header.subarray(0, tagAt)])).subarray(
    0,
    headerBytes - tagAt,
  );
}

/**
 * The material id that the blob claims, not yet believed; undefined when it is no blob of this
 * format.
 */
export function claimedMaterialId(blob: Buffer): string | undefined {
  if (blob.length < shortestBytes || front.compare(blob, 0, front.length) !== 0) return undefined;
  return blob.toString('hex', materialAt, accountAt);
}

/** Whether the blob begins with this header, which is known to be right. */
export function hasHeader(blob: Buffer, header: Buffer): boolean {
  return equalSecret(blob.subarray(0, headerBytes), header);
}

/**
 * Whose blob it is, once its header has proved right; undefined when it is not ours or was altered.
 */
export function blobOwner(blob: Buffer, installationKey: SecretKeyObject): BlobOwner | undefined {
  const materialId = claimedMaterialId(blob);
  if (materialId === undefined) return undefined;
  const tag = blob.subarray(tagAt, headerBytes);
  if (!equalSecret(tag, headerTag(blob, installationKey))) return undefined;
  const hex = blob.toString('hex', keyIdAt, tagAt);
  return {
    materialId,
    account: String(blob.readUIntBE(accountAt, 6)).padStart(12, '0'),
    keyId: blob[kindAt] === 1 ? `mrk-${hex}` : uuidText(hex),
  };
}

export interface Sealing {
  readonly header: Buffer;
  readonly key: SecretKeyObject;
  readonly context: EncryptionContext | undefined;
}

/** Encrypts into a blob. `random` is 28 fresh bytes: nonce and IV. */
export function sealBlob(sealing: Sealing, plaintext: Buffer, random: Buffer): Buffer {
  const nonce = random.subarray(0, ivAt - nonceAt);
  const iv = random.subarray(ivAt - nonceAt);
  const aad = additionalData(sealing.header, sealing.context);
  const blob = sealMessage(sealing.key, { nonce, iv, aad, plaintext }, sealedAt);
  blob.set(sealing.header, 0);
  blob.set(random, nonceAt);
  return blob;
}
export const sealRandomBytes = sealedAt - nonceAt;

/**
 * Decrypts a blob whose header is right. Undefined on every failure: context, key or any bit of it.
 */
export function openBlob(sealing: Sealing, blob: Buffer): Buffer | undefined {
  return openMessage(sealing.key, {
    nonce: blob.subarray(nonceAt, ivAt),
    iv: blob.subarray(ivAt, sealedAt),
    aad: additionalData(sealing.header, sealing.context),
    sealed: blob.subarray(sealedAt),
  });
}

/** Filled anew for each message; nothing awaits. Longer data has a buffer of its own. */
const scratch = Buffer.alloc(4096);
const pairsAt = headerBytes + 4;

/**
 * Header and encryption context. Most contexts are one short pair, which is written in place: as
 * `encodeContext` would, without its five buffers.
 */
function additionalData(header: Buffer, context: EncryptionContext | undefined): Buffer {
  const keys = context === undefined ? noKeys : Object.keys(context);
  const key = keys[0] ?? '';
  const value = context?.[key] ?? '';
  const mostBytes = pairsAt + 8 + 3 * (key.length + value.length);
  if (keys.length > 1 || mostBytes > scratch.length)
    return Buffer.concat([header, encodeContext(context)]);
  scratch.set(header, 0);
  scratch.writeUInt32BE(keys.length, headerBytes);
  if (keys.length === 0) return scratch.subarray(0, pairsAt);
  return scratch.subarray(0, writeText(value, writeText(key, pairsAt)));
}

const noKeys: readonly string[] = [];

/** Returns where it ends in the scratch. */
function writeText(text: string, at: number): number {
  if (!text.isWellFormed()) throw contextNotUnicode();
  const sizeBytes = scratch.write(text, at + 4);
  scratch.writeUInt32BE(sizeBytes, at);
  return at + 4 + sizeBytes;
}

const emptyContext = Buffer.alloc(4);

/**
 * The encryption context in one form, different for every two contexts: the number of pairs, then
 * the pairs by the UTF-8 bytes of their keys, each key and value after its length; numbers are
 * 32-bit big-endian.
 * @throws ApiError ValidationException for text with unpaired surrogates, which UTF-8 would make
 * equal.
 */
export function encodeContext(context: EncryptionContext | undefined): Buffer {
  if (context === undefined) return emptyContext;
  const pairs = Object.entries(context);
  if (pairs.length === 0) return emptyContext;
  const encoded = pairs.map(([key, value]): [Buffer, Buffer] => [utf8(key), utf8(value)]);
  if (encoded.length > 1) encoded.sort(([a], [b]) => Buffer.compare(a, b));
  let sizeBytes = 4;
  for (const [key, value] of encoded) sizeBytes += 8 + key.length + value.length;
  const out = Buffer.allocUnsafe(sizeBytes);
  let at = out.writeUInt32BE(encoded.length, 0);
  for (const [key, value] of encoded) {
    for (const text of [key, value]) {
      at = out.writeUInt32BE(text.length, at);
      at += text.copy(out, at);
    }
  }
  return out;
}

function utf8(text: string): Buffer {
  if (!text.isWellFormed()) throw contextNotUnicode();
  return Buffer.from(text);
}
