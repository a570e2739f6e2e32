/**
 * Tokens of paged lists: where a list goes on, sealed under a key of this installation and bound to
 * the list that gave it. Who has one learns nothing from it and can't make another.
 */
import { ivBytes, open, seal } from '../crypto/aead.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';

export interface PageTokens {
  /** `list`: all that makes the list what it is: account, Region, operation, filters. */
  readonly seal: (list: readonly unknown[], cursor: readonly unknown[]) => string;
  /** The cursor; undefined for a token that this list did not give. */
  readonly open: (list: readonly unknown[], token: string) => readonly unknown[] | undefined;
}

/** The key that seals tokens; made once. */
interface KeyRecord {
  /** Base64 of 32 bytes. */
  readonly secret: string;
}

const recordId = 'pages';
/** A cursor holds a name at most. */
const maxTokenLength = 8_192;

/** `path`: the collection that has the key. Where there is none, commits a new one first. */
export async function openPageTokens(options: {
  readonly store: Store;
  readonly path: string;
  readonly world: World;
}): Promise<PageTokens> {
  const { store, path, world } = options;
  const keys = store.collection<KeyRecord>({ path, cacheEntries: 0 });
  let record = await keys.get(recordId);
  if (record === undefined) {
    const secret = world.randomBytes(32).toString('base64');
    // On a conflict another node was first; its key is read then.
    await store.commit(keys.insert(recordId, { secret }));
    record = await keys.get(recordId);
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
      if (token.length > maxTokenLength || !/^[A-Za-z0-9_-]+$/.test(token)) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      // The last character may say less than it could: one token has one form.
      if (bytes.toString('base64url') !== token) return undefined;
      const iv = bytes.subarray(0, ivBytes);
      const opened = open(key, { iv, aad: aadOf(list), sealed: bytes.subarray(ivBytes) });
      return opened === undefined ? undefined : JSON.parse(opened.toString());
    },
  };
}

const aadOf = (list: readonly unknown[]): Buffer => Buffer.from(JSON.stringify(list));
