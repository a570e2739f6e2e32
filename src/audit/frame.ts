/**
 * The bytes of a trail: what a segment's header and a record's frame look like, and the hash chain
 * through them. Every byte is covered: the header by its own checksum and by what the segment
 * before it ended with, a frame by its length pair and its chain hash, so that one flipped bit
 * anywhere is seen.
 *
 *     header: magic 8 | segment u32 | records before u64 | largest storeSeq before u64
 *             | chain hash before 32 | lane name, zero-padded 64 | SHA-256 of the foregoing 32
 *     frame:  length u32 | ~length u32 | storeSeq u64 (0 = none) | chain hash 32 | payload, JSON
 *
 * Integers are big-endian. chain hash = SHA-256(chain hash before ‖ length ‖ storeSeq ‖ payload).
 */
import { sha256, sha256Into } from '../crypto/hash.ts';

export const HEADER_BYTES = 156;
export const FRAME_HEADER_BYTES = 48;
/** A record is far smaller (see record.ts); a larger length can only be damage. */
export const MAX_PAYLOAD_BYTES = 1 << 20;
/** UTF-8 bytes that one UTF-16 unit takes at most. */
export const BYTES_PER_UNIT = 3;
const MAGIC = Buffer.from('SEALTRL1', 'latin1');
const HASH_BYTES = 32;
const CHECKSUM_AT = HEADER_BYTES - HASH_BYTES;
const LANE_AT = 60;
const LANE_BYTES = 64;
const U32 = 0x1_0000_0000;

/** How far a lane has come: what the next frame continues. */
export interface Chain {
  readonly hash: Buffer;
  /** Records in the lane so far, over all its segments. */
  readonly records: number;
  /** The largest storeSeq so far, 0 when none. */
  readonly storeSeq: number;
}

export interface SegmentHeader {
  readonly lane: string;
  /** 1, 2, 3 …, as in the file's name. */
  readonly segment: number;
  readonly before: Chain;
}

/** A lane's name is a folder's name on every system. */
export function isLaneName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(name);
}

/**
 * What the first segment of a lane continues; the name is in it, so that lanes cannot be exchanged.
 */
export function genesis(lane: string): Chain {
  const hash = sha256(Buffer.from(`sealhold trail lane ${lane}`, 'utf8'));
  return { hash, records: 0, storeSeq: 0 };
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(header.segment, 8);
  writeUInt64(bytes, 12, header.before.records);
  writeUInt64(bytes, 20, header.before.storeSeq);
  header.before.hash.copy(bytes, 28);
  bytes.write(header.lane, LANE_AT, LANE_BYTES, 'latin1');
  sha256(bytes.subarray(0, CHECKSUM_AT)).copy(bytes, CHECKSUM_AT);
  return bytes;
}

/** The header, or what is wrong with it. */
export function decodeHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < HEADER_BYTES) return 'the segment header is cut short';
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'this is no trail segment (magic)';
  const checksum = sha256(bytes.subarray(0, CHECKSUM_AT));
  if (!checksum.equals(bytes.subarray(CHECKSUM_AT, HEADER_BYTES))) {
    return 'the segment header does not match its checksum';
  }
  const name = bytes.toString('latin1', LANE_AT, LANE_AT + LANE_BYTES);
  return {
    lane: name.slice(0, name.indexOf('\0')),
    segment: bytes.readUInt32BE(8),
    before: {
      hash: Buffer.from(bytes.subarray(28, 28 + HASH_BYTES)),
      records: readUInt64(bytes, 12),
      storeSeq: readUInt64(bytes, 20),
    },
  };
}

/** Why a text cannot be a frame's payload; undefined when it can. */
export function unfit(json: string): RangeError | undefined {
  if (json === '') return new RangeError('An audit record is never empty.');
  if (json.length * BYTES_PER_UNIT <= MAX_PAYLOAD_BYTES) return undefined;
  if (Buffer.byteLength(json) <= MAX_PAYLOAD_BYTES) return undefined;
  return new RangeError(`An audit record has at most ${MAX_PAYLOAD_BYTES} bytes.`);
}

/**
 * Writes one frame at `at` and returns where it ends. `into` must have room for the payload at its
 * largest (three bytes for each UTF-16 unit). `previous` becomes the chain hash of this frame.
 */
