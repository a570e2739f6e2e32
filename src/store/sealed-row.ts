/**
 * The form of a sealed row: format ‖ term ‖ IV ‖ ciphertext ‖ tag, with format, term, path and
 * version as additional data, so that a row moved to another path or put back in an earlier
 * version doesn't open.
 */
import { ivBytes, open, seal, tagBytes } from '../crypto/aead.ts';
import type { World } from '../world.ts';
import type { Row } from './engine.ts';

const format = 1;
const termAt = 1;
const ivAt = 5;
const ciphertextAt = ivAt + ivBytes;

/**
 * A row's fresh version: 52 random bits, never 0, which means "absent" in a write's expectation.
 */
export function freshVersion(world: World): number {
  const bytes = world.randomBytes(7);
  return bytes.readUIntBE(0, 6) * 16 + (bytes[6]! & 15) || 1;
}

export function sealRow(
  row: { readonly path: string; readonly version: number; readonly plaintext: Buffer },
  under: { readonly term: number; readonly key: Buffer; readonly world: World },
): Buffer {
  const iv = under.world.randomBytes(ivBytes);
  const aad = additionalData(row, under.term);
  const sealed = seal(under.key, { iv, aad, plaintext: row.plaintext });
  const value = Buffer.allocUnsafe(ciphertextAt + sealed.length);
  value[0] = format;
  value.writeUInt32BE(under.term, termAt);
  value.set(iv, ivAt);
  value.set(sealed, ciphertextAt);
  return value;
}

/** The term a row is sealed under; undefined when the row isn't of this form. */
export function termOf(row: Row): number | undefined {
  if (row.value.length < ciphertextAt + tagBytes || row.value[0] !== format) return undefined;
  return bufferOf(row.value).readUInt32BE(termAt);
}

/**
 * The plaintext, which the caller owns; undefined for whatever was not sealed by `key` as this
 * very row.
 */
export function openRow(row: Row, key: Buffer): Buffer | undefined {
  const term = termOf(row);
  if (term === undefined) return undefined;
  const value = bufferOf(row.value);
  const iv = value.subarray(ivAt, ciphertextAt);
  return open(key, { iv, aad: additionalData(row, term), sealed: value.subarray(ciphertextAt) });
}

function additionalData(row: { readonly path: string; readonly version: number }, term: number) {
  const pathBytes = Buffer.byteLength(row.path);
  const data = Buffer.allocUnsafe(1 + 4 + 4 + pathBytes + 8);
  data[0] = format;
  data.writeUInt32BE(term, 1);
  data.writeUInt32BE(pathBytes, 5);
  data.write(row.path, 9);
  data.writeUInt32BE(Math.floor(row.version / 2 ** 32), 9 + pathBytes);
  data.writeUInt32BE(row.version % 2 ** 32, 13 + pathBytes);
  return data;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
