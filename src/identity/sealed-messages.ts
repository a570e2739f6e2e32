/** Messages for callers who are to hand them back, and not to read them: sealed, as base64url. */

import type { World } from '../world.ts';
import { openText, sealText, type TextSeal } from './sealed-text.ts';
import type { SessionSecret } from './session-secret.ts';

export interface MessageSeal {
  seal(text: string): string;
  /** Undefined for what `seal` didn't make here, and for what was altered. */
  open(message: string): string | undefined;
}

const front = Buffer.from('SHM\x01', 'latin1');

export function createMessageSeal(secret: SessionSecret, world: World): MessageSeal {
  const seal: TextSeal = { key: secret.messages, front };
  return {
    seal: (text) => sealText(seal, { text, boundTo: '', world }).bytes.toString('base64url'),
    open: (message) => {
      const bytes = Buffer.from(message, 'base64url');
      // Other spellings of the same bytes were not made here.
      if (bytes.toString('base64url') !== message) return undefined;
      return openText(seal, { bytes, boundTo: '' })?.text;
    },
  };
}
