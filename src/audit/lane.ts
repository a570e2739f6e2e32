/**
 * One node's lane of the trail: records are appended in groups, each group written and synced once,
 * the next one starting as soon as the last one ends. Who awaits a record is told when it is safe,
 * or that it is not.
 */
import { type Disk, disk } from './disk.ts';
import { TrailDamaged, TrailUnavailable } from './failures.ts';
import { BYTES_PER_UNIT, type Chain, FRAME_HEADER_BYTES, unfit, writeFrame } from './frame.ts';
import {
  createSegment,
  type Expected,
  type LanePlace,
  openLastSegment,
  type Segment,
} from './lane-files.ts';
import { readSegment } from './segment.ts';

export interface LaneHead {
  readonly lane: string;
  /** Records so far. */
  readonly records: number;
  /** The chain hash with the last of them. */
  readonly hash: Buffer;
  readonly segment: number;
  /** Where the next frame starts. */
  readonly offset: number;
}

export interface Lane {
  /**
   * Resolves once the record is synced to the medium. Rejects with TrailUnavailable; then it is not
   * in the trail.
   */
  append(json: string): Promise<void>;
  /**
   * For a record that the store already holds durably (see outbox.ts). Resolves once the bytes were
   * handed to the operating system. Rejects with TrailUnavailable; the lane still owes the record
   * and writes it before any later one. `onDurable` is called when it is synced.
   */
  appendCommitted(json: string, storeSeq: number, onDurable?: () => void): Promise<void>;
  /** How far the lane is durable. */
  head(): LaneHead;
  /** Why the lane refuses now, undefined while it works. */
  trouble(): TrailUnavailable | undefined;
  /**
   * Tries again without being waited for, when there is trouble: heals the file and writes what is
   * owed.
   */
  retry(): void;
  /** Called with each record once it is durable, in order. Returns what ends it. */
  subscribe(listener: (json: string) => void): () => void;
  /** Waits for all that was appended. Rejects with TrailUnavailable. */
  drain(): Promise<void>;
  /** Writes what is left and closes. Later records are refused. */
  close(): Promise<void>;
}

export interface LaneOptions {
  /** The folder of all lanes. */
  readonly dir: string;
  readonly lane: string;
  /** What the store says the lane must have reached (see anchors.ts). */
  readonly anchor?: Expected | undefined;
  /** A segment is closed once it is this large. Default 64 MB. */
  readonly segmentBytes?: number;
  readonly disk?: Disk;
}

/**
 * Opens a lane, verifying its last segment and cutting a torn tail. Throws TrailDamaged or
 * TrailUnavailable.
 */
export async function openLane(options: LaneOptions): Promise<Lane> {
  const place = { dir: options.dir, lane: options.lane, disk: options.disk ?? disk };
  const segment = await openLastSegment(place, options.anchor);
  return new FileLane(place, { segment, segmentBytes: options.segmentBytes ?? 64 * 1024 * 1024 });
}

/** A record that the store's outbox holds until it is durable here. */
interface Committed {
  readonly json: string;
  readonly storeSeq: number;
  readonly onDurable: (() => void) | undefined;
}

type Entry = string | Committed;
type Settled = ReturnType<typeof Promise.withResolvers<void>>;

/** What is written and synced at once. All who wait for the same group share one promise. */
class Group {
  readonly entries: Entry[] = [];
  units = 0;
  written: Settled | undefined;
  synced: Settled | undefined;
}

/** A group closes at this many UTF-16 units of text, which bounds the buffer. */
const GROUP_UNITS = 256 * 1024;

