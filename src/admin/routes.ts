/**
 * What lies under `/_sealhold/`: the server's own interface beside AWS's. A route says who may call
 * it; what only dev mode has answers 404 elsewhere, as if it did not exist.
 */
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { World } from '../world.ts';
import { json, notFound, type Route } from './answer.ts';
import { parseDuration } from './duration.ts';
import { type KmsPorts, kmsRoutes } from './kms-routes.ts';

export interface AdminPorts extends KmsPorts {
  readonly dev:
    | {
        /** Moves the clock to `now` (ms) and does what falls due. */
        readonly moveClock: (now: number) => Promise<void>;
        readonly reset: () => Promise<void>;
      }
    | undefined;
  readonly world: World;
  /**
   * The error text when the request isn't signed by the root user of the installation's first
   * account.
   */
  readonly refuseUnlessOperator: (request: HttpRequest) => Promise<string | undefined>;
  /** CloudTrail records as JSON lines: the last `last`, then, with `follow`, those that come. */
  readonly trail: (options: { last: number; follow: boolean }) => AsyncIterable<string>;
}

const prefix = '/_sealhold/';

/** Undefined when the path isn't ours. */
export function adminRoute(
  request: HttpRequest,
  ports: AdminPorts,
): HttpResponse | Promise<HttpResponse> | undefined {
  if (!request.target.startsWith(prefix)) return undefined;
  const [path, query] = splitTarget(request.target.slice(prefix.length));
  const route = routes.get(`${request.method} ${path}`);
  return route === undefined ? notFound() : route(request, ports, query);
}

const routes: ReadonlyMap<string, Route<AdminPorts>> = new Map<string, Route<AdminPorts>>([
  ['GET health', () => json(200, { status: 'ok' })],
  ['GET clock', (_request, ports) => (ports.dev === undefined ? notFound() : clock(ports))],
  ['POST clock', moveClock],
  ['POST reset', reset],
  ['GET trail', trail],
  ...kmsRoutes,
]);

async function moveClock(request: HttpRequest, ports: AdminPorts): Promise<HttpResponse> {
  if (ports.dev === undefined) return notFound();
  const to = clockTarget(request.body, ports.world.now());
  if (typeof to === 'string') return json(400, { error: to });
  await ports.dev.moveClock(to);
  return clock(ports);
}

async function reset(_request: HttpRequest, ports: AdminPorts): Promise<HttpResponse> {
  if (ports.dev === undefined) return notFound();
  await ports.dev.reset();
  return json(200, { status: 'ok' });
}

async function trail(
  request: HttpRequest,
  ports: AdminPorts,
  query: URLSearchParams,
): Promise<HttpResponse> {
  const refusal = await ports.refuseUnlessOperator(request);
  if (refusal !== undefined) return json(403, { error: refusal });
  const last = Number(query.get('last') ?? '10');
  if (!Number.isInteger(last) || last < 0 || last > 10_000)
    return json(400, { error: "'last' takes a whole number from 0 to 10000." });
  return {
    status: 200,
    headers: [['Content-Type', 'application/jsonl']],
    body: ports.trail({ last, follow: query.get('follow') === 'true' }),
  };
}

const clock = (ports: AdminPorts): HttpResponse =>
  json(200, { now: new Date(ports.world.now()).toISOString() });

function splitTarget(target: string): [string, URLSearchParams] {
  const mark = target.indexOf('?');
  return mark < 0
    ? [target, new URLSearchParams()]
    : [target.slice(0, mark), new URLSearchParams(target.slice(mark + 1))];
}

/** The latest time that JavaScript's Date can hold, less room for windows counted from it. */
const latestMs = 8_000_000_000_000_000;

/**
 * `{"advance":"30d"}` or `{"set":"2027-01-01T00:00:00Z"}` → ms since 1970, or what is wrong with
 * it.
 */
export function clockTarget(body: Buffer, now: number): number | string {
  const usage = `The body is {"advance":"30d"} or {"set":"2027-01-01T00:00:00Z"}.`;
  let asked: unknown;
  try {
    asked = JSON.parse(body.toString('utf8'));
  } catch {
    return `This is not JSON. ${usage}`;
  }
  if (typeof asked !== 'object' || asked === null) return usage;
  const { advance, set } = asked as { advance?: unknown; set?: unknown };
  if ((advance === undefined) === (set === undefined)) return usage;
  const to = advance !== undefined ? advanced(advance, now) : instant(set);
  if (to === undefined || !Number.isFinite(to)) return usage;
  if (to < 0 || to > latestMs) return 'That time is out of range.';
  return to;
}

function advanced(advance: unknown, now: number): number | undefined {
  const span = typeof advance === 'string' ? parseDuration(advance) : undefined;
  return span === undefined ? undefined : now + span;
}

const instant = (set: unknown): number | undefined =>
  typeof set === 'string' && /^\d{4}-\d\d-\d\dT/.test(set) ? Date.parse(set) : undefined;
