/**
 * Texts that this installation hands out and takes back: sealed, so that holders neither read nor
 * change them. front ‖ nonce ‖ iv ‖ AES-256-GCM ciphertext and tag, under a key derived for each
 * text (crypto/message.ts).
 */
import type { KeyObject } from 'node:crypto';
import { ivBytes, tagBytes } from '../crypto/aead.ts';
import { nonceBytes, openMessage, sealMessage } from '../crypto/message.ts';
import type { World } from '../world.ts';

/** What kind of text it is, and under which key. */
export interface TextSeal {
  readonly key: KeyObject;
  /** Its first bytes, in clear: the kind and the version of what follows. */
  readonly front: Buffer;
}

/** How many bytes a sealed text is longer than its front and its UTF-8. */
export const overheadBytes = nonceBytes + ivBytes + tagBytes;

/** `boundTo`: what must be named again to open it; it is not inside. */
export function sealText(
  { key, front }: TextSeal,
  {
    text,
    boundTo,
    world,
  }: { readonly text: string; readonly boundTo: string; readonly world: World },
): { readonly bytes: Buffer; readonly nonce: Buffer } {
  const nonce = world.randomBytes(nonceBytes);
  const iv = world.randomBytes(ivBytes);
  const head = Buffer.concat([front, nonce, iv]);
  const plaintext = Buffer.from(text);
  const bytes = sealMessage(
    key,
    { nonce, iv, aad: additionalData(head, boundTo), plaintext },
    head.length,
  );
  plaintext.fill(0);
  bytes.set(head, 0);
  return { bytes, nonce };
}

/** Undefined for every failure alike. */
export function openText(
  { key, front }: TextSeal,
  { bytes, boundTo }: { readonly bytes: Buffer; readonly boundTo: string },
): { readonly text: string; readonly nonce: Buffer } | undefined {
  const ivAt = front.length + nonceBytes;
  const start = ivAt + ivBytes;
  if (bytes.length < start || !bytes.subarray(0, front.length).equals(front)) return undefined;
  const nonce = bytes.subarray(front.length, ivAt);
  const plaintext = openMessage(key, {
    nonce,
    iv: bytes.subarray(ivAt, start),
    aad: additionalData(bytes.subarray(0, start), boundTo),
    sealed: bytes.subarray(start),
  });
  if (plaintext === undefined) return undefined;
  const text = plaintext.toString();
  plaintext.fill(0);
  return { text, nonce };
}

/** The head has one length for each front, so the parts can't run into each other. */
function additionalData(head: Buffer, boundTo: string): Buffer {
  return Buffer.concat([head, Buffer.from(boundTo)]);
}
