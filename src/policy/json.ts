/**
 * Strict JSON (RFC 8259) for policy documents: what JSON.parse doesn't tell or forgives. Duplicate
 * members and lone surrogates are refused, numbers keep their text, objects know where they stand,
 * and size and depth are bounded.
 */

export type JsonNode =
  | { readonly kind: 'string'; readonly value: string }
  /** `value` is the number as it is written. */
  | { readonly kind: 'number'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | JsonObject;

export interface JsonObject {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, JsonNode>;
  /** Offset of the opening brace. */
  readonly start: number;
  /** Offset behind the closing brace. */
  readonly end: number;
}

/** What is wrong with a text, and at which offset. */
export interface JsonFault {
  readonly kind: 'fault';
  readonly reason: string;
  readonly offset: number;
}

export const maxTextChars = 131_072;
const maxDepth = 16;

export function parseJson(text: string): JsonNode | JsonFault {
  if (text.length > maxTextChars) return { kind: 'fault', reason: 'too long', offset: 0 };
  const reader = new Reader(text);
  try {
    return reader.document();
  } catch (error) {
    if (error instanceof Refused)
      return { kind: 'fault', reason: error.message, offset: reader.offset };
    throw error;
  }
}

/** Leaves the recursion; never leaves this file. */
class Refused extends Error {}

const blank = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings
const plain = /[^"\\\u0000-\u001f]*/y;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const word = /true|false|null/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const escapes: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

class Reader {
  readonly #text: string;
  offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value();
    this.#take(blank);
    if (this.offset < this.#text.length) throw new Refused('text behind the value');
    return node;
  }

  #value(): JsonNode {
    this.#take(blank);
    const first = this.#text[this.offset];
    if (first === '{') return this.#nested(() => this.#object());
    if (first === '[') return this.#nested(() => this.#array());
    if (first === '"') return { kind: 'string', value: this.#string() };
    const name = this.#take(word);
    if (name === 'null') return { kind: 'null' };
    if (name !== '') return { kind: 'boolean', value: name === 'true' };
    const value = this.#take(number);
    if (value === '') throw new Refused('a value is missing');
    return { kind: 'number', value };
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw new Refused('nested too deeply');
    const result = read();
    this.#depth--;
    return result;
  }

  #object(): JsonObject {
    const start = this.offset++;
    const members = new Map<string, JsonNode>();
    if (this.#closes('}')) return { kind: 'object', members, start, end: this.offset };
    for (;;) {
      this.#take(blank);
      if (this.#text[this.offset] !== '"') throw new Refused('a member name is missing');
      const name = this.#string();
      if (members.has(name)) throw new Refused('a member stands twice');
      this.#take(blank);
      this.#expect(':');
      members.set(name, this.#value());
      if (this.#closes('}')) return { kind: 'object', members, start, end: this.offset };
      this.#expect(',');
    }
  }

  #array(): JsonNode {
    this.offset++;
    const items: JsonNode[] = [];
    if (this.#closes(']')) return { kind: 'array', items };
    for (;;) {
      items.push(this.#value());
      if (this.#closes(']')) return { kind: 'array', items };
      this.#expect(',');
    }
  }

  #string(): string {
    this.offset++;
    let value = this.#take(plain);
    while (this.#text[this.offset] === '\\') {
      const written = this.#take(escaped);
      if (written === '') throw new Refused('an unknown escape');
      const letter = written[1] ?? '';
      value +=
        letter === 'u'
          ? String.fromCharCode(Number.parseInt(written.slice(2), 16))
          : (escapes.get(letter) ?? letter);
      value += this.#take(plain);
    }
    this.#expect('"');
    // Stored as UTF-8 it would come back as another text.
    if (!value.isWellFormed()) throw new Refused('half a character');
    return value;
  }

  #closes(bracket: string): boolean {
    this.#take(blank);
    if (this.#text[this.offset] !== bracket) return false;
    this.offset++;
    return true;
  }

  #expect(character: string): void {
    if (this.#text[this.offset] !== character) throw new Refused(`${character} is missing`);
    this.offset++;
  }

  /** What the pattern finds right here, or nothing. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.offset += found.length;
    return found;
  }
}
