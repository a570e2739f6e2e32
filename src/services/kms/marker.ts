/** Markers of paged lists: opaque to callers, and good only for the list that gave them. Pure. */
import { invalidMarker } from './errors.ts';

/** `list` names the list; `after` is the last item that the page held. */
export function encodeMarker(list: string, after: string): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64');
}

/**
 * What the list goes on after; undefined at its beginning.
 * @throws ApiError InvalidMarkerException for a marker that this list did not give.
 */
export function decodeMarker(list: string, marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const parsed = parseJson(Buffer.from(marker, 'base64').toString());
  if (!Array.isArray(parsed) || parsed.length !== 2) throw invalidMarker();
  const [name, after] = parsed as unknown[];
  if (name !== list || typeof after !== 'string') throw invalidMarker();
  if (encodeMarker(list, after) !== marker) throw invalidMarker();
  return after;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export interface PageRequest {
  /** Names the list in its markers. */
  readonly list: string;
  readonly marker: string | undefined;
  readonly limit: number;
}
export interface PageOf<T> {
  readonly items: readonly T[];
  readonly tail: { readonly Truncated: boolean; readonly NextMarker?: string };
}

/** The end of a list answer: `next` is what to go on after, undefined when all has been told. */
export function pageTail(list: string, next: string | undefined): PageOf<never>['tail'] {
  return next === undefined
    ? { Truncated: false }
    : { Truncated: true, NextMarker: encodeMarker(list, next) };
}

/** A page of a list that is held whole, by the unique name of each item. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { list, marker, limit }: PageRequest,
): PageOf<T> {
  const after = decodeMarker(list, marker);
  const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
  // The item that the marker names may be gone by now; where the list went on is then not known.
  if (after !== undefined && start === 0) throw invalidMarker();
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  const more = last !== undefined && start + limit < all.length;
  return { items, tail: pageTail(list, more ? nameOf(last) : undefined) };
}
