/**
 * Turns a REST-JSON request into an operation's input: labels of the path, parameters of the query,
 * headers, and a body that is a JSON object or one member's bytes.
 */
import type { Binding, Shape, StructureShape } from '../model/schema.ts';
import { compileConvert as compileJson, unreadable } from './json-input.ts';
import { parseObject } from './json-object.ts';
import { readPairs } from './query-params.ts';
import { compileText } from './text-input.ts';

/** A request as the route found it; nothing but the path is read before the signature is. */
export interface RestDocument {
  readonly labels: ReadonlyMap<string, string>;
  /** What stands behind the question mark, undecoded. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Throws ApiError SerializationException when a part is not of its member's type. */
export type Convert = (document: RestDocument) => unknown;

/** Compiled once for each shape. What the shape does not know is ignored. */
export function compileConvert(shape: StructureShape): Convert {
  const body = bodyConvert(shape);
  const bound = Object.entries(shape.bindings ?? {}).map(([name, binding]) => ({
    name,
    read: boundRead(binding, shape.members[name] as Shape),
  }));
  return (document) => {
    const parameters = parametersOf(document.query);
    const input = body(document.body);
    for (const { name, read } of bound) {
      const value = read(document, parameters);
      if (value !== undefined) input[name] = value;
    }
    return input;
  };
}

/** By name, in order of their coming. */
type Parameters = ReadonlyMap<string, readonly string[]>;

function parametersOf(query: string): Parameters {
  const found = new Map<string, string[]>();
  if (query === '') return found;
  const pairs = readPairs(query);
  if (pairs === undefined) throw unreadable();
  for (const [name, value] of pairs) {
    const values = found.get(name);
    if (values === undefined) found.set(name, [value]);
    else values.push(value);
  }
  return found;
}

type Read = (document: RestDocument, parameters: Parameters) => unknown;

function boundRead({ location, name }: Binding, shape: Shape): Read {
  if (shape.type === 'list' && location === 'querystring') {
    const convert = compileText(shape.member, unreadable);
    return (_document, parameters) => parameters.get(name)?.map(convert);
  }
  const convert = compileText(shape, unreadable);
  const textOf = textReads[location];
  const key = location === 'header' ? name.toLowerCase() : name;
  return (document, parameters) => {
    const text = textOf(document, parameters, key);
    return text === undefined ? undefined : convert(text);
  };
}

const textReads: Readonly<
  Record<
    Binding['location'],
    (document: RestDocument, parameters: Parameters, name: string) => string | undefined
  >
> = {
  uri: ({ labels }, _parameters, name) => labels.get(name),
  /** An empty parameter says nothing. */
  querystring: (_document, parameters, name) => parameters.get(name)?.at(-1) || undefined,
  header: ({ headers }, _parameters, name) => headers.get(name),
  statusCode: () => undefined,
};

function bodyConvert(shape: StructureShape): (body: Buffer) => Record<string, unknown> {
  const { payload, members, bindings = {} } = shape;
  if (payload !== undefined) return payloadConvert(payload, members[payload] as Shape);
  const inBody = Object.entries(members).filter(([name]) => bindings[name] === undefined);
  if (inBody.length === 0) return () => ({});
  const convert = compileJson({ ...shape, members: Object.fromEntries(inBody) });
  return (body) => convert(jsonOf(body)) as Record<string, unknown>;
}

function payloadConvert(name: string, shape: Shape): (body: Buffer) => Record<string, unknown> {
  const convert: (body: Buffer) => unknown =
    shape.type === 'blob'
      ? (body) => body
      : (
          (json) => (body) =>
            json(jsonOf(body))
        )(compileJson(shape));
  return (body) => (body.length === 0 ? {} : { [name]: convert(body) });
}

/** No body is an empty one. */
function jsonOf(body: Buffer): object {
  const object = body.length === 0 ? {} : parseObject(body);
  if (object === undefined) throw unreadable();
  return object;
}
