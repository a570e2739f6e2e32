/**
 * The ciphertext blob of keys in custom key stores. What KMS has encrypted with its own material
 * (the blob of envelope.ts) is encrypted once more by the store, so neither side alone can read it.
 * Pure.
 *
 *     offset size
 *     0      76   header, as in every blob (envelope.ts)
 *     76     1    length i of the store's IV, 12 or 16
 *     77     i    IV
 *     77+i   16   the store's GCM tag
 *     93+i   1    length m of the store's notes, at most 20
 *     94+i   m    notes
 *     94+i+m n    the store's ciphertext of all that follows the header in KMS's own blob
 */
import type { StoreCiphertext } from '../../../key-stores/key-store.ts';
import { headerBytes } from '../envelope.ts';

const tagBytes = 16;
const maxMetadataBytes = 20;

/** What the store is to encrypt: KMS's own blob without its header. */
export const innerOf = (blob: Buffer): Buffer => blob.subarray(headerBytes);

/** The whole blob: the header of KMS's own one, and what the store has made of the rest. */
export function storeBlob(own: Buffer, sealed: StoreCiphertext): Buffer {
  const { iv, tag, metadata, ciphertext } = sealed;
  const header = own.subarray(0, headerBytes);
  const lengths = [iv.length, metadata.length].map((length) => Buffer.of(length));
  return Buffer.concat([header, lengths[0]!, iv, tag, lengths[1]!, metadata, ciphertext]);
}

/** The store's part of a blob; undefined when it is not of this form. */
export function parseStoreBlob(blob: Buffer): StoreCiphertext | undefined {
  let at = headerBytes;
  const take = (sizeBytes: number): Buffer => {
    const part = blob.subarray(at, at + sizeBytes);
    at += sizeBytes;
    return part;
  };
  const ivBytes = take(1)[0];
  if (ivBytes !== 12 && ivBytes !== 16) return undefined;
  const iv = take(ivBytes);
  const tag = take(tagBytes);
  const metadataBytes = take(1)[0];
  if (metadataBytes === undefined || metadataBytes > maxMetadataBytes) return undefined;
  const metadata = take(metadataBytes);
  if (at >= blob.length) return undefined;
  return { iv, tag, metadata, ciphertext: blob.subarray(at) };
}

/** KMS's own blob again, of the header and what the store has decrypted. */
export const ownBlob = (blob: Buffer, inner: Buffer): Buffer =>
  Buffer.concat([blob.subarray(0, headerBytes), inner]);
