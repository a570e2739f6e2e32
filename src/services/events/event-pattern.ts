/**
 * Event patterns, compiled: what AWS takes and what it refuses, with its messages. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html)
 */
import { cidrRange } from './ip-range.ts';
import {
  absent,
  anythingBut,
  anythingButValues,
  type Bounds,
  endsIgnoringCase,
  endsWith,
  equals,
  equalsIgnoringCase,
  exists,
  type Matcher,
  matches,
  matchesParts,
  maxNumber,
  numeric,
  type Scalar,
  startsIgnoringCase,
  startsWith,
  withinAddresses,
} from './matchers.ts';
import { PatternFault, PatternReader, type TokenKind } from './pattern-reader.ts';
import { isTooComplex, parseWildcard, tooComplex, type Wildcard } from './wildcard.ts';

/** What an event must have at one place and below it. */
export interface PatternNode {
  readonly matchers: readonly Matcher[];
  readonly children: ReadonlyMap<string, PatternNode>;
}

/** An event matches when it has all that one of the alternatives asks for. */
export interface EventPattern {
  readonly alternatives: readonly PatternNode[];
}

export type CompiledPattern =
  | { readonly kind: 'pattern'; readonly pattern: EventPattern }
  | { readonly kind: 'fault'; readonly reason: string };

/** `$or` may not lead to more combinations (EventBridge, "Using $or matching"). */
const maxAlternatives = 1_000;

export function compilePattern(text: string): CompiledPattern {
  try {
    const reader = new PatternReader(text);
    if (reader.next() !== 'object') throw reader.fault('Filter is not an object');
    const compiler = new Compiler(reader);
    compiler.object([], false);
    return { kind: 'pattern', pattern: { alternatives: compiler.rules.map(treeOf) } };
  } catch (error) {
    if (error instanceof PatternFault) return { kind: 'fault', reason: error.reason };
    throw error;
  }
}

/** Steps of a path, joined, and what is asked for there. */
type Rule = ReadonlyMap<string, readonly Matcher[]>;

const or = '$or';
/** What stands inside match expressions can't be a field beside an `$or`. */
const reserved: ReadonlySet<string> = new Set([
  'exactly',
  'prefix',
  'suffix',
  'equals-ignore-case',
  'anything-but',
  'numeric',
  'cidr',
  'exists',
  'wildcard',
]);

class Compiler {
  readonly #reader: PatternReader;
  rules: readonly Rule[] = [new Map()];

  constructor(reader: PatternReader) {
    this.#reader = reader;
  }

  object(path: readonly string[], isInsideOr: boolean): void {
    const reader = this.#reader;
    let isEmpty = true;
    while (reader.next() !== 'end-object') {
      isEmpty = false;
      const { name } = reader;
      if (name === or) {
        this.#alternatives(path);
        continue;
      }
      if (isInsideOr && reserved.has(name))
        throw reader.fault(
          `${name} is Ruler reserved fieldName which cannot be used inside ${or}.`,
        );
      const token = reader.next();
      if (token === 'object') this.object([...path, name], isInsideOr);
      else if (token === 'array') this.#field([...path, name].join('.'));
      else throw reader.fault(`"${name}" must be an object or an array`);
    }
    if (isEmpty) throw reader.fault('Empty objects are not allowed');
  }

  /** Each object of the list goes on with all that was asked for before. */
  #alternatives(path: readonly string[]): void {
    const reader = this.#reader;
    if (reader.next() !== 'array') throw reader.fault(`It must be an Array followed with ${or}.`);
    const before = this.rules;
    const all: Rule[] = [];
    let count = 0;
    for (let token = reader.next(); token !== 'end-array'; token = reader.next()) {
      count++;
      if (token !== 'object')
        throw reader.fault(`Only JSON object is allowed in array of ${or} relationship.`);
      this.rules = before;
      this.object(path, true);
      all.push(...this.rules);
      if (all.length > maxAlternatives)
        throw new PatternFault(`${or} leads to more than ${maxAlternatives} combinations`);
    }
    if (count < 2) throw reader.fault(`There must have at least 2 Objects in ${or} relationship.`);
    this.rules = all;
  }

  #field(path: string): void {
    const matchers: Matcher[] = [];
    for (let token = this.#reader.next(); token !== 'end-array'; token = this.#reader.next())
      matchers.push(this.#matcher(token));
    if (matchers.length === 0) throw this.#reader.fault('Empty arrays are not allowed');
    this.rules = this.rules.map((rule) => new Map([...rule, [path, matchers]]));
  }

  #matcher(token: TokenKind): Matcher {
    if (token === 'object') return expression(this.#reader);
    const value = scalarOf(this.#reader, token);
    if (value !== undefined) return equals(value);
    throw this.#reader.fault('Match value must be String, number, true, false, or null');
  }
}

function scalarOf(reader: PatternReader, token: TokenKind): Scalar | undefined {
  if (token === 'string') return reader.text();
  if (token === 'number') return Number(reader.text());
  if (token === 'null') return null;
  return token === 'true' || token === 'false' ? token === 'true' : undefined;
}

/** `{"prefix": "x"}`: one operator and what it is held against. */
function expression(reader: PatternReader): Matcher {
  if (reader.next() !== 'name') throw reader.fault('Match expression name not found');
  const read = operators.get(reader.name);
  if (read === undefined) throw reader.fault(`Unrecognized match type ${reader.name}`);
  return read(reader);
}

const onlyOne = 'Only one key allowed in match expression';
const tooMany = 'Too many elements in numeric expression';

function close(reader: PatternReader, reason = onlyOne): void {
  if (reader.next() !== 'end-object') throw reader.fault(reason);
}

type Read = (reader: PatternReader) => Matcher;

const operators: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['exactly', (reader) => textOperator(reader, 'exact', (text) => (other) => other === text)],
  ['prefix', (reader) => affix(reader, 'prefix', startsWith, startsIgnoringCase)],
  ['suffix', (reader) => affix(reader, 'suffix', endsWith, endsIgnoringCase)],
  [
    'equals-ignore-case',
    (reader) => textOperator(reader, 'equals-ignore-case', equalsIgnoringCase),
  ],
  ['wildcard', (reader) => textOperator(reader, 'wildcard', wildcardTest(reader))],
  ['anything-but', anythingButOperator],
  ['numeric', numericOperator],
  ['cidr', cidrOperator],
  ['exists', existsOperator],
]);

