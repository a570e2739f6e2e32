/** The recorded cases of connections and API destinations, as calls. */
import { secretsmanager } from '../../src/model/secretsmanager.generated.ts';
import { asker, got } from '../lambda.ts';
import type { Events, EventsCase } from './events-recording.ts';

type Cases = ReadonlyArray<readonly [string, EventsCase]>;
type Json = Readonly<Record<string, unknown>>;

const auths: Readonly<Record<string, object>> = {
  BASIC: { BasicAuthParameters: { Username: 'user', Password: 'pass' } },
  API_KEY: { ApiKeyAuthParameters: { ApiKeyName: 'ApiKey', ApiKeyValue: 'secret' } },
  OAUTH_CLIENT_CREDENTIALS: {
    OAuthParameters: {
      AuthorizationEndpoint: 'https://example.com/oauth',
      ClientParameters: { ClientID: 'client_id', ClientSecret: 'client_secret' },
      HttpMethod: 'POST',
    },
  },
};
const types: Readonly<Record<string, string>> = {
  auth_params0: 'BASIC',
  auth_params1: 'API_KEY',
  auth_params2: 'OAUTH_CLIENT_CREDENTIALS',
  auth0: 'BASIC',
  auth1: 'API_KEY',
  auth2: 'OAUTH_CLIENT_CREDENTIALS',
  basic: 'BASIC',
  'api-key': 'API_KEY',
  oauth: 'OAUTH_CLIENT_CREDENTIALS',
};

const inputOf = (Name: string, type: string, extras: object = {}) => ({
  Name,
  AuthorizationType: type,
  AuthParameters: { ...auths[type], ...extras },
});
const noExtras = { InvocationHttpParameters: {} };

/** The secret of a connection, as the recordings show it. */
async function secretOf({ who }: Events, described: unknown): Promise<object> {
  const SecretId = (described as { SecretArn: string }).SecretArn;
  const secret = await got(asker(secretsmanager)(who)('GetSecretValue', { SecretId }));
  const SecretString = JSON.parse(String(secret.SecretString));
  return { ...secret, SecretString, ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: 200 } };
}

const withAuth: EventsCase = async (events, [which = '']) => {
  const Name = events.name('connection');
  const created = await events.ask('CreateConnection', inputOf(Name, types[which] as string));
  return {
    'create-connection-auth': created,
    'describe-connection-auth': await events.ask('DescribeConnection', { Name }),
  };
};

