/**
 * Takes what functions log into the store: in batches, each stream by the one node that has its
 * process, the oldest going when there is too much.
 */
import type { LogEvent, LogPlace, LogSink } from '../../functions/invocation-log.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry, Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import {
  type ChunkRecord,
  chunkId,
  everyEntry,
  groupId,
  type LogRecords,
  type Place,
  type StoredEvent,
  type StreamRecord,
  streamId,
} from './records.ts';

export interface LogBounds {
  /** A chunk that has so much is full. */
  readonly chunkBytes: number;
  readonly streamBytes: number;
  readonly streamsPerGroup: number;
  /** What may wait to be stored; more is dropped. */
  readonly waitingBytes: number;
  readonly flushMs: number;
}

export const logBounds: LogBounds = {
  chunkBytes: 64 * 1024,
  streamBytes: 512 * 1024,
  streamsPerGroup: 50,
  waitingBytes: 8 * 1024 * 1024,
  flushMs: 200,
};

export interface LogWriter extends LogSink {
  /** Stores what waits; whoever reads next finds it. */
  readonly flush: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface WriterOptions {
  readonly store: Store;
  readonly records: LogRecords;
  readonly world: World;
  readonly onFault: (error: unknown) => void;
  readonly bounds?: Partial<LogBounds>;
}

export function openLogWriter(options: WriterOptions): LogWriter {
  return new Writer(options);
}

/** Events of one stream that wait. */
interface Batch {
  readonly place: Place;
  readonly group: string;
  readonly stream: string;
  readonly events: StoredEvent[];
}

/** What AWS counts beside an event's text. */
const eventOverheadBytes = 26;
const sizeOf = ({ message }: Pick<LogEvent, 'message'>): number =>
  Buffer.byteLength(message) + eventOverheadBytes;

class Writer implements LogWriter {
  readonly #options: WriterOptions;
  readonly #bounds: LogBounds;
  #waiting = new Map<string, Batch>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#bounds = { ...logBounds, ...options.bounds };
  }

  append({ functionArn, group, stream }: LogPlace, events: readonly LogEvent[]): void {
    const [, , , region = '', account = ''] = functionArn.split(':');
    const place = { account, region };
    const id = streamId(place, group, stream);
    const batch = this.#waiting.get(id) ?? { place, group, stream, events: [] };
    this.#waiting.set(id, batch);
    const ingestedAt = this.#options.world.now();
    for (const event of events) {
      this.#waitingBytes += sizeOf(event);
      if (this.#waitingBytes > this.#bounds.waitingBytes) return;
      batch.events.push({ at: event.at, ingestedAt, message: event.message });
    }
    this.#timer ??= setTimeout(() => void this.flush(), this.#bounds.flushMs);
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#store()).catch(this.#options.onFault);
    return this.#flushing;
  }

  close(): Promise<void> {
    return this.flush();
  }

  async #store(): Promise<void> {
    const batches = this.#waiting;
    this.#waiting = new Map();
    this.#waitingBytes = 0;
    for (const [id, batch] of batches) {
      const events = this.#youngest(batch.events);
      if (events.length > 0) await this.#storeBatch(id, { ...batch, events });
    }
  }

