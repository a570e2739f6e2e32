/** GenerateMac and VerifyMac: HMAC (FIPS 198-1) with full-length results. */
import { createHmac } from 'node:crypto';
import { equalSecret } from './hash.ts';
import type { SecretKey } from './key-spec.ts';

export type MacAlgorithmName = `HMAC_SHA_${224 | 256 | 384 | 512}`;

export interface MacAlgorithm {
  readonly name: MacAlgorithmName;
  /** As node:crypto calls it. */
  readonly hash: string;
  readonly macBytes: number;
}

export const macAlgorithms: ReadonlyMap<string, MacAlgorithm> = new Map(
  (
    [
      { name: 'HMAC_SHA_224', hash: 'sha224', macBytes: 28 },
      { name: 'HMAC_SHA_256', hash: 'sha256', macBytes: 32 },
      { name: 'HMAC_SHA_384', hash: 'sha384', macBytes: 48 },
      { name: 'HMAC_SHA_512', hash: 'sha512', macBytes: 64 },
    ] as const
  ).map((algorithm) => [algorithm.name, algorithm]),
);

export function generateMac(key: SecretKey, algorithm: MacAlgorithm, message: Uint8Array): Buffer {
  return createHmac(algorithm.hash, key.secret).update(message).digest();
}

/** Compares in constant time. A MAC cut short is not accepted. */
export function verifyMac(
  key: SecretKey,
  algorithm: MacAlgorithm,
  { message, mac }: { readonly message: Uint8Array; readonly mac: Uint8Array },
): boolean {
  return equalSecret(generateMac(key, algorithm, message), mac);
}
