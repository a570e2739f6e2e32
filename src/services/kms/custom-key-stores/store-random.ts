/** GenerateRandom from the generator of an HSM cluster. */
import type { Call } from '../../../operation.ts';
import { storeRecordId } from './custom-key-store.ts';
import { storeUseFailure } from './hsm-failures.ts';
import type { StoreUse } from './store-cipher.ts';
import { customKeyStoreNotFound, randomNotInExternalStore, storeIs } from './store-errors.ts';

/** @throws ApiError for a store that isn't there, has no generator, isn't connected or fails. */
export async function randomFromStore(
  { records, connections }: StoreUse,
  call: Call,
  { storeId, sizeBytes }: { readonly storeId: string; readonly sizeBytes: number },
): Promise<Buffer> {
  const { account } = call.principal;
  const id = storeRecordId({ account, region: call.region, storeId });
  const store = (await records.customKeyStores.get(id))?.value;
  if (store === undefined) throw customKeyStoreNotFound(storeId);
  const { backing, state } = store;
  if (backing.type !== 'AWS_CLOUDHSM') throw randomNotInExternalStore();
  if (state !== 'CONNECTED') throw storeIs(storeId, state);
  const random = await connections.hsm(store, backing).randomBytes(sizeBytes);
  if (random.kind === 'failed') throw storeUseFailure(random.failure);
  return random.value;
}