type MakeTest = (text: string) => (text: string) => boolean;

function textOperator(reader: PatternReader, name: string, test: MakeTest): Matcher {
  if (reader.next() !== 'string') throw reader.fault(`${name} match pattern must be a string`);
  const matcher = matches(test(reader.text()));
  close(reader);
  return matcher;
}

/** `{"prefix": "x"}` or `{"prefix": {"equals-ignore-case": "x"}}` */
function affix(
  reader: PatternReader,
  name: string,
  test: MakeTest,
  ignoringCase: MakeTest,
): Matcher {
  const token = reader.next();
  const isNested = token === 'object' && reader.next() === 'name';
  if (isNested && reader.name === 'equals-ignore-case') {
    const matcher = textOperator(reader, 'equals-ignore-case', ignoringCase);
    close(reader);
    return matcher;
  }
  if (token !== 'string') throw reader.fault(`${name} match pattern must be a string`);
  const matcher = matches(test(reader.text()));
  close(reader);
  return matcher;
}

const wildcardTest =
  (reader: PatternReader): MakeTest =>
  (text) =>
    matchesParts(checkedWildcard(reader, text));

function checkedWildcard(reader: PatternReader, text: string): Wildcard {
  const parsed = parseWildcard(text);
  if (parsed.kind === 'fault') throw reader.fault(parsed.reason);
  if (isTooComplex(parsed.parts)) throw new PatternFault(tooComplex);
  return parsed.parts;
}

function existsOperator(reader: PatternReader): Matcher {
  const token = reader.next();
  if (token !== 'true' && token !== 'false')
    throw reader.fault('exists match pattern must be either true or false.');
  close(reader);
  return token === 'true' ? exists : absent;
}

/** The one error of an address that AWS tells without its place. */
function cidrOperator(reader: PatternReader): Matcher {
  if (reader.next() !== 'string') throw reader.fault('prefix match pattern must be a string');
  const range = cidrRange(reader.text());
  if (range.kind === 'fault') throw new PatternFault(range.reason);
  close(reader);
  return withinAddresses(range);
}

function numericOperator(reader: PatternReader): Matcher {
  if (reader.next() !== 'array') throw reader.fault('Value of numeric must be an array.');
  const bounds = boundsOf(reader);
  close(reader, tooMany);
  return numeric(bounds);
}

function boundsOf(reader: PatternReader): Bounds {
  const token = reader.next();
  if (token !== 'string')
    throw reader.fault(`Invalid member in numeric match: ${shownToken(reader, token)}`);
  const operator = reader.text();
  const isFrom = operator === '>' || operator === '>=';
  if (!isFrom && !['=', '<', '<='].includes(operator))
    throw reader.fault(`Unrecognized numeric range operator: ${operator}`);
  const value = numberOf(reader, operator === '=' ? 'equals' : operator);
  if (isFrom) return rangeFrom(reader, { value, isOpen: operator === '>' });
  if (reader.next() !== 'end-array') throw reader.fault(tooMany);
  const bound = { value, isOpen: operator === '<' };
  return operator === '=' ? { from: bound, to: bound } : { to: bound };
}

