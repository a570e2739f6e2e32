/**
 * The listening end: reads whole requests within limits, hands them on as values, writes answers.
 * Knows no
 * AWS.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HttpHandler, HttpRequest, HttpResponse } from './message.ts';

/**
 * Every input has a bound: a request that passes one is refused, the connection closed, the server
 * goes
 * on.
 */
export const limits = {
  /**
   * Unless the listener is told otherwise: the largest JSON request here is a policy or wrapped key
   * material, far below this.
   */
  bodyBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  headerCount: 100,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 65_000,
  drainTimeoutMs: 10_000,
  drainCheckMs: 20,
  refusalLingerMs: 1_000,
} as const;

export interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly handler: HttpHandler;
  /** Undefined: no body may be larger than `limits.bodyBytes`. */
  readonly largeBodies?: LargeBodies;
  /**
   * Called with what a handler threw: a bug of ours, since handlers answer their failures
   * themselves.
   */
  readonly onFault: (error: unknown) => void;
}

/** Which bodies may be larger than `limits.bodyBytes`. */
export interface LargeBodies {
  /** What the body of such a request may have; asked before anybody is identified. */
  readonly mostBytes: (method: string, target: string) => number;
  /** What they may hold together beyond `limits.bodyBytes` each, from first byte to answer. */
  readonly togetherBytes: number;
}

export interface Listener {
  readonly port: number;
  /** Stops accepting, lets answers under way finish, then closes. */
  close(): Promise<void>;
}

/** Opens the port. Rejects with Node's error (EADDRINUSE, EACCES) when it can't be had. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer(options);
  server.headersTimeout = limits.headersTimeoutMs;
  server.requestTimeout = limits.requestTimeoutMs;
  server.keepAliveTimeout = limits.idleTimeoutMs;
  server.maxHeadersCount = limits.headerCount + 1;
  const draining = { now: false };
  const held = { sizeBytes: 0 };
  server.on('request', (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
    if (draining.now) outgoing.shouldKeepAlive = false;
    receive(incoming, outgoing, { ...options, held });
  });
  server.on('clientError', refuseUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: options.port, host: options.host, backlog: 1024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, close: () => drain(server, draining) };
}

function createServer(options: ListenOptions): http.Server {
  const common = {
    maxHeaderSize: limits.headerBytes,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
  };
  return options.tls === undefined
    ? http.createServer(common)
    : https.createServer({ ...common, ...options.tls, minVersion: 'TLSv1.2' });
}

function drain(server: http.Server, draining: { now: boolean }): Promise<void> {
  draining.now = true;
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), limits.drainTimeoutMs);
    // A connection whose last answer has just gone out is idle, and would stay open.
    const idle = setInterval(() => server.closeIdleConnections(), limits.drainCheckMs);
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}

interface Receiving extends ListenOptions {
  /** Of all requests in hand, what their bodies hold beyond `limits.bodyBytes` each. */
  readonly held: { sizeBytes: number };
}

function receive(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  options: Receiving,
): void {
  if (incoming.rawHeaders.length / 2 > limits.headerCount) {
    refuse(outgoing, 431, `A request may have at most ${limits.headerCount} headers.`);
    return;
  }
  const { method = '', url = '/' } = incoming;
  const most = options.largeBodies?.mostBytes(method, url) ?? limits.bodyBytes;
  const tooLarge = `A request body may have at most ${most} bytes.`;
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > most) {
    refuse(outgoing, 413, tooLarge);
    return;
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const hold = largeBodyHold(outgoing, options);
  incoming.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (outgoing.headersSent) return;
    if (sizeBytes > most) refuse(outgoing, 413, tooLarge);
    else if (hold(sizeBytes)) chunks.push(chunk);
    else refuse(outgoing, 503, 'Too many large requests are in hand. Try again.');
    if (outgoing.headersSent) chunks.length = 0;
  });
  incoming.on('end', () => {
    if (outgoing.headersSent) return;
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    chunks.length = 0;
    answer(toRequest(incoming, body), outgoing, options);
  });
  incoming.on('error', () => outgoing.destroy());
}

