/**
 * The grants of keys: made, removed and counted as batches of writes, and found from a cache by
 * whom they may concern.
 */
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import { BoundedCache } from './bounded-cache.ts';
import { tooManyGrants } from './errors.ts';
import type { Grant } from './grant.ts';
import { type GrantCaller, indexNamesOf } from './grant-principal.ts';
import {
  type GrantCount,
  type GrantEntry,
  granteeNamePrefix,
  grantRecordId,
  grantsPrefix,
  type KeyWithGrants,
  likenessOf,
} from './grant-records.ts';
import type { GrantRef, GrantTokens } from './grant-token.ts';
import { keyRecordId } from './key.ts';
import { awsQuotas, grantsQuota, type QuotaSettings, quotaValue } from './quotas.ts';
import type { Records } from './records.ts';
import { type MaybePromise, whenHere } from './when.ts';

export interface KeyGrants {
  readonly tokens: GrantTokens;
  find(ref: GrantRef): MaybePromise<GrantEntry | undefined>;
  /** The live grant that is the same as this one in all that a request says; needs a name. */
  findAlike(grant: Omit<Grant, 'grantId' | 'createdAt'>): Promise<GrantEntry | undefined>;
  /**
   * The writes that add a grant.
   * @throws ApiError LimitExceededException when the key has as many as it may.
   */
  add(grant: Grant): Promise<readonly Write[]>;
  /** The writes that remove a grant; they conflict when it is gone by then. */
  remove(entry: GrantEntry): Promise<readonly Write[]>;
  /**
   * The grants of a key that may concern the caller, to be judged by `grantsAllow`: those to
   * itself, its role or its account, and those that tokens name, which count even on a node that
   * hasn't heard of them yet. At once when they are cached and there are no tokens.
   */
  concerning(
    key: KeyWithGrants,
    caller: GrantCaller,
    tokens?: readonly string[],
  ): MaybePromise<readonly Grant[]>;
}

export function createKeyGrants(options: {
  readonly records: Records;
  readonly tokens: GrantTokens;
  /** AWS's own unless told. */
  readonly settings: QuotaSettings | undefined;
}): KeyGrants {
  const { records, tokens, settings = awsQuotas } = options;
  const cache = new GranteeCache(records);
  const find = (ref: GrantRef): MaybePromise<GrantEntry | undefined> => {
    const id = grantRecordId(ref);
    return records.grants.peek(id) ?? records.grants.get(id);
  };
  return {
    tokens,
    find,
    async findAlike(grant) {
      const entry = `${grantsPrefix(grant)}${likenessOf(grant)}`;
      return (await records.grants.pageBy('name', { key: entry, limit: 1 })).entries[0];
    },
    async add(grant) {
      const counts = await countsOf(records, grant);
      const total = counts.reduce((sum, { value }) => sum + value.count, 0);
      const limit = quotaValue(grantsQuota, { settings, region: grant.region });
      if (limit !== undefined && total >= limit) throw tooManyGrants(limit);
      const id = countId(grant);
      const counted = counts.find((entry) => entry.id === id);
      return [
        ...records.grants.insert(grantRecordId(grant), grant),
        ...(counted === undefined
          ? records.grantCounts.insert(id, { count: 1 })
          : records.grantCounts.replace(counted, { count: counted.value.count + 1 })),
        ...records.grantStamps.put(keyRecordId(grant), {}),
      ];
    },
    async remove(entry) {
      const counted = await records.grantCounts.get(countId(entry.value));
      return [
        ...records.grants.remove(entry),
        // Without a counter the key itself has just gone, and the grant's version will tell.
        ...(counted === undefined
          ? []
          : records.grantCounts.replace(counted, { count: counted.value.count - 1 })),
        ...records.grantStamps.put(keyRecordId(entry.value), {}),
      ];
    },
    concerning: (key, caller, given = []) =>
      whenHere(cache.of(key, indexNamesOf(caller)), (known) =>
        given.length === 0 ? known : withNamed(known, { key, given, tokens, find }),
      ),
  };
}