  /** As much as a stream may have. */
  #youngest(events: readonly StoredEvent[]): StoredEvent[] {
    let sizeBytes = 0;
    const first = events.findLastIndex((event) => {
      sizeBytes += sizeOf(event);
      return sizeBytes > this.#bounds.streamBytes;
    });
    return events.slice(first + 1);
  }

  /** Again when another node has made the group meanwhile. */
  async #storeBatch(id: string, batch: Batch): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      const writes = [...(await this.#group(batch)), ...(await this.#stream(id, batch))];
      const result = await this.#options.store.commit(writes);
      if (result.kind === 'committed') return;
    }
    throw new Error(`the log stream ${id} is changed by somebody else`);
  }

  async #group({ place, group }: Batch): Promise<readonly Write[]> {
    const { groups } = this.#options.records;
    const id = groupId(place, group);
    if ((await groups.get(id)) !== undefined) return [];
    return groups.insert(id, { name: group, createdAt: this.#options.world.now() });
  }

  async #stream(id: string, batch: Batch): Promise<readonly Write[]> {
    const { records } = this.#options;
    const entry = await records.streams.get(id);
    const before = entry?.value ?? newStream(batch);
    const last =
      entry === undefined ? undefined : await records.chunks.get(chunkId(id, before.lastChunk));
    const { stream, writes } = this.#added(id, batch, { before, last });
    const trimmed = await this.#trimmed(id, stream, before);
    return entry === undefined
      ? [
          ...writes,
          ...trimmed.writes,
          ...records.streams.insert(id, trimmed.stream),
          ...(await this.#makeRoom(batch)),
        ]
      : [...writes, ...trimmed.writes, ...records.streams.replace(entry, trimmed.stream)];
  }

  /** The events, in the last chunk while it has room, then in new ones. */
  #added(
    id: string,
    { events }: Batch,
    { before, last }: { before: StreamRecord; last: Entry<ChunkRecord> | undefined },
  ): { readonly stream: StreamRecord; readonly writes: Write[] } {
    const { chunks } = this.#options.records;
    const writes: Write[] = [];
    let { lastChunk, eventCount, storedBytes } = before;
    let open = last;
    let chunk = openChunk(last?.value, eventCount);
    const put = (): void => {
      const at = chunkId(id, lastChunk);
      writes.push(...(open === undefined ? chunks.insert(at, chunk) : chunks.replace(open, chunk)));
    };
    for (const event of events) {
      if (chunk.sizeBytes >= this.#bounds.chunkBytes) {
        put();
        open = undefined;
        lastChunk++;
        chunk = openChunk(undefined, eventCount);
      }
      const sizeBytes = sizeOf(event);
      chunk.events.push(event);
      chunk.sizeBytes += sizeBytes;
      storedBytes += sizeBytes;
      eventCount++;
    }
    put();
    const lastEventAt = events.at(-1)?.at ?? before.lastEventAt;
    const lastIngestedAt = events.at(-1)?.ingestedAt ?? before.lastIngestedAt;
    const changed = { lastChunk, eventCount, storedBytes, lastEventAt, lastIngestedAt };
    return { stream: { ...before, ...changed }, writes };
  }

  /** Without its oldest chunks when it is too large; what is written just now stays. */
  async #trimmed(
    id: string,
    stream: StreamRecord,
    { lastChunk }: StreamRecord,
  ): Promise<{ readonly stream: StreamRecord; readonly writes: readonly Write[] }> {
    const { chunks } = this.#options.records;
    const writes: Write[] = [];
    let { firstChunk, storedBytes } = stream;
    while (storedBytes > this.#bounds.streamBytes && firstChunk < lastChunk) {
      const oldest = await chunks.get(chunkId(id, firstChunk));
      if (oldest === undefined) throw new Error(`the log stream ${id} has lost a chunk`);
      writes.push(...chunks.remove(oldest));
      storedBytes -= oldest.value.sizeBytes;
      firstChunk++;
    }
    return { stream: { ...stream, firstChunk, storedBytes }, writes };
  }

  /** Takes away the streams that have been silent longest, when a group has too many. */
  async #makeRoom({ place, group }: Batch): Promise<readonly Write[]> {
    const { records } = this.#options;
    const streams = await everyEntry(records.streams, `${groupId(place, group)}/`);
    const tooMany = streams.length + 1 - this.#bounds.streamsPerGroup;
    if (tooMany <= 0) return [];
    const oldest = streams
      .sort((a, b) => a.value.lastEventAt - b.value.lastEventAt)
      .slice(0, tooMany);
    const gone = await Promise.all(oldest.map((stream) => removeStream(records, stream)));
    return gone.flat();
  }
}

function openChunk(
  chunk: ChunkRecord | undefined,
  firstEvent: number,
): { firstEvent: number; sizeBytes: number; events: StoredEvent[] } {
  return chunk === undefined
    ? { firstEvent, sizeBytes: 0, events: [] }
    : { ...chunk, events: [...chunk.events] };
}

function newStream({ stream, events }: Batch): StreamRecord {
  const at = events[0]?.at ?? 0;
  const ingestedAt = events[0]?.ingestedAt ?? 0;
  return {
    name: stream,
    createdAt: ingestedAt,
    firstEventAt: at,
    lastEventAt: at,
    lastIngestedAt: ingestedAt,
    storedBytes: 0,
    firstChunk: 0,
    lastChunk: 0,
    eventCount: 0,
  };
}

/** What takes a stream and its events away. */
export async function removeStream(
  records: LogRecords,
  stream: Entry<StreamRecord>,
): Promise<readonly Write[]> {
  const chunks = await everyEntry(records.chunks, `${stream.id}/`);
  return [
    ...records.streams.remove(stream),
    ...chunks.flatMap((chunk) => records.chunks.remove(chunk)),
  ];
}
