/**
 * The operator's say on external key store proxies: which endpoints this server may speak to, where
 * they really are, and whom it trusts there. `--xks FILE`:
 *
 *     {
 *       "endpoints": {
 *         "https://xks.example.com": { "connect": "https://10.1.2.3:8443", "ca": "/etc/ca.pem" }
 *       },
 *       "vpcEndpointServices": {
 *         "com.amazonaws.vpce.eu-central-1.vpce-svc-0123": { "connect": "https://10.1.2.4:443" }
 *       },
 *       "others": "public"
 *     }
 *
 * What stands there may lie anywhere; other endpoints are out of reach, or with `others` public
 * reachable at public addresses.
 */
import { isIP } from 'node:net';

export interface Route {
  /** Where to connect; undefined = the endpoint itself, port 443. */
  readonly connect: URL | undefined;
  /** PEM of the certificate authorities to trust instead of the public ones. */
  readonly ca: string | undefined;
  /** For one request, connecting included. */
  readonly timeoutMs: number;
}

export interface ProxyRoutes {
  /** By `https://name` in lower case. */
  readonly endpoints: ReadonlyMap<string, Route>;
  readonly vpcServices: ReadonlyMap<string, Route>;
  readonly others: 'public' | 'none';
}

/** What KMS allows a proxy (XKS Proxy API v1). */
export const defaultTimeoutMs = 250;
const timeoutRange = { min: 50, max: 10_000 };

export const noRoutes: ProxyRoutes = {
  endpoints: new Map(),
  vpcServices: new Map(),
  others: 'none',
};
export const publicRoutes: ProxyRoutes = { ...noRoutes, others: 'public' };

const endpointForm = /^https:\/\/[a-z0-9.-]{1,253}$/;
const serviceForm = /^[a-z0-9.-]{1,64}$/;

/**
 * Reads an operator's file; `readText` reads the files that it names.
 * @throws RangeError with a text for people.
 */
export function parseProxyRoutes(json: string, readText: (path: string) => string): ProxyRoutes {
  const file = objectOf(parse(json), 'the file');
  for (const member of Object.keys(file))
    if (!['endpoints', 'vpcEndpointServices', 'others'].includes(member))
      throw new RangeError(`'${member}' is nothing that it can have`);
  const { others = 'none' } = file;
  if (others !== 'public' && others !== 'none')
    throw new RangeError("'others' takes 'public' or 'none'");
  const routes = (member: string, form: RegExp): Map<string, Route> =>
    new Map(
      Object.entries(objectOf(file[member] ?? {}, `'${member}'`)).map(([name, route]) => {
        if (!form.test(name.toLowerCase()))
          throw new RangeError(`'${name}' in '${member}' can't be one`);
        return [name.toLowerCase(), routeOf(name, route, readText)];
      }),
    );
  const vpcServices = routes('vpcEndpointServices', serviceForm);
  for (const [name, { connect }] of vpcServices)
    if (connect === undefined) throw new RangeError(`'${name}' needs a 'connect'`);
  return { endpoints: routes('endpoints', endpointForm), vpcServices, others };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RangeError(`it is not JSON (${(error as Error).message})`);
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RangeError(`${what} is no JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

function routeOf(name: string, value: unknown, readText: (path: string) => string): Route {
  const route = objectOf(value, `'${name}'`);
  for (const member of Object.keys(route))
    if (!['connect', 'ca', 'timeoutMs'].includes(member))
      throw new RangeError(`'${member}' of '${name}' is nothing that it can have`);
  const { connect, ca, timeoutMs = defaultTimeoutMs } = route;
  if (ca !== undefined && typeof ca !== 'string')
    throw new RangeError(`'ca' of '${name}' takes the path of a PEM file`);
  const { min, max } = timeoutRange;
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= min && timeoutMs <= max))
    throw new RangeError(`'timeoutMs' of '${name}' takes a number from ${min} to ${max}`);
  return {
    connect: connect === undefined ? undefined : placeOf(name, connect),
    ca: ca === undefined ? undefined : readText(ca),
    timeoutMs,
  };
}

function placeOf(name: string, connect: unknown): URL {
  const url = typeof connect === 'string' && URL.canParse(connect) ? new URL(connect) : undefined;
  const isBare = url?.pathname === '/' && url.search === '' && url.username === '';
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url === undefined || !isBare || !isSafe)
    throw new RangeError(
      `'connect' of '${name}' takes https://HOST:PORT, or http:// for this machine itself`,
    );
  return url;
}

/** By address only: a name may lead anywhere. */
function isLoopback({ hostname }: URL): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** How to reach an endpoint; undefined when the operator does not let this server. */
export function routeTo(
  routes: ProxyRoutes,
  { endpoint, vpcService }: { readonly endpoint: string; readonly vpcService: string | undefined },
): (Route & { readonly publicOnly: boolean }) | undefined {
  const named =
    vpcService === undefined
      ? routes.endpoints.get(endpoint.toLowerCase())
      : routes.vpcServices.get(vpcService.toLowerCase());
  if (named !== undefined) return { ...named, publicOnly: false };
  if (vpcService !== undefined || routes.others === 'none') return undefined;
  return { connect: undefined, ca: undefined, timeoutMs: defaultTimeoutMs, publicOnly: true };
}
