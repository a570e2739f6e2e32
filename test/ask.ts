/**
 * A bare client for tests that look at the wire itself: signs one call and gives back status,
 * headers and
 * body.
 */
import { signRequest } from '../src/identity/sign.ts';

export interface Caller {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, `{}` when it is empty. */
  readonly body: Record<string, unknown>;
}

export interface AskOptions {
  readonly region?: string;
  /** Instead of the JSON of the input. */
  readonly rawBody?: Buffer;
  readonly target?: string;
  /** `kms` unless told. */
  readonly service?: string;
  /** Milliseconds since 1970, for signatures of another time. */
  readonly at?: number;
}

/** `ask(server)('Encrypt', {…})`: one signed KMS call. */
export function ask(caller: Caller) {
  return async (
    operation: string,
    input: object = {},
    options: AskOptions = {},
  ): Promise<Answer> => {
    const body = options.rawBody ?? Buffer.from(JSON.stringify(input));
    const headers = signRequest({
      method: 'POST',
      url: `${caller.endpoint}/`,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': options.target ?? `TrentService.${operation}`,
      },
      body,
      accessKeyId: caller.accessKeyId,
      secretAccessKey: caller.secretAccessKey,
      region: options.region ?? 'us-east-1',
      service: options.service ?? 'kms',
      at: options.at ?? Date.now(),
    });
    const { host: _host, ...sent } = headers;
    const response = await fetch(caller.endpoint, { method: 'POST', headers: sent, body });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return {};
  }
}
