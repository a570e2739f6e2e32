/** Turns a tree of query parameters into an operation's input, type by type. */
import { ApiError } from '../api-error.ts';
import type { ListShape, MapShape, Shape, StructureShape } from '../model/schema.ts';
import type { ParamNode } from './query-params.ts';
import { compileText } from './text-input.ts';

/**
 * Throws ApiError MalformedInput when the parameters are not of the shape's type. Undefined: the
 * member is absent.
 */
export type Convert = (node: ParamNode) => unknown;

/** Compiled once for each shape. Parameters that the shape does not know are ignored. */
export function compileConvert(shape: Shape): Convert {
  switch (shape.type) {
    case 'structure':
      return structureConvert(shape);
    case 'list':
      return listConvert(shape);
    case 'map':
      return mapConvert(shape);
    case 'string':
      return (node) => node.value;
    default:
      return present(compileText(shape, malformed));
  }
}

/** An empty parameter says nothing where a text is no value. */
function present(convert: (text: string) => unknown): Convert {
  return ({ value }) => (value === undefined || value === '' ? undefined : convert(value));
}

function malformed(text: string): ApiError {
  return new ApiError('MalformedInput', text);
}

function structureConvert(shape: StructureShape): Convert {
  const members = Object.entries(shape.members).map(([name, member]) => ({
    name,
    convert: compileConvert(member),
  }));
  return (node) => {
    const structure: Record<string, unknown> = {};
    for (const { name, convert } of members) {
      const child = node.children.get(name);
      const member = child === undefined ? undefined : convert(child);
      if (member !== undefined) structure[name] = member;
    }
    return structure;
  };
}

/** `Tags.member.1`, and `Tags.1` as flattened lists have it; `Tags=` is the empty list. */
function listConvert(shape: ListShape): Convert {
  const convert = compileConvert(shape.member);
  return (node) =>
    inOrder(node.children.get('member') ?? node).map((child) => convert(child) ?? null);
}

/** `Attributes.entry.1.key` and `.value`, and without `entry` as flattened maps have it. */
function mapConvert(shape: MapShape): Convert {
  const convertKey = compileConvert(shape.key);
  const convertValue = compileConvert(shape.value);
  return (node) => {
    const map: Record<string, unknown> = Object.setPrototypeOf({}, null);
    for (const entry of inOrder(node.children.get('entry') ?? node)) {
      const key = entry.children.get('key');
      const value = entry.children.get('value');
      if (key === undefined) throw malformed('A map entry needs a key');
      map[String(convertKey(key))] = (value && convertValue(value)) ?? null;
    }
    return map;
  };
}

/** The numbered children by number; numbers may be left out. */
function inOrder(node: ParamNode): ParamNode[] {
  const numbered: Array<[index: number, child: ParamNode]> = [];
  for (const [name, child] of node.children) {
    if (!/^\d{1,9}$/.test(name)) throw malformed('Key is not an integer');
    numbered.push([Number(name), child]);
  }
  if (node.children.size === 0 && node.value !== '') throw malformed('Expected list or null');
  return numbered.sort(([a], [b]) => a - b).map(([, child]) => child);
}
