/**
 * Encryption of one message under a KMS key. A fresh AES key is derived for each message from the
 * key material and a 128-bit nonce, so that one material can encrypt without bound: GCM's 2³²
 * messages a key (NIST SP 800-38D section 8.3) never come near.
 */
import type { KeyObject } from 'node:crypto';
import { open, seal } from './aead.ts';
import { counterMode } from './kdf.ts';

export const nonceBytes = 16;
const keyBytes = 32;

/**
 * The KDF's input (see kdf.ts): counter, label, 0x00, nonce, 256. Filled anew for each message;
 * nothing awaits.
 */
const label = Buffer.from('sealhold message v1');
const nonceAt = 4 + label.length + 1;
const derivation = Buffer.alloc(nonceAt + nonceBytes + 4);
derivation.set(label, 4);
derivation.writeUInt32BE(keyBytes * 8, nonceAt + nonceBytes);

/**
 * Encrypts: ciphertext ‖ 16-byte tag. `nonce` (16 bytes) and `iv` (12 bytes) are random, fresh, and
 * kept beside it. `frontBytes` as for `seal` (aead.ts).
 */
export function sealMessage(
  key: KeyObject,
  message: {
    readonly nonce: Buffer;
    readonly iv: Buffer;
    readonly aad: Buffer;
    readonly plaintext: Buffer;
  },
  frontBytes = 0,
): Buffer {
  const messageKey = keyOfMessage(key, message.nonce);
  const sealed = seal(messageKey, message, frontBytes);
  messageKey.fill(0);
  return sealed;
}

/** Decrypts what `sealMessage` made; undefined on every failure. */
export function openMessage(
  key: KeyObject,
  message: {
    readonly nonce: Buffer;
    readonly iv: Buffer;
    readonly aad: Buffer;
    readonly sealed: Buffer;
  },
): Buffer | undefined {
  if (message.nonce.length !== nonceBytes) return undefined;
  const messageKey = keyOfMessage(key, message.nonce);
  const plaintext = open(messageKey, message);
  messageKey.fill(0);
  return plaintext;
}

function keyOfMessage(key: KeyObject, nonce: Buffer): Buffer {
  if (nonce.length !== nonceBytes) throw new RangeError('a nonce has 16 bytes');
  nonce.copy(derivation, nonceAt);
  return counterMode(key, derivation, keyBytes);
}
