/** Deriving keys from keys: NIST SP 800-108 in counter mode, and HKDF (RFC 5869). */
import { createHmac, hkdfSync, type KeyObject } from 'node:crypto';

const blockBytes = 32;

export interface Derivation {
  /**
   * What the derived key is for. Two purposes never share one. Must not contain a zero byte: it
   * ends at the first.
   */
  readonly label: Uint8Array;
  /** What the key is bound to, such as a nonce. */
  readonly context: Uint8Array;
  readonly lengthBytes: number;
}

/**
 * SP 800-108r1 section 4.1, KDF in counter mode with HMAC-SHA-256 and the fixed input of section 4:
 * K(i) = HMAC(key, [i]₃₂ ‖ label ‖ 0x00 ‖ context ‖ [L]₃₂), L in bits. The caller owns and wipes
 * the result.
 */
export function deriveKey(
  key: KeyObject,
  { label, context, lengthBytes }: Derivation,
): Buffer<ArrayBufferLike> {
  if (label.includes(0)) throw new RangeError('a label that contains a zero byte is ambiguous');
  const input = Buffer.alloc(4 + label.length + 1 + context.length + 4);
  input.set(label, 4);
  input.set(context, 4 + label.length + 1);
  input.writeUInt32BE(lengthBytes * 8, input.length - 4);
  return counterMode(key, input, lengthBytes);
}

/**
 * The same with the bytes after the counter made by the caller (NIST's CAVP vectors state them
 * whole). The first four bytes of `input` are the counter's and are written here.
 */
export function counterMode(key: KeyObject, input: Buffer, lengthBytes: number): Buffer {
  if (lengthBytes <= blockBytes) {
    input.writeUInt32BE(1, 0);
    const block = createHmac('sha256', key).update(input).digest();
    if (lengthBytes === blockBytes) return block;
    const shorter = Buffer.from(block.subarray(0, lengthBytes));
    block.fill(0);
    return shorter;
  }
  const output = Buffer.allocUnsafe(lengthBytes);
  for (let i = 0; i * blockBytes < lengthBytes; i++) {
    input.writeUInt32BE(i + 1, 0);
    const block = createHmac('sha256', key).update(input).digest();
    block.copy(output, i * blockBytes);
    block.fill(0);
  }
  return output;
}

/**
 * HKDF-SHA-256 (RFC 5869), for keys of separate domains from one root: `info` names the domain.
 * At most 8160 bytes. The caller owns and wipes the result.
 */
export function hkdfSha256(
  key: KeyObject | Uint8Array,
  options: { readonly salt: Uint8Array; readonly info: Uint8Array; readonly lengthBytes: number },
): Buffer {
  return Buffer.from(hkdfSync('sha256', key, options.salt, options.info, options.lengthBytes));
}

/** The same with SHA-512, as the AWS Encryption SDK's newer suites derive their keys. */
export function hkdfSha512(
  key: KeyObject | Uint8Array,
  options: { readonly salt: Uint8Array; readonly info: Uint8Array; readonly lengthBytes: number },
): Buffer {
  return Buffer.from(hkdfSync('sha512', key, options.salt, options.info, options.lengthBytes));
}
