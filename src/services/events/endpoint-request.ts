/** The HTTP requests for an event and for a token, put together. Pure. */
import type { HttpParameters } from '../../model/events.generated.ts';
import type { Credentials, StoredExtras } from './connection-input.ts';
import type { ApiDestination, AuthorizationType } from './destination.ts';
import { isObject, parsed } from './event-json.ts';
import type { OutgoingRequest } from './outgoing.ts';

type Request = Omit<OutgoingRequest, 'timeoutMs'>;

const userAgent = 'Amazon/EventBridge/ApiDestinations';

interface EventFacts {
  /** JSON text for the body. */
  readonly input: string;
  readonly parameters: HttpParameters | undefined;
  readonly type: AuthorizationType;
  readonly credentials: Credentials;
  /** An OAuth access token. */
  readonly token: string | undefined;
}

/** Undefined: some name or value can not stand in a header. */
export const eventRequest = (
  destination: Pick<ApiDestination, 'endpoint' | 'method'>,
  facts: EventFacts,
): Request | undefined => madeOr(() => requestOf(destination, facts));

/** Undefined as for `eventRequest`. RFC 6749 §4.4.2, the client authenticated as §2.3.1 says. */
export const tokenRequest = (credentials: Credentials): Request | undefined =>
  madeOr(() => requestForToken(credentials));

/** What `Headers` and `URL` refuse, they refuse by a TypeError. */
function madeOr(make: () => Request): Request | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function requestOf(
  { endpoint, method }: Pick<ApiDestination, 'endpoint' | 'method'>,
  facts: EventFacts,
): Request {
  const { parameters, credentials } = facts;
  const extras = credentials.invocation_http_parameters;
  const headers = new Headers({
    'Content-Type': 'application/json; charset=utf-8',
    'User-Agent': userAgent,
  });
  for (const [name, value] of Object.entries(parameters?.HeaderParameters ?? {}))
    headers.set(name, value);
  for (const { key, value } of extras?.header_parameters ?? []) headers.set(key, value);
  authorize(headers, facts);
  const url = urlOf(endpoint, parameters?.PathParameterValues ?? []);
  for (const [name, value] of Object.entries(parameters?.QueryStringParameters ?? {}))
    url.searchParams.append(name, value);
  addQuery(url, extras);
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
  return {
    url: url.href,
    method,
    headers: Object.fromEntries(headers),
    ...(hasBody ? { body: withMembers(facts.input, extras) } : {}),
  };
}

function authorize(headers: Headers, { type, credentials, token }: EventFacts): void {
  if (type === 'API_KEY')
    headers.set(credentials.api_key_name ?? '', credentials.api_key_value ?? '');
  else if (type === 'BASIC')
    headers.set('Authorization', basic(credentials.username ?? '', credentials.password ?? ''));
  else headers.set('Authorization', `Bearer ${token ?? ''}`);
}

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** Each star of the path gives way to a value, in order. */
function urlOf(endpoint: string, values: readonly string[]): URL {
  const url = new URL(endpoint);
  let used = 0;
  url.pathname = url.pathname.replace(/\*/g, (star) => {
    const value = values[used++];
    return value === undefined ? star : encodeURIComponent(value);
  });
  return url;
}

function addQuery(url: URL, extras: StoredExtras | undefined): void {
  for (const { key, value } of extras?.query_string_parameters ?? [])
    url.searchParams.append(key, value);
}

/** Members of the connection join an object; nothing else can take any. */
function withMembers(input: string, extras: StoredExtras | undefined): string {
  const added = extras?.body_parameters ?? [];
  const value = added.length === 0 ? undefined : parsed(input)?.value;
  if (!isObject(value)) return input;
  return JSON.stringify({
    ...value,
    ...Object.fromEntries(added.map((each) => [each.key, each.value])),
  });
}

function requestForToken(credentials: Credentials): Request {
  const { client_id = '', client_secret = '', oauth_http_parameters: extras } = credentials;
  const method = credentials.http_method ?? 'POST';
  const url = new URL(credentials.authorization_endpoint ?? '');
  addQuery(url, extras);
  const form = new URLSearchParams(
    (extras?.body_parameters ?? []).map(({ key, value }) => [key, value]),
  );
  if (!form.has('grant_type') && !url.searchParams.has('grant_type'))
    (method === 'GET' ? url.searchParams : form).append('grant_type', 'client_credentials');
  const headers = new Headers({ Accept: 'application/json', 'User-Agent': userAgent });
  if (method !== 'GET') headers.set('Content-Type', 'application/x-www-form-urlencoded');
  for (const { key, value } of extras?.header_parameters ?? []) headers.set(key, value);
  const name = encodeURIComponent(client_id);
  headers.set('Authorization', basic(name, encodeURIComponent(client_secret)));
  return {
    url: url.href,
    method,
    headers: Object.fromEntries(headers),
    ...(method === 'GET' ? {} : { body: form.toString() }),
  };
}

export interface Token {
  readonly token: string;
  readonly lifeMs: number;
}

const usualLifeSeconds = 3600;

/** RFC 6749 §5.1. Undefined: the answer has no token that goes into a header. */
export function tokenOf(body: string): Token | undefined {
  const answer = parsed(body)?.value;
  if (!isObject(answer)) return undefined;
  const { access_token: token, expires_in: life } = answer;
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) return undefined;
  const lifeSeconds = Number(life ?? usualLifeSeconds);
  return { token, lifeMs: (lifeSeconds > 0 ? lifeSeconds : usualLifeSeconds) * 1000 };
}
