/** Verifies a whole trail against itself and against what the store knows of it. */
import { stat } from 'node:fs/promises';
import type { Anchor, Anchors } from './anchors.ts';
import { type Chain, genesis } from './frame.ts';
import {
  listLanes,
  listSegments,
  type ReadRecord,
  readSegment,
  type SegmentQuery,
  type SegmentRead,
  segmentPath,
} from './segment.ts';

export interface VerifyOptions {
  /** The folder of all lanes. */
  readonly dir: string;
  /**
   * From `readAnchors`, read before this is called. Without them it isn't seen when a lane was cut
   * at its end, made up as a whole, or taken away.
   */
  readonly anchors?: Anchors;
  /** The store's sequence number; asked for at the end, since a live server goes on meanwhile. */
  readonly storeSeq?: () => number | Promise<number>;
}

export interface TrailReport {
  readonly lanes: number;
  /** Verified ones. */
  readonly records: number;
  /** Undefined when the trail is whole. */
  readonly firstBad?: BadPlace;
  /**
   * Bytes of a write that was under way when they were read or when the server was killed: no
   * damage.
   */
  readonly tornTail?: TornTail;
}

export interface BadPlace {
  readonly lane: string;
  readonly segment: number;
  readonly offset: number;
  /** The record's place in its lane, 0 for the first. */
  readonly index: number;
  readonly reason: string;
  readonly eventId?: string;
}

export interface TornTail {
  readonly lane: string;
  readonly segment: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** How often a segment that changed while it was read is read, before its fault is believed. */
const LOOKS = 3;

/**
 * Reads all lanes with bounded memory and reports the first thing that is wrong. Each lane is read
 * up to its first fault. The trail may be appended to meanwhile. Throws only when files cannot be
 * read at all.
 */
export async function verifyTrail(options: VerifyOptions): Promise<TrailReport> {
  const known = options.anchors?.keys() ?? [];
  const lanes = [...new Set([...(await listLanes(options.dir)), ...known])].sort();
  const reports: LaneReport[] = [];
  for (const lane of lanes) {
    reports.push(await new LaneVerifier(options, lane).verify());
  }
  const firstBad =
    reports.find((report) => report.bad)?.bad ?? (await rolledBack(options, reports));
  const tornTail = reports.find((report) => report.torn)?.torn;
  return {
    lanes: lanes.length,
    records: reports.reduce((sum, { end }) => sum + end.records, 0),
    ...(firstBad === undefined ? {} : { firstBad }),
    ...(tornTail === undefined ? {} : { tornTail }),
  };
}

interface LaneReport {
  readonly lane: string;
  readonly end: Chain;
  /** The last segment that was read, and where its last whole record ends. */
  readonly segment: number;
  readonly endBytes: number;
  readonly bad?: BadPlace;
  readonly torn?: TornTail;
}

async function rolledBack(
  options: VerifyOptions,
  reports: readonly LaneReport[],
): Promise<BadPlace | undefined> {
  if (options.storeSeq === undefined) return undefined;
  const seq = await options.storeSeq();
  const ahead = reports.find((report) => report.end.storeSeq > seq);
  if (ahead === undefined) return undefined;
  const { lane, segment, endBytes, end } = ahead;
  const reason = `the store was rolled back: the trail has seen its commit ${end.storeSeq}, it has only ${seq}`;
  return { lane, segment, offset: endBytes, index: end.records, reason };
}

/** Goes through one lane from its beginning. */
class LaneVerifier {
  readonly #dir: string;
  readonly #lane: string;
  readonly #anchor: Anchor | undefined;
  readonly #mustBeKnown: boolean;

  constructor(options: VerifyOptions, lane: string) {
    this.#dir = options.dir;
    this.#lane = lane;
    this.#anchor = options.anchors?.get(lane);
    this.#mustBeKnown = options.anchors !== undefined;
  }

  async verify(): Promise<LaneReport> {
    const numbers = await listSegments(this.#dir, this.#lane);
    let report: LaneReport = {
      lane: this.#lane,
      end: genesis(this.#lane),
      segment: 0,
      endBytes: 0,
    };
    for (const [i, number] of numbers.entries()) {
      if (number !== i + 1)
        return this.#bad(report, { segment: i + 1, reason: 'a segment is missing' });
      const isLast = i === numbers.length - 1;
      report = await this.#segment(report, { number, isLast });
      if (report.bad !== undefined) return report;
    }
    return this.#compare(report);
  }

  /** What the lane has, against what the store knows of it. */
  #compare(report: LaneReport): LaneReport {
    const has = report.end.records;
    const { segment } = report;
    if (this.#anchor === undefined) {
      if (!this.#mustBeKnown || has === 0) return report;
      return this.#bad(report, { segment, reason: 'the store does not know this lane' });
    }
    const { records, closed } = this.#anchor;
    if (segment === 0) return this.#bad(report, { segment: 1, reason: 'the lane is missing' });
    if (has < records || segment < this.#anchor.segment) {
      const reason = `the lane was cut: it has ${has} records, the store knows of ${records}`;
      return this.#bad(report, { segment: this.#anchor.segment, reason });
    }
    if (closed !== true || has === records) return report;
    const reason = `${has - records} records were added after the server had stopped`;
    return this.#bad(report, { segment, reason });
  }

  async #segment(
    before: LaneReport,
    which: { number: number; isLast: boolean },
  ): Promise<LaneReport> {
    const { number, isLast } = which;
    const read = await this.#read({
      dir: this.#dir,
      lane: this.#lane,
      segment: number,
      continues: before.end,
      visit: (record) => this.#visit(record),
    });
    const { after, endBytes, tornBytes, fault } = read;
    const report = { lane: this.#lane, end: after, segment: number, endBytes };
    if (fault !== undefined) {
      return { ...report, bad: { lane: this.#lane, segment: number, ...fault } };
    }
    if (tornBytes === 0) return report;
    if (!isLast) return this.#bad(report, { segment: number, reason: 'the segment is cut short' });
    const torn = { lane: this.#lane, segment: number, offset: endBytes, sizeBytes: tornBytes };
    return { ...report, torn };
  }

  /** A live server takes back a write that fails; who was reading it meanwhile looks again. */
  async #read(query: SegmentQuery): Promise<SegmentRead> {
    const path = segmentPath(query);
    for (let look = 1; ; look++) {
      const before = await stat(path, { bigint: true });
      const read = await readSegment(query);
      if (read.fault === undefined || look === LOOKS) return read;
      const after = await stat(path, { bigint: true });
      if (after.mtimeNs === before.mtimeNs && after.size === before.size) return read;
    }
  }

  #visit(record: ReadRecord): string | undefined {
    const { records, hash } = this.#anchor ?? {};
    if (record.index + 1 === records && record.hash.toString('hex') !== hash) {
      return 'the lane was rewritten: it does not match what the store knows of it';
    }
    return isRecord(record.payload) ? undefined : 'a record is no JSON object';
  }

  #bad(report: LaneReport, what: { segment: number; reason: string }): LaneReport {
    const { lane, end, endBytes } = report;
    const offset = what.segment === report.segment ? endBytes : 0;
    return {
      ...report,
      bad: { lane, segment: what.segment, offset, index: end.records, reason: what.reason },
    };
  }
}

function isRecord(payload: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
