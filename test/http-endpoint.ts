/** A real HTTP server for tests: keeps what it is sent, and answers as it is told. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './lambda.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Nothing is answered before. */
  readonly afterMs?: number;
}

export interface HttpEndpoint {
  readonly url: string;
  readonly received: Received[];
  /** How requests to a path that begins so are answered from now on, in turn; the last stays. */
  readonly answer: (path: string, ...replies: readonly Reply[]) => void;
  /** The requests to such a path, when there are so many. */
  readonly until: (path: string, count: number) => Promise<Received[]>;
  readonly close: () => Promise<void>;
}

export async function openEndpoint(): Promise<HttpEndpoint> {
  const received: Received[] = [];
  const replies = new Map<string, Reply[]>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    const body = Buffer.concat(chunks).toString();
    received.push({ method: request.method ?? '', path, headers: request.headers, body });
    const [, waiting = []] = [...replies].find(([start]) => path.startsWith(start)) ?? [];
    const reply = (waiting.length > 1 ? waiting.shift() : waiting[0]) ?? {};
    if (reply.afterMs !== undefined) await new Promise((go) => setTimeout(go, reply.afterMs));
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const to = (path: string) => received.filter((each) => each.path.startsWith(path));
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answer: (path, ...given) => replies.set(path, [...given]),
    until: (path, count) =>
      until(async () => {
        const found = to(path);
        return found.length >= count ? found : undefined;
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