/** Says whether a body of that size may be held, and counts it until the answer has gone. */
function largeBodyHold(
  outgoing: http.ServerResponse,
  { held, largeBodies }: Receiving,
): (sizeBytes: number) => boolean {
  let own = 0;
  return (sizeBytes) => {
    const more = sizeBytes - limits.bodyBytes - own;
    if (more <= 0) return true;
    if (held.sizeBytes + more > (largeBodies?.togetherBytes ?? 0)) return false;
    if (own === 0)
      outgoing.once('close', () => {
        held.sizeBytes -= own;
      });
    own += more;
    held.sizeBytes += more;
    return true;
  };
}

function answer(request: HttpRequest, outgoing: http.ServerResponse, options: ListenOptions): void {
  const fail = (error: unknown): void => {
    options.onFault(error);
    if (!outgoing.headersSent) refuse(outgoing, 500, 'The request failed inside the server.');
  };
  try {
    const response = options.handler(request);
    if (response instanceof Promise) response.then((r) => send(r, outgoing), fail).catch(fail);
    else send(response, outgoing);
  } catch (error) {
    fail(error);
  }
}

function toRequest(incoming: http.IncomingMessage, body: Buffer): HttpRequest {
  const raw = incoming.rawHeaders;
  const headers = new Map<string, string>();
  const repeated: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else {
      headers.set(name, `${before},${value}`);
      repeated.push(name);
    }
  }
  const socket = incoming.socket as Socket | TLSSocket;
  return {
    method: incoming.method ?? '',
    target: incoming.url ?? '/',
    headers,
    repeated,
    body,
    remoteAddress: socket.remoteAddress ?? 'unknown',
    tls: 'getCipher' in socket ? tlsOf(socket) : undefined,
  };
}

function tlsOf(socket: TLSSocket): { version: string; cipherSuite: string } {
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipherSuite: socket.getCipher().standardName,
  };
}

function send(response: HttpResponse, outgoing: http.ServerResponse): void {
  const { body } = response;
  const flat: string[] = [];
  for (const [name, value] of response.headers) flat.push(name, value);
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    // An answer 204 says nothing of a body (RFC 9110 §8.6).
    if (response.status !== 204) flat.push('Content-Length', String(Buffer.byteLength(body)));
    outgoing.writeHead(response.status, flat);
    outgoing.end(body);
    return;
  }
  outgoing.writeHead(response.status, flat);
  outgoing.flushHeaders();
  void pour(body, outgoing);
}

/** Writes as the client reads: a slow reader holds back the source, a gone one ends it. */
async function pour(body: AsyncIterable<string>, outgoing: http.ServerResponse): Promise<void> {
  const source = body[Symbol.asyncIterator]();
  const gone = new Promise<'gone'>((resolve) => outgoing.once('close', () => resolve('gone')));
  try {
    while (!outgoing.destroyed) {
      const next = await Promise.race([source.next(), gone]);
      if (next === 'gone' || next.done === true) break;
      if (!outgoing.write(next.value)) {
        await Promise.race([new Promise((resolve) => outgoing.once('drain', resolve)), gone]);
      }
    }
    outgoing.end();
  } catch {
    outgoing.destroy();
  } finally {
    void source.return?.();
  }
}

/**
 * Refusals below the protocols: the caller's dialect isn't known yet, so JSON with AWS's error
 * member
 * names.
 */
function refuse(outgoing: http.ServerResponse, status: number, text: string): void {
  const code = refusalCodes.get(status) ?? 'InternalFailure';
  const body = JSON.stringify({ __type: code, message: text });
  outgoing.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.1',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  });
  outgoing.end(body);
  // The client may still be sending: what it sends is thrown away for a moment so that it can read
  // the refusal, then the connection goes.
  outgoing.req.resume();
  setTimeout(() => outgoing.req.destroy(), limits.refusalLingerMs).unref();
}

const refusalCodes: ReadonlyMap<number, string> = new Map([
  [413, 'RequestEntityTooLargeException'],
  [431, 'RequestHeaderFieldsTooLargeException'],
  [503, 'ServiceUnavailableException'],
]);

/** The bytes were no HTTP request, too large a header, or too slow (RFC 9110 §15.5). */
function refuseUnreadable(
  error: NodeJS.ErrnoException,
  socket: import('node:stream').Duplex,
): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = unreadable.get(error.code ?? '') ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const unreadable: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);
