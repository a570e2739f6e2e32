/**
 * Texts with the wildcards `*` (any text) and `?` (one character), compiled. Matching takes at most
 * text × pattern steps whatever they hold, and builds no regular expression.
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
  return (text) => matchesCodes(codes, text);
}

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
