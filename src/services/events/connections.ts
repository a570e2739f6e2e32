/**
 * CreateConnection, UpdateConnection, DeauthorizeConnection, DeleteConnection, DescribeConnection
 * and ListConnections. What is secret lies in Secrets Manager, by calls for the caller.
 */
import { ApiError } from '../../api-error.ts';
import type {
  CreateConnectionRequest,
  DescribeConnectionResponse,
  EventsModel,
  Connection as ShownConnection,
  UpdateConnectionRequest,
} from '../../model/events.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { newUuid } from '../../uuid.ts';
import {
  authorizationOf,
  type Credentials,
  credentialsOf,
  extrasMember,
  shownAuthorization,
} from './connection-input.ts';
import { cursorOf, type EventsContext, nextToken } from './context.ts';
import type { AuthorizationType, Connection } from './destination.ts';
import {
  connectionExists,
  endpointInvalid,
  limitExceeded,
  noPrivateEndpoints,
  noSuchConnection,
} from './errors.ts';
import { foundNothing, placeOf } from './finder.ts';
import { destinationArn, type Place } from './names.ts';
import { placePrefix } from './records.ts';

/** EventBridge's quota of an account and Region. */
const maxConnections = 3_000;
const defaultPage = 100;

export const connectionId = (place: Place, name: string): string => `${placePrefix(place)}${name}`;
export const connectionArn = (connection: Connection): string =>
  destinationArn(connection, 'connection', connection);

interface Named {
  readonly name: string;
  readonly entry: Entry<Connection> | undefined;
}

export function connectionOperations(context: EventsContext) {
  const find = (input: { readonly Name: string }, call: Call) =>
    findConnection(context, input.Name, call);
  const { connections } = context.records;
  return {
    CreateConnection: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => createConnection(context, input, { call, named }),
    },
    UpdateConnection: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => updateConnection(context, input, { call, named }),
    },
    DeauthorizeConnection: {
      readOnly: false,
      find,
      run: async (_input, call, named: Named) => {
        const entry = required(named);
        await deleteSecret(call, entry.value.secretArn);
        const { secretArn: _, tryAt: __, ...rest } = entry.value;
        const connection = { ...rest, state: 'DEAUTHORIZED', modifiedAt: call.now } as const;
        call.stage(connections.replace(entry, connection));
        return { ...stateOf(connection), ConnectionState: 'DEAUTHORIZING' };
      },
    },
    DeleteConnection: {
      readOnly: false,
      find,
      run: async (_input, call, named: Named) => {
        const entry = required(named);
        await deleteSecret(call, entry.value.secretArn);
        call.stage(connections.remove(entry));
        return { ...stateOf(entry.value), ConnectionState: 'DELETING' };
      },
    },
    DescribeConnection: {
      readOnly: true,
      find,
      run: (_input, _call, named: Named) => describeConnection(required(named).value),
    },
    ListConnections: {
      readOnly: true,
      find: (_input, call) => foundNothing(call),
      run: (input, call) => listConnections(context, input, call),
    },
  } satisfies Operations<
    EventsModel,
    | 'CreateConnection'
    | 'UpdateConnection'
    | 'DeauthorizeConnection'
    | 'DeleteConnection'
    | 'DescribeConnection'
    | 'ListConnections'
  >;
}

/** The id of one that isn't there yet can't be known: `*` stands for it. */
async function findConnection(
  { records }: EventsContext,
  name: string,
  call: Call,
): Promise<Found<Named>> {
  const place = placeOf(call);
  const entry = await records.connections.get(connectionId(place, name));
  return {
    resource: {
      arn: destinationArn(place, 'connection', { name, id: entry?.value.id ?? '*' }),
      account: place.account,
      type: 'AWS::Events::Connection',
    },
    subject: { name, entry },
  };
}

function required({ name, entry }: Named): Entry<Connection> {
  if (entry === undefined) throw noSuchConnection(name);
  return entry;
}

async function createConnection(
  context: EventsContext,
  input: CreateConnectionRequest,
  { call, named }: { readonly call: Call; readonly named: Named },
): Promise<EventsModel['CreateConnection']['output']> {
  const { connections } = context.records;
  const place = placeOf(call);
  if (named.entry !== undefined) throw connectionExists(input.Name);
  const { AuthorizationType: type } = input;
  const credentials = checked(context, credentialsOf(type, input.AuthParameters), input);
  const others = await connections.page({ prefix: placePrefix(place), limit: maxConnections });
  if (others.entries.length >= maxConnections) throw limitExceeded();
  const id = newUuid(call.world);
  const { ARN: secretArn } = (await call.invoke('secretsmanager', 'CreateSecret', {
    Name: `events!connection/${input.Name}/${newUuid(call.world)}`,
    Description: `The credentials of the EventBridge connection ${input.Name}.`,
    ClientRequestToken: newUuid(call.world),
    SecretString: JSON.stringify(credentials),
    ...keyMember(input.KmsKeyIdentifier),
  })) as { readonly ARN: string };
  const connection: Connection = {
    ...place,
    ...{ name: input.Name, id, secretArn },
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.KmsKeyIdentifier ? { kmsKeyId: input.KmsKeyIdentifier } : {}),
    ...authorized(type, credentials, call.now),
    createdAt: call.now,
    modifiedAt: call.now,
    authorizedAt: call.now,
  };
  call.stage(connections.insert(connectionId(place, input.Name), connection));
  const { LastAuthorizedTime: _, ...shown } = stateOf(connection);
  return shown;
}

