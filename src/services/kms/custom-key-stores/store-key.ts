/** The part of CreateKey that belongs to a custom key store: where the key's backing comes from. */
import type { CreateKeyRequest } from '../../../model/kms.generated.ts';
import type { Call } from '../../../operation.ts';
import type { Write } from '../../../store/engine.ts';
import type { Collection } from '../../../store/store.ts';
import { memberNotForOrigin } from '../errors.ts';
import type { Key } from '../key.ts';
import { type CustomKeyStore, storeRecordId, type XksBacking } from './custom-key-store.ts';
import { storeUseFailure } from './hsm-failures.ts';
import { causeOf, type StoreUse } from './store-cipher.ts';
import {
  customKeyStoreNotFound,
  externalStoreNotConnected,
  storeIs,
  storeNeeded,
  storeOfOtherType,
  xksKeyAlreadyInUse,
  xksKeyIdNeeded,
  xksKeyUnfit,
} from './store-errors.ts';
import { crossFence, xksKeyEntry } from './store-records.ts';
import { keyFailure } from './xks-failures.ts';

export type StoreOrigin = CustomKeyStore['backing']['type'];

/** Where a new key is to lie, checked as far as the request tells. */
export interface StorePlace {
  readonly origin: StoreOrigin;
  readonly storeId: string;
  readonly xksKeyId: string | undefined;
}

/** @throws ApiError ValidationException. */
export function checkedPlace(
  { CustomKeyStoreId: storeId, XksKeyId: xksKeyId }: CreateKeyRequest,
  origin: StoreOrigin,
): StorePlace {
  if (storeId === undefined) throw storeNeeded(origin);
  if (origin === 'EXTERNAL_KEY_STORE' && xksKeyId === undefined) throw xksKeyIdNeeded();
  if (origin === 'AWS_CLOUDHSM' && xksKeyId !== undefined)
    throw memberNotForOrigin('XksKeyId', origin);
  return { origin, storeId, xksKeyId };
}

/** What backs a new key. */
export interface Placed {
  readonly store: CustomKeyStore;
  /** To be committed with the key: they fail when the store has gone. */
  readonly writes: readonly Write[];
}

interface Kms extends StoreUse {
  readonly records: StoreUse['records'] & { readonly keys: Collection<Key> };
}

/**
 * Finds or makes what backs the key.
 * @throws ApiError for a store that isn't there, isn't connected or fails.
 */
export async function placeKey(
  kms: Kms,
  place: StorePlace,
  { call, keyId }: { readonly call: Call; readonly keyId: string },
): Promise<Placed> {
  const { storeId, origin, xksKeyId } = place;
  const { account } = call.principal;
  const id = storeRecordId({ account, region: call.region, storeId });
  const store = (await kms.records.customKeyStores.get(id))?.value;
  if (store === undefined) throw customKeyStoreNotFound(storeId);
  if (store.backing.type !== origin) throw storeOfOtherType(storeId, origin);
  if (store.state !== 'CONNECTED')
    throw origin === 'EXTERNAL_KEY_STORE'
      ? externalStoreNotConnected()
      : storeIs(storeId, store.state);
  const { backing } = store;
  if (backing.type === 'AWS_CLOUDHSM') {
    if (keyMadeBy(call) === undefined) {
      const made = await kms.connections.hsm(store, backing).createKey(keyId);
      if (made.kind === 'failed') throw storeUseFailure(made.failure);
      madeBy.set(call, keyId);
    }
  } else await checkExternalKey(kms, call, { store, backing, xksKeyId: xksKeyId ?? '' });
  const writes = await crossFence(kms.records, store, keyId);
  if (writes === undefined) throw customKeyStoreNotFound(storeId);
  return { store, writes };
}

const madeBy = new WeakMap<Call, string>();

/**
 * The id of the key that this call has already made in a token: when it is run again after a
 * conflict it goes on with that one.
 */
export const keyMadeBy = (call: Call): string | undefined => madeBy.get(call);

async function checkExternalKey(
  { records, connections }: Kms,
  call: Call,
  { store, backing, xksKeyId }: { store: CustomKeyStore; backing: XksBacking; xksKeyId: string },
): Promise<void> {
  const used = await records.keys.pageBy('xks', {
    key: xksKeyEntry(store.storeId, xksKeyId),
    limit: 1,
  });
  if (used.entries.some(({ value }) => value.xksKeyId === xksKeyId))
    throw xksKeyAlreadyInUse(xksKeyId);
  const proxy = await connections.xks(store, backing);
  const found = await proxy.metadata(xksKeyId, causeOf(call));
  if (found.kind === 'failed') throw keyFailure(found.failure);
  const { keySpec, keyUsage, keyStatus } = found.value;
  if (keySpec !== 'AES_256') throw xksKeyUnfit(`The key spec of ${xksKeyId} is not AES_256.`);
  if (!keyUsage.includes('ENCRYPT') || !keyUsage.includes('DECRYPT'))
    throw keyFailure('InvalidKeyUsageException');
  if (keyStatus !== 'ENABLED') throw keyFailure('InvalidStateException');
}
