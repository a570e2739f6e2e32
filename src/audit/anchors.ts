/**
 * What the trail and the store know of each other. The store keeps, sealed, how far each lane had
 * come (an anchor), so a lane that was cut or rewritten as a whole is seen. The trail keeps the
 * store's sequence numbers, so a store that was rolled back is seen.
 */
import type { Collection, Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { TrailDamaged } from './failures.ts';
import type { Lane } from './lane.ts';
import { listLanes, listSegments, readSegment } from './segment.ts';

/** How far a lane was durable at some time. */
export interface Anchor {
  readonly records: number;
  /** The chain hash after that many records, hexadecimal. */
  readonly hash: string;
  /** Where that is. */
  readonly segment: number;
  readonly offset: number;
  /** When, by `world.now()`. */
  readonly at: number;
  /** The server has stopped in good order: the lane must have these records and no more. */
  readonly closed?: true;
}

/** Anchors by the lane's name. */
export type Anchors = ReadonlyMap<string, Anchor>;

/**
 * The anchors of all lanes. To verify a trail that is being written, read them before the trail.
 */
export async function readAnchors(store: Store): Promise<Anchors> {
  const anchors = new Map<string, Anchor>();
  const collection = anchorsOf(store);
  let after: string | undefined;
  do {
    const page = await collection.page(
      after === undefined ? { limit: 100 } : { limit: 100, after },
    );
    for (const { id, value } of page.entries) anchors.set(id, value);
    after = page.next;
  } while (after !== undefined);
  return anchors;
}

/** The anchor of one lane, undefined before it was first written. */
export async function readAnchor(store: Store, lane: string): Promise<Anchor | undefined> {
  return (await anchorsOf(store).get(lane))?.value;
}

export interface AnchorWriter {
  /** Writes the lane's durable head to the store, if it has moved since the last time. */
  write(): Promise<void>;
  /** The last anchor, of a lane that takes no more records. */
  writeClosed(): Promise<void>;
}

export function anchorWriter(lane: Lane, from: { store: Store; world: World }): AnchorWriter {
  const { store, world } = from;
  const collection = anchorsOf(store);
  let anchored = -1;
  const put = async (mark: { closed?: true }): Promise<void> => {
    const { lane: name, records, hash, segment, offset } = lane.head();
    const reached = { records, hash: hash.toString('hex'), segment, offset };
    await store.commit(collection.put(name, { ...reached, at: world.now(), ...mark }));
    anchored = records;
  };
  return {
    write: async () => (lane.head().records === anchored ? undefined : await put({})),
    writeClosed: () => put({ closed: true }),
  };
}

const collections = new WeakMap<Store, Collection<Anchor>>();

/** A store hands out each collection once. */
function anchorsOf(store: Store): Collection<Anchor> {
  let collection = collections.get(store);
  if (collection === undefined) {
    collection = store.collection<Anchor>({ path: 'audit/anchors', cacheEntries: 0 });
    collections.set(store, collection);
  }
  return collection;
}

/**
 * The largest sequence number of the store that the trail has seen, 0 when none. A store whose
 * `seq()` is smaller has been rolled back. Throws TrailDamaged when the end of a lane cannot be
 * trusted.
 */
export async function lastStoreSeq(trailDir: string): Promise<number> {
  let largest = 0;
  for (const lane of await listLanes(trailDir)) {
    const segment = (await listSegments(trailDir, lane)).at(-1);
    if (segment === undefined) continue;
    const read = await readSegment({ dir: trailDir, lane, segment });
    if (read.fault !== undefined) {
      const { offset, reason } = read.fault;
      throw new TrailDamaged(
        `The audit trail is damaged: lane '${lane}' in ${trailDir}: segment ${segment}, byte ${offset}: ${reason}. ` +
          'See the whole of it with `sealhold trail verify`.',
      );
    }
    largest = Math.max(largest, read.after.storeSeq);
  }
  return largest;
}
