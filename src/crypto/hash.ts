/** SHA-256, HMAC-SHA-256 and the comparison of secrets. */
import { createHmac, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

/** SHA-256 (FIPS 180-4) of the whole input: 32 bytes. */
export function sha256(data: string | Uint8Array): Buffer {
  return hash('sha256', data, 'buffer');
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
