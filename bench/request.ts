/**
 * One signed call of an AWS JSON 1.1 service as the bytes that go over the socket, and a plain way
 * to make one.
 */
import { signRequest } from '../src/identity/sign.ts';

export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A call still without its signature, which is good for a few minutes only. */
export interface Prepared {
  /** `Encrypt` */
  readonly operation: string;
  /** JSON text. */
  readonly body: string;
  /** What to ask for in the request line; a server that isn't Sealhold may use it. */
  readonly path: string;
  /** KMS unless told. */
  readonly service?: Service;
}

type Service = keyof typeof targets;
const targets = { kms: 'TrentService', secretsmanager: 'secretsmanager' } as const;

export function prepare(operation: string, input: object, path = '/'): Prepared {
  return { operation, body: JSON.stringify(input), path };
}

export const prepareSecrets = (operation: string, input: object): Prepared => ({
  ...prepare(operation, input),
  service: 'secretsmanager',
});

/** The whole request, signed for `atMs`. Whoever doesn't verify signatures gets the same bytes. */
export function toBytes(prepared: Prepared, port: number, caller: Caller, atMs: number): Buffer {
  const { path, body, service = 'kms' } = prepared;
  const headers = signRequest({
    method: 'POST',
    url: `http://127.0.0.1:${port}${path}`,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${targets[service]}.${prepared.operation}`,
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
