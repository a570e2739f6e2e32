/**
 * The keys that come straight from the root key, each for one purpose. The root key itself seals
 * nothing.
 */
import { hkdfSha256 } from '../crypto/kdf.ts';

export const rootKeyBytes = 32;

/** For the engine's `integrityKey`: 32 bytes that authenticate the set of rows. */
export function integrityKeyOf(rootKey: Buffer): Buffer {
  return derive(rootKey, 'integrity');
}

/** Seals the keyring: 32 bytes. */
export function keyringKeyOf(rootKey: Buffer): Buffer {
  return derive(rootKey, 'keyring');
}

function derive(rootKey: Buffer, purpose: string): Buffer {
  if (rootKey.length !== rootKeyBytes) throw new RangeError('a root key has 32 bytes');
  return hkdfSha256(rootKey, {
    salt: new Uint8Array(0),
    info: Buffer.from(`sealhold root ${purpose} v1`),
    lengthBytes: 32,
  });
}
