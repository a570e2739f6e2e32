/** When each key was last used: every success is noted in memory and saved later. */
import type { KeyLastUsageTrackingOperation } from '../../model/kms.generated.ts';
import type { Call } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { MergedRecords } from '../../usage/merged-records.ts';
import type { World } from '../../world.ts';
import { type Key, keyRecordId } from './key.ts';
import type { Records } from './records.ts';

/** The last success of a cryptographic operation with a key in its Region. */
export interface LastUse {
  readonly operation: KeyLastUsageTrackingOperation;
  /** ms since 1970. */
  readonly at: number;
  readonly eventId: string;
  readonly requestId: string;
}

export interface LastUses {
  /** Before then nothing was noted on this store; ms since 1970. */
  readonly since: number;
  readonly records: MergedRecords<LastUse>;
}

export async function openLastUses(options: {
  readonly store: Store;
  readonly keys: Records['keys'];
  readonly world: World;
}): Promise<LastUses> {
  const { store, keys } = options;
  return {
    since: await openSince(options),
    records: new MergedRecords<LastUse>({
      store,
      collection: store.collection<LastUse>({ path: 'kms/last-uses' }),
      merge: (one, other) => (other.at >= one.at ? other : one),
      isAbout: async (id) => (await keys.get(id)) !== undefined,
    }),
  };
}

/** When the store was first opened by a server that notes uses. */
async function openSince({ store, world }: { store: Store; world: World }): Promise<number> {
  const tracking = store.collection<{ readonly since: number }>({ path: 'kms/usage-tracking' });
  const known = await tracking.get('first');
  if (known !== undefined) return known.value.since;
  // On a conflict another node was first; its time is read then.
  await store.commit(tracking.insert('first', { since: world.now() }));
  const made = await tracking.get('first');
  if (made === undefined) throw new Error('The time of first use tracking cannot be stored');
  return made.value.since;
}

/** Of two keys of a ReEncrypt both were used. */
export function noteUse(uses: LastUses, keys: readonly Key[], call: Call): void {
  const use: LastUse = {
    operation: call.operation as KeyLastUsageTrackingOperation,
    at: call.now,
    eventId: call.eventId,
    requestId: call.requestId,
  };
  for (const key of keys) uses.records.gather(keyRecordId(key), use);
}
