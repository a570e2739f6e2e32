/**
 * The reference evaluator's reading of texts: wildcards, variables, ARNs, numbers, dates and
 * addresses, each done the slow and obvious way. Nothing here comes from src/policy.
 */

/** A character, a wildcard, or a colon that the policy's author wrote. */
export type Token = { char: string } | 'any' | 'one' | 'colon';
export type Lookup = (key: string) => string | string[] | undefined;

export interface Expanded {
  readonly tokens: Token[];
  /** A variable has no value. */
  readonly unresolved: boolean;
  /** How many of the author's colons stand before the first variable; infinite without one. */
  readonly colonsBeforeVariable: number;
}

/** Characters of a text as the author wrote them. */
function written(text: string, wildcards: boolean): Token[] {
  return [...text].map((char) => {
    if (char === ':') return 'colon';
    if (wildcards && char === '*') return 'any';
    if (wildcards && char === '?') return 'one';
    return { char };
  });
}

export function expand(
  text: string,
  options: { variables: boolean; wildcards: boolean; lookup: Lookup },
): Expanded {
  const tokens: Token[] = [];
  let unresolved = false;
  let colonsBeforeVariable = Number.POSITIVE_INFINITY;
  let at = 0;
  while (at < text.length) {
    const variable = /\$\{([^,}]*)(?:,\s*'([^']*)'\s*)?\}/y;
    variable.lastIndex = at;
    const found = options.variables ? variable.exec(text) : null;
    if (found === null) {
      const character = String.fromCodePoint(text.codePointAt(at) as number);
      tokens.push(...written(character, options.wildcards));
      at += character.length;
      continue;
    }
    at += found[0].length;
    const name = found[1] as string;
    if (['*', '?', '$'].includes(name)) {
      tokens.push({ char: name });
      continue;
    }
    colonsBeforeVariable = Math.min(
      colonsBeforeVariable,
      tokens.filter((token) => token === 'colon').length,
    );
    const value = options.lookup(name);
    const used = Array.isArray(value) ? undefined : (value ?? found[2]);
    if (used === undefined) unresolved = true;
    else tokens.push(...[...used].map((char) => ({ char })));
  }
  return { tokens, unresolved, colonsBeforeVariable };
}

/** By recursion over what is left of both, remembered. */
export function glob(tokens: readonly Token[], text: string): boolean {
  const characters = [...text];
  const known: (boolean | undefined)[] = [];
  const from = (t: number, c: number): boolean => {
    const key = t * (characters.length + 1) + c;
    known[key] ??= step(t, c);
    return known[key];
  };
  const step = (t: number, c: number): boolean => {
    const token = tokens[t];
    if (token === undefined) return c === characters.length;
    if (token === 'any') return from(t + 1, c) || (c < characters.length && from(t, c + 1));
    if (c === characters.length) return false;
    if (token === 'one') return from(t + 1, c + 1);
    const wanted = token === 'colon' ? ':' : token.char;
    return characters[c] === wanted && from(t + 1, c + 1);
  };
  return from(0, 0);
}

/** Cuts at the author's first five colons. */
export function segmentsOf(tokens: readonly Token[]): Token[][] {
  const segments: Token[][] = [[]];
  for (const token of tokens) {
    if (token === 'colon' && segments.length < 6) segments.push([]);
    else segments.at(-1)?.push(token);
  }
  return segments;
}

export function arnOf(text: string): string[] | undefined {
  const parts = text.split(':');
  if (parts[0] !== 'arn' || parts.length < 6) return undefined;
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

export function globArn(segments: readonly (readonly Token[])[], arn: readonly string[]): boolean {
  return segments.length === 6 && segments.every((tokens, i) => glob(tokens, arn[i] as string));
}

export const onlyStars = (tokens: readonly Token[]): boolean =>
  tokens.length > 0 && tokens.every((token) => token === 'any');

/** A–Z only: the generators use nothing else that has a case. */
export const lower = (text: string): string =>
  text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));

/** The number times 10^30, exactly. */
export function numberOf(text: string): bigint | undefined {
  const found = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (found === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = found;
  const zeros = 30 + Number(power) - fraction.length;
  const size = BigInt(whole + fraction) * 10n ** BigInt(zeros);
  return sign === '-' ? -size : size;
}

/** Nanoseconds since 1970. */
export function timeOf(text: string): bigint | undefined {
  if (/^\d{4}$/.test(text)) return undefined;
  const epoch = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (epoch !== null) return nanoseconds(BigInt(epoch[1] as string), epoch[2]);
  if (/^\d{4}-\d\d(-\d\d)?$/.test(text)) return fromMs(Date.parse(`${text}`));
  const timed = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (timed === null || (timed[2] === undefined && timed[3] !== undefined)) return undefined;
  const ms = Date.parse(`${timed[1]}${timed[2] ?? ':00'}${timed[4]}`);
  return Number.isNaN(ms) ? undefined : nanoseconds(BigInt(ms) / 1000n, timed[3]);
}

const nanoseconds = (seconds: bigint, fraction = ''): bigint =>
  seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));

const fromMs = (ms: number): bigint | undefined =>
  Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n;

/** The address as bits: 32 or 128 of them. */
export function bitsOf(text: string): string | undefined {
  if (!text.includes(':')) return v4Bits(text);
  let full = text;
  const tail = /:(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  if (tail !== undefined) {
    const bits = v4Bits(tail);
    if (bits === undefined) return undefined;
    const hex = (from: number): string =>
      Number.parseInt(bits.slice(from, from + 16), 2).toString(16);
    full = `${text.slice(0, -tail.length)}${hex(0)}:${hex(16)}`;
  }
  const [head = '', after, more] = full.split('::');
  if (more !== undefined) return undefined;
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const missing = 8 - groups(head).length - groups(after ?? '').length;
  if (after === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [
    ...groups(head),
    ...Array.from({ length: missing }, () => '0'),
    ...groups(after ?? ''),
  ];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function v4Bits(text: string): string | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part)))
    return undefined;
  if (parts.some((part) => Number(part) > 255)) return undefined;
  return parts.map((part) => Number(part).toString(2).padStart(8, '0')).join('');
}

const mapped = `${'0'.repeat(80)}${'1'.repeat(16)}`;

/** An IPv4 address in IPv6's clothes loses them. */
export const undressed = (bits: string): string =>
  bits.startsWith(mapped) && bits.length === 128 ? bits.slice(96) : bits;

export function inRange(address: string, range: string): boolean | undefined {
  const bits = bitsOf(address);
  const [base = '', length] = range.split('/');
  const baseBits = bitsOf(base);
  if (bits === undefined) return undefined;
  if (baseBits === undefined) throw new Error(`not generated: ${range}`);
  const prefix = baseBits.slice(0, length === undefined ? baseBits.length : Number(length));
  const own = undressed(bits);
  const clothed = own.length === 32 ? mapped + own : own;
  // Ranges of either form are compared in the form with IPv6's clothes where they wear them.
  if (baseBits.length === 128 && baseBits.startsWith(mapped) && prefix.length >= 96)
    return clothed.startsWith(prefix);
  return own.length === baseBits.length && own.startsWith(prefix);
}
