/** IAM's pages: `Marker` and `IsTruncated`. Markers are good only for the list that gave them. */
import type { Collection } from '../../store/store.ts';
import { invalidMarker } from './errors.ts';
import { accountPrefix } from './records.ts';

const defaultItems = 100;

export interface PageInput {
  readonly Marker?: string;
  readonly MaxItems?: number;
}

export interface PageTail {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly tail: PageTail;
}

/** A page of a list that is held whole, by the unique name of each item. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { Marker, MaxItems = defaultItems }: PageInput,
): PageOf<T> {
  const after = decodeMarker(Marker);
  const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
  // What the marker names may be gone by now; where the list went on is then not known.
  if (after !== undefined && start === 0) throw invalidMarker();
  const items = all.slice(start, start + MaxItems);
  const last = items.at(-1);
  const more = last !== undefined && start + MaxItems < all.length;
  return { items, tail: tailOf(more ? nameOf(last) : undefined) };
}

/** How many records are read at once while those that are asked for are picked out. */
const batch = 200;

/** A page of an account's records in the order of their names, of those that are wanted. */
export async function pageOfAccount<T>(
  records: Collection<T>,
  wanted: { readonly account: string; readonly when?: (record: T) => boolean },
  { Marker, MaxItems = defaultItems }: PageInput,
): Promise<PageOf<T>> {
  const prefix = accountPrefix(wanted.account);
  const found: { id: string; value: T }[] = [];
  const marker = decodeMarker(Marker);
  let after = marker === undefined ? undefined : `${prefix}${marker}`;
  do {
    const page = await records.page({
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: batch,
    });
    for (const { id, value } of page.entries)
      if (wanted.when?.(value) !== false) found.push({ id, value });
    after = page.next;
  } while (after !== undefined && found.length <= MaxItems);
  const shown = found.slice(0, MaxItems);
  const last = found.length > MaxItems ? shown.at(-1)?.id.slice(prefix.length) : undefined;
  return { items: shown.map(({ value }) => value), tail: tailOf(last) };
}

/** All records of an account, in the order of their names. */
export async function allOfAccount<T>(records: Collection<T>, account: string): Promise<T[]> {
  const prefix = accountPrefix(account);
  const all: T[] = [];
  let after: string | undefined;
  do {
    const page = await records.page({
      prefix,
      ...(after === undefined ? {} : { after }),
      limit: batch,
    });
    all.push(...page.entries.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return all;
}

export const tailOf = (last: string | undefined): PageTail =>
  last === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: encodeMarker(last) };

function encodeMarker(after: string): string {
  return Buffer.from(JSON.stringify([after])).toString('base64');
}

/**
 * What the list goes on after; undefined at its beginning.
 * @throws ApiError ValidationError for what is no marker.
 */
function decodeMarker(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const parsed = parseJson(Buffer.from(marker, 'base64').toString());
  if (!Array.isArray(parsed) || parsed.length !== 1 || typeof parsed[0] !== 'string')
    throw invalidMarker();
  return parsed[0];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
