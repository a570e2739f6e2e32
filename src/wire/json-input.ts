/**
 * Turns parsed JSON into an operation's input, type by type, with the errors of AWS's JSON services
 * for wrong types.
 */
import { ApiError } from '../api-error.ts';
import type { ListShape, MapShape, Shape, StructureShape } from '../model/schema.ts';

/**
 * Throws ApiError SerializationException when the JSON value is not of the shape's type. Never
 * given undefined.
 */
export type Convert = (value: unknown) => unknown;

/** Compiled once for each shape. Unknown members are ignored, null members are absent. */
export function compileConvert(shape: Shape): Convert {
  switch (shape.type) {
    case 'structure':
      return structureConvert(shape);
    case 'list':
      return listConvert(shape);
    case 'map':
      return mapConvert(shape);
    case 'string':
      return toText;
    case 'blob':
      return shape.sensitive === true
        ? (value) => toBytes(value, true)
        : (value) => toBytes(value, false);
    case 'boolean':
      return toBoolean;
    case 'timestamp':
      return toMilliseconds;
    case 'integer':
      return (value) => Math.trunc(toNumber(value, 'Integer')) + 0;
    case 'long':
      return (value) => Math.trunc(toNumber(value, 'Long')) + 0;
    case 'float':
      return (value) => toNumber(value, 'Float');
    case 'double':
      return (value) => toNumber(value, 'Double');
    case 'document':
      return (value) => value;
  }
}

/**
 * Wrong JSON, or JSON that cannot be what the model says. AWS sends no text for what it cannot read
 * at all.
 */
export function unreadable(text?: string): ApiError {
  return new ApiError('SerializationException', text);
}

const listFound = 'Start of list found where not expected';
const structureFound = 'Start of structure or map found where not expected.';

function structureConvert(shape: StructureShape): Convert {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    convert: compileConvert(member),
  }));
  return (value) => {
    const source = toObject(value, 'Expected null');
    const structure: Record<string, unknown> = {};
    for (const { name, convert } of members) {
      const member = source[name];
      if (member !== undefined && member !== null) structure[name] = convert(member);
    }
    return structure;
  };
}

/** Null members stay, for the constraint check to refuse. */
function listConvert(shape: ListShape): Convert {
  const convert = compileConvert(shape.member);
  const convertPresent: Convert = (value) => (value === null ? null : convert(value));
  return (value) => {
    if (Array.isArray(value)) return value.map(convertPresent);
    throw unreadable(typeof value === 'object' ? structureFound : 'Expected list or null');
  };
}

/**
 * The map has no prototype, so that keys like `__proto__` and `constructor` are keys like any
 * other. One from Object.create(null) would be a hash table, three times slower to use.
 */
function mapConvert(shape: MapShape): Convert {
  const convert = shape.value.type === 'string' ? toTextOfAny : compileConvert(shape.value);
  return (value) => {
    const source = toObject(value, 'Expected map or null');
    const map: Record<string, unknown> = Object.setPrototypeOf({}, null);
    for (const key of Object.keys(source)) {
      const part = source[key];
      map[toText(key) as string] = part === null ? null : convert(part);
    }
    return map;
  };
}

function toObject(value: unknown, expected: string): Record<string, unknown> {
  if (typeof value !== 'object') throw unreadable(expected);
  if (Array.isArray(value)) throw unreadable(listFound);
  return value as Record<string, unknown>;
}

/**
 * Half of a surrogate pair has no bytes: two texts that differ only there would be one encryption
 * context.
 */
function toText(value: unknown): string {
  if (typeof value !== 'string') throw wrongType(value, 'an String');
  if (!value.isWellFormed()) throw unreadable();
  return value;
}

/** KMS's guide says of the encryption context that a number there counts as its text. */
function toTextOfAny(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : toText(value);
}

function toNumber(value: unknown, type: string): number {
  if (typeof value !== 'number') throw wrongType(value, `an ${type}`);
  if (!Number.isFinite(value)) throw unreadable();
  return value;
}

/** The largest distance from 1970 that a JavaScript date can be (ECMA-262 §21.4.1.1). */
const farthestMs = 8.64e15;

function toMilliseconds(value: unknown): number {
  const ms = Math.round(toNumber(value, 'Date') * 1000);
  if (Math.abs(ms) > farthestMs) throw unreadable();
  return ms;
}

const truths = new Map([
  ['TRUE', true],
  ['1', true],
  ['YES', true],
  ['FALSE', false],
  ['0', false],
  ['NO', false],
]);

function toBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw wrongType(value, 'an Boolean');
  const word = value.toUpperCase();
  const truth = truths.get(word);
  if (truth === undefined) throw unreadable(`'${word}' can not be converted to an Boolean`);
  return truth;
}

const canonical = { lastChunkHandling: 'strict' } as const;

/**
 * Base64 as RFC 4648 §4 has it, canonical: padded, nothing between, no stray bits. The strict
 * decoder (ECMA-262, Uint8Array.prototype.setFromBase64) refuses all but blanks between, which show
 * in the length: that is four times cheaper than encoding again and comparing.
 */
function toBytes(value: unknown, secret: boolean): Buffer {
  if (typeof value !== 'string') throw wrongType(value, 'a Blob');
  if (value.length % 4 !== 0) throw wrongBase64(value, secret);
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0;
  const bytes = Buffer.allocUnsafe((value.length / 4) * 3 - padding);
  try {
    const { read, written } = bytes.setFromBase64(value, canonical);
    if (read === value.length && written === bytes.length) return bytes;
  } catch {
    // The reason is found anew, in AWS's words.
  }
  throw wrongBase64(value, secret);
}

function wrongBase64(value: string, secret: boolean): ApiError {
  const shown = secret ? 'Value' : `'${value}'`;
  const odd = /[^A-Za-z0-9+/=]|=(?=[^=])/.exec(value)?.[0];
  let why = 'Invalid last non-pad Base64 character dectected';
  if (value.length % 4 !== 0)
    why = `Base64 encoded length is expected a multiple of 4 bytes but found: ${value.length}`;
  else if (odd !== undefined) why = `Invalid Base64 character: '${odd}'`;
  return unreadable(`${shown} can not be converted to a Blob: ${why}`);
}

function wrongType(value: unknown, wanted: string): ApiError {
  switch (typeof value) {
    case 'boolean':
      return unreadable(`class java.lang.Boolean can not be converted to ${wanted}`);
    case 'number':
      return unreadable(`class java.math.BigDecimal can not be converted to ${wanted}`);
    case 'string':
      return unreadable(`class java.lang.String can not be converted to ${wanted}`);
    default:
      return unreadable(Array.isArray(value) ? listFound : structureFound);
  }
}
