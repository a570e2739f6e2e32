/** The newest records of a trail, for looking at. */
import { open } from 'node:fs/promises';
import { TrailDamaged } from './failures.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';
import { listLanes, listSegments, readSegment, segmentPath } from './segment.ts';

interface Place {
  readonly segment: number;
  readonly offset: number;
  readonly end: number;
}

/**
 * The newest `limit` records of all lanes as JSON text, in order of their eventTime, those of one
 * lane in the lane's order. Only their places are kept while the segments are read. Throws
 * TrailDamaged where the end of a lane cannot be trusted.
 */
export async function readTail(options: { dir: string; limit: number }): Promise<string[]> {
  const { dir, limit } = options;
  let merged: { time: string; json: string }[] = [];
  for (const lane of await listLanes(dir)) {
    const places = await lastPlaces({ dir, lane, limit });
    for (const json of await readPlaces({ dir, lane }, places)) {
      merged.push({ time: (JSON.parse(json) as { eventTime: string }).eventTime, json });
    }
    merged.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    merged = limit === 0 ? [] : merged.slice(-limit);
  }
  return merged.map(({ json }) => json);
}

async function lastPlaces(query: { dir: string; lane: string; limit: number }): Promise<Place[]> {
  let places: Place[] = [];
  for (const segment of (await listSegments(query.dir, query.lane)).reverse()) {
    const wanted = query.limit - places.length;
    if (wanted <= 0) break;
    places = [...(await lastOfSegment({ ...query, segment, wanted })), ...places];
  }
  return places;
}

async function lastOfSegment(query: {
  dir: string;
  lane: string;
  segment: number;
  wanted: number;
}): Promise<Place[]> {
  const { segment, wanted } = query;
  const ring: Place[] = [];
  let seen = 0;
  const { fault } = await readSegment({
    ...query,
    visit: ({ offset, end }) => {
      ring[seen++ % wanted] = { segment, offset, end };
      return undefined;
    },
  });
  if (fault !== undefined) {
    throw new TrailDamaged(
      `The audit trail is damaged: lane '${query.lane}': segment ${segment}, byte ${fault.offset}: ` +
        `${fault.reason}. See the whole of it with \`sealhold trail verify\`.`,
    );
  }
  const first = seen % wanted;
  return seen < wanted ? ring : [...ring.slice(first), ...ring.slice(0, first)];
}

async function readPlaces(
  from: { dir: string; lane: string },
  places: readonly Place[],
): Promise<string[]> {
  const records: string[] = [];
  for (const segment of new Set(places.map((place) => place.segment))) {
    const file = await open(segmentPath({ ...from, segment }), 'r');
    try {
      for (const place of places.filter((candidate) => candidate.segment === segment)) {
        const payload = Buffer.alloc(place.end - place.offset - FRAME_HEADER_BYTES);
        await file.read(payload, 0, payload.length, place.offset + FRAME_HEADER_BYTES);
        records.push(payload.toString('utf8'));
      }
    } finally {
      await file.close();
    }
  }
  return records;
}
