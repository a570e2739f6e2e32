/** CreateEventBus, DescribeEventBus, UpdateEventBus, DeleteEventBus and ListEventBuses. */
import type {
  DescribeEventBusResponse,
  EventBus,
  EventsModel,
  Level,
  LogConfig,
  UpdateEventBusResponse,
} from '../../model/events.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { shownPolicy } from '../../policy/shown.ts';
import { cursorOf, type EventsContext, nextToken } from './context.ts';
import {
  busExists,
  busHasRules,
  busKeys,
  defaultBusStays,
  limitExceeded,
  noSuchBus,
  partnerSources,
} from './errors.ts';
import {
  busResource,
  findBus,
  foundBus,
  foundNothing,
  type NamedBus,
  newBus,
  placeOf,
  requireBus,
  tagConditions,
} from './finder.ts';
import { busArn, defaultBus } from './names.ts';
import { type Bus, busId, placePrefix, rulesPrefix } from './records.ts';
import { withTags } from './tag-rules.ts';

/** EventBridge's quota of an account and Region, the default bus counted. */
const maxBuses = 100;
const defaultPage = 100;

type Input<Name extends keyof EventsModel> = EventsModel[Name]['input'];

export function busOperations(context: EventsContext) {
  const { buses, rules } = context.records;
  return {
    CreateEventBus: {
      readOnly: false,
      find: async (input, call) => foundBus(await findBus(context, input.Name, call), input),
      run: (input, call, bus: NamedBus) => createBus(context, input, { call, bus }),
    },
    DescribeEventBus: {
      readOnly: true,
      find: async (input, call) => foundBus(await findBus(context, input.Name, call)),
      run: async (_input, call, named: NamedBus): Promise<DescribeEventBusResponse> => {
        const bus = requireBus(named, call);
        const isRecorded = named.entry !== undefined;
        return { ...(await shown(context, bus, isRecorded)), ...shownOptions(bus) };
      },
    },
    UpdateEventBus: {
      readOnly: false,
      find: async (input, call) => foundBus(await findBus(context, input.Name, call)),
      run: (input, call, named: NamedBus): UpdateEventBusResponse => {
        if (input.KmsKeyIdentifier !== undefined && input.KmsKeyIdentifier !== '') throw busKeys();
        const bus = { ...requireBus(named, call), ...optionsOf(input), modifiedAt: call.now };
        call.stage(putBus(context, named, bus));
        return { Arn: busArn(bus), Name: bus.name, ...shownOptions(bus) };
      },
    },
    DeleteEventBus: {
      readOnly: false,
      find: async (input, call) => foundBus(await findBus(context, input.Name, call)),
      run: async (_input, call, { name, entry }: NamedBus) => {
        if (name.name === defaultBus) throw defaultBusStays();
        if (entry === undefined) throw noSuchBus(name.name);
        const { entries } = await rules.page({ prefix: rulesPrefix(name), limit: 1 });
        if (entries.length > 0) throw busHasRules(name.name);
        call.stage(buses.remove(entry));
      },
    },
    ListEventBuses: {
      readOnly: true,
      find: (_input, call) => foundNothing(call),
      run: (input, call) => listBuses(context, input, call),
    },
  } satisfies Operations<
    EventsModel,
    'CreateEventBus' | 'DescribeEventBus' | 'UpdateEventBus' | 'DeleteEventBus' | 'ListEventBuses'
  >;
}

/** The writes that record a bus, the first time that there is something to record of it too. */
export const putBus = ({ records }: EventsContext, { name, entry }: NamedBus, bus: Bus) =>
  entry === undefined ? records.buses.insert(busId(name), bus) : records.buses.replace(entry, bus);

