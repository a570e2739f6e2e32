/** Encapsulate and Decapsulate: ML-KEM (FIPS 203), whose shared secret always has 32 bytes. */
import { decapsulate as nodeDecapsulate, encapsulate as nodeEncapsulate } from 'node:crypto';
import type { KeyPair, PublicHalf } from './key-spec.ts';

/**
 * A fresh secret and its ciphertext (768, 1088 or 1568 bytes). The caller owns the secret. Cheap
 * enough inline.
 */
export function encapsulate(key: PublicHalf): {
  readonly sharedSecret: Buffer;
  readonly ciphertext: Buffer;
} {
  const { sharedKey, ciphertext } = nodeEncapsulate(key.publicKey);
  return { sharedSecret: sharedKey, ciphertext };
}

/**
 * The secret of a ciphertext. Undefined where its length is wrong. A forged one of the right length
 * gives another, unpredictable secret and no error: FIPS 203 section 6.3, implicit rejection.
 */
export function decapsulate(key: KeyPair, ciphertext: Buffer): Buffer | undefined {
  try {
    return nodeDecapsulate(key.privateKey, ciphertext);
  } catch {
    return undefined;
  }
}
