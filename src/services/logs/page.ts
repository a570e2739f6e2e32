/** Pages of lists that are held whole, and the tokens between them. Pure. */
import { tokenInvalid } from './errors.ts';

export interface Asked<T> {
  /** Names the list in its tokens. */
  readonly list: string;
  readonly token: string | undefined;
  readonly limit: number;
  /** Unique in the list. */
  readonly nameOf: (item: T) => string;
}

/** @throws ApiError InvalidParameterException for a token that is not this list's */
export function pageOf<T>(
  all: readonly T[],
  { list, token, limit, nameOf }: Asked<T>,
): { readonly items: readonly T[]; readonly next: { readonly nextToken?: string } } {
  const after = token === undefined ? undefined : read(token, list);
  const start = after === undefined ? 0 : all.findIndex((item) => nameOf(item) === after) + 1;
  if (after !== undefined && start === 0) throw tokenInvalid();
  const items = all.slice(start, start + limit);
  const last = items.at(-1);
  const isMore = last !== undefined && start + items.length < all.length;
  return { items, next: isMore ? { nextToken: write(nameOf(last), list) } : {} };
}

const write = (name: string, list: string): string =>
  Buffer.from(`${list}\n${name}`).toString('base64url');

function read(token: string, list: string): string {
  const [head, name, ...more] = Buffer.from(token, 'base64url').toString().split('\n');
  if (head !== list || name === undefined || more.length > 0) throw tokenInvalid();
  return name;
}
