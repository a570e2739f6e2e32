/** Turns an operation's output into a REST-JSON answer's status, headers and body. */
import type { Shape, StructureShape } from '../model/schema.ts';
import { compileWrite as compileJson } from './json-output.ts';

export interface RestAnswer {
  /** Undefined: the operation's own. */
  readonly status: number | undefined;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: string | Buffer;
}

/** Throws TypeError when a value is not of its shape's type, which is a bug of ours. */
export type Write = (output: unknown) => RestAnswer;

/** Compiled once for each shape. Members that are undefined or null are left out. */
export function compileWrite(shape: StructureShape): Write {
  const { members, bindings = {} } = shape;
  const bound = Object.entries(bindings).map(([member, binding]) => ({
    member,
    ...binding,
  }));
  const headers = bound.filter(({ location }) => location === 'header');
  const status = bound.find(({ location }) => location === 'statusCode');
  const body = bodyWrite(shape);
  for (const { member } of headers) refuseUnlessText(members[member] as Shape);
  return (value) => {
    const output = value as Readonly<Record<string, unknown>>;
    return {
      status: status === undefined ? undefined : (output[status.member] as number | undefined),
      headers: headers.flatMap(({ name, member }) =>
        output[member] === undefined ? [] : [[name, output[member] as string] as const],
      ),
      body: body(output),
    };
  };
}

function refuseUnlessText(shape: Shape): void {
  if (shape.type !== 'string') throw new TypeError(`${shape.name} has no form in a header`);
}

function bodyWrite(shape: StructureShape): (output: unknown) => string | Buffer {
  const { payload, members, bindings = {} } = shape;
  if (payload !== undefined) return payloadWrite(payload, members[payload] as Shape);
  const inBody = Object.entries(members).filter(([name]) => bindings[name] === undefined);
  return compileJson({ ...shape, members: Object.fromEntries(inBody) });
}

function payloadWrite(name: string, shape: Shape): (output: unknown) => string | Buffer {
  const write = shape.type === 'blob' ? bytesOf : compileJson(shape);
  return (output) => {
    const value = (output as Readonly<Record<string, unknown>>)[name];
    return value === undefined || value === null ? '' : write(value);
  };
}

function bytesOf(value: unknown): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError('An answer needs bytes here');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
