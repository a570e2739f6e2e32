/**
 * Texts with the wildcards `*` (any text) and `?` (one character), compiled. Matching takes at most
 * text × pattern steps whatever they hold, a thirty-second of that where both are long, and builds
 * no regular expression.
 */

export const anyText = Symbol('*');
export const anyCharacter = Symbol('?');
/** A literal text or a wildcard. */
export type PatternPart = string | typeof anyText | typeof anyCharacter;

export type Matches = (text: string) => boolean;

/** The parts of a text in which `*` and `?` are wildcards. */
export function wildcardParts(text: string): PatternPart[] {
  const parts: PatternPart[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const wildcard = text[i] === '*' ? anyText : text[i] === '?' ? anyCharacter : undefined;
    if (wildcard === undefined) continue;
    if (i > from) parts.push(text.slice(from, i));
    parts.push(wildcard);
    from = i + 1;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}

/** Whether nothing but `*` stands in it: it matches every text. */
export function matchesAll(parts: readonly unknown[]): boolean {
  return parts.length > 0 && parts.every((part) => part === anyText);
}

/** The common shapes compare with the engine's own string functions. */
export function compilePattern(parts: readonly PatternPart[]): Matches {
  const [first, second, third] = parts;
  if (parts.length === 0) return (text) => text === '';
  if (matchesAll(parts)) return () => true;
  if (parts.length === 1 && typeof first === 'string') return (text) => text === first;
  if (parts.length === 2 && typeof first === 'string' && second === anyText)
    return (text) => text.startsWith(first);
  if (parts.length === 2 && first === anyText && typeof second === 'string')
    return (text) => text.endsWith(second);
  if (parts.length === 3 && first === anyText && typeof second === 'string' && third === anyText)
    return (text) => text.includes(second);
  const codes = codesOf(parts);
  return (text) =>
    codes.length * text.length > longProduct ? matchesLong(codes, text) : matchesCodes(codes, text);
}

/** From here on going back costs more than keeping all places at once. */
const longProduct = 4_096;

// Beside UTF-16 code units, which are 0 and more.
const star = -1;
const one = -2;

function codesOf(parts: readonly PatternPart[]): Int32Array {
  const codes: number[] = [];
  for (const part of parts) {
    if (part === anyText) codes.push(star);
    else if (part === anyCharacter) codes.push(one);
    else for (let i = 0; i < part.length; i++) codes.push(part.charCodeAt(i));
  }
  return Int32Array.from(codes);
}

/**
 * Goes back to the last star only: what an earlier star could take more, the last one can take as
 * well. So each star costs at most one walk over the text per character of the pattern.
 */
function matchesCodes(codes: Int32Array, text: string): boolean {
  let at = 0;
  let read = 0;
  let lastStar = -1;
  let taken = 0;
  while (read < text.length) {
    const code = codes[at];
    if (code === star) {
      lastStar = at++;
      taken = read;
    } else if (code === one) {
      read += widthAt(text, read);
      at++;
    } else if (code === text.charCodeAt(read)) {
      read++;
      at++;
    } else if (lastStar >= 0) {
      at = lastStar + 1;
      read = ++taken;
    } else return false;
  }
  while (codes[at] === star) at++;
  return at === codes.length;
}

/** A character beyond U+FFFF is one character of two code units. */
function widthAt(text: string, index: number): 1 | 2 {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}

/**
 * Keeps all places of the pattern that the text so far may lead to, as bits: place i has i
 * characters of the pattern behind it. A character of the text moves on each place that it fits and
 * leaves those that have a star.
 */
function matchesLong(codes: Int32Array, text: string): boolean {
  const { stays, fits, fitsAny, end } = placesOf(codes);
  const places = new Uint32Array(stays.length);
  places[0] = 1;
  for (let read = 0; read < text.length; read += widthAt(text, read)) {
    const fit = fits.get(text.codePointAt(read) as number) ?? fitsAny;
    let carry = 0;
    let alive = 0;
    for (let word = 0; word < places.length; word++) {
      const moving = (places[word] as number) & (fit[word] as number);
      const staying = (places[word] as number) & (stays[word] as number);
      const next = (moving << 1) | carry | staying;
      carry = moving >>> 31;
      places[word] = next;
      alive |= next;
    }
    if (alive === 0) return false;
  }
  return ((places[end >>> 5] as number) & (1 << (end & 31))) !== 0;
}

interface Places {
  /** Places with a star. */
  readonly stays: Uint32Array;
  /** By code point: places behind which it may stand. */
  readonly fits: ReadonlyMap<number, Uint32Array>;
  /** The same for those that the pattern doesn't name. */
  readonly fitsAny: Uint32Array;
  readonly end: number;
}

function placesOf(codes: Int32Array): Places {
  const words = (codes.length >>> 5) + 1;
  const stays = new Uint32Array(words);
  const fitsAny = new Uint32Array(words);
  const fits = new Map<number, Uint32Array>();
  let end = 0;
  for (let at = 0; at < codes.length; at++) {
    if (codes[at] === star) mark(stays, end);
    else if (codes[at] === one) mark(fitsAny, end++);
    else {
      const point = pointAt(codes, at);
      if (point > 0xffff) at++;
      const fit = fits.get(point) ?? new Uint32Array(words);
      fits.set(point, fit);
      mark(fit, end++);
    }
  }
  for (const fit of fits.values())
    for (let word = 0; word < words; word++)
      fit[word] = (fit[word] as number) | (fitsAny[word] as number);
  return { stays, fits, fitsAny, end };
}

function mark(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] as number) | (1 << (index & 31));
}

/** A literal is well-formed: behind the first half of a character stands the second. */
function pointAt(codes: Int32Array, at: number): number {
  const unit = codes[at] as number;
  if (unit < 0xd800 || unit > 0xdbff) return unit;
  return String.fromCharCode(unit, codes[at + 1] as number).codePointAt(0) as number;
}