/** The grants known here and those of the key that tokens name, each once. */
async function withNamed(
  known: readonly Grant[],
  from: {
    readonly key: KeyWithGrants;
    readonly given: readonly string[];
    readonly tokens: GrantTokens;
    readonly find: KeyGrants['find'];
  },
): Promise<readonly Grant[]> {
  const all = new Map(known.map((grant) => [grant.grantId, grant]));
  const place = keyRecordId(from.key);
  for (const token of from.given) {
    const ref = from.tokens.read(token);
    if (ref === undefined || all.has(ref.grantId) || keyRecordId(ref) !== place) continue;
    const entry = await from.find(ref);
    if (entry !== undefined) all.set(ref.grantId, entry.value);
  }
  return [...all.values()];
}

const countId = (grant: GrantRef): string => `${grantsPrefix(grant)}${grant.grantId[0]}`;

/** All counters of a key. */
export async function countsOf(
  records: Records,
  key: KeyWithGrants,
): Promise<readonly Entry<GrantCount>[]> {
  return (await records.grantCounts.page({ prefix: grantsPrefix(key), limit: 16 })).entries;
}

/** All grants of a key, in the order of their ids. */
export async function allGrants(records: Records, key: KeyWithGrants): Promise<readonly Grant[]> {
  const found: Grant[] = [];
  let after: string | undefined;
  do {
    const page = await records.grants.page({
      prefix: grantsPrefix(key),
      ...(after === undefined ? {} : { after }),
      limit: pageEntries,
    });
    found.push(...page.entries.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return found;
}

/** How many grants a node keeps by grantee; one that has none counts like one. */
const cachedGrants = 100_000;
const pageEntries = 500;

interface Known {
  /** The stamp's version when the grants were read. */
  readonly version: number;
  readonly grants: readonly Grant[];
}

const none: readonly Grant[] = [];

/**
 * The grants of a key by grantee. What was read holds as long as the key's stamp is the same, and
 * the store keeps stamps coherent between nodes: so a use of a key reads no disk, and a grant that
 * is gone stops to count at once on its node and within the second on others.
 */
class GranteeCache {
  readonly #records: Records;
  readonly #known = new BoundedCache<Known>(cachedGrants, ({ grants }) => 1 + grants.length);

  constructor(records: Records) {
    this.#records = records;
  }

  of(key: KeyWithGrants, names: readonly string[]): MaybePromise<readonly Grant[]> {
    const id = keyRecordId(key);
    const stamps = this.#records.grantStamps;
    return whenHere(stamps.peek(id) ?? stamps.get(id), (stamp) =>
      // Without one the key never had a grant.
      stamp === undefined ? none : this.#all(key, names, stamp.version),
    );
  }

  #all(
    key: KeyWithGrants,
    names: readonly string[],
    version: number,
  ): MaybePromise<readonly Grant[]> {
    const found: (readonly Grant[])[] = [];
    for (const name of names) {
      const prefix = granteeNamePrefix(key, name);
      const known = this.#known.get(prefix);
      if (known?.version !== version) return this.#load(key, names, version);
      found.push(known.grants);
    }
    return found.length === 1 ? found[0]! : found.flat();
  }

  async #load(
    key: KeyWithGrants,
    names: readonly string[],
    version: number,
  ): Promise<readonly Grant[]> {
    const found: Grant[] = [];
    for (const name of names) {
      const prefix = granteeNamePrefix(key, name);
      const grants = await this.#read(prefix);
      // Read after the stamp, so they are at least as new; a newer stamp has them read again.
      this.#known.set(prefix, { version, grants });
      found.push(...grants);
    }
    return found;
  }

  async #read(prefix: string): Promise<readonly Grant[]> {
    const grants: Grant[] = [];
    let after: string | undefined;
    do {
      const page = await this.#records.grants.pageBy('grantee', {
        key: prefix,
        ...(after === undefined ? {} : { after }),
        limit: pageEntries,
      });
      for (const { value } of page.entries) grants.push(value);
      after = page.next;
    } while (after !== undefined);
    return grants;
  }
}
