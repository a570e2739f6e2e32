/**
 * Lambda's Runtime API, version 2018-06-01, for one process: a loopback port of its own, below a
 * path that only that process is told
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { responseBytes } from './report.ts';
import type { Invocation } from './spec.ts';

/** What the process says. Never called with an id that is not under way. */
export interface RuntimeEvents {
  /** It asks for its next invocation. */
  readonly onNext: () => void;
  readonly onResponse: (payload: Buffer) => void;
  readonly onTooLarge: (sizeBytes: number) => void;
  /** Of the invocation under way. */
  readonly onError: (payload: Buffer) => void;
  /** It can't begin. */
  readonly onInitError: (payload: Buffer) => void;
}

export interface RuntimeApi {
  /** Host, port and path, as AWS_LAMBDA_RUNTIME_API says it. */
  readonly address: string;
  /** Answers the process's waiting question. */
  readonly deliver: (invocation: Invocation, deadlineMs: number) => void;
  readonly close: () => void;
}

/** A process that talks nonsense so often is not listened to any more. */
const mostFaults = 1_000;
/** A runtime needs one connection, or two. */
const mostConnections = 8;

/** `token`: hexadecimal, not to be guessed. */
export async function openRuntimeApi(token: string, events: RuntimeEvents): Promise<RuntimeApi> {
  const desk = new Desk(token, events);
  const server = http.createServer({ maxHeaderSize: 16 * 1024 }, (incoming, outgoing) =>
    desk.receive(incoming, outgoing),
  );
  server.maxConnections = mostConnections;
  // A process may wait for its next invocation as long as it likes.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}/${token}`,
    deliver: (invocation, deadlineMs) => desk.deliver(invocation, deadlineMs),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

class Desk {
  readonly #prefix: string;
  readonly #events: RuntimeEvents;
  #waiting: http.ServerResponse | undefined;
  /** The invocation under way. */
  #requestId: string | undefined;
  #faults = 0;

  constructor(token: string, events: RuntimeEvents) {
    this.#prefix = `/${token}/2018-06-01/runtime/`;
    this.#events = events;
  }

  receive(incoming: http.IncomingMessage, outgoing: http.ServerResponse): void {
    const { method, url = '' } = incoming;
    if (!url.startsWith(this.#prefix) || this.#faults > mostFaults) {
      outgoing.writeHead(403, { connection: 'close' }).end();
      return;
    }
    const path = url.slice(this.#prefix.length);
    if (method === 'GET' && path === 'invocation/next') this.#next(outgoing);
    else if (method === 'POST') void this.#take(path, incoming, outgoing);
    else this.#refuse(outgoing, 404, 'NotFound');
  }

  deliver(invocation: Invocation, deadlineMs: number): void {
    const outgoing = this.#waiting;
    if (outgoing === undefined) throw new Error('the process is not waiting for an invocation');
    this.#waiting = undefined;
    this.#requestId = invocation.requestId;
    const { payload, clientContext } = invocation;
    outgoing.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': payload.length,
      'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
      'Lambda-Runtime-Deadline-Ms': String(deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': invocation.invokedArn,
      ...(clientContext === undefined ? {} : { 'Lambda-Runtime-Client-Context': clientContext }),
    });
    outgoing.end(payload);
  }

  #next(outgoing: http.ServerResponse): void {
    // Asking while an invocation is under way leaves it without an answer.
    if (this.#requestId !== undefined || this.#waiting !== undefined) {
      this.#refuse(outgoing, 400, 'InvalidStateTransition');
      return;
    }
    this.#waiting = outgoing;
    this.#events.onNext();
  }

  async #take(
    path: string,
    incoming: http.IncomingMessage,
    outgoing: http.ServerResponse,
  ): Promise<void> {
    const [, id, verb] = /^invocation\/([\w-]{1,64})\/(response|error)$/.exec(path) ?? [];
    const isInit = path === 'init/error';
    const body = await bodyOf(incoming);
    if (body === undefined) return;
    if (!isInit && (id === undefined || id !== this.#requestId)) {
      this.#refuse(outgoing, 400, 'InvalidRequestID');
      return;
    }
    this.#requestId = undefined;
    const isTooLarge = typeof body === 'number';
    outgoing.writeHead(isTooLarge ? 413 : 202, { 'Content-Type': 'application/json' });
    outgoing.end('{"status":"OK"}\n');
    if (isTooLarge) this.#events.onTooLarge(body);
    else if (isInit) this.#events.onInitError(body);
    else if (verb === 'error') this.#events.onError(body);
    else this.#events.onResponse(body);
  }

  #refuse(outgoing: http.ServerResponse, status: number, errorType: string): void {
    this.#faults++;
    outgoing.writeHead(status, { 'Content-Type': 'application/json' });
    outgoing.end(JSON.stringify({ errorMessage: errorType, errorType }));
  }
}

/** The body; its size when that is too large; undefined when it breaks off. */
async function bodyOf(incoming: http.IncomingMessage): Promise<Buffer | number | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes <= responseBytes) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    return undefined;
  }
  return sizeBytes > responseBytes ? sizeBytes : Buffer.concat(chunks);
}
