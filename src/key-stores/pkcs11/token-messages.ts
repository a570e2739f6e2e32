/** What a token's process is asked, and what it answers. */
import type { HsmFailure } from '../key-store.ts';

export type Question =
  | {
      readonly kind: 'open';
      readonly library: string;
      readonly label: string;
      readonly sessions: number;
    }
  | { readonly kind: 'login'; readonly pin: string }
  | { readonly kind: 'create' | 'remove'; readonly key: string }
  | {
      readonly kind: 'encrypt';
      readonly key: string;
      readonly iv: Buffer;
      readonly aad: Buffer;
      readonly plaintext: Buffer;
    }
  | {
      readonly kind: 'decrypt';
      readonly key: string;
      readonly iv: Buffer;
      readonly aad: Buffer;
      readonly sealed: Buffer;
    }
  | { readonly kind: 'random'; readonly sizeBytes: number }
  /** Logs out and ends the process. */
  | { readonly kind: 'close' };

export type Asked = { readonly id: number } & Question;

export type Answered =
  | { readonly id: number; readonly bytes: Uint8Array | undefined }
  /** `detail` holds the library's own names and nothing that was asked. */
  | { readonly id: number; readonly failure: HsmFailure; readonly detail: string };
