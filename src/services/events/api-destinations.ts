/**
 * CreateApiDestination, UpdateApiDestination, DeleteApiDestination, DescribeApiDestination and
 * ListApiDestinations.
 */
import type {
  CreateApiDestinationRequest,
  EventsModel,
  ApiDestination as ShownDestination,
} from '../../model/events.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { newUuid } from '../../uuid.ts';
import { connectionArn, connectionId } from './connections.ts';
import { cursorOf, type EventsContext, nextToken } from './context.ts';
import type { ApiDestination, Connection } from './destination.ts';
import {
  destinationExists,
  endpointInvalid,
  limitExceeded,
  noSuchConnection,
  noSuchDestination,
} from './errors.ts';
import { foundNothing, placeOf } from './finder.ts';
import { destinationArn, type Place } from './names.ts';
import { placePrefix } from './records.ts';

/** EventBridge's quotas. */
const maxDestinations = 3_000;
const defaultRate = 300;
const defaultPage = 100;

export const destinationId = (place: Place, name: string): string => `${placePrefix(place)}${name}`;
export const apiDestinationArn = (destination: ApiDestination): string =>
  destinationArn(destination, 'api-destination', destination);

/** By its ARN; undefined: it is gone, or another has its name. */
export async function connectionOf(
  { records }: EventsContext,
  arn: string,
): Promise<Connection | undefined> {
  const [, , , region, account, path = ''] = arn.split(':');
  const place = { account, region, partition: '' } as Place;
  const entry = await records.connections.get(connectionId(place, path.split('/')[1] ?? ''));
  return entry !== undefined && connectionArn(entry.value) === arn ? entry.value : undefined;
}

interface Named {
  readonly name: string;
  readonly entry: Entry<ApiDestination> | undefined;
}

export function destinationOperations(context: EventsContext) {
  const { destinations } = context.records;
  const find = (input: { readonly Name: string }, call: Call) =>
    findDestination(context, input.Name, call);
  return {
    CreateApiDestination: {
      readOnly: false,
      find,
      run: (input, call, named: Named) => createDestination(context, input, { call, named }),
    },
    UpdateApiDestination: {
      readOnly: false,
      find,
      run: async (input, call, named: Named) => {
        const entry = required(named);
        const { ConnectionArn: arn } = input;
        const connection =
          arn === undefined ? {} : { connectionArn: await requiredConnection(context, arn, call) };
        const destination = {
          ...entry.value,
          ...changes(context, input),
          ...connection,
          modifiedAt: call.now,
        };
        call.stage(destinations.replace(entry, destination));
        return stateOf(context, destination);
      },
    },
    DeleteApiDestination: {
      readOnly: false,
      find,
      run: (_input, call, named: Named) => {
        call.stage(destinations.remove(required(named)));
        return {};
      },
    },
    DescribeApiDestination: {
      readOnly: true,
      find,
      run: async (_input, _call, named: Named) => {
        const { value } = required(named);
        const description =
          value.description === undefined ? {} : { Description: value.description };
        return { ...(await shown(context, value)), ...description };
      },
    },
    ListApiDestinations: {
      readOnly: true,
      find: (_input, call) => foundNothing(call),
      run: (input, call) => listDestinations(context, input, call),
    },
  } satisfies Operations<
    EventsModel,
    | 'CreateApiDestination'
    | 'UpdateApiDestination'
    | 'DeleteApiDestination'
    | 'DescribeApiDestination'
    | 'ListApiDestinations'
  >;
}

async function createDestination(
  context: EventsContext,
  input: CreateApiDestinationRequest,
  { call, named }: { readonly call: Call; readonly named: Named },
) {
  const { destinations } = context.records;
  if (named.entry !== undefined) throw destinationExists(input.Name);
  const place = placeOf(call);
  const others = await destinations.page({ prefix: placePrefix(place), limit: maxDestinations });
  if (others.entries.length >= maxDestinations) throw limitExceeded();
  const destination: ApiDestination = {
    ...place,
    name: input.Name,
    id: newUuid(call.world),
    ...changes(context, input),
    connectionArn: await requiredConnection(context, input.ConnectionArn, call),
    endpoint: input.InvocationEndpoint,
    method: input.HttpMethod,
    ratePerSecond: input.InvocationRateLimitPerSecond ?? defaultRate,
    createdAt: call.now,
    modifiedAt: call.now,
  };
  call.stage(destinations.insert(destinationId(place, input.Name), destination));
  return stateOf(context, destination);
}

