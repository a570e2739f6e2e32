/**
 * Request quotas: token buckets for each account, Region and quota, before the operations. A bucket
 * holds one second's worth and refills steadily, so that a burst of a second passes and the rate
 * holds over time, as AWS's one-second intervals have it. Each node has its own buckets.
 */
import type { Call, Found, Operation, OperationTable } from '../../operation.ts';
import type { World } from '../../world.ts';
import { BoundedCache } from './bounded-cache.ts';
import { rateExceeded } from './errors.ts';
import type { Key } from './key.ts';
import {
  drawsOf,
  poolOf,
  type Quota,
  type QuotaSettings,
  quotaValue,
  storeUseQuota,
} from './quotas.ts';
import { usedKeys } from './used-keys.ts';
import { type MaybePromise, whenHere } from './when.ts';

export interface QuotaOptions {
  readonly settings: QuotaSettings;
  /**
   * How many nodes share the work. Each takes its part of every rate: together they never let more
   * through, and a client whose connections all end at one node gets that part only.
   */
  readonly nodes: number;
}

interface Bucket {
  readonly perMs: number;
  readonly capacity: number;
  tokens: number;
  /** `world.monotonic()` of the last refill. */
  filledAt: number;
}

/**
 * Accounts and Regions with buckets at a time. What is forgotten was not asked for longest, and a
 * bucket left alone for a second is full, which is what a new one is.
 */
const maxOwners = 20_000;

export class RequestRates {
  readonly #options: QuotaOptions;
  readonly #world: World;
  readonly #owners = new BoundedCache<Map<Quota, Bucket>>(maxOwners);

  constructor(options: QuotaOptions, world: World) {
    this.#options = options;
    this.#world = world;
  }

  /** @throws ApiError ThrottlingException when the bucket has not so many left; none is taken. */
  take(quota: Quota, owner: { account: string; region: string }, times = 1): void {
    const bucket = this.#bucket(quota, owner);
    if (bucket.capacity === Number.POSITIVE_INFINITY) return;
    const now = this.#world.monotonic();
    const refill = (now - bucket.filledAt) * bucket.perMs;
    bucket.tokens = Math.min(bucket.capacity, bucket.tokens + refill);
    bucket.filledAt = now;
    // What a bucket can never hold is let through when it is full.
    if (bucket.tokens < Math.min(times, bucket.capacity) || bucket.capacity === 0)
      throw rateExceeded();
    bucket.tokens -= times;
  }

  #bucket(quota: Quota, { account, region }: { account: string; region: string }): Bucket {
    const id = `${account}/${region}`;
    let owned = this.#owners.get(id);
    if (owned === undefined) {
      owned = new Map();
      this.#owners.set(id, owned);
    }
    let bucket = owned.get(quota);
    if (bucket === undefined) {
      bucket = this.#newBucket(quota, region);
      owned.set(quota, bucket);
    }
    return bucket;
  }

  #newBucket(quota: Quota, region: string): Bucket {
    const { settings, nodes } = this.#options;
    const perSecond = quotaValue(quota, { settings, region }) ?? Number.POSITIVE_INFINITY;
    const share = perSecond / nodes;
    // Rates below one a second let one through and then make wait.
    const capacity = share === 0 ? 0 : Math.max(1, share);
    return { perMs: share / 1000, capacity, tokens: capacity, filledAt: this.#world.monotonic() };
  }
}

/**
 * The rows with their quotas before them. What draws on a fixed rate is charged before anything is
 * looked for; where the key's spec decides, after the key is found and before the caller is
 * authorized: requests that are denied count too. Charged is the caller's account.
 */
export function throttled(rows: OperationTable, rates: RequestRates): OperationTable {
  return new Map([...rows].map(([name, row]) => [name, throttledRow(name, row, rates)]));
}

type Row = Operation<unknown, unknown>;

function throttledRow(name: string, row: Row, rates: RequestRates): Row {
  const { find } = row;
  if (find === undefined) throw new Error(`${name} has no find to put its quota before`);
  const drawn = drawsOf(name);
  if (drawn === undefined)
    return { ...row, find: (input, call) => whenHere(find(input, call), pooled(rates, call)) };
  const charged = new WeakSet<Call>();
  return {
    ...row,
    find: (input, call): MaybePromise<Found<unknown>> => {
      // A call that is run again after a conflict was paid for.
      if (!charged.has(call)) {
        charged.add(call);
        const { account } = call.principal;
        for (const { quota, region, times } of drawn(input as object))
          rates.take(quota, { account, region: region ?? call.region }, times);
      }
      return find(input, call);
    },
  };
}

/** A store has buckets of its own, whoever uses its keys. */
const takeFromStore = (rates: RequestRates, { customKeyStoreId = '', region }: Key): void =>
  rates.take(storeUseQuota, { account: customKeyStoreId, region });

/** Each pool once, also where ReEncrypt draws on the same one with both keys. */
const pooled =
  (rates: RequestRates, call: Call) =>
  (found: Found<unknown>): Found<unknown> => {
    const owner = { account: call.principal.account, region: call.region };
    let last: Quota | undefined;
    for (const key of usedKeys(found.subject)) {
      const pool = poolOf(key);
      if (pool !== last) rates.take(pool, owner);
      last = pool;
      if (key.customKeyStoreId !== undefined) takeFromStore(rates, key);
    }
    return found;
  };
