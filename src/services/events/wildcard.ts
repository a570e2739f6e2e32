/** Wildcard patterns: `*` is any text, `\*` and `\\` are the characters. Pure. */

/** The texts between the stars, in order; one text more than there are stars. */
export type Wildcard = readonly string[];

export type ParsedWildcard =
  | { readonly kind: 'wildcard'; readonly parts: Wildcard }
  | { readonly kind: 'fault'; readonly reason: string };

/** So many prefixes of a pattern may match one text at a time. */
const maxPrefixes = 10;
export const tooComplex =
  'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character';

/** Places in messages count the quote before the text, and bytes. */
export function parseWildcard(text: string): ParsedWildcard {
  const fault = (reason: string, at: number): ParsedWildcard => {
    const place = Buffer.byteLength(text.slice(0, at)) + 1;
    return { kind: 'fault', reason: `${reason} at pos ${place}` };
  };
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (char === '\\') {
      const escaped = text[at + 1];
      if (escaped !== '*' && escaped !== '\\') return fault('Invalid escape character', at);
      part += escaped;
      at++;
    } else if (char === '*') {
      if (text[at + 1] === '*') return fault('Consecutive wildcard characters', at);
      parts.push(part);
      part = '';
    } else part += char;
  }
  return { kind: 'wildcard', parts: [...parts, part] };
}

/** Each part is found as early as it can be, so the time grows with the text only. */
export function matchesWildcard(parts: Wildcard, text: string): boolean {
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  if (parts.length === 1) return text === first;
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/**
 * Whether some text is matched by so many prefixes of the pattern that AWS's machine would be in
 * too many states at once. Walks the sets of states that texts can lead to; a pattern with very
 * many sets counts as too complex.
 */
export function isTooComplex(parts: Wildcard): boolean {
  if (parts.length < 2) return false;
  const pattern = parts.flatMap((part, i) => [
    ...(i === 0 ? [] : ['*' as const]),
    ...letters(part),
  ]);
  const start = closed(pattern, new Set([0]));
  const seen = new Set([keyOf(start)]);
  const waiting = [start];
  for (let states = waiting.pop(); states !== undefined; states = waiting.pop()) {
    if (prefixesOf(states) >= maxPrefixes || seen.size > 5_000) return true;
    for (const letter of lettersAfter(pattern, states)) {
      const next = step(pattern, states, letter);
      if (next.size === 0 || seen.has(keyOf(next))) continue;
      seen.add(keyOf(next));
      waiting.push(next);
    }
  }
  return false;
}

/** A letter of the pattern stands in a list of its own, so that a literal star is no star. */
type Symbol = '*' | readonly [string];
const letters = (part: string): Symbol[] => [...part].map((letter) => [letter]);

/** Those that lead somewhere else than any other letter, and one that stands for all others. */
function lettersAfter(pattern: readonly Symbol[], states: States): Set<string> {
  const found = new Set(['\u0000']);
  for (const state of states) {
    const symbol = pattern[state];
    if (symbol !== undefined && symbol !== '*') found.add(symbol[0]);
  }
  return found;
}

/** States: how many symbols have been matched. */
type States = ReadonlySet<number>;
const keyOf = (states: States): string => [...states].sort((a, b) => a - b).join();
const prefixesOf = (states: States): number => [...states].filter((state) => state > 0).length;

/** With what a star reaches by matching nothing. */
function closed(pattern: readonly Symbol[], states: ReadonlySet<number>): States {
  const all = new Set(states);
  for (const state of all) if (pattern[state] === '*') all.add(state + 1);
  return all;
}

function step(pattern: readonly Symbol[], states: States, letter: string): States {
  const next = new Set<number>();
  for (const state of states) {
    if (pattern[state - 1] === '*') next.add(state);
    const symbol = pattern[state];
    if (symbol !== undefined && symbol !== '*' && symbol[0] === letter) next.add(state + 1);
  }
  return closed(pattern, next);
}