function rangeFrom(reader: PatternReader, from: NonNullable<Bounds['from']>): Bounds {
  const token = reader.next();
  if (token === 'end-array') return { from };
  if (token !== 'string')
    throw reader.fault(`Bad value in numeric range: ${shownToken(reader, token)}`);
  const operator = reader.text();
  if (operator !== '<' && operator !== '<=')
    throw reader.fault(`Bad numeric range operator: ${operator}`);
  const value = numberOf(reader, operator);
  if (reader.next() !== 'end-array')
    throw reader.fault('Too many terms in numeric range expression');
  if (from.value >= value) throw reader.fault('Bottom must be less than top');
  return { from, to: { value, isOpen: operator === '<' } };
}

function numberOf(reader: PatternReader, what: string): number {
  if (reader.next() !== 'number') throw reader.fault(`Value of ${what} must be numeric`);
  return checkedNumber(reader);
}

function checkedNumber(reader: PatternReader): number {
  const value = Number(reader.text());
  if (Math.abs(value) > maxNumber)
    throw reader.fault('Value must be between -5.0E9 and 5.0E9, inclusive');
  return value;
}

const shownToken = (reader: PatternReader, token: TokenKind): string =>
  String(scalarOf(reader, token) ?? token);

function anythingButOperator(reader: PatternReader): Matcher {
  const token = reader.next();
  const matcher =
    token === 'object' ? nestedAnythingBut(reader) : anythingButValues(valuesOf(reader, token));
  close(reader, tooMany);
  return matcher;
}

const wrongAnythingBut = 'Value of anything-but must be an array or single string/number value.';

function valuesOf(reader: PatternReader, token: TokenKind): readonly Scalar[] {
  if (token === 'string') return [reader.text()];
  if (token === 'number') return [checkedNumber(reader)];
  if (token !== 'array') throw reader.fault(wrongAnythingBut);
  const values = listOf(reader, (each) => {
    if (each === 'string') return reader.text();
    if (each === 'number') return checkedNumber(reader);
    throw reader.fault('Inside anything but list, start|null|boolean is not supported.');
  });
  if (new Set(values.map((value) => typeof value)).size !== 1)
    throw reader.fault(
      'Inside anything but list, either all values are number or string, mixed type is not supported',
    );
  return values;
}

/** AWS tells the place of what is wrong in a list twice. */
function listOf<T>(reader: PatternReader, read: (token: TokenKind) => T): readonly T[] {
  const items: T[] = [];
  try {
    for (let token = reader.next(); token !== 'end-array'; token = reader.next())
      items.push(read(token));
  } catch (error) {
    throw error instanceof PatternFault ? reader.fault(error.reason) : error;
  }
  return items;
}

interface NestedOperator {
  readonly wrongType: string;
  readonly test: (reader: PatternReader) => MakeTest;
  readonly isEmptyAllowed: boolean;
}

const affixType = 'prefix/suffix match pattern must be a string';
const nested: ReadonlyMap<string, NestedOperator> = new Map([
  ['prefix', { wrongType: affixType, test: () => startsWith, isEmptyAllowed: false }],
  ['suffix', { wrongType: affixType, test: () => endsWith, isEmptyAllowed: false }],
  [
    'wildcard',
    {
      wrongType: 'wildcard match pattern must be a string',
      test: wildcardTest,
      isEmptyAllowed: true,
    },
  ],
  [
    'equals-ignore-case',
    {
      wrongType:
        'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
      test: () => equalsIgnoringCase,
      isEmptyAllowed: true,
    },
  ],
]);

/** `{"anything-but": {"prefix": …}}`, of a text or a list of texts. */
function nestedAnythingBut(reader: PatternReader): Matcher {
  if (reader.next() !== 'name') throw reader.fault('Anything-But expression name not found');
  const operator = nested.get(reader.name);
  if (operator === undefined)
    throw reader.fault(`Unsupported anything-but pattern: ${reader.name}`);
  const textOf = (token: TokenKind): string => {
    if (token !== 'string') throw reader.fault(operator.wrongType);
    const text = reader.text();
    if (text === '' && !operator.isEmptyAllowed)
      throw reader.fault('Null prefix/suffix not allowed');
    return text;
  };
  const token = reader.next();
  if (token === 'object') throw reader.fault(wrongAnythingBut);
  const texts = token === 'array' ? listOf(reader, textOf) : [textOf(token)];
  close(reader, tooMany);
  return anythingBut(texts.map(operator.test(reader)));
}

interface Growing {
  matchers: readonly Matcher[];
  readonly children: Map<string, Growing>;
}

/** A dot in a name is a step, as in events. */
function treeOf(rule: Rule): PatternNode {
  const root: Growing = { matchers: [], children: new Map() };
  for (const [path, matchers] of rule) {
    let node = root;
    for (const step of path.split('.')) {
      let child = node.children.get(step);
      if (child === undefined) {
        child = { matchers: [], children: new Map() };
        node.children.set(step, child);
      }
      node = child;
    }
    node.matchers = matchers;
  }
  return root;
}
