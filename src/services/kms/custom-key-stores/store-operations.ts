/** The six operations on custom key stores. */
import type {
  DescribeCustomKeyStoresRequest,
  DescribeCustomKeyStoresResponse,
  KmsModel,
} from '../../../model/kms.generated.ts';
import type { Call, Operations } from '../../../operation.ts';
import type { Collection } from '../../../store/store.ts';
import type { Key } from '../key.ts';
import { foundNothing, ownerOf } from '../key-finder.ts';
import { pageOf } from '../marker.ts';
import { awsQuotas, type QuotaSettings } from '../quotas.ts';
import { createStore, storesOf, updateStore } from './create-store.ts';
import {
  type CustomKeyStore,
  connecting,
  disconnecting,
  listEntry,
  mayConnect,
  mayDisconnect,
  storeRecordId,
} from './custom-key-store.ts';
import type { StoreUse } from './store-cipher.ts';
import { customKeyStoreNotFound, storeHasKeys, storeIs, storeNamedTwice } from './store-errors.ts';
import { fencesOf, keysOfStore, type StoreEntry } from './store-records.ts';

/** As the other lists that are short. */
const describeDefaultLimit = 100;

interface Kms extends StoreUse {
  readonly records: StoreUse['records'] & { readonly keys: Collection<Key> };
}

/** `quotas`: undefined where nobody asked for any; AWS's limit of stores holds then too. */
export function storeOperations(kms: Kms, quotas: QuotaSettings = awsQuotas) {
  /** Found after the caller is authorized: which stores there are is not for everyone to know. */
  const named = async (
    { CustomKeyStoreId: storeId }: { readonly CustomKeyStoreId: string },
    call: Call,
  ): Promise<StoreEntry> => {
    const id = storeRecordId({ ...ownerOf(call), storeId });
    const entry = await kms.records.customKeyStores.get(id);
    if (entry === undefined) throw customKeyStoreNotFound(storeId);
    noteStore(call, entry.value);
    return entry;
  };
  return {
    CreateCustomKeyStore: {
      readOnly: false,
      find: foundNothing,
      run: (input, call) => createStore(kms, input, { call, quotas }),
    },
    ConnectCustomKeyStore: {
      readOnly: false,
      find: foundNothing,
      run: async (input, call) => {
        const entry = await named(input, call);
        if (!mayConnect(entry.value)) throw stateOf(entry.value);
        return change(kms, call, { entry, changed: connecting(entry.value) });
      },
    },
    DisconnectCustomKeyStore: {
      readOnly: false,
      find: foundNothing,
      run: async (input, call) => {
        const entry = await named(input, call);
        if (!mayDisconnect(entry.value)) throw stateOf(entry.value);
        return change(kms, call, { entry, changed: disconnecting(entry.value) });
      },
    },
    DescribeCustomKeyStores: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => describeStores(kms, input, call),
    },
    UpdateCustomKeyStore: {
      readOnly: false,
      find: foundNothing,
      run: async (input, call) =>
        updateStore(kms, input, { call, entry: await named(input, call) }),
    },
    DeleteCustomKeyStore: {
      readOnly: false,
      find: foundNothing,
      run: async (input, call) => deleteStore(kms, call, await named(input, call)),
    },
  } satisfies Operations<
    KmsModel,
    | 'CreateCustomKeyStore'
    | 'ConnectCustomKeyStore'
    | 'DisconnectCustomKeyStore'
    | 'DescribeCustomKeyStores'
    | 'UpdateCustomKeyStore'
    | 'DeleteCustomKeyStore'
  >;
}

const stateOf = ({ storeId, state }: CustomKeyStore): Error => storeIs(storeId, state);

/** What CloudTrail shows beside the id. */
function noteStore(call: Call, { name, backing }: CustomKeyStore): void {
  call.note({
    additionalEventData: {
      customKeyStoreName: name,
      ...(backing.type === 'AWS_CLOUDHSM' ? { clusterId: backing.clusterId } : {}),
    },
  });
}

function change(
  { records }: Kms,
  call: Call,
  { entry, changed }: { readonly entry: StoreEntry; readonly changed: CustomKeyStore },
): Record<string, never> {
  if (changed !== entry.value) call.stage(records.customKeyStores.replace(entry, changed));
  return {};
}

async function describeStores(
  kms: Kms,
  input: DescribeCustomKeyStoresRequest,
  call: Call,
): Promise<DescribeCustomKeyStoresResponse> {
  const { CustomKeyStoreId: storeId, CustomKeyStoreName: name } = input;
  if (storeId !== undefined && name !== undefined) throw storeNamedTwice();
  const all = await storesOf(kms, ownerOf(call));
  const asked = all.filter(
    (store) =>
      (storeId === undefined || store.storeId === storeId) &&
      (name === undefined || store.name === name),
  );
  if (asked.length === 0 && (storeId !== undefined || name !== undefined))
    throw customKeyStoreNotFound();
  const { items, tail } = pageOf(asked, (store) => store.storeId, {
    list: 'stores',
    marker: input.Marker,
    limit: input.Limit ?? describeDefaultLimit,
  });
  return { CustomKeyStores: items.map(listEntry), ...tail };
}

/** Keys that are pending deletion are keys too. */
async function deleteStore(
  { records }: Kms,
  call: Call,
  entry: StoreEntry,
): Promise<Record<string, never>> {
  const store = entry.value;
  if (store.state !== 'DISCONNECTED') throw storeIs(store.storeId, store.state);
  const fences = await fencesOf(records, store);
  const key = keysOfStore(store.storeId);
  const { entries } = await records.keys.pageBy('store', { key, limit: 1 });
  if (entries.length > 0) throw storeHasKeys(store.storeId);
  const secret = await records.storeSecrets.get(entry.id);
  call.stage(
    records.customKeyStores.remove(entry),
    secret === undefined ? [] : records.storeSecrets.remove(secret),
    fences.flatMap((fence) => records.storeFences.remove(fence)),
  );
  return {};
}
