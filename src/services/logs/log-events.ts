/** GetLogEvents and FilterLogEvents: what was logged. */
import type { LogsModel } from '../../model/logs.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { findLogs, type LogsContext, requireGroup, requireStream } from './context.ts';
import { tokenInvalid } from './errors.ts';
import { compilePattern } from './filter-pattern.ts';
import { pageOf } from './page.ts';
import { everyEntry, type StoredEvent, type StreamRecord } from './records.ts';

/** AWS's: so many events, or so much text. */
const mostEvents = 10_000;
const pageBytes = 1024 * 1024;

export function logEventOperations(context: LogsContext) {
  return {
    GetLogEvents: {
      readOnly: true,
      find: (input, call) => findLogs(call, input, input.logStreamName),
      run: (input, call, group: string) => getEvents(context, call, { input, group }),
    },
    FilterLogEvents: {
      readOnly: true,
      find: (input, call) => findLogs(call, input),
      run: (input, call, group: string) => filterEvents(context, call, { input, group }),
    },
  } satisfies Operations<LogsModel, 'GetLogEvents' | 'FilterLogEvents'>;
}

/** An event and its number in its stream. */
interface Numbered {
  readonly number: number;
  readonly event: StoredEvent;
}

async function eventsOf(
  { records }: LogsContext,
  stream: Entry<StreamRecord>,
): Promise<Numbered[]> {
  const chunks = await everyEntry(records.chunks, `${stream.id}/`);
  return chunks.flatMap(({ value: { firstEvent, events } }) =>
    events.map((event, i) => ({ number: firstEvent + i, event })),
  );
}

interface Span {
  readonly startTime?: number;
  readonly endTime?: number;
}

/** The end is not in it. */
const isWithin = (at: number, { startTime, endTime }: Span): boolean =>
  at >= (startTime ?? 0) && at < (endTime ?? Number.POSITIVE_INFINITY);

async function getEvents(
  context: LogsContext,
  call: Call,
  { input, group }: { readonly input: LogsModel['GetLogEvents']['input']; readonly group: string },
): Promise<LogsModel['GetLogEvents']['output']> {
  const stream = await requireStream(context, call, { group, stream: input.logStreamName });
  const all = (await eventsOf(context, stream)).filter(({ event }) => isWithin(event.at, input));
  const { eventCount } = stream.value;
  const limit = input.limit ?? mostEvents;
  const { forward, from } = directionOf(input, eventCount);
  const side = all.filter(({ number }) => (forward ? number >= from : number < from));
  const items = forward ? fitting(side, limit) : fitting(side.reverse(), limit).reverse();
  const first = items[0]?.number ?? from;
  const last = items.at(-1)?.number;
  return {
    events: items.map(({ event: { at, ingestedAt, message } }) => ({
      timestamp: at,
      message,
      ingestionTime: ingestedAt,
    })),
    nextForwardToken: `f/${last === undefined ? from : last + 1}`,
    nextBackwardToken: `b/${first}`,
  };
}

/** Without a token: the first events, or the last ones. */
function directionOf(
  { nextToken, startFromHead }: { readonly nextToken?: string; readonly startFromHead?: boolean },
  eventCount: number,
): { readonly forward: boolean; readonly from: number } {
  if (nextToken === undefined)
    return startFromHead === true
      ? { forward: true, from: 0 }
      : { forward: false, from: eventCount };
  const [, direction, number] = /^([fb])\/(\d{1,15})$/.exec(nextToken) ?? [];
  if (number === undefined) throw tokenInvalid();
  return { forward: direction === 'f', from: Number(number) };
}

/** As many from the beginning as an answer may hold. */
function fitting<T extends { readonly event: StoredEvent }>(all: readonly T[], limit: number): T[] {
  let sizeBytes = 0;
  const end = all.findIndex(({ event }, i) => {
    sizeBytes += Buffer.byteLength(event.message);
    return i >= limit || (i > 0 && sizeBytes > pageBytes);
  });
  return all.slice(0, end < 0 ? all.length : end);
}

async function filterEvents(
  context: LogsContext,
  call: Call,
  {
    input,
    group,
  }: { readonly input: LogsModel['FilterLogEvents']['input']; readonly group: string },
): Promise<LogsModel['FilterLogEvents']['output']> {
  const matches = compilePattern(input.filterPattern);
  const { id } = await requireGroup(context, call, group);
  const streams = (await everyEntry(context.records.streams, `${id}/`)).filter(
    ({ value: { name } }) =>
      name.startsWith(input.logStreamNamePrefix ?? '') &&
      (input.logStreamNames?.includes(name) ?? true),
  );
  const found: Found[] = [];
  for (const stream of streams) {
    if (!overlaps(stream.value, input)) continue;
    for (const { number, event } of await eventsOf(context, stream))
      if (isWithin(event.at, input) && matches(event.message))
        found.push({ event, id: eventId(event, number), stream: stream.value.name });
  }
  found.sort((a, b) => a.event.at - b.event.at || (a.id < b.id ? -1 : 1));
  if (input.startFromHead === false) found.reverse();
  return pageOfFound(found, { input, group });
}

interface Found {
  readonly event: StoredEvent;
  readonly id: string;
  readonly stream: string;
}

function pageOfFound(
  found: readonly Found[],
  {
    input,
    group,
  }: { readonly input: LogsModel['FilterLogEvents']['input']; readonly group: string },
): LogsModel['FilterLogEvents']['output'] {
  const nameOf = ({ id, stream }: Found): string => `${id} ${stream}`;
  const asked = { list: `events/${group}`, token: input.nextToken, nameOf };
  const rest = pageOf(found, { ...asked, limit: found.length });
  const limit = fitting(rest.items, input.limit ?? mostEvents).length;
  const { items, next } = pageOf(found, { ...asked, limit });
  return {
    events: items.map(({ event: { at, ingestedAt, message }, id, stream }) => ({
      logStreamName: stream,
      timestamp: at,
      message,
      ingestionTime: ingestedAt,
      eventId: id,
    })),
    searchedLogStreams: [],
    ...next,
  };
}

const overlaps = (stream: StreamRecord, { startTime, endTime }: Span): boolean =>
  stream.lastEventAt >= (startTime ?? 0) &&
  stream.firstEventAt < (endTime ?? Number.POSITIVE_INFINITY);

/** Sorts as the events of one stream do. */
const eventId = ({ at }: StoredEvent, number: number): string =>
  `${String(at).padStart(16, '0')}${String(number).padStart(16, '0')}`;
