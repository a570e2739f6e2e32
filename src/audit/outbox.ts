/**
 * How the record of a change commits with the change: it lies in the store's outbox, written by the
 * same transaction, until it is durable in the lane. Whatever the moment of a crash, the next start
 * finds each such record in the outbox or in the lane, and appends the ones that are not in the
 * lane: none is lost, none twice.
 */
import type { Write } from '../store/engine.ts';
import type { Collection, Entry, Store } from '../store/store.ts';
import { TrailDamaged } from './failures.ts';
import { unfit } from './frame.ts';
import type { Lane } from './lane.ts';
import { listSegments, type ReadRecord, readSegment } from './segment.ts';

/** What a change adds to its transaction, and what is to be done once that has committed. */
export interface Change {
  readonly writes: readonly Write[];
  /** Resolves once the record is in the trail too; its durability comes from the transaction. */
  committed(seq: number): Promise<void>;
}

export interface Outbox {
  /** Throws TrailUnavailable while the lane is in trouble, before anything has changed. */
  change(json: string): Change;
  /** Deletes the rows of records that are durable in the lane. */
  sweep(): Promise<void>;
}

interface Row {
  readonly record: string;
  /**
   * The lane's durable records when the row was written: its frame, if there is one, comes after
   * them.
   */
  readonly after: number;
}

/** Rows that wait for deletion are deleted when there are so many, else with the next sweep. */
const SWEEP_ROWS = 256;
const PAGE_ROWS = 100;

/**
 * Opens the outbox of a lane that nothing else uses yet: what an earlier run left in it and not in
 * the lane is appended. Throws TrailUnavailable, TrailDamaged and what the store throws.
 */
export async function openOutbox(store: Store, lane: Lane, trailDir: string): Promise<Outbox> {
  const rows = rowsOf(store);
  const shelf = { store, rows };
  await recover(shelf, lane, trailDir);
  let done: Entry<Row>[] = [];
  const sweep = async (): Promise<void> => {
    const batch = done;
    done = [];
    try {
      await removeRows(shelf, batch);
    } catch (error) {
      done.push(...batch);
      throw error;
    }
  };
  return {
    sweep,
    change(json) {
      refuseInTrouble(lane);
      // A record that the lane could never take would come back with each start.
      const fault = unfit(json);
      if (fault !== undefined) throw fault;
      const { lane: name, records } = lane.head();
      const id = `${name}/${eventIdOf(json)}`;
      const value = { record: json, after: records };
      const writes = rows.insert(id, value);
      const version = writes.find((write) => write.path.endsWith(id))?.row?.version ?? 0;
      const onDurable = (): void => {
        // What cannot be deleted now is deleted with a later sweep.
        if (done.push({ id, version, value }) === SWEEP_ROWS) sweep().catch(() => {});
      };
      return { writes, committed: (seq) => lane.appendCommitted(json, seq, onDurable) };
    },
  };
}

/** The lanes that have rows in the outbox, in order. */
export async function lanesInOutbox(store: Store): Promise<string[]> {
  const lanes: string[] = [];
  for (let after = ''; ; ) {
    const { entries } = await rowsOf(store).page({ limit: 1, ...(after === '' ? {} : { after }) });
    const lane = entries[0]?.id.split('/')[0];
    if (lane === undefined) return lanes;
    lanes.push(lane);
    // Behind all ids of this lane: `0` is the character after `/`.
    after = `${lane}0`;
  }
}

const collections = new WeakMap<Store, Collection<Row>>();

/**
 * Rows lie below their lane's name, since another node's rows are that node's to append. A store
 * hands out each collection once.
 */
function rowsOf(store: Store): Collection<Row> {
  let rows = collections.get(store);
  if (rows === undefined) {
    rows = store.collection<Row>({ path: 'audit/outbox', cacheEntries: 0 });
    collections.set(store, rows);
  }
  return rows;
}

/**
 * A change is refused while it can still be: before it has happened. The lane is asked to try
 * again.
 */
function refuseInTrouble(lane: Lane): void {
  const trouble = lane.trouble();
  if (trouble === undefined) return;
  lane.retry();
  throw trouble;
}

interface Shelf {
  readonly store: Store;
  readonly rows: Collection<Row>;
}

async function recover(shelf: Shelf, lane: Lane, trailDir: string): Promise<void> {
  const { lane: name } = lane.head();
  const entries = await allRows(shelf, name);
  if (entries.length === 0) return;
  const present = await findInLane(entries, { dir: trailDir, lane: name });
  const missing = entries.filter((entry) => !present.has(eventIdOf(entry.value.record)));
  if (missing.length > 0) {
    const seq = await currentSeq(shelf, missing[0]!);
    const appended = missing.map(({ value }) => lane.appendCommitted(value.record, seq));
    await Promise.all(appended);
    await lane.drain();
  }
  await removeRows(shelf, await allRows(shelf, name));
}

/**
 * The rows' own sequence numbers aren't known any more. Writing one of them again gives a number
 * that this store has reached, which is what the frame says.
 */
async function currentSeq(shelf: Shelf, entry: Entry<Row>): Promise<number> {
  const result = await shelf.store.commit(shelf.rows.put(entry.id, entry.value));
  return result.kind === 'committed' ? result.seq : 0;
}

async function findInLane(
  entries: readonly Entry<Row>[],
  place: { dir: string; lane: string },
): Promise<Set<string>> {
  const wanted = new Set(entries.map((entry) => eventIdOf(entry.value.record)));
  const from = Math.min(...entries.map((entry) => entry.value.after));
  const found = new Set<string>();
  const visit = (record: ReadRecord): undefined => {
    if (record.index < from) return;
    const eventId = eventIdOf(record.payload.toString('utf8'));
    if (wanted.has(eventId)) found.add(eventId);
  };
  for (const segment of (await listSegments(place.dir, place.lane)).reverse()) {
    const { fault, before } = await readSegment({ ...place, segment, visit });
    if (fault !== undefined) {
      const where = `lane '${place.lane}', segment ${segment}, byte ${fault.offset}`;
      throw new TrailDamaged(`The audit trail is damaged: ${where}: ${fault.reason}.`);
    }
    if (before.records <= from) break;
  }
  return found;
}

async function allRows(shelf: Shelf, lane: string): Promise<Entry<Row>[]> {
  const entries: Entry<Row>[] = [];
  const prefix = `${lane}/`;
  let after: string | undefined;
  do {
    const from = after === undefined ? {} : { after };
    const page = await shelf.rows.page({ prefix, limit: PAGE_ROWS, ...from });
    entries.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

async function removeRows(shelf: Shelf, entries: readonly Entry<Row>[]): Promise<void> {
  if (entries.length === 0) return;
  const { store, rows } = shelf;
  const result = await store.commit(entries.flatMap((entry) => rows.remove(entry)));
  if (result.kind === 'committed' || entries.length === 1) return;
  // A row is gone already or was written again: the others must not wait for it.
  for (const { id } of entries) {
    const entry = await rows.get(id);
    if (entry !== undefined) await removeRows(shelf, [entry]);
  }
}

function eventIdOf(json: string): string {
  const { eventID } = JSON.parse(json) as { eventID?: unknown };
  if (typeof eventID !== 'string') throw new TypeError('An audit record has an eventID.');
  return eventID;
}
