/**
 * Tokens of paged lists: where a list goes on, sealed under a key of this installation and bound to
 * the list that gave it. Who has one learns nothing from it and can't make another.
 */
import { ivBytes, open, seal } from '../../crypto/aead.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import { invalidToken } from './errors.ts';
import type { Records } from './records.ts';

export interface PageTokens {
  /** `list`: all that makes the list what it is: account, Region, operation, filters. */
  readonly seal: (list: readonly unknown[], cursor: readonly unknown[]) => string;
  /** @throws ApiError InvalidNextToken for a token that this list did not give. */
  readonly open: (list: readonly unknown[], token: string) => readonly unknown[];
}

const recordId = 'pages';
/** A cursor holds a name at most. */
const maxTokenLength = 8_192;

/** Reads the key; where there is none, commits a new one first. */
export async function openPageTokens(options: {
  readonly store: Store;
  readonly records: Records;
  readonly world: World;
}): Promise<PageTokens> {
  const { store, records, world } = options;
  let record = await records.tokenKey.get(recordId);
  if (record === undefined) {
    const secret = world.randomBytes(32).toString('base64');
    // On a conflict another node was first; its key is read then.
    await store.commit(records.tokenKey.insert(recordId, { secret }));
    record = await records.tokenKey.get(recordId);
  }
  if (record === undefined) throw new Error('The key of page tokens cannot be stored');
  return pageTokens(Buffer.from(record.value.secret, 'base64'), world);
}

function pageTokens(key: Buffer, world: World): PageTokens {
  return {
    seal: (list, cursor) => {
      const iv = world.randomBytes(ivBytes);
      const plaintext = Buffer.from(JSON.stringify(cursor));
      const sealed = seal(key, { iv, aad: aadOf(list), plaintext }, ivBytes);
      iv.copy(sealed);
      return sealed.toString('base64url');
    },
    open: (list, token) => {
      if (token.length > maxTokenLength || !/^[A-Za-z0-9_-]+$/.test(token)) throw invalidToken();
      const bytes = Buffer.from(token, 'base64url');
      const iv = bytes.subarray(0, ivBytes);
      const opened = open(key, { iv, aad: aadOf(list), sealed: bytes.subarray(ivBytes) });
      if (opened === undefined) throw invalidToken();
      return JSON.parse(opened.toString()) as readonly unknown[];
    },
  };
}

const aadOf = (list: readonly unknown[]): Buffer => Buffer.from(JSON.stringify(list));