const connections: Cases = [
  [
    'test_create_connection',
    async (events) => {
      const Name = events.name('connection');
      return {
        'create-connection': await events.ask(
          'CreateConnection',
          inputOf(Name, 'API_KEY', noExtras),
        ),
        'describe-connection': await events.ask('DescribeConnection', { Name }),
      };
    },
  ],
  ['test_create_connection_with_auth', withAuth],
  [
    'test_connection_secrets',
    async (events, parameters) => {
      const answers = (await withAuth(events, parameters)) as Json;
      const secret = await secretOf(events, answers['describe-connection-auth']);
      return { ...answers, 'connection-secret': secret };
    },
  ],
  [
    'test_list_connections',
    async (events) => {
      const Name = events.name('connection');
      await events.call('CreateConnection', inputOf(Name, 'BASIC'));
      return { 'list-connections': await events.ask('ListConnections', { NamePrefix: Name }) };
    },
  ],
  [
    'test_delete_connection',
    async (events) => {
      const Name = events.name('connection');
      return {
        'create-connection-response': await events.ask(
          'CreateConnection',
          inputOf(Name, 'API_KEY'),
        ),
        'delete-connection': await events.ask('DeleteConnection', { Name }),
        'describe-deleted-connection': await events.ask('DescribeConnection', { Name }),
      };
    },
  ],
  [
    'test_update_connection',
    async (events) => {
      const Name = events.name('connection');
      const created = await events.ask('CreateConnection', inputOf(Name, 'BASIC', noExtras));
      const before = await events.ask('DescribeConnection', { Name });
      const secretBefore = await secretOf(events, before);
      const BasicAuthParameters = { Username: 'new_user', Password: 'new_pass' };
      const AuthParameters = { BasicAuthParameters, ...noExtras };
      const updated = await events.ask('UpdateConnection', { Name, AuthParameters });
      const after = await events.ask('DescribeConnection', { Name });
      return {
        'create-connection': created,
        'describe-created-connection': before,
        'connection-secret-before-update': secretBefore,
        'update-connection': updated,
        'describe-updated-connection': after,
        'connection-secret-after-update': await secretOf(events, after),
      };
    },
  ],
  [
    'test_create_connection_invalid_parameters',
    async ({ ask, name }) => ({
      'create-connection-invalid-auth-error': await ask('CreateConnection', {
        ...inputOf(name('connection'), 'BASIC'),
        AuthorizationType: 'INVALID_AUTH_TYPE',
      }),
    }),
  ],
  [
    'test_create_connection_name_validation',
    async ({ ask }) => ({
      'create-connection-invalid-name-error': await ask(
        'CreateConnection',
        inputOf('Invalid Name With Spaces!', 'BASIC'),
      ),
    }),
  ],
  [
    'test_create_connection_validations',
    async ({ ask }) => ({
      create_connection_exc: await ask('CreateConnection', {
        ...inputOf('This should fail with two errors 123467890123412341234123412341234', 'BASIC'),
        AuthorizationType: 'INVALID',
      }),
    }),
  ],
];

const destinations: Cases = [
  [
    'test_api_destinations',
    async (events, [which = '']) => {
      const connection = inputOf(events.name('connection'), types[which] as string);
      const { ConnectionArn } = await events.call('CreateConnection', connection);
      const Name = events.name('destination');
      const endpoint = 'https://example.com/api';
      return {
        'create-api-destination': await events.ask('CreateApiDestination', {
          ...{ Name, ConnectionArn, HttpMethod: 'POST', InvocationEndpoint: endpoint },
          Description: 'Test API destination',
        }),
        'describe-api-destination': await events.ask('DescribeApiDestination', { Name }),
        'list-api-destinations': await events.ask('ListApiDestinations', { NamePrefix: Name }),
        'update-api-destination': await events.ask('UpdateApiDestination', {
          ...{ Name, ConnectionArn, HttpMethod: 'PUT', InvocationEndpoint: `${endpoint}/v2` },
          Description: 'Updated API destination',
        }),
        'describe-updated-api-destination': await events.ask('DescribeApiDestination', { Name }),
        'delete-api-destination': await events.ask('DeleteApiDestination', { Name }),
        'describe-api-destination-not-found-error': await events.ask('DescribeApiDestination', {
          Name,
        }),
      };
    },
  ],
  [
    'test_create_api_destination_invalid_parameters',
    async ({ ask, name }) => ({
      'create-api-destination-invalid-parameters-error': await ask('CreateApiDestination', {
        Name: name('destination'),
        ConnectionArn: 'invalid-connection-arn',
        InvocationEndpoint: 'invalid-endpoint',
        HttpMethod: 'INVALID_METHOD',
      }),
    }),
  ],
  [
    'test_create_api_destination_name_validation',
    async (events) => {
      const { ConnectionArn } = await events.call(
        'CreateConnection',
        inputOf(events.name('connection'), 'API_KEY'),
      );
      return {
        'create-api-destination-invalid-name-error': await events.ask('CreateApiDestination', {
          Name: 'Invalid Name With Spaces!',
          ConnectionArn,
          InvocationEndpoint: 'https://example.com/api',
          HttpMethod: 'POST',
        }),
      };
    },
  ],
];

export const connectionCases: ReadonlyMap<string, EventsCase> = new Map([
  ...connections,
  ...destinations,
]);