async function updateConnection(
  context: EventsContext,
  input: UpdateConnectionRequest,
  { call, named }: { readonly call: Call; readonly named: Named },
): Promise<EventsModel['UpdateConnection']['output']> {
  const entry = required(named);
  const { value: before } = entry;
  const { AuthorizationType: type = before.authorization.type } = input;
  const isSameType = type === before.authorization.type;
  const known = isSameType ? await readCredentials(call, before.secretArn) : {};
  const credentials = checked(
    context,
    credentialsOf(type, input.AuthParameters ?? {}, known),
    input,
  );
  const secretArn = await putCredentials(call, before, { input, credentials });
  const { tryAt: _, tries: __, stateReason: ___, extras: ____, ...rest } = before;
  const connection: Connection = {
    ...rest,
    secretArn,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.KmsKeyIdentifier ? { kmsKeyId: input.KmsKeyIdentifier } : {}),
    ...authorized(type, credentials, call.now),
    modifiedAt: call.now,
    authorizedAt: call.now,
  };
  call.stage(context.records.connections.replace(entry, connection));
  return stateOf(connection);
}

/** One that needs a token is asked for one at once; the others are let in by what they say. */
function authorized(type: AuthorizationType, credentials: Credentials, now: number) {
  const isAsked = type === 'OAUTH_CLIENT_CREDENTIALS';
  return {
    authorization: authorizationOf(type, credentials),
    ...extrasMember(credentials.invocation_http_parameters),
    state: isAsked ? ('AUTHORIZING' as const) : ('AUTHORIZED' as const),
    ...(isAsked ? { tryAt: now } : {}),
  };
}

/** @throws ApiError ValidationException */
function checked(
  { ports }: EventsContext,
  credentials: Credentials,
  input: Pick<CreateConnectionRequest, 'InvocationConnectivityParameters'>,
): Credentials {
  if (input.InvocationConnectivityParameters !== undefined) throw noPrivateEndpoints();
  const { authorization_endpoint: endpoint } = credentials;
  const fault = endpoint === undefined ? undefined : ports.http.urlFault(endpoint);
  if (fault !== undefined) throw endpointInvalid('AuthorizationEndpoint', fault);
  return credentials;
}

const keyMember = (keyId: string | undefined) => (keyId ? { KmsKeyId: keyId } : {});

async function readCredentials(call: Call, secretArn: string | undefined): Promise<Credentials> {
  if (secretArn === undefined) return {};
  const { SecretString } = (await call.invoke('secretsmanager', 'GetSecretValue', {
    SecretId: secretArn,
  })) as { readonly SecretString: string };
  return JSON.parse(SecretString);
}

/** Into the secret, or a new one where the connection was deauthorized; its ARN. */
async function putCredentials(
  call: Call,
  { name, secretArn, kmsKeyId }: Connection,
  { input, credentials }: { input: UpdateConnectionRequest; credentials: Credentials },
): Promise<string> {
  const value = {
    SecretString: JSON.stringify(credentials),
    ClientRequestToken: newUuid(call.world),
  };
  const { ARN } = (await (secretArn === undefined
    ? call.invoke('secretsmanager', 'CreateSecret', {
        Name: `events!connection/${name}/${newUuid(call.world)}`,
        ...value,
        ...keyMember(input.KmsKeyIdentifier ?? kmsKeyId),
      })
    : call.invoke('secretsmanager', 'UpdateSecret', {
        SecretId: secretArn,
        ...value,
        ...keyMember(input.KmsKeyIdentifier),
      }))) as { readonly ARN: string };
  return ARN;
}

/** What somebody has deleted already need not be. */
async function deleteSecret(call: Call, secretArn: string | undefined): Promise<void> {
  if (secretArn === undefined) return;
  try {
    await call.invoke('secretsmanager', 'DeleteSecret', {
      SecretId: secretArn,
      ForceDeleteWithoutRecovery: true,
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'ResourceNotFoundException') throw error;
  }
}

const stateOf = (connection: Connection) => ({
  ConnectionArn: connectionArn(connection),
  ConnectionState: connection.state,
  CreationTime: connection.createdAt,
  LastModifiedTime: connection.modifiedAt,
  LastAuthorizedTime: connection.authorizedAt,
});

const describeConnection = (connection: Connection): DescribeConnectionResponse => ({
  ...shown(connection),
  ...(connection.description === undefined ? {} : { Description: connection.description }),
  ...(connection.secretArn === undefined ? {} : { SecretArn: connection.secretArn }),
  ...(connection.kmsKeyId === undefined ? {} : { KmsKeyIdentifier: connection.kmsKeyId }),
  AuthParameters: shownAuthorization(connection.authorization, connection.extras),
});

const shown = (connection: Connection): ShownConnection => ({
  ...stateOf(connection),
  Name: connection.name,
  AuthorizationType: connection.authorization.type,
  ...(connection.stateReason === undefined ? {} : { StateReason: connection.stateReason }),
});

async function listConnections(
  context: EventsContext,
  { NamePrefix = '', ConnectionState, Limit = defaultPage, NextToken }: ListInput,
  call: Call,
): Promise<EventsModel['ListConnections']['output']> {
  const start = placePrefix(placeOf(call));
  const list = ['ListConnections', start, NamePrefix, ConnectionState ?? null];
  const after = cursorOf(context, list, NextToken);
  const { entries, next } = await context.records.connections.page({
    prefix: `${start}${NamePrefix}`,
    ...(after === undefined ? {} : { after: `${start}${after}` }),
    limit: Limit,
  });
  return {
    Connections: entries
      .filter(({ value }) => ConnectionState === undefined || value.state === ConnectionState)
      .map(({ value }) => shown(value)),
    ...nextToken(context, list, next?.slice(start.length)),
  };
}

type ListInput = EventsModel['ListConnections']['input'];
