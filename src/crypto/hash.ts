/** SHA-256, HMAC-SHA-256 and the comparison of secrets. */
import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

/** SHA-256 (FIPS 180-4) of the whole input: 32 bytes. */
export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer');
}

/**
 * The same, written at `at` of a buffer. Where many hashes are kept in one buffer, a string of 32
 * characters on the way costs half of what a Buffer of its own does, which the engine must also
 * clear away.
 */
export function sha256Into(target: Buffer, at: number, data: Uint8Array): void {
  target.write(hash('sha256', data, 'latin1'), at, 'latin1');
}

/** SHA-256 as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

/** HMAC-SHA-256 (FIPS 198-1): 32 bytes. */
export function hmacSha256(key: KeyObject | Uint8Array, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** Whether two secrets are equal, in a time that depends on their lengths only. */
export function equalSecret(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
