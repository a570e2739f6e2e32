/** Reads single values that come as text: in forms, query strings, paths and headers. */
import type { ApiError } from '../api-error.ts';
import type { Shape } from '../model/schema.ts';

/** Throws what `fail` makes of AWS's text when the text is not of the shape's type. */
export type FromText = (text: string) => unknown;

/** Compiled once for each shape. Throws TypeError for a shape that is no single value. */
export function compileText(shape: Shape, fail: (text: string) => ApiError): FromText {
  switch (shape.type) {
    case 'string':
      return (text) => text;
    case 'blob':
      return (text) => toBytes(text, shape.sensitive === true, fail);
    case 'boolean':
      return (text) => toBoolean(text, fail);
    case 'timestamp':
      return (text) => toMilliseconds(text, fail);
    case 'integer':
    case 'long':
      return (text) => toInteger(text, fail);
    case 'float':
    case 'double':
      return (text) => toNumber(text, fail);
    default:
      throw new TypeError(`${shape.name} is no single value`);
  }
}

type Fail = (text: string) => ApiError;

function toBytes(text: string, secret: boolean, fail: Fail): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text)
    throw fail(`${secret ? 'Value' : `'${text}'`} can not be converted to a Blob`);
  return bytes;
}

function toBoolean(text: string, fail: Fail): boolean {
  const word = text.toLowerCase();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw fail(`'${text}' can not be converted to an Boolean`);
}

function toInteger(text: string, fail: Fail): number {
  const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) + 0 : Number.NaN;
  if (Number.isNaN(value)) throw fail(`'${text}' can not be converted to an Integer`);
  return value;
}

function toNumber(text: string, fail: Fail): number {
  const value = /^[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?$/.test(text)
    ? Number(text)
    : Number.NaN;
  if (!Number.isFinite(value)) throw fail(`'${text}' can not be converted to an Double`);
  return value;
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/;

/** ISO 8601 with a zone, or seconds since 1970. */
function toMilliseconds(text: string, fail: Fail): number {
  let ms = Number.NaN;
  if (/^-?\d{1,12}(\.\d{1,9})?$/.test(text)) ms = Math.round(Number(text) * 1000);
  else if (isoTime.test(text)) ms = Date.parse(text);
  if (Number.isNaN(ms)) throw fail(`'${text}' can not be converted to an Date`);
  return ms;
}