export function writeFrame(
  into: Buffer,
  frame: { at: number; json: string; storeSeq: number; previous: Buffer },
): number {
  const { at, previous } = frame;
  const payloadAt = at + FRAME_HEADER_BYTES;
  const sizeBytes = into.write(frame.json, payloadAt, 'utf8');
  const end = payloadAt + sizeBytes;
  layOutForHash(into, { at, sizeBytes, storeSeq: frame.storeSeq, previous });
  sha256Into(previous, 0, into.subarray(at + HASHED_AT, end));
  into.writeUInt32BE(sizeBytes, at);
  into.writeUInt32BE(~sizeBytes >>> 0, at + 4);
  writeUInt64(into, at + 8, frame.storeSeq);
  previous.copy(into, at + 16);
  return end;
}

/** Where the bytes under the chain hash begin in a frame that is laid out for it. */
const HASHED_AT = 4;

/**
 * Prepares a frame whose payload lies in place. What is hashed before the payload is 44 bytes long
 * and the frame's header 48, so it is laid out there for the moment and nothing has to be copied:
 * the header is overwritten.
 */
function layOutForHash(
  bytes: Buffer,
  frame: { at: number; sizeBytes: number; storeSeq: number; previous: Buffer },
): void {
  frame.previous.copy(bytes, frame.at + HASHED_AT);
  bytes.writeUInt32BE(frame.sizeBytes, frame.at + 36);
  writeUInt64(bytes, frame.at + 40, frame.storeSeq);
}

/** What stands at a place of a segment. */
export type FrameFound =
  | {
      readonly kind: 'frame';
      readonly end: number;
      readonly storeSeq: number;
      readonly hash: Buffer;
    }
  /** The bytes end before the frame does, and what is there of it is consistent. */
  | {
      readonly kind: 'incomplete' /** How many bytes of it to have, as far as that is known. */;
      readonly sizeBytes: number;
    }
  | {
      readonly kind: 'bad';
      readonly reason: string /** Where it ends, when its length pair holds. */;
      readonly end?: number;
    };

/**
 * Reads and verifies the frame at `at`. The bytes of its header are overwritten meanwhile and gone
 * afterwards.
 */
export function readFrame(bytes: Buffer, at: number, previous: Buffer): FrameFound {
  const available = bytes.length - at;
  if (available < 8) return shortPair(bytes, at, available);
  const sizeBytes = bytes.readUInt32BE(at);
  if (~sizeBytes >>> 0 !== bytes.readUInt32BE(at + 4)) {
    return { kind: 'bad', reason: 'the two copies of a record’s length disagree' };
  }
  if (sizeBytes > MAX_PAYLOAD_BYTES || sizeBytes === 0) {
    return { kind: 'bad', reason: `a record’s length is impossible (${sizeBytes} bytes)` };
  }
  const end = at + FRAME_HEADER_BYTES + sizeBytes;
  if (end > bytes.length) return { kind: 'incomplete', sizeBytes: end - at };
  const storeSeq = readUInt64(bytes, at + 8);
  if (!Number.isSafeInteger(storeSeq))
    return { kind: 'bad', reason: 'a storeSeq is impossible', end };
  const stored = Buffer.from(bytes.subarray(at + 16, at + FRAME_HEADER_BYTES));
  layOutForHash(bytes, { at, sizeBytes, storeSeq, previous });
  const hash = sha256(bytes.subarray(at + HASHED_AT, end));
  if (!hash.equals(stored)) {
    return { kind: 'bad', reason: 'a record does not match its chain hash', end };
  }
  return { kind: 'frame', end, storeSeq, hash };
}

function shortPair(bytes: Buffer, at: number, available: number): FrameFound {
  for (let i = 4; i < available; i++) {
    if ((bytes[at + i]! ^ bytes[at + i - 4]!) !== 0xff) {
      return { kind: 'bad', reason: 'the two copies of a record’s length disagree' };
    }
  }
  return { kind: 'incomplete', sizeBytes: FRAME_HEADER_BYTES };
}

function writeUInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / U32), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}

function readUInt64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * U32 + bytes.readUInt32BE(at + 4);
}
