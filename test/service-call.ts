/**
 * Calls any operation of any service from its model alone: signed, in the service's own protocol,
 * as an SDK would.
 */
import { signRequest } from '../src/identity/sign.ts';
import type { OperationModel, ServiceModel, Shape, StructureShape } from '../src/model/schema.ts';
import type { Credentials } from './identities.ts';

export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Members = Readonly<Record<string, unknown>>;

interface Wire {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export async function callOperation(
  who: Credentials,
  model: ServiceModel,
  operation: string,
  input: Members,
): Promise<Told> {
  const known = model.operations.get(operation);
  if (known === undefined) throw new Error(`no operation ${operation}`);
  const wire = encoders[model.protocol](model, known, input);
  const url = `${who.endpoint}${wire.path}`;
  const { host: _, ...headers } = signRequest({
    method: wire.method,
    url,
    headers: wire.headers,
    body: wire.body,
    accessKeyId: who.accessKeyId,
    secretAccessKey: who.secretAccessKey,
    ...(who.sessionToken === undefined ? {} : { sessionToken: who.sessionToken }),
    region: 'us-east-1',
    service: model.signingName ?? model.service,
    at: Date.now(),
  });
  const hasBody = wire.method !== 'GET' && wire.method !== 'HEAD';
  const body = hasBody ? { body: wire.body } : {};
  const answer = await fetch(url, { method: wire.method, headers, ...body });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

type Encoder = (model: ServiceModel, operation: OperationModel, input: Members) => Wire;

const encoders: Readonly<Record<ServiceModel['protocol'], Encoder>> = {
  'json-1.1': ({ targetPrefix }, { name }, input) => ({
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${targetPrefix}.${name}`,
    },
    body: JSON.stringify(plain(input)),
  }),
  query: ({ apiVersion }, { name, input: shape }, input) => {
    const params = new URLSearchParams({ Action: name, Version: apiVersion });
    if (shape !== undefined) flatten(shape, plain(input), '', params);
    return {
      method: 'POST',
      path: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: params.toString(),
    };
  },
  'rest-json': (_model, operation, input) => restJson(operation, input),
};

/** Bytes as base64, as all of these protocols write them. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

/** Lists as `Name.member.1`, maps as `Name.entry.1.key`. */
function flatten(shape: Shape, value: unknown, at: string, params: URLSearchParams): void {
  const below = (name: string): string => (at === '' ? name : `${at}.${name}`);
  if (shape.type === 'structure') {
    for (const [name, each] of Object.entries(value as Members)) {
      const member = shape.members[name];
      if (member !== undefined) flatten(member, each, below(name), params);
    }
  } else if (shape.type === 'list') {
    const list = value as readonly unknown[];
    for (const [i, each] of list.entries())
      flatten(shape.member, each, below(`member.${i + 1}`), params);
  } else if (shape.type === 'map') {
    for (const [i, [key, each]] of Object.entries(value as Members).entries()) {
      params.set(below(`entry.${i + 1}.key`), key);
      flatten(shape.value, each, below(`entry.${i + 1}.value`), params);
    }
  } else params.set(at, String(value));
}

function restJson({ http, input: shape }: OperationModel, input: Members): Wire {
  if (http === undefined) throw new Error('no REST operation');
  const { method, path: uri } = http;
  const { path, rest, headers } = place(shape, input, uri);
  const payload = shape?.payload;
  const body = payload === undefined ? JSON.stringify(plain(rest)) : (rest[payload] ?? '');
  return {
    method,
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.isBuffer(body) ? body : String(method === 'GET' ? '' : body),
  };
}

/** Members into labels, query and headers; what is left is the body's. */
function place(shape: StructureShape | undefined, input: Members, uri: string) {
  const rest: Record<string, unknown> = {};
  const headers: Record<string, string> = {};
  const query = new URLSearchParams();
  let path = uri;
  for (const [name, value] of Object.entries(input)) {
    const binding = shape?.bindings?.[name];
    if (binding === undefined) rest[name] = value;
    else if (binding.location === 'uri')
      path = path.replace(
        new RegExp(`\\{${binding.name}\\+?\\}`),
        encodeURIComponent(String(value)),
      );
    else if (binding.location === 'querystring')
      for (const each of [value].flat()) query.append(binding.name, String(each));
    else headers[binding.name.toLowerCase()] = String(value);
  }
  const search = query.toString();
  const separator = path.includes('?') ? '&' : '?';
  return { path: search === '' ? path : `${path}${separator}${search}`, rest, headers };
}
