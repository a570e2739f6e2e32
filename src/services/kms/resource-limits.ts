/**
 * Resource quotas: how many keys an account has in a Region, and how many aliases a key. Aliases
 * are few and are looked at each time, with quotas or without. Keys are many, so they are counted
 * in a record that changes with them, and only where quotas are asked for: creations that share a
 * record wait for each other.
 */
import type { Write } from '../../store/engine.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';
import { tooManyAliases, tooManyKeys } from './errors.ts';
import type { Key } from './key.ts';
import { aliasesQuota, awsQuotas, keysQuota, type QuotaSettings, quotaValue } from './quotas.ts';
import { aliasesOfKey, keysPrefix, type Records } from './records.ts';

interface Owner {
  readonly account: string;
  readonly region: string;
}

/** Customer managed keys of an account and Region, in whatever state. */
interface KeyCount {
  readonly keys: number;
}

export interface ResourceLimits {
  /**
   * The writes that go with a new customer managed key.
   * @throws ApiError LimitExceededException when the account has as many as it may.
   */
  readonly addKey: (owner: Owner) => Promise<readonly Write[]>;
  /**
   * The writes that go with keys that are deleted: each call counts one less than the call before,
   * so the batches must be committed in this order.
   */
  readonly keyRemovals: () => (owner: Owner) => Promise<readonly Write[]>;
  /** @throws ApiError LimitExceededException when the key can have no further alias. */
  readonly requireRoomForAlias: (key: Key) => Promise<void>;
}

/**
 * Limits on this store. Without `settings`, or when they lift the quota, keys are not counted, and
 * counts of earlier starts are forgotten, because they would no longer be true. All nodes of a
 * store must be started with the same settings.
 */
export async function openResourceLimits(options: {
  readonly store: Store;
  readonly records: Records;
  readonly settings: QuotaSettings | undefined;
}): Promise<ResourceLimits> {
  const { store, records, settings } = options;
  const counts = store.collection<KeyCount>({ path: 'kms/key-counts' });
  const requireRoomForAlias = (key: Key): Promise<void> =>
    roomForAlias(records, key, settings ?? awsQuotas);
  const isCounted =
    settings !== undefined && quotaValue(keysQuota, { settings, region: '' }) !== undefined;
  if (!isCounted) {
    await forgetCounts(store, counts);
    const none = async () => [];
    return { addKey: none, keyRemovals: () => none, requireRoomForAlias };
  }
  const counted = (owner: Owner) => countOf({ records, counts }, owner);
  return {
    addKey: async (owner) => {
      const count = await counted(owner);
      const limit = quotaValue(keysQuota, { settings, region: owner.region });
      if (limit !== undefined && count.keys >= limit) throw tooManyKeys(limit);
      return changeOf(counts, count, count.keys + 1).writes;
    },
    keyRemovals: () => removalsFrom(counts, counted),
    requireRoomForAlias,
  };
}

async function roomForAlias(records: Records, key: Key, settings: QuotaSettings): Promise<void> {
  const limit = quotaValue(aliasesQuota, { settings, region: key.region });
  if (limit === undefined) return;
  // Two requests at one moment may both find the last place; a limit of this kind can bear that.
  const page = await records.aliases.pageBy('key', { key: aliasesOfKey(key), limit });
  if (page.entries.length >= limit) throw tooManyAliases(limit);
}

interface Count {
  readonly id: string;
  readonly keys: number;
  /** Undefined when the count is not stored yet. */
  readonly entry: Entry<KeyCount> | undefined;
}
interface Counting {
  readonly records: Records;
  readonly counts: Collection<KeyCount>;
}

/** The stored count. The first time all keys are looked at; whoever stores it first wins. */
async function countOf({ records, counts }: Counting, owner: Owner): Promise<Count> {
  const id = `${owner.account}/${owner.region}`;
  const entry = await counts.get(id);
  if (entry !== undefined) return { id, keys: entry.value.keys, entry };
  const prefix = keysPrefix(owner);
  let keys = 0;
  let after: string | undefined;
  do {
    const page = await records.keys.page({
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: pageKeys,
    });
    keys += page.entries.filter(({ value }) => value.manager === 'CUSTOMER').length;
    after = page.next;
  } while (after !== undefined);
  return { id, keys, entry: undefined };
}

const pageKeys = 500;

/** The writes of a changed count, and the count as it is when they are committed. */
function changeOf(
  counts: Collection<KeyCount>,
  { id, entry }: Count,
  keys: number,
): { readonly writes: readonly Write[]; readonly after: Count } {
  const value: KeyCount = { keys };
  const writes = entry === undefined ? counts.insert(id, value) : counts.replace(entry, value);
  const version = writes[0]?.row?.version;
  if (version === undefined) throw new Error('A count is one record');
  return { writes, after: { id, keys, entry: { id, version, value } } };
}

function removalsFrom(
  counts: Collection<KeyCount>,
  counted: (owner: Owner) => Promise<Count>,
): (owner: Owner) => Promise<readonly Write[]> {
  const last = new Map<string, Count>();
  return async (owner) => {
    const id = `${owner.account}/${owner.region}`;
    const before = last.get(id) ?? (await counted(owner));
    const { writes, after } = changeOf(counts, before, Math.max(0, before.keys - 1));
    last.set(id, after);
    return writes;
  };
}

async function forgetCounts(store: Store, counts: Collection<KeyCount>): Promise<void> {
  for (;;) {
    const { entries } = await counts.page({ limit: pageKeys });
    if (entries.length === 0) return;
    // A conflict is another node that forgets them too.
    await store.commit(entries.flatMap((entry) => counts.remove(entry)));
  }
}