/**
 * What has arrived meanwhile is read before the next group closes: under load a group is then as
 * large as the number of connections, and a sync is shared by all of them.
 */
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class FileLane implements Lane {
  readonly #place: LanePlace;
  readonly #segmentBytes: number;
  readonly #listeners = new Set<(json: string) => void>();
  /** Durable up to here. */
  #segment: Segment;
  #queue: Group[] = [];
  #running = false;
  #closed = false;
  /** Committed records of groups that failed: written with the next group. */
  #owed: Committed[] = [];
  #trouble: TrailUnavailable | undefined;
  /** Set while it is not known what the file holds behind the durable end. */
  #uncertain = false;
  #buffer = Buffer.allocUnsafe(64 * 1024);

  constructor(place: LanePlace, state: { segment: Segment; segmentBytes: number }) {
    this.#place = place;
    this.#segment = state.segment;
    this.#segmentBytes = state.segmentBytes;
  }

  append(json: string): Promise<void> {
    const refusal = this.#refusal(json);
    if (refusal !== undefined) return Promise.reject(refusal);
    const group = this.#enqueue(json, json.length);
    group.synced ??= Promise.withResolvers<void>();
    return group.synced.promise;
  }

  appendCommitted(json: string, storeSeq: number, onDurable?: () => void): Promise<void> {
    const refusal = this.#refusal(json);
    if (refusal !== undefined) return Promise.reject(refusal);
    const group = this.#enqueue({ json, storeSeq, onDurable }, json.length);
    group.written ??= Promise.withResolvers<void>();
    return group.written.promise;
  }

  head(): LaneHead {
    const { chain, number, endBytes } = this.#segment;
    const { records, hash } = chain;
    return { lane: this.#place.lane, records, hash, segment: number, offset: endBytes };
  }

  trouble(): TrailUnavailable | undefined {
    return this.#trouble;
  }

  retry(): void {
    if (this.#trouble !== undefined && !this.#running) this.drain().catch(() => {});
  }

  subscribe(listener: (json: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  drain(): Promise<void> {
    const group = this.#lastGroup();
    group.synced ??= Promise.withResolvers<void>();
    this.#wake();
    return group.synced.promise;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.drain();
    } finally {
      await this.#place.disk.close(this.#segment.fd);
    }
  }

  #refusal(json: string): Error | undefined {
    if (this.#closed) return new TrailUnavailable('The audit trail is closed: the server stops.');
    return unfit(json);
  }

  #enqueue(entry: Entry, units: number): Group {
    const group = this.#lastGroup();
    group.entries.push(entry);
    group.units += units;
    this.#wake();
    return group;
  }

  #lastGroup(): Group {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.units < GROUP_UNITS) return last;
    const group = new Group();
    this.#queue.push(group);
    return group;
  }

  /**
   * When nothing is under way, the first group waits for this turn of the event loop, no longer.
   */
  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => this.#run());
  }

  async #run(): Promise<void> {
    for (let group = this.#queue.shift(); group !== undefined; group = this.#queue.shift()) {
      await this.#commit(group);
      await turnOfTheLoop();
    }
    this.#running = false;
  }

  async #commit(group: Group): Promise<void> {
    const entries: Entry[] =
      this.#owed.length === 0 ? group.entries : [...this.#owed, ...group.entries];
    let step: 'prepare' | 'write' | 'sync' = 'prepare';
    try {
      if (entries.length > 0 || this.#uncertain) await this.#prepare();
      if (entries.length > 0) {
        const { fd, endBytes } = this.#segment;
        const { bytes, chain } = this.#encode(entries);
        step = 'write';
        await this.#place.disk.write(fd, bytes, endBytes);
        group.written?.resolve();
        step = 'sync';
        await this.#place.disk.sync(fd);
        this.#segment = { ...this.#segment, chain, endBytes: endBytes + bytes.length };
      }
    } catch (cause) {
      await this.#failed(group, { entries, step, cause });
      return;
    }
    this.#trouble = undefined;
    this.#owed = [];
    group.synced?.resolve();
    this.#tell(entries);
  }

  /** Makes sure that a group can be written at the durable end of the file. */
  async #prepare(): Promise<void> {
    if (this.#uncertain) await this.#reopen();
    else if (this.#segment.endBytes >= this.#segmentBytes) await this.#roll();
    const { fd, endBytes } = this.#segment;
    const sizeBytes = this.#place.disk.sizeBytes(fd);
    if (sizeBytes === endBytes) return;
    throw new TrailDamaged(
      `segment ${this.#segment.number} has ${sizeBytes} bytes instead of ${endBytes}: something else writes to it, ` +
        'or it was cut. Stop every other process that uses this folder, then restart',
    );
  }

  async #roll(): Promise<void> {
    const { fd, number, chain } = this.#segment;
    this.#segment = await createSegment(this.#place, { number: number + 1, chain });
    await this.#place.disk.close(fd);
  }

  #encode(entries: readonly Entry[]): { bytes: Buffer; chain: Chain } {
    let atMostBytes = 0;
    for (const entry of entries) {
      const json = typeof entry === 'string' ? entry : entry.json;
      atMostBytes += FRAME_HEADER_BYTES + json.length * BYTES_PER_UNIT;
    }
    if (this.#buffer.length < atMostBytes) this.#buffer = Buffer.allocUnsafe(atMostBytes);
    const { chain } = this.#segment;
    const previous = Buffer.from(chain.hash);
    let largest = chain.storeSeq;
    let at = 0;
    for (const entry of entries) {
      const [json, storeSeq] =
        typeof entry === 'string' ? [entry, 0] : [entry.json, entry.storeSeq];
      at = writeFrame(this.#buffer, { at, json, storeSeq, previous });
      if (storeSeq > largest) largest = storeSeq;
    }
    const records = chain.records + entries.length;
    const bytes = this.#buffer.subarray(0, at);
    return { bytes, chain: { hash: previous, records, storeSeq: largest } };
  }

  /**
   * Takes a group back: nobody was told that it is safe, so it is cut off; what the store holds is
   * still owed.
   */
  async #failed(
    group: Group,
    failure: { entries: readonly Entry[]; step: 'prepare' | 'write' | 'sync'; cause: unknown },
  ): Promise<void> {
    const trouble = unavailable(this.#place, failure.cause);
    this.#trouble = trouble;
    this.#owed = failure.entries.filter((entry) => typeof entry !== 'string');
    if (failure.step === 'sync') this.#uncertain = true;
    if (failure.step === 'write') {
      const { fd, endBytes } = this.#segment;
      await this.#place.disk.truncate(fd, endBytes).catch(() => {
        this.#uncertain = true;
      });
    }
    group.written?.reject(trouble);
    group.synced?.reject(trouble);
  }

  /**
   * After a failed sync the kernel may have dropped pages and forgotten that it did, so a later
   * sync of the same file proves nothing about them (PostgreSQL's "fsyncgate",
   * https://wiki.postgresql.org/wiki/Fsync_Errors). The file is cut to what an earlier sync had
   * covered, read back, closed for good, and a new one continues it.
   */
  async #reopen(): Promise<void> {
    const { disk } = this.#place;
    const { fd, path, number, chain, endBytes } = this.#segment;
    const again = await disk.open(path, 'append');
    try {
      await disk.truncate(again, endBytes);
      await disk.sync(again);
      const place = { dir: this.#place.dir, lane: this.#place.lane, segment: number };
      const read = await readSegment(place);
      if (read.endBytes !== endBytes || !read.after.hash.equals(chain.hash)) {
        throw new TrailDamaged(
          `segment ${number} has lost records that were safe. Restart to see where`,
        );
      }
      this.#segment = await createSegment(this.#place, { number: number + 1, chain });
    } finally {
      await disk.close(again);
    }
    this.#uncertain = false;
    await disk.close(fd).catch(() => {});
  }

  #tell(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (typeof entry !== 'string') entry.onDurable?.();
      if (this.#listeners.size === 0) continue;
      const json = typeof entry === 'string' ? entry : entry.json;
      for (const listener of this.#listeners) this.#tellOne(listener, json);
    }
  }

  /** A listener that throws hears no more: a record is kept whether or not somebody likes it. */
  #tellOne(listener: (json: string) => void, json: string): void {
    try {
      listener(json);
    } catch {
      this.#listeners.delete(listener);
    }
  }
}

function unavailable(place: LanePlace, cause: unknown): TrailUnavailable {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new TrailUnavailable(
    `The audit trail cannot be written (${text}; lane '${place.lane}' in ${place.dir}). ` +
      'Requests are refused until it can: make room, or repair the disk.',
    { cause },
  );
}
