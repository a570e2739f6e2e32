/** AES-256-GCM (NIST SP 800-38D) with a 96-bit IV and a 128-bit tag, the only shape in use here. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

export const ivBytes = 12;
export const tagBytes = 16;

/** Without a stated length OpenSSL also takes shorter tags. */
const options = { authTagLength: tagBytes } as const;

/**
 * Encrypts: ciphertext ‖ tag. `iv` (12 bytes) must never repeat under one key. The result begins
 * with `frontBytes` that the caller fills: whoever puts something before it is spared a copy.
 */
export function seal(
  key: KeyObject | Buffer,
  message: { readonly iv: Buffer; readonly aad: Buffer; readonly plaintext: Buffer },
  frontBytes = 0,
): Buffer {
  if (message.iv.length !== ivBytes) throw new RangeError('an IV has 12 bytes');
  const cipher = createCipheriv('aes-256-gcm', key, message.iv, options);
  cipher.setAAD(message.aad);
  const ciphertext = cipher.update(message.plaintext);
  cipher.final();
  const end = frontBytes + ciphertext.length;
  const sealed = Buffer.allocUnsafe(end + tagBytes);
  sealed.set(ciphertext, frontBytes);
  sealed.set(cipher.getAuthTag(), end);
  return sealed;
}

/**
 * Decrypts what `seal` made. Undefined for every failure alike: the caller can't tell which it was.
 */
export function open(
  key: KeyObject | Buffer,
  message: { readonly iv: Buffer; readonly aad: Buffer; readonly sealed: Buffer },
): Buffer | undefined {
  const end = message.sealed.length - tagBytes;
  if (end < 0 || message.iv.length !== ivBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, message.iv, options);
  decipher.setAAD(message.aad);
  decipher.setAuthTag(message.sealed.subarray(end));
  const plaintext = decipher.update(message.sealed.subarray(0, end));
  try {
    decipher.final();
    return plaintext;
  } catch {
    plaintext.fill(0);
    return undefined;
  }
}
