/** GetKeyLastUsage, and how it is known: each success is noted in memory and saved later. */
import type {
  GetKeyLastUsageResponse,
  KeyLastUsageTrackingOperation,
  KmsModel,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import type { KmsContext } from './context.ts';
import { type Key, keyRecordId } from './key.ts';
import { MergedRecords } from './merged-records.ts';
import type { KeyEntry, Records } from './records.ts';

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

export function lastUseOperations(kms: KmsContext) {
  return {
    GetKeyLastUsage: {
      readOnly: true,
      find: kms.finder.namedByKeyId,
      run: (_input, _call, { value: key }: KeyEntry) => lastUsage(kms.lastUses, key),
    },
  } satisfies Operations<KmsModel, 'GetKeyLastUsage'>;
}

async function lastUsage(uses: LastUses, key: Key): Promise<GetKeyLastUsageResponse> {
  const use = await uses.records.read(keyRecordId(key));
  return {
    KeyId: key.keyId,
    // Empty, not absent, for a key that nobody has used since.
    KeyLastUsage:
      use === undefined
        ? {}
        : {
            Operation: use.operation,
            Timestamp: use.at,
            CloudTrailEventId: use.eventId,
            KmsRequestId: use.requestId,
          },
    TrackingStartDate: uses.since,
    KeyCreationDate: key.createdAt,
  };
}
