/** Random UUIDs: request ids, event ids and key ids are such. */
import type { World } from './world.ts';

const hexDigits = Buffer.from('0123456789abcdef', 'latin1');
/** Filled anew for each id: one string from it costs half of what five slices of another do. */
const text = Buffer.alloc(36, '-');

/** A version 4 UUID (RFC 9562 §5.4) from 16 random bytes, which stay as they are. */
export function uuidFrom(random: Buffer): string {
  let at = 0;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) at++;
    let byte = random[i]!;
    if (i === 6) byte = (byte & 0x0f) | 0x40;
    else if (i === 8) byte = (byte & 0x3f) | 0x80;
    text[at++] = hexDigits[byte >> 4]!;
    text[at++] = hexDigits[byte & 15]!;
  }
  return text.toString('latin1');
}

export const newUuid = (world: World): string => uuidFrom(world.randomBytes(16));
