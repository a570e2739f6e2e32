/** PutEvents: events of the caller's own. */
import type {
  EventsModel,
  PutEventsRequestEntry,
  PutEventsResultEntry,
} from '../../model/events.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { newUuid } from '../../uuid.ts';
import type { EventsContext } from './context.ts';
import { envelopeOf } from './envelope.ts';
import { entryErrors, noGlobalEndpoints, tooMuchAtOnce } from './errors.ts';
import { isObject, parsed } from './event-json.ts';
import { busResource, findBus, type NamedBus } from './finder.ts';
import type { Inbox } from './inbox.ts';

/** EventBridge's limit of a request, and what it counts of a time. */
const maxBytes = 256 * 1024;
const timeBytes = 14;
/** The last time that is written with a year of four digits. */
const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59);

type Entry = PutEventsRequestEntry;

export function putEventsOperations(context: EventsContext, inbox: Inbox) {
  return {
    PutEvents: {
      readOnly: false,
      run: async (input, call) => {
        if (input.EndpointId !== undefined) throw noGlobalEndpoints();
        call.note({ requestParameters: { entries: input.Entries.map(shownEntry) } });
        const buses = await authorizedBuses(context, input.Entries, call);
        if (input.Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > maxBytes)
          throw tooMuchAtOnce();
        const entries = input.Entries.map((entry, i) =>
          putEvent(entry, { call, inbox, bus: buses[i] as NamedBus }),
        );
        const failed = entries.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
        return { FailedEntryCount: failed, Entries: entries };
      },
    },
  } satisfies Operations<EventsModel, 'PutEvents'>;
}

/** The trail tells of an event all but what it says. */
const shownEntry = ({ Detail: _, ...entry }: Entry): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(entry).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      name === 'Time' ? new Date(Number(value)).toJSON() : value,
    ]),
  );

/** The bus of each entry, decided on with the entry. @throws ApiError AccessDeniedException */
async function authorizedBuses(
  context: EventsContext,
  entries: readonly Entry[],
  call: Call,
): Promise<readonly NamedBus[]> {
  const buses: NamedBus[] = [];
  for (const { EventBusName, Source, DetailType } of entries) {
    const bus = await findBus(context, EventBusName, call);
    const keys: Readonly<Record<string, string | undefined>> = {
      'events:source': Source,
      'events:detail-type': DetailType,
      'events:eventbusinvocation': 'false',
    };
    call.authorize('events:PutEvents', busResource(bus), {
      conditions: (key) => keys[key],
      concealedAs: 'this resource',
    });
    buses.push(bus);
  }
  return buses;
}

function sizeOf({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  const sizeBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return sizeBytes + (Time === undefined ? 0 : timeBytes);
}

function putEvent(
  entry: Entry,
  { call, inbox, bus }: { readonly call: Call; readonly inbox: Inbox; readonly bus: NamedBus },
): PutEventsResultEntry {
  const { Source, DetailType, Detail, Resources = [], Time: time = call.now } = entry;
  if (!Source) return entryErrors.missing('Source');
  if (!DetailType) return entryErrors.missing('DetailType');
  if (!Detail) return entryErrors.missing('Detail');
  if (Source.startsWith('aws.')) return entryErrors.sourceOfAws;
  const detail = parsed(Detail)?.value;
  if (!isObject(detail)) return entryErrors.malformedDetail;
  if (!(time >= 0 && time <= lastTime)) return entryErrors.timeInvalid;
  const id = newUuid(call.world);
  // A bus that isn't there, or has never had a rule, takes the event and nothing comes of it.
  if (bus.entry?.value.hadRules !== true) return { EventId: id };
  if (inbox.isFull()) return entryErrors.busy;
  const { account } = call.principal;
  const event = envelopeOf(
    {
      ...{ account, time, detail },
      source: Source,
      detailType: DetailType,
      region: call.region,
      resources: Resources,
    },
    id,
  );
  call.stage(inbox.add({ bus: bus.name, event, ingestedAt: call.now, isForwarded: false }));
  return { EventId: id };
}
