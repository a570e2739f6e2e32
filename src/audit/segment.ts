/**
 * The files of a trail: how they are named and listed, and how one is read and verified from end to
 * end.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Chain,
  decodeHeader,
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  isLaneName,
  MAX_PAYLOAD_BYTES,
  readFrame,
} from './frame.ts';

/**
 * Verifying so much takes about two milliseconds, which is how long a live server may be kept from
 * its requests.
 */
const CHUNK_BYTES = 1 << 18;
/** So many zero bytes at a file's end cannot be one flipped byte of JSON text, which has none. */
const UNWRITTEN_BYTES = 16;

/** A verified record as it is read. `payload` is a view that lives only during the visit. */
export interface ReadRecord {
  readonly payload: Buffer;
  readonly storeSeq: number;
  /** 0 for the lane's first record. */
  readonly index: number;
  readonly segment: number;
  /** Where its frame starts. */
  readonly offset: number;
  /** Where its frame ends. */
  readonly end: number;
  /** The chain hash up to and with it. */
  readonly hash: Buffer;
}

export interface Fault {
  readonly offset: number;
  readonly index: number;
  readonly reason: string;
  /** The eventID that stands there, when something of it can still be read. */
  readonly eventId?: string;
}

interface Bad {
  readonly reason: string;
  /** Where the frame ends in memory, when its length can be trusted. */
  readonly end: number | undefined;
}

export interface SegmentRead {
  readonly before: Chain;
  readonly after: Chain;
  /** Where the last whole frame ends. */
  readonly endBytes: number;
  /**
   * What stood behind it when the read began: the rest of a write that nobody was told had
   * happened.
   */
  readonly tornBytes: number;
  readonly fault?: Fault;
}

export interface SegmentQuery {
  readonly dir: string;
  readonly lane: string;
  readonly segment: number;
  /** What the segment must continue; undefined = what its own header says. */
  readonly continues?: Chain | undefined;
  /** Called for each verified record in order; a text it returns is a fault of that record. */
  readonly visit?: ((record: ReadRecord) => string | undefined) | undefined;
  /** Read no further than here; undefined = the file's size when the read begins. */
  readonly untilBytes?: number | undefined;
}

export function segmentName(segment: number): string {
  return `${String(segment).padStart(8, '0')}.trail`;
}

export function segmentPath(place: { dir: string; lane: string; segment: number }): string {
  return join(place.dir, place.lane, segmentName(place.segment));
}

/** The lanes below a trail's folder, in order; none when the folder is not there. */
export async function listLanes(dir: string): Promise<string[]> {
  const entries = await orNothing(readdir(dir, { withFileTypes: true }));
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return names.filter(isLaneName).sort();
}

/** The numbers of a lane's segments, in order. */
export async function listSegments(dir: string, lane: string): Promise<number[]> {
  const names = await orNothing(readdir(join(dir, lane)));
  const numbers = names
    .filter((name) => /^\d{8}\.trail$/.test(name))
    .map((name) => +name.slice(0, 8));
  return numbers.sort((a, b) => a - b);
}

