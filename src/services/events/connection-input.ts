/**
 * What requests say of how an endpoint is let in: the part that is shown, and the secret that is
 * kept in Secrets Manager. Pure.
 */
import type {
  ConnectionAuthResponseParameters,
  ConnectionHttpParameters,
  UpdateConnectionAuthRequestParameters,
} from '../../model/events.generated.ts';
import type { Authorization, AuthorizationType, Extra, Extras } from './destination.ts';
import { authMismatch, noPrivateEndpoints, reservedHeader } from './errors.ts';

/** As Secrets Manager has it, in the members that AWS gives it; those of extras are our guess. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly api_key_name?: string;
  readonly api_key_value?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly authorization_endpoint?: string;
  readonly http_method?: string;
  readonly oauth_http_parameters?: StoredExtras;
  readonly invocation_http_parameters?: StoredExtras;
}

export interface StoredExtras {
  readonly header_parameters?: readonly StoredExtra[];
  readonly query_string_parameters?: readonly StoredExtra[];
  readonly body_parameters?: readonly StoredExtra[];
}

interface StoredExtra {
  readonly key: string;
  readonly value: string;
  readonly is_value_secret: boolean;
}

/** Of a request to make a connection, or to change one: then `before` is what it had. */
export function credentialsOf(
  type: AuthorizationType,
  parameters: UpdateConnectionAuthRequestParameters,
  before: Credentials = {},
): Credentials {
  if (parameters.ConnectivityParameters !== undefined) throw noPrivateEndpoints();
  const invocation = parameters.InvocationHttpParameters;
  const credentials = {
    ...before,
    ...ofType(type, parameters),
    ...(invocation === undefined ? {} : { invocation_http_parameters: storedExtras(invocation) }),
  };
  if (needed[type].some((name) => credentials[name] === undefined)) throw authMismatch(type);
  return credentials;
}

const needed: Readonly<Record<AuthorizationType, ReadonlyArray<keyof Credentials>>> = {
  BASIC: ['username', 'password'],
  API_KEY: ['api_key_name', 'api_key_value'],
  OAUTH_CLIENT_CREDENTIALS: ['client_id', 'client_secret', 'authorization_endpoint', 'http_method'],
};

function ofType(
  type: AuthorizationType,
  {
    BasicAuthParameters: basic,
    ApiKeyAuthParameters: apiKey,
    OAuthParameters: oauth,
  }: UpdateConnectionAuthRequestParameters,
): Credentials {
  const given = [
    basic === undefined ? undefined : 'BASIC',
    apiKey === undefined ? undefined : 'API_KEY',
    oauth === undefined ? undefined : 'OAUTH_CLIENT_CREDENTIALS',
  ];
  if (given.some((each) => each !== undefined && each !== type)) throw authMismatch(type);
  return present({
    username: basic?.Username,
    password: basic?.Password,
    api_key_name: apiKey?.ApiKeyName,
    api_key_value: apiKey?.ApiKeyValue,
    client_id: oauth?.ClientParameters?.ClientID,
    client_secret: oauth?.ClientParameters?.ClientSecret,
    authorization_endpoint: oauth?.AuthorizationEndpoint,
    http_method: oauth?.HttpMethod,
    oauth_http_parameters:
      oauth?.OAuthHttpParameters === undefined
        ? undefined
        : storedExtras(oauth.OAuthHttpParameters),
  });
}

const present = (members: { [Name in keyof Credentials]: Credentials[Name] | undefined }) =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Credentials;

type WireExtra = {
  readonly Key?: string;
  readonly Value?: string;
  readonly IsValueSecret?: boolean;
};

/** Headers that a request has for other reasons. */
const reserved = new RegExp(
  `^(${[
    'authorization',
    'connection',
    'content-encoding',
    'content-length',
    'host',
    'max-forwards',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'via',
    'www-authenticate',
    'x-forwarded-.*',
    'x-amzn?-.*',
  ].join('|')})$`,
  'i',
);

function storedExtras({
  HeaderParameters: headers,
  QueryStringParameters: query,
  BodyParameters: body,
}: ConnectionHttpParameters): StoredExtras {
  for (const { Key = '' } of headers ?? []) if (reserved.test(Key)) throw reservedHeader(Key);
  return {
    ...(headers === undefined ? {} : { header_parameters: headers.map(stored) }),
    ...(query === undefined ? {} : { query_string_parameters: query.map(stored) }),
    ...(body === undefined ? {} : { body_parameters: body.map(stored) }),
  };
}

const stored = ({ Key = '', Value = '', IsValueSecret = false }: WireExtra): StoredExtra => ({
  key: Key,
  value: Value,
  is_value_secret: IsValueSecret,
});

/** What may be shown of them. */
export function authorizationOf(type: AuthorizationType, given: Credentials): Authorization {
  switch (type) {
    case 'BASIC':
      return { type, userName: given.username ?? '' };
    case 'API_KEY':
      return { type, keyName: given.api_key_name ?? '' };
    case 'OAUTH_CLIENT_CREDENTIALS': {
      const { client_id = '', authorization_endpoint = '', http_method } = given;
      return {
        type,
        clientId: client_id,
        endpoint: authorization_endpoint,
        method: http_method as 'GET' | 'POST' | 'PUT',
        ...extrasMember(given.oauth_http_parameters),
      };
    }
  }
}

export const extrasMember = (extras: StoredExtras | undefined): { readonly extras?: Extras } =>
  extras === undefined ? {} : { extras: withoutSecrets(extras) };

const withoutSecrets = (extras: StoredExtras): Extras => ({
  ...listMember('headers', extras.header_parameters),
  ...listMember('query', extras.query_string_parameters),
  ...listMember('body', extras.body_parameters),
});

const listMember = (
  name: keyof Extras,
  extras: readonly StoredExtra[] | undefined,
): { readonly [Name in keyof Extras]?: readonly Extra[] } =>
  extras === undefined
    ? {}
    : {
        [name]: extras.map(({ key, value, is_value_secret: isSecret }) =>
          isSecret ? { key } : { key, value },
        ),
      };

export function shownAuthorization(
  authorization: Authorization,
  extras: Extras | undefined,
): ConnectionAuthResponseParameters {
  const invocation = extras === undefined ? {} : { InvocationHttpParameters: shownExtras(extras) };
  switch (authorization.type) {
    case 'BASIC':
      return { BasicAuthParameters: { Username: authorization.userName }, ...invocation };
    case 'API_KEY':
      return { ApiKeyAuthParameters: { ApiKeyName: authorization.keyName }, ...invocation };
    case 'OAUTH_CLIENT_CREDENTIALS':
      return {
        OAuthParameters: {
          ClientParameters: { ClientID: authorization.clientId },
          AuthorizationEndpoint: authorization.endpoint,
          HttpMethod: authorization.method,
          ...(authorization.extras === undefined
            ? {}
            : { OAuthHttpParameters: shownExtras(authorization.extras) }),
        },
        ...invocation,
      };
  }
}

const shownExtras = ({ headers, query, body }: Extras): ConnectionHttpParameters => ({
  ...(headers === undefined ? {} : { HeaderParameters: headers.map(shownExtra) }),
  ...(query === undefined ? {} : { QueryStringParameters: query.map(shownExtra) }),
  ...(body === undefined ? {} : { BodyParameters: body.map(shownExtra) }),
});

const shownExtra = ({ key, value }: Extra): WireExtra => ({
  Key: key,
  ...(value === undefined ? {} : { Value: value }),
  IsValueSecret: value === undefined,
});
