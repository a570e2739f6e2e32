/** How a lane's segment files come to be and are found again. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { TrailDamaged, TrailUnavailable } from './failures.ts';
import { type Chain, encodeHeader, genesis, HEADER_BYTES, isLaneName } from './frame.ts';
import { listSegments, readSegment, type SegmentRead, segmentPath } from './segment.ts';

export interface LanePlace {
  /** The folder of all lanes. */
  readonly dir: string;
  readonly lane: string;
  readonly disk: Disk;
}

/** The segment that is appended to. */
export interface Segment {
  readonly number: number;
  readonly path: string;
  readonly fd: number;
  /** Where the next frame goes. */
  readonly endBytes: number;
  /** What the next frame continues. */
  readonly chain: Chain;
}

/** What the store says the lane had reached. */
export interface Expected {
  readonly records: number;
  /** Hexadecimal. */
  readonly hash: string;
  /** Exactly these records and no more. */
  readonly closed?: true;
}

/**
 * Makes the segment `number` with its header and returns once it will be there after a power
 * failure. It gets its name last, so a segment with half a header never exists. On an error the
 * lane is as before.
 */
export async function createSegment(
  place: LanePlace,
  next: { number: number; chain: Chain },
): Promise<Segment> {
  const { dir, lane, disk } = place;
  const path = segmentPath({ dir, lane, segment: next.number });
  const fresh = `${path}.new`;
  const fd = await disk.open(fresh, 'create');
  try {
    const header = encodeHeader({ lane, segment: next.number, before: next.chain });
    await disk.write(fd, header, 0);
    await disk.sync(fd);
    await disk.rename(fresh, path);
    await disk.syncFolder(dirname(path));
  } catch (error) {
    await disk.close(fd);
    await rm(fresh, { force: true }).catch(() => {});
    throw error;
  }
  return { number: next.number, path, fd, endBytes: HEADER_BYTES, chain: next.chain };
}

/**
 * Opens what the lane goes on with: its last segment, verified, a torn tail cut off; or its first
 * one, made now. `anchor` is what the store says the lane had reached. Throws TrailDamaged or
 * TrailUnavailable.
 */
export async function openLastSegment(
  place: LanePlace,
  anchor: Expected | undefined,
): Promise<Segment> {
  if (!isLaneName(place.lane)) throw new RangeError(`'${place.lane}' cannot name a lane.`);
  try {
    const last = await lastSegment(place);
    if (last > 0) return await openSegment(place, { number: last, anchor });
    if (anchor !== undefined) throw damaged(place, 'it is missing, but the store knows of it');
    return await createFirst(place);
  } catch (error) {
    if (error instanceof TrailDamaged) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new TrailUnavailable(`The audit trail cannot be opened (${text}).`, { cause: error });
  }
}

async function createFirst(place: LanePlace): Promise<Segment> {
  const folder = join(place.dir, place.lane);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await place.disk.syncFolder(place.dir);
  await place.disk.syncFolder(dirname(place.dir));
  return await createSegment(place, { number: 1, chain: genesis(place.lane) });
}

/** The number of the last segment, 0 when there is none. */
async function lastSegment(place: LanePlace): Promise<number> {
  const numbers = await listSegments(place.dir, place.lane);
  const gap = numbers.findIndex((number, i) => number !== i + 1);
  if (gap >= 0) throw damaged(place, `segment ${gap + 1} is missing`);
  return numbers.length;
}

async function openSegment(
  place: LanePlace,
  last: { number: number; anchor: Expected | undefined },
): Promise<Segment> {
  const { disk } = place;
  const { read, hashAtAnchor } = await readLast(place, last);
  if (read.fault !== undefined) {
    const { offset, index, reason, eventId } = read.fault;
    const which = eventId === undefined ? '' : `, eventID ${eventId}`;
    const where = `segment ${last.number}, byte ${offset}, record ${index}${which}`;
    throw damaged(place, `${where}: ${reason}`);
  }
  if (last.anchor !== undefined) {
    compare(place, { has: read.after.records, hashAtAnchor, anchor: last.anchor });
  }
  const path = segmentPath({ ...place, segment: last.number });
  const fd = await disk.open(path, 'append');
  if (read.tornBytes > 0) await disk.truncate(fd, read.endBytes);
  // Also what is whole may have been left in the system's memory by a process that was killed.
  await disk.sync(fd);
  return { number: last.number, path, fd, endBytes: read.endBytes, chain: read.after };
}

async function readLast(
  place: LanePlace,
  last: { number: number; anchor: Expected | undefined },
): Promise<{ read: SegmentRead; hashAtAnchor: string | undefined }> {
  const records = last.anchor?.records;
  let hashAtAnchor: string | undefined;
  const read = await readSegment({
    dir: place.dir,
    lane: place.lane,
    segment: last.number,
    visit: (record) => {
      if (record.index + 1 === records) hashAtAnchor = record.hash.toString('hex');
      return undefined;
    },
  });
  if (read.before.records === records) hashAtAnchor = read.before.hash.toString('hex');
  return { read, hashAtAnchor };
}

function compare(
  place: LanePlace,
  facts: { has: number; hashAtAnchor: string | undefined; anchor: Expected },
): void {
  const { has, hashAtAnchor, anchor } = facts;
  const { records } = anchor;
  if (has < records) throw damaged(place, `it has ${has} records, the store knows of ${records}`);
  if (hashAtAnchor !== undefined && hashAtAnchor !== anchor.hash) {
    throw damaged(place, `its first ${records} records are not those that the store knows of`);
  }
  if (anchor.closed === true && has > records) {
    throw damaged(place, `${has - records} records were added after the server had stopped`);
  }
}

function damaged(place: LanePlace, what: string): TrailDamaged {
  return new TrailDamaged(
    `The audit trail is damaged: lane '${place.lane}' in ${place.dir}: ${what}. It was altered, cut or moved ` +
      'outside this program, or the disk failed. Keep a copy of the folder as evidence, see the whole of it with ' +
      '`sealhold trail verify`, and restore the folder from a backup that is at least as new as the store.',
  );
}
