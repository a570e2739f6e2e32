/**
 * One signed call of an AWS JSON 1.1 service as the bytes that go over the socket, and a plain way
 * to make one.
 */
import { signRequest } from '../src/identity/sign.ts';

export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** By service, what stands before the operation in its target. */
const targets = {
  kms: 'TrentService',
  secretsmanager: 'secretsmanager',
  ssm: 'AmazonSSM',
} as const;
export type Service = keyof typeof targets;

/** A call still without its signature, which is good for a few minutes only. */
export interface Prepared {
  readonly service: Service;
  /** `Encrypt` */
  readonly operation: string;
  /** JSON text. */
  readonly body: string;
  /** What to ask for in the request line; a server that isn't Sealhold may use it. */
  readonly path: string;
}

export function prepare(
  operation: string,
  input: object,
  { path = '/', service = 'kms' }: { readonly path?: string; readonly service?: Service } = {},
): Prepared {
  return { service, operation, body: JSON.stringify(input), path };
}

/** The whole request, signed for `atMs`. Whoever doesn't verify signatures gets the same bytes. */
export function toBytes(prepared: Prepared, port: number, caller: Caller, atMs: number): Buffer {
  const { service, operation, path, body } = prepared;
  const headers = signRequest({
    method: 'POST',
    url: `http://127.0.0.1:${port}${path}`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${targets[service]}.${operation}`,
    },
    body,
    ...caller,
    region: 'us-east-1',
    service,
    at: atMs,
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`);
}
