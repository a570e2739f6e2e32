/** Pages of lists, and the markers between them: good only for the list that gave them. Pure. */
import { markerInvalid } from './errors.ts';

/** Lambda gives at most so many, whatever is asked for. */
const mostItems = 50;

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: { readonly NextMarker?: string };
}

/**
 * A page of a list that is held whole, by the unique name of each item, in the list's order.
 * @throws ApiError InvalidParameterValueException for a marker that is not this list's.
 */
export function pageOf<T>(
  all: readonly T[],
  asked: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
  { list, nameOf }: { readonly list: string; readonly nameOf: (item: T) => string },
): Page<T> {
  const after = asked.Marker === undefined ? undefined : read(asked.Marker, list);
  const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
  if (after !== undefined && start === 0) throw markerInvalid();
  const items = all.slice(start, start + Math.min(asked.MaxItems ?? mostItems, mostItems));
  const last = items.at(-1);
  const isMore = last !== undefined && start + items.length < all.length;
  return { items, next: isMore ? { NextMarker: write(nameOf(last), list) } : {} };
}

const write = (name: string, list: string): string =>
  Buffer.from(`${list}\n${name}`).toString('base64url');

function read(marker: string, list: string): string {
  const [head, name, ...more] = Buffer.from(marker, 'base64url').toString().split('\n');
  if (head !== list || name === undefined || more.length > 0) throw markerInvalid();
  return name;
}
