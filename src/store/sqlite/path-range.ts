/** A scan by prefix as a range of paths in UTF-8 order. */

export interface PathRange {
  readonly from: string;
  readonly includesFrom: boolean;
  /**
   * The end, not included. Bytes sort above every text in SQLite, so empty ones stand for no
   * end.
   */
  readonly below: string | Uint8Array;
}

const noEnd = new Uint8Array(0);

/** Undefined when nothing can lie in it. */
export function pathRange({
  prefix,
  after,
}: {
  prefix: string;
  after?: string;
}): PathRange | undefined {
  // A lone surrogate occurs in no path.
  if (!prefix.isWellFormed()) return undefined;
  const below = successor(prefix) ?? noEnd;
  const bound = after?.toWellFormed();
  if (bound === undefined || sortsBefore(bound, prefix)) {
    return { from: prefix, includesFrom: true, below };
  }
  return { from: bound, includesFrom: false, below };
}

/**
 * The first string, in UTF-8 order, after all that start with `prefix`: its last code point
 * moved on by one, since UTF-8 sorts as code points do. Undefined when there is none.
 */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === 0x10ffff) continue;
    // The code points of surrogates have no place in UTF-8.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return undefined;
}

/**
 * Whether `a` sorts before `b` by UTF-8 bytes, which UTF-16 (JavaScript's order) does not do
 * beyond U+FFFF.
 */
export function sortsBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
