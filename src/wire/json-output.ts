/**
 * Turns an operation's output into JSON text by its shape: bytes as base64, times as seconds since
 * 1970.
 */
import type { ListShape, MapShape, Shape, StructureShape } from '../model/schema.ts';

/** Throws TypeError when the value is not of the shape's type, which is a bug of ours. */
export type Write = (value: unknown) => string;

/** Compiled once for each shape. Members that are undefined or null are left out. */
export function compileWrite(shape: Shape): Write {
  switch (shape.type) {
    case 'structure':
      return structureWrite(shape);
    case 'list':
      return listWrite(shape);
    case 'map':
      return mapWrite(shape);
    case 'blob':
      return (value) => `"${toBytes(value).toBase64()}"`;
    case 'timestamp':
      return (value) => finite((value as number) / 1000);
    case 'string':
      return (value) => {
        if (typeof value !== 'string') throw new TypeError(`${shape.name} is not a string`);
        return JSON.stringify(value);
      };
    case 'boolean':
      return (value) => (value === true ? 'true' : 'false');
    case 'document':
      return (value) => JSON.stringify(value);
    default:
      return (value) => finite(value as number);
  }
}

function structureWrite(shape: StructureShape): Write {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    key: `${JSON.stringify(name)}:`,
    write: compileWrite(member),
  }));
  return (value) => {
    const structure = value as Record<string, unknown>;
    let text = '';
    for (const { name, key, write } of members) {
      const member = structure[name];
      if (member === undefined || member === null) continue;
      text += text === '' ? key : `,${key}`;
      text += write(member);
    }
    return `{${text}}`;
  };
}

function listWrite(shape: ListShape): Write {
  const write = compileWrite(shape.member);
  return (value) => `[${(value as readonly unknown[]).map(write).join(',')}]`;
}

function mapWrite(shape: MapShape): Write {
  const write = compileWrite(shape.value);
  return (value) => {
    const entries = Object.entries(value as Record<string, unknown>);
    return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${write(part)}`).join(',')}}`;
  };
}

function toBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('An answer needs bytes here');
  return value;
}

function finite(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('An answer needs a number here');
  return String(value);
}
