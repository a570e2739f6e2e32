/**
 * Requests to endpoints that users name. No name leads where `Reach` does not allow: the address is
 * judged after it is looked up, and no other one is connected to. Redirects are not followed, and
 * what comes back is bounded.
 */
import { type LookupAddress, lookup } from 'node:dns';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isReachable, type Reach } from './reach.ts';

export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** For all of it. */
  readonly timeoutMs: number;
}

export type OutgoingResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfter: string | undefined;
      /** As much as is read of it. */
      readonly body: string;
    }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'forbidden'; readonly reason: string };

export interface OutgoingHttp {
  /** Never rejects. Reasons tell nothing of what was sent. */
  readonly send: (request: OutgoingRequest) => Promise<OutgoingResult>;
  /** Why no request may go to such a URL, whatever its name leads to; undefined: it may. */
  readonly urlFault: (url: string) => string | undefined;
  readonly close: () => void;
}

const maxBodyBytes = 64 * 1024;

class Unreachable extends Error {}

/**
 * `reach` undefined: nothing is sent. Plain HTTP is for `any` only: credentials go with the
 * requests.
 */
export function openOutgoing(reach: Reach | undefined): OutgoingHttp {
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxFreeSockets: 32 }),
    https: new HttpsAgent({ keepAlive: true, maxFreeSockets: 32 }),
  };
  const urlFault = (text: string): string | undefined => faultOf(text, reach);
  return {
    urlFault,
    send: async (asked) => {
      const fault = urlFault(asked.url);
      if (fault !== undefined || reach === undefined)
        return { kind: 'forbidden', reason: fault ?? closed };
      try {
        return await exchange(asked, reach, agents);
      } catch (error) {
        return error instanceof Unreachable
          ? { kind: 'forbidden', reason: error.message }
          : { kind: 'failed', reason: reasonOf(error) };
      }
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

const closed = 'This server calls no HTTP endpoints: its operator has not said --http-targets.';

function faultOf(text: string, reach: Reach | undefined): string | undefined {
  if (reach === undefined) return closed;
  const url = URL.parse(text);
  if (url === null) return 'It is no URL.';
  const isPlain = url.protocol === 'http:' && reach === 'any';
  if (url.protocol !== 'https:' && !isPlain) return 'It must begin with https://.';
  if (url.username !== '' || url.password !== '') return 'It must hold no user name or password.';
  const host = hostOf(url);
  if (host === '' || host.includes('*')) return 'It must name a host.';
  return isIP(host) > 0 && !isReachable(host, reach) ? unreachable(host) : undefined;
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const unreachable = (host: string): string => `This server does not call the address of ${host}.`;

function exchange(
  { url: text, method, headers, body, timeoutMs }: OutgoingRequest,
  reach: Reach,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
): Promise<OutgoingResult> {
  const url = new URL(text);
  const isPlain = url.protocol === 'http:';
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers, ...length },
      agent: isPlain ? agents.http : agents.https,
      lookup: lookupWithin(reach),
      signal: AbortSignal.timeout(timeoutMs),
    };
    const send = isPlain ? httpRequest : httpsRequest;
    const sent = send(url, options, (answer) => readAnswer(answer).then(resolve, reject));
    sent.on('error', reject);
    sent.end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<OutgoingResult> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= maxBodyBytes) break;
  }
  const retryAfter = answer.headers['retry-after'];
  const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString();
  return { kind: 'answered', status: answer.statusCode ?? 0, retryAfter, body };
}

/** Of a name's addresses those that may be called. */
const lookupWithin =
  (reach: Reach): LookupFunction =>
  (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const allowed = (found as LookupAddress[]).filter(({ address }) =>
        isReachable(address, reach),
      );
      const [first] = allowed;
      if (first === undefined) return done(new Unreachable(unreachable(host)), []);
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };

function reasonOf(error: unknown): string {
  const { name, code } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') return 'No answer came in time.';
  return `The request failed (${code ?? name}).`;
}
