/** What is stored of custom key stores, and how their keys look while they are not connected. */
import { sha256Hex } from '../../../crypto/hash.ts';
import type { Write } from '../../../store/engine.ts';
import type { Collection, Entry, Store } from '../../../store/store.ts';
import type { Key } from '../key.ts';
import type { MaybePromise } from '../when.ts';
import { type CustomKeyStore, storeRecordId } from './custom-key-store.ts';

export type StoreEntry = Entry<CustomKeyStore>;

export interface StoreRecords {
  readonly customKeyStores: Collection<CustomKeyStore>;
  /** By the store's record id: the password of the HSM user, or the proxy's secret access key. */
  readonly storeSecrets: Collection<{ readonly secret: string }>;
  /** Sixteen a store; see `crossFence`. */
  readonly storeFences: Collection<Record<string, never>>;
}

export function openStoreRecords(store: Store): StoreRecords {
  return {
    customKeyStores: store.collection<CustomKeyStore>({
      path: 'kms/custom-key-stores',
      indexes: {
        // What only one store of an account and Region may have.
        claim: (_id, each) => claimsOf(each),
        // What is not settled yet.
        changing: (id, { state }) =>
          state === 'CONNECTING' || state === 'DISCONNECTING' ? [`${state}/${id}`] : [],
      },
    }),
    // Uncached: what is in use is held by connections only.
    storeSecrets: store.collection<{ secret: string }>({
      path: 'kms/custom-key-store-secrets',
      cacheEntries: 0,
    }),
    storeFences: store.collection<Record<string, never>>({ path: 'kms/custom-key-store-fences' }),
  };
}

/**
 * Entries of an index are one record's alone, so of two requests at one moment one conflicts, runs
 * again and finds the other's store.
 */
function claimsOf(store: CustomKeyStore): readonly string[] {
  const { backing } = store;
  // Paths lie open on the disk, and names may hold anything: hashes don't.
  const claim = (kind: string, what: string): string =>
    `${store.account}/${store.region}/${kind}/${sha256Hex(what).slice(0, 32)}`;
  if (backing.type === 'AWS_CLOUDHSM')
    return [claim('name', store.name), claim('cluster', backing.clusterId)];
  const { endpoint, path, vpcService } = backing;
  return [
    claim('name', store.name),
    claim('uri', `${endpoint}${path}`),
    ...(vpcService === undefined ? [] : [claim('vpc', vpcService), claim('vpc-uri', endpoint)]),
  ];
}

/** Where the stores of an account and Region begin. */
export const storesPrefix = (owner: {
  readonly account: string;
  readonly region: string;
}): string => `${owner.account}/${owner.region}/`;

/** Below it stand the keys of a store, in the index `store` of keys. */
export const keysOfStore = (storeId: string): string => `${storeId}/`;

/** In the index `xks` of keys: an external key backs one key of a store. */
export const xksKeyEntry = (storeId: string, xksKeyId: string): string => `${storeId}/${xksKeyId}`;

/**
 * A key must not be made in a store that is being deleted, nor may all that make keys wait for each
 * other: a new key rewrites one of sixteen fences, deleting the store takes all of them away.
 * Undefined when they are gone.
 */
export async function crossFence(
  { storeFences }: StoreRecords,
  store: CustomKeyStore,
  keyId: string,
): Promise<readonly Write[] | undefined> {
  const fence = await storeFences.get(fenceId(store, keyId.at(-1) ?? ''));
  return fence === undefined ? undefined : storeFences.replace(fence, {});
}

const hexDigits = [...'0123456789abcdef'];
const fenceId = (store: CustomKeyStore, digit: string): string =>
  `${storeRecordId(store)}/${digit}`;

export const newFences = ({ storeFences }: StoreRecords, store: CustomKeyStore): readonly Write[] =>
  hexDigits.flatMap((digit) => storeFences.insert(fenceId(store, digit), {}));

/** Read before the store is looked through for keys. */
export async function fencesOf(
  { storeFences }: StoreRecords,
  store: CustomKeyStore,
): Promise<readonly Entry<Record<string, never>>[]> {
  const prefix = `${storeRecordId(store)}/`;
  return (await storeFences.page({ prefix, limit: hexDigits.length })).entries;
}

/**
 * Keys as their stores let them appear: Unavailable while their store is not connected. That state
 * is never stored, so that (dis)connecting a store touches none of its keys.
 */
export function keysInStores(
  keys: Collection<Key>,
  stores: Collection<CustomKeyStore>,
): Collection<Key> {
  const storeOf = ({ account, region, customKeyStoreId: storeId = '' }: Key): string =>
    storeRecordId({ account, region, storeId });
  return {
    ...bound(keys),
    peek(id) {
      const entry = keys.peek(id);
      if (entry?.value.customKeyStoreId === undefined) return entry;
      const store = stores.peek(storeOf(entry.value));
      return store === undefined ? undefined : seen(entry, store);
    },
    async get(id) {
      const entry = await keys.get(id);
      if (entry?.value.customKeyStoreId === undefined) return entry;
      return seen(entry, await stores.get(storeOf(entry.value)));
    },
    insert: (id, key) => keys.insert(id, stored(key)),
    replace: (entry, key) => keys.replace(storedEntry(entry), stored(key)),
    remove: (entry) => keys.remove(storedEntry(entry)),
  };
}

const bound = <T>(of: Collection<T>): Collection<T> => ({
  peek: (id) => of.peek(id),
  get: (id) => of.get(id),
  page: (query) => of.page(query),
  pageBy: (name, query) => of.pageBy(name, query),
  insert: (id, value) => of.insert(id, value),
  replace: (entry, value) => of.replace(entry, value),
  remove: (entry) => of.remove(entry),
  put: (id, value) => of.put(id, value),
});

/** Keys that are pending deletion stay so, whatever becomes of their store. */
function seen(entry: Entry<Key>, store: StoreEntry | undefined): Entry<Key> {
  const key = entry.value;
  const isUsable = key.state === 'Enabled' || key.state === 'Disabled';
  if (store?.value.state === 'CONNECTED' || !isUsable) return entry;
  return { ...entry, value: { ...key, state: 'Unavailable', whenAvailable: key.state } };
}

function stored({ whenAvailable, ...key }: Key): Key {
  const state = key.state === 'Unavailable' ? whenAvailable : key.state;
  return state === undefined ? key : { ...key, state };
}

const storedEntry = (entry: Entry<Key>): Entry<Key> => ({ ...entry, value: stored(entry.value) });

/** The store of a key. At once when it is cached. */
export function storeOfKey(
  { customKeyStores }: StoreRecords,
  { account, region, customKeyStoreId: storeId = '' }: Key,
): MaybePromise<StoreEntry | undefined> {
  const id = storeRecordId({ account, region, storeId });
  return customKeyStores.peek(id) ?? customKeyStores.get(id);
}
