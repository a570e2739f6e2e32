/** Pages of the lists that Service Quotas holds whole. Pure. */
import { invalidToken } from './errors.ts';

/** AWS's largest page, and the one that who names none gets. */
const maxItems = 100;

export interface PageRequest {
  readonly NextToken?: string;
  readonly MaxResults?: number;
}

/**
 * One page of `all`, which stand in a fixed order and have unique names. `list` names the list in
 * its tokens: one of another list is refused.
 * @throws ApiError InvalidPaginationTokenException
 */
export function pageOf<T>(
  all: readonly T[],
  { NextToken, MaxResults = maxItems }: PageRequest,
  { list, nameOf }: { readonly list: string; readonly nameOf: (item: T) => string },
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const start = NextToken === undefined ? 0 : startAfter(all.map(nameOf), { list, NextToken });
  const items = all.slice(start, start + MaxResults);
  const last = items.at(-1);
  const goesOn = last !== undefined && start + MaxResults < all.length;
  return { items, next: goesOn ? { NextToken: tokenOf(list, nameOf(last)) } : {} };
}

const tokenOf = (list: string, name: string): string =>
  Buffer.from(JSON.stringify([list, name])).toString('base64');

function startAfter(
  names: readonly string[],
  { list, NextToken }: { readonly list: string; readonly NextToken: string },
): number {
  const at = names.findIndex((name) => tokenOf(list, name) === NextToken);
  if (at < 0) throw invalidToken();
  return at + 1;
}