async function orNothing<T>(list: Promise<T[]>): Promise<T[]> {
  try {
    return await list;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Reads a segment with bounded memory and verifies all of it: header, length pairs, chain. It may
 * be read while the server appends to it: what is there when the read begins is read, and an
 * incomplete last frame is torn, not bad.
 */
export async function readSegment(query: SegmentQuery): Promise<SegmentRead> {
  const file = await open(segmentPath(query), 'r');
  try {
    const { size } = await file.stat();
    const sizeBytes = Math.min(size, query.untilBytes ?? size);
    return await readFrames(query, file, sizeBytes);
  } finally {
    await file.close();
  }
}

async function readFrames(
  query: SegmentQuery,
  file: FileHandle,
  sizeBytes: number,
): Promise<SegmentRead> {
  const head = Buffer.alloc(Math.min(HEADER_BYTES, sizeBytes));
  await readFully(file, head, 0);
  const before = headerChain(head, query);
  if (typeof before === 'string') {
    const none = query.continues ?? { hash: Buffer.alloc(32), records: 0, storeSeq: 0 };
    const fault = { offset: 0, index: none.records, reason: before };
    return { before: none, after: none, endBytes: 0, tornBytes: 0, fault };
  }
  return new FrameReader(query, { file, sizeBytes, before }).read();
}

function headerChain(head: Buffer, query: SegmentQuery): Chain | string {
  const header = decodeHeader(head);
  if (typeof header === 'string') return header;
  if (header.lane !== query.lane) return `the segment belongs to lane '${header.lane}'`;
  if (header.segment !== query.segment) return `the file holds segment ${header.segment}`;
  const expected = query.continues;
  if (expected === undefined) return header.before;
  const { hash, records, storeSeq } = header.before;
  if (records !== expected.records || !hash.equals(expected.hash)) {
    return 'the segment does not continue where the one before it ends';
  }
  if (storeSeq !== expected.storeSeq) return 'the segment header names another storeSeq';
  return header.before;
}

/** Goes through the frames of one segment, a chunk in memory at a time. */
class FrameReader {
  readonly #query: SegmentQuery;
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  readonly #before: Chain;
  readonly #buffer: Buffer;
  /** The file's bytes from `#base` on that are in memory. */
  #bytes: Buffer;
  #base = HEADER_BYTES;
  /** Where in `#bytes` the next frame starts. */
  #at = 0;
  #hash: Buffer;
  #records: number;
  #storeSeq: number;

  constructor(query: SegmentQuery, from: { file: FileHandle; sizeBytes: number; before: Chain }) {
    this.#query = query;
    this.#file = from.file;
    this.#sizeBytes = from.sizeBytes;
    this.#before = from.before;
    this.#hash = from.before.hash;
    this.#records = from.before.records;
    this.#storeSeq = from.before.storeSeq;
    const capacityBytes = CHUNK_BYTES + FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES;
    this.#buffer = Buffer.allocUnsafe(Math.min(capacityBytes, from.sizeBytes - HEADER_BYTES));
    this.#bytes = this.#buffer.subarray(0, 0);
  }

  async read(): Promise<SegmentRead> {
    while (await this.#fill()) {
      const bad = this.#take();
      if (bad !== undefined)
        return (await this.#isUnwritten(bad)) ? this.#result() : this.#bad(bad);
      if (this.#base + this.#bytes.length === this.#sizeBytes) break;
    }
    return this.#result();
  }

  /** Brings the next chunk behind what is left of the last one. */
  async #fill(): Promise<boolean> {
    const left = this.#bytes.length - this.#at;
    this.#buffer.copyWithin(0, this.#at, this.#bytes.length);
    this.#base += this.#at;
    this.#at = 0;
    const wantedBytes = Math.min(this.#buffer.length, this.#sizeBytes - this.#base);
    await readFully(this.#file, this.#buffer.subarray(left, wantedBytes), this.#base + left);
    this.#bytes = this.#buffer.subarray(0, wantedBytes);
    return wantedBytes > 0;
  }

  /** Verifies all whole frames in memory; the first that is bad ends it. */
  #take(): Bad | undefined {
    while (this.#at < this.#bytes.length) {
      const found = readFrame(this.#bytes, this.#at, this.#hash);
      if (found.kind === 'incomplete') return undefined;
      if (found.kind === 'bad') return { reason: found.reason, end: found.end };
      const reason = this.#query.visit?.(this.#record(found));
      if (reason !== undefined) return { reason, end: found.end };
      this.#hash = found.hash;
      this.#records++;
      this.#storeSeq = Math.max(this.#storeSeq, found.storeSeq);
      this.#at = found.end;
    }
    return undefined;
  }

  #record(found: { end: number; storeSeq: number; hash: Buffer }): ReadRecord {
    return {
      payload: this.#bytes.subarray(this.#at + FRAME_HEADER_BYTES, found.end),
      storeSeq: found.storeSeq,
      index: this.#records,
      segment: this.#query.segment,
      offset: this.#base + this.#at,
      end: this.#base + found.end,
      hash: found.hash,
    };
  }

  /**
   * After a power failure some file systems (XFS) show zeros where a file had grown and its data
   * had not arrived. That is the rest of an unacknowledged write too, when the zeros begin within
   * this frame and nothing follows.
   */
  async #isUnwritten(bad: Bad): Promise<boolean> {
    const from = this.#base + this.#at;
    const within = bad.end === undefined ? from + 8 : this.#base + bad.end;
    const zerosFrom = await this.#zerosFrom(from);
    return zerosFrom < within && this.#sizeBytes - zerosFrom >= UNWRITTEN_BYTES;
  }

  /** Where the zeros begin that the file ends with, looking no further back than `from`. */
  async #zerosFrom(from: number): Promise<number> {
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, this.#sizeBytes - from));
    let zerosFrom = this.#sizeBytes;
    while (zerosFrom > from) {
      const part = chunk.subarray(0, Math.min(chunk.length, zerosFrom - from));
      await readFully(this.#file, part, zerosFrom - part.length);
      const last = part.findLastIndex((byte) => byte !== 0);
      zerosFrom += last + 1 - part.length;
      if (last >= 0) break;
    }
    return zerosFrom;
  }

  #bad(bad: Bad): SegmentRead {
    const own = this.#bytes.toString('latin1', this.#at, bad.end ?? this.#at);
    const eventId = /"eventID":"([0-9a-f-]{36})"/.exec(own)?.[1];
    const where = { offset: this.#base + this.#at, index: this.#records, reason: bad.reason };
    const fault = eventId === undefined ? where : { ...where, eventId };
    return { ...this.#result(), tornBytes: 0, fault };
  }

  #result(): SegmentRead {
    const endBytes = this.#base + this.#at;
    return {
      before: this.#before,
      after: { hash: this.#hash, records: this.#records, storeSeq: this.#storeSeq },
      endBytes,
      tornBytes: this.#sizeBytes - endBytes,
    };
  }
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      // Cut meanwhile: the server took back a write that had failed. Zeros count as unwritten.
      into.fill(0, done);
      return;
    }
    done += bytesRead;
  }
}