async function findDestination(
  { records }: EventsContext,
  name: string,
  call: Call,
): Promise<Found<Named>> {
  const place = placeOf(call);
  const entry = await records.destinations.get(destinationId(place, name));
  return {
    resource: {
      arn: destinationArn(place, 'api-destination', { name, id: entry?.value.id ?? '*' }),
      account: place.account,
      type: 'AWS::Events::ApiDestination',
    },
    subject: { name, entry },
  };
}

function required({ name, entry }: Named): Entry<ApiDestination> {
  if (entry === undefined) throw noSuchDestination(name);
  return entry;
}

/** @throws ApiError ResourceNotFoundException unless it is the caller's own */
async function requiredConnection(
  context: EventsContext,
  arn: string,
  call: Call,
): Promise<string> {
  const connection = await connectionOf(context, arn);
  const { account, region } = placeOf(call);
  if (connection?.account !== account || connection.region !== region)
    throw noSuchConnection(arn.split('/')[1] ?? arn);
  return arn;
}

interface Changes {
  readonly Description?: string;
  readonly InvocationEndpoint?: string;
  readonly HttpMethod?: ApiDestination['method'];
  readonly InvocationRateLimitPerSecond?: number;
}

/** @throws ApiError ValidationException */
function changes({ ports }: EventsContext, input: Changes): Partial<ApiDestination> {
  const {
    Description,
    InvocationEndpoint: endpoint,
    HttpMethod,
    InvocationRateLimitPerSecond,
  } = input;
  const fault = endpoint === undefined ? undefined : ports.http.urlFault(endpoint);
  if (fault !== undefined) throw endpointInvalid('InvocationEndpoint', fault);
  return {
    ...(Description === undefined ? {} : { description: Description }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(HttpMethod === undefined ? {} : { method: HttpMethod }),
    ...(InvocationRateLimitPerSecond === undefined
      ? {}
      : { ratePerSecond: InvocationRateLimitPerSecond }),
  };
}

/** Active while its connection lets requests in. */
async function stateOf(context: EventsContext, destination: ApiDestination) {
  const connection = await connectionOf(context, destination.connectionArn);
  return {
    ApiDestinationArn: apiDestinationArn(destination),
    ApiDestinationState:
      connection?.state === 'AUTHORIZED' ? ('ACTIVE' as const) : ('INACTIVE' as const),
    CreationTime: destination.createdAt,
    LastModifiedTime: destination.modifiedAt,
  };
}

const shown = async (
  context: EventsContext,
  destination: ApiDestination,
): Promise<ShownDestination> => ({
  ...(await stateOf(context, destination)),
  Name: destination.name,
  ConnectionArn: destination.connectionArn,
  InvocationEndpoint: destination.endpoint,
  HttpMethod: destination.method,
  InvocationRateLimitPerSecond: destination.ratePerSecond,
});

async function listDestinations(
  context: EventsContext,
  { NamePrefix = '', ConnectionArn, Limit = defaultPage, NextToken }: ListInput,
  call: Call,
): Promise<EventsModel['ListApiDestinations']['output']> {
  const start = placePrefix(placeOf(call));
  const list = ['ListApiDestinations', start, NamePrefix, ConnectionArn ?? null];
  const after = cursorOf(context, list, NextToken);
  const { entries, next } = await context.records.destinations.page({
    prefix: `${start}${NamePrefix}`,
    ...(after === undefined ? {} : { after: `${start}${after}` }),
    limit: Limit,
  });
  const wanted = entries.filter(
    ({ value }) => ConnectionArn === undefined || value.connectionArn === ConnectionArn,
  );
  return {
    ApiDestinations: await Promise.all(wanted.map(({ value }) => shown(context, value))),
    ...nextToken(context, list, next?.slice(start.length)),
  };
}

type ListInput = EventsModel['ListApiDestinations']['input'];