async function createBus(
  { records }: EventsContext,
  input: Input<'CreateEventBus'>,
  { call, bus: { name, entry } }: { readonly call: Call; readonly bus: NamedBus },
): Promise<EventsModel['CreateEventBus']['output']> {
  if (input.EventSourceName !== undefined || name.name.includes('/')) throw partnerSources();
  if (input.KmsKeyIdentifier !== undefined && input.KmsKeyIdentifier !== '') throw busKeys();
  if (entry !== undefined || name.name === defaultBus) throw busExists(name.name);
  const { entries } = await records.buses.page({ prefix: placePrefix(name), limit: maxBuses });
  if (entries.filter(({ value }) => value.name !== defaultBus).length >= maxBuses - 1)
    throw limitExceeded();
  if (input.Tags !== undefined && input.Tags.length > 0)
    call.authorize('events:TagResource', busResource({ name, entry }), {
      conditions: tagConditions(input),
    });
  const bus: Bus = {
    ...newBus(name, call.now),
    ...optionsOf(input),
    tags: withTags([], input.Tags),
  };
  call.stage(records.buses.insert(busId(name), bus));
  return { EventBusArn: busArn(name), ...shownOptions(bus) };
}

interface Options {
  readonly Description?: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly LogConfig?: LogConfig;
}

function optionsOf({ Description, DeadLetterConfig, LogConfig: log }: Options): Partial<Bus> {
  return {
    ...(Description === undefined ? {} : { description: Description }),
    ...(DeadLetterConfig?.Arn === undefined ? {} : { deadLetterArn: DeadLetterConfig.Arn }),
    ...(log === undefined
      ? {}
      : {
          logConfig: {
            ...(log.Level === undefined ? {} : { level: log.Level }),
            ...(log.IncludeDetail === undefined ? {} : { includeDetail: log.IncludeDetail }),
          },
        }),
  };
}

function shownOptions({ description, deadLetterArn, logConfig }: Bus) {
  const { level, includeDetail } = logConfig ?? {};
  return {
    ...(description === undefined ? {} : { Description: description }),
    ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: deadLetterArn } }),
    ...(logConfig === undefined
      ? {}
      : {
          LogConfig: {
            ...(level === undefined ? {} : { Level: level as Level }),
            ...(includeDetail === undefined
              ? {}
              : { IncludeDetail: includeDetail as NonNullable<LogConfig['IncludeDetail']> }),
          },
        }),
  };
}

/** A default bus that nothing was ever done with has no times. */
const shown = async (
  { ports }: EventsContext,
  bus: Bus,
  isRecorded: boolean,
): Promise<EventBus> => ({
  Name: bus.name,
  Arn: busArn(bus),
  ...(bus.description === undefined ? {} : { Description: bus.description }),
  ...(bus.policy === undefined ? {} : { Policy: await shownPolicy(bus.policy, ports.arnOf) }),
  ...(isRecorded ? { CreationTime: bus.createdAt, LastModifiedTime: bus.modifiedAt } : {}),
});

async function listBuses(
  context: EventsContext,
  {
    NamePrefix: prefix = '',
    Limit: limit = defaultPage,
    NextToken: token,
  }: Input<'ListEventBuses'>,
  call: Call,
): Promise<EventsModel['ListEventBuses']['output']> {
  const place = placeOf(call);
  const list = ['ListEventBuses', place.account, place.region, prefix];
  const after = cursorOf(context, list, token);
  const start = placePrefix(place);
  const { entries } = await context.records.buses.page({
    prefix: `${start}${prefix}`,
    ...(after === undefined ? {} : { after: `${start}${after}` }),
    limit: limit + 1,
  });
  const buses = entries.map(({ value }) => value);
  const isListed = defaultBus.startsWith(prefix) && (after === undefined || defaultBus > after);
  if (isListed && !buses.some(({ name }) => name === defaultBus))
    buses.push(newBus({ ...place, name: defaultBus }, 0));
  buses.sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = buses.slice(0, limit);
  const next = buses.length > limit ? page.at(-1)?.name : undefined;
  const EventBuses = await Promise.all(page.map((bus) => shown(context, bus, bus.createdAt > 0)));
  return { EventBuses, ...nextToken(context, list, next) };
}
