/** What CloudWatch Logs stores: groups, streams, and the events of a stream in chunks. */
import type { Collection, Entry, Store } from '../../store/store.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Times are ms since 1970. */
export interface GroupRecord {
  readonly name: string;
  readonly createdAt: number;
}

export interface StreamRecord {
  readonly name: string;
  readonly createdAt: number;
  readonly firstEventAt: number;
  readonly lastEventAt: number;
  readonly lastIngestedAt: number;
  readonly storedBytes: number;
  /** Number of the first chunk that is still there. */
  readonly firstChunk: number;
  /** Number of the chunk that events are added to. */
  readonly lastChunk: number;
  /** How many events there have ever been. */
  readonly eventCount: number;
}

export interface ChunkRecord {
  /** The number of its first event in its stream. */
  readonly firstEvent: number;
  readonly sizeBytes: number;
  readonly events: readonly StoredEvent[];
}

export interface StoredEvent {
  readonly at: number;
  readonly ingestedAt: number;
  readonly message: string;
}

export interface LogRecords {
  readonly groups: Collection<GroupRecord>;
  readonly streams: Collection<StreamRecord>;
  readonly chunks: Collection<ChunkRecord>;
}

export function openRecords(store: Store): LogRecords {
  return {
    groups: store.collection({ path: 'logs/groups', cacheEntries: 1_000 }),
    streams: store.collection({ path: 'logs/streams', cacheEntries: 1_000 }),
    chunks: store.collection({ path: 'logs/chunks', cacheEntries: 100 }),
  };
}

export const placeId = ({ account, region }: Place): string => `${account}/${region}/`;

/** Names hold slashes of their own. */
export const groupId = (place: Place, group: string): string =>
  `${placeId(place)}${encodeURIComponent(group)}`;

export const streamId = (place: Place, group: string, stream: string): string =>
  `${groupId(place, group)}/${encodeURIComponent(stream)}`;

/** Sorts as the numbers do. */
export const chunkId = (stream: string, chunk: number): string =>
  `${stream}/${String(chunk).padStart(10, '0')}`;

/** All of a collection below a prefix. */
export async function everyEntry<T>(
  collection: Collection<T>,
  prefix: string,
): Promise<Entry<T>[]> {
  const found: Entry<T>[] = [];
  let after: string | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page = await collection.page({ prefix, limit: 500, ...from });
    found.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return found;
}
