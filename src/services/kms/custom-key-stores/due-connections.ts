/** The ends of CONNECTING and DISCONNECTING, which come with time. */
import type { DueChange } from '../due.ts';
import {
  type CustomKeyStore,
  connected,
  connectionFailed,
  disconnected,
} from './custom-key-store.ts';
import type { StoreUse } from './store-cipher.ts';
import type { StoreEntry } from './store-records.ts';

/**
 * What has been found out of stores that are to change, at most `limit`. Connecting goes on beside
 * it on every node; the first that knows says so.
 */
export async function dueConnections(kms: StoreUse, limit: number): Promise<readonly DueChange[]> {
  const { customKeyStores } = kms.records;
  await kms.connections.closeUnused();
  const { entries } = await customKeyStores.pageBy('changing', { key: '', limit });
  return entries.flatMap((entry) => {
    const changed = changeOf(kms, entry);
    if (changed === undefined) return [];
    const writes = customKeyStores.replace(entry, changed);
    return [{ id: entry.value.storeId, writes, event: undefined }];
  });
}

function changeOf({ connections }: StoreUse, entry: StoreEntry): CustomKeyStore | undefined {
  if (entry.value.state === 'DISCONNECTING') return disconnected(entry.value);
  const result = connections.tryConnecting(entry);
  if (result === undefined) return undefined;
  return result === null ? connected(entry.value) : connectionFailed(entry.value, result);
}
