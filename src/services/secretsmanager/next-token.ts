/** NextTokens: opaque to callers, and good only for the list that gave them. Pure. */
import { sha256Hex } from '../../crypto/hash.ts';
import { invalidNextToken } from './errors.ts';

/** `list`: everything that says which list it is; `after`: where the page ended. */
export function encodeToken(list: readonly unknown[], after: string): string {
  return Buffer.from(JSON.stringify([markOf(list), after])).toString('base64');
}

const markOf = (list: readonly unknown[]): string => sha256Hex(JSON.stringify(list)).slice(0, 16);

/**
 * What the list goes on after; undefined at its beginning.
 * @throws ApiError InvalidNextTokenException for a token that this list did not give.
 */
export function decodeToken(
  list: readonly unknown[],
  token: string | undefined,
): string | undefined {
  if (token === undefined) return undefined;
  const parsed = parseJson(Buffer.from(token, 'base64').toString());
  if (!Array.isArray(parsed) || parsed.length !== 2) throw invalidNextToken();
  const [mark, after] = parsed as unknown[];
  if (mark !== markOf(list) || typeof after !== 'string') throw invalidNextToken();
  if (encodeToken(list, after) !== token) throw invalidNextToken();
  return after;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
