/** Calls a running server's own interface, signed, as the usual AWS variables say. */
import { findCredentials } from '../identity/credentials.ts';
import { signRequest } from '../identity/sign.ts';
import { CommandFailure, type CommandInput } from './command.ts';
import { machineWorld } from './world.ts';

export const defaultEndpoint = 'http://127.0.0.1:4566';

/**
 * `path` below `/_sealhold/`. Resolves with the answer whose status is 200; else throws
 * CommandFailure with the server's
 * text.
 */
export async function callServer(
  request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: string },
  { env }: Pick<CommandInput, 'env'>,
): Promise<Response> {
  const found = findCredentials(env);
  if (found.kind === 'missing') throw new CommandFailure(found.text);
  const { endpoint = defaultEndpoint, region = 'us-east-1', ...credentials } = found.settings;
  const url = `${endpoint.replace(/\/+$/, '')}/_sealhold/${request.path}`;
  const headers = signRequest({
    method: request.method,
    url,
    headers: {},
    body: request.body ?? '',
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    region,
    service: 'sealhold',
    at: machineWorld().machineNow(),
  });
  const response = await send(url, { ...request, headers });
  if (response.status === 200) return response;
  const text = await response.text();
  throw new CommandFailure(`${endpoint} answered ${response.status}: ${errorOf(text)}`);
}

/**
 * One of Sealhold's own operations, `CreateAccount`. Resolves with its answer; else throws
 * CommandFailure with the server's text.
 */
export const callSealhold = (operation: string, input: object, from: From): Promise<Output> =>
  callJson({ service: 'sealhold', target: `Sealhold.${operation}` }, input, from);

/** An operation of CloudWatch Logs. Resolves with its answer; throws as above. */
export const callLogs = (operation: string, input: object, from: From): Promise<Output> =>
  callJson({ service: 'logs', target: `Logs_20140328.${operation}` }, input, from);

type From = Pick<CommandInput, 'env'>;
type Output = Readonly<Record<string, unknown>>;

/**
 * An operation of a service that speaks JSON 1.1. `region`: another one than the environment's.
 * Resolves with its answer; throws as above.
 */
export async function callJson(
  to: { readonly service: string; readonly target: string; readonly region?: string | undefined },
  input: object,
  { env }: From,
): Promise<Output> {
  const text = await callService(
    {
      ...to,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': to.target },
      body: JSON.stringify(input),
    },
    { env },
  );
  return JSON.parse(text) as Output;
}

/** An operation of IAM in its Query protocol. `as`: with other credentials. Throws as above. */
export function callIam(
  action: string,
  params: Readonly<Record<string, string>>,
  { env, as }: Pick<CommandInput, 'env'> & { readonly as?: KeyPair },
): Promise<string> {
  const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...params }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return callService({ service: 'iam', headers, body }, as === undefined ? { env } : { env, as });
}

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function callService(
  request: {
    readonly service: string;
    readonly region?: string | undefined;
    readonly headers: Record<string, string>;
    readonly body: string;
  },
  { env, as }: Pick<CommandInput, 'env'> & { readonly as?: KeyPair },
): Promise<string> {
  const found = findCredentials(env);
  if (found.kind === 'missing') throw new CommandFailure(found.text);
  const { endpoint = defaultEndpoint, region = 'us-east-1', ...own } = found.settings;
  const url = `${endpoint.replace(/\/+$/, '')}/`;
  const { sessionToken } = own;
  const { host: _host, ...headers } = signRequest({
    method: 'POST',
    url,
    headers: request.headers,
    body: request.body,
    ...(as ?? own),
    ...(as !== undefined || sessionToken === undefined ? {} : { sessionToken }),
    region: request.region ?? region,
    service: request.service,
    at: machineWorld().machineNow(),
  });
  const response = await send(url, { method: 'POST', headers, body: request.body });
  const text = await response.text();
  if (response.status === 200) return text;
  throw new CommandFailure(`${endpoint} answered ${response.status}: ${errorOf(text)}`);
}

async function send(
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    throw new CommandFailure(
      `No server answers at ${url} (${cause}). Start one with 'sealhold start', or set AWS_ENDPOINT_URL.`,
    );
  }
}

function errorOf(text: string): string {
  const inXml = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
  if (inXml !== undefined) return inXml;
  try {
    const { error, message, Message, __type } = JSON.parse(text) as Record<string, unknown>;
    return String(error ?? message ?? Message ?? __type ?? text);
  } catch {
    return text;
  }
}
