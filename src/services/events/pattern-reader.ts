/**
 * Reads the JSON of an event pattern token by token, and knows at each where AWS's reader stands:
 * its messages say so. It has read one token ahead after a name, and a string only up to its quote
 * until somebody asks for the text.
 */

export type TokenKind =
  | 'object'
  | 'end-object'
  | 'array'
  | 'end-array'
  | 'name'
  | 'string'
  | 'number'
  | 'true'
  | 'false'
  | 'null';

/** What is wrong with a pattern, in AWS's words. Leaves the compiler only as a value. */
export class PatternFault extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

const shownSource = 500;
const space = /[ \t\r\n]/;
const wordPart = /[A-Za-z0-9_$]/;
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

interface Container {
  readonly kind: 'object' | 'array';
  isEmpty: boolean;
}

export class PatternReader {
  readonly #source: string;
  #at = 0;
  readonly #containers: Container[] = [];
  #ahead: TokenKind | undefined;
  #isStringOpen = false;
  #text = '';
  /** Of the last token, where it is a name or a number. */
  name = '';

  constructor(source: string) {
    this.#source = source;
  }

  /** @throws PatternFault for what is no JSON. */
  next(): TokenKind {
    if (this.#ahead !== undefined) {
      const token = this.#ahead;
      this.#ahead = undefined;
      return token;
    }
    if (this.#isStringOpen) this.#closeString();
    this.#skipSpace();
    const container = this.#containers.at(-1);
    return container === undefined ? this.#value() : this.#inside(container);
  }

  /** The text of a string or number token. */
  text(): string {
    if (this.#isStringOpen) this.#closeString();
    return this.#text;
  }

  /** A fault where the reader stands. */
  fault(reason: string): PatternFault {
    return new PatternFault(`${reason}${this.#place(this.#at)}`);
  }

  #inside(container: Container): TokenKind {
    const isObject = container.kind === 'object';
    if (this.#peek() === (isObject ? '}' : ']')) {
      this.#at++;
      this.#containers.pop();
      return isObject ? 'end-object' : 'end-array';
    }
    if (!container.isEmpty) {
      const entries = isObject ? 'Object' : 'Array';
      if (this.#peek() !== ',') throw this.#unexpected(`comma to separate ${entries} entries`);
      this.#at++;
      this.#skipSpace();
    }
    container.isEmpty = false;
    return isObject ? this.#member() : this.#value();
  }

  /** A name, its colon, and as much of the value as AWS's reader looks ahead. */
  #member(): TokenKind {
    if (this.#peek() !== '"') throw this.#unexpected('double-quote to start field name');
    this.#at++;
    this.#closeString();
    this.name = this.#text;
    this.#skipSpace();
    if (this.#peek() !== ':') throw this.#unexpected('a colon to separate field name and value');
    this.#at++;
    this.#skipSpace();
    this.#ahead = this.#value();
    return 'name';
  }

  #value(): TokenKind {
    const char = this.#peek();
    if (char === '{' || char === '[') {
      this.#at++;
      const kind = char === '{' ? 'object' : 'array';
      this.#containers.push({ kind, isEmpty: true });
      return kind;
    }
    if (char === '"') {
      this.#at++;
      this.#isStringOpen = true;
      return 'string';
    }
    return /[-0-9]/.test(char) ? this.#number() : this.#word();
  }

  #number(): TokenKind {
    const form = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    form.lastIndex = this.#at;
    const found = form.exec(this.#source)?.[0];
    if (found === undefined) throw this.#unexpected('a number');
    this.#at += found.length;
    this.#text = found;
    return 'number';
  }

  #word(): TokenKind {
    const start = this.#at;
    while (wordPart.test(this.#source[this.#at] ?? '')) this.#at++;
    const word = this.#source.slice(start, this.#at);
    if (word === 'true' || word === 'false' || word === 'null') return word;
    if (word === '') throw this.#unexpected('a value');
    throw this.fault(
      `Unrecognized token '${word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`,
    );
  }

  #closeString(): void {
    this.#isStringOpen = false;
    let text = '';
    for (;;) {
      const char = this.#source[this.#at++];
      if (char === undefined) {
        this.#at = this.#source.length;
        throw this.fault('Unexpected end-of-input: was expecting closing quote for a string value');
      }
      if (char === '"') break;
      if (char < ' ')
        throw this.fault(
          `Illegal unquoted character ((CTRL-CHAR, code ${char.charCodeAt(0)})): has to be escaped using backslash to be included in string value`,
        );
      text += char === '\\' ? this.#escaped() : char;
    }
    this.#text = text;
  }

  #escaped(): string {
    const char = this.#source[this.#at++] ?? '';
    const plain = escapes.get(char);
    if (plain !== undefined) return plain;
    const digits = this.#source.slice(this.#at, this.#at + 4);
    if (char !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits))
      throw this.fault(`Unrecognized character escape '${char}' (code ${char.charCodeAt(0) || 0})`);
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #skipSpace(): void {
    while (space.test(this.#source[this.#at] ?? '')) this.#at++;
  }

  /** @throws PatternFault at the end. */
  #peek(): string {
    const char = this.#source[this.#at];
    if (char !== undefined) return char;
    const kind = this.#containers.at(-1)?.kind === 'array' ? 'Array' : 'Object';
    throw this.fault(`Unexpected end-of-input: expected close marker for ${kind}`);
  }

  #unexpected(expected: string): PatternFault {
    const char = this.#source[this.#at] ?? '';
    return new PatternFault(
      `Unexpected character ('${char}' (code ${char.charCodeAt(0)})): was expecting ${expected}${this.#place(this.#at)}`,
    );
  }

  /** As AWS's reader says where it is; both count from 1. */
  #place(at: number): string {
    const before = this.#source.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    const hidden = this.#source.length - shownSource;
    const shown =
      hidden > 0
        ? `"${this.#source.slice(0, shownSource)}"[truncated ${hidden} chars]`
        : `"${this.#source}"`;
    return `\n at [Source: (String)${shown}; line: ${line}, column: ${column}]`;
  }
}
