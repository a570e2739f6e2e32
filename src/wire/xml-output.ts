/** Turns an operation's output into XML by its shape, as AWS's Query services write it. */
import type { ListShape, MapShape, Shape, StructureShape } from '../model/schema.ts';

/**
 * The XML inside the value's element. Throws TypeError when the value is not of the shape's type.
 */
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
      return (value) => {
        if (!(value instanceof Uint8Array)) throw new TypeError(`${shape.name} is not bytes`);
        return value.toBase64();
      };
    case 'timestamp':
      return (value) => `${new Date(value as number).toISOString().slice(0, 19)}Z`;
    case 'string':
      return (value) => {
        if (typeof value !== 'string') throw new TypeError(`${shape.name} is not a string`);
        return escapeXml(value);
      };
    case 'boolean':
      return (value) => (value === true ? 'true' : 'false');
    default:
      return (value) => {
        if (!Number.isFinite(value)) throw new TypeError(`${shape.name} is not a number`);
        return String(value);
      };
  }
}

function structureWrite(shape: StructureShape): Write {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    write: compileWrite(member),
  }));
  return (value) => {
    const structure = value as Record<string, unknown>;
    let text = '';
    for (const { name, write } of members) {
      const member = structure[name];
      if (member !== undefined && member !== null) text += `<${name}>${write(member)}</${name}>`;
    }
    return text;
  };
}

function listWrite(shape: ListShape): Write {
  const write = compileWrite(shape.member);
  return (value) =>
    (value as readonly unknown[]).map((member) => `<member>${write(member)}</member>`).join('');
}

function mapWrite(shape: MapShape): Write {
  const write = compileWrite(shape.value);
  const entry = ([key, part]: [string, unknown]): string =>
    `<entry><key>${escapeXml(key)}</key><value>${write(part)}</value></entry>`;
  return (value) =>
    Object.entries(value as object)
      .map(entry)
      .join('');
}

/**
 * Text for the inside of an element. What XML 1.0 §2.2 has no form for (most control characters,
 * half surrogate pairs) becomes U+FFFD; a carriage return is written as a reference, since parsers
 * turn a bare one into a line feed (§2.11).
 */
export function escapeXml(text: string): string {
  return text.toWellFormed().replace(special, (char) => references.get(char) ?? '\ufffd');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not get through
const special = /[&<>"'\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const references = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
  ['\r', '&#xD;'],
]);
