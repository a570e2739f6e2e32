/** DescribeLogGroups, DescribeLogStreams, DeleteLogGroup and DeleteLogStream. */
import type { LogGroup, LogStream, LogsModel } from '../../model/logs.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { findLogs, groupArn, type LogsContext, requireGroup, requireStream } from './context.ts';
import { pageOf } from './page.ts';
import { everyEntry, groupId, placeId, type StreamRecord } from './records.ts';
import { removeStream } from './writer.ts';

const mostItems = 50;

export function groupOperations(context: LogsContext) {
  const { records } = context;
  return {
    DescribeLogGroups: {
      readOnly: true,
      find: (input, call) => findLogs(call, { logGroupName: input.logGroupNamePrefix ?? '' }),
      run: (input, call) => describeGroups(context, call, input),
    },
    DescribeLogStreams: {
      readOnly: true,
      find: (input, call) => findLogs(call, input),
      run: (input, call, group: string) => describeStreams(context, call, { input, group }),
    },
    DeleteLogGroup: {
      readOnly: false,
      find: (input, call) => findLogs(call, input),
      run: async (_input, call, group: string) => {
        const entry = await requireGroup(context, call, group);
        for (const stream of await everyEntry(records.streams, `${entry.id}/`))
          call.stage(await removeStream(records, stream));
        call.stage(records.groups.remove(entry));
      },
    },
    DeleteLogStream: {
      readOnly: false,
      find: (input, call) => findLogs(call, input, input.logStreamName),
      run: async (input, call, group: string) => {
        const stream = await requireStream(context, call, { group, stream: input.logStreamName });
        call.stage(await removeStream(records, stream));
      },
    },
  } satisfies Operations<
    LogsModel,
    'DescribeLogGroups' | 'DescribeLogStreams' | 'DeleteLogGroup' | 'DeleteLogStream'
  >;
}

async function describeGroups(
  context: LogsContext,
  call: Call,
  input: LogsModel['DescribeLogGroups']['input'],
): Promise<LogsModel['DescribeLogGroups']['output']> {
  await context.writer.flush();
  const place = { account: call.principal.account, region: call.region };
  const all = await everyEntry(context.records.groups, placeId(place));
  const wanted = all
    .map(({ value }) => value)
    .filter(
      ({ name }) =>
        name.startsWith(input.logGroupNamePrefix ?? '') &&
        name.toLowerCase().includes((input.logGroupNamePattern ?? '').toLowerCase()),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = pageOf(wanted, {
    list: 'groups',
    token: input.nextToken,
    limit: input.limit ?? mostItems,
    nameOf: ({ name }) => name,
  });
  const shown: LogGroup[] = [];
  for (const { name, createdAt } of items) {
    const streams = await everyEntry(context.records.streams, `${groupId(place, name)}/`);
    const arn = groupArn(call, name);
    shown.push({
      logGroupName: name,
      creationTime: createdAt,
      metricFilterCount: 0,
      arn: `${arn}:*`,
      logGroupArn: arn,
      storedBytes: streams.reduce((sum, { value }) => sum + value.storedBytes, 0),
      logGroupClass: 'STANDARD',
    });
  }
  return { logGroups: shown, ...next };
}

async function describeStreams(
  context: LogsContext,
  call: Call,
  {
    input,
    group,
  }: { readonly input: LogsModel['DescribeLogStreams']['input']; readonly group: string },
): Promise<LogsModel['DescribeLogStreams']['output']> {
  const { id } = await requireGroup(context, call, group);
  const all = await everyEntry(context.records.streams, `${id}/`);
  const wanted = all
    .map(({ value }) => value)
    .filter(({ name }) => name.startsWith(input.logStreamNamePrefix ?? ''))
    .sort(input.orderBy === 'LastEventTime' ? byLastEvent : byName);
  if (input.descending === true) wanted.reverse();
  const { items, next } = pageOf(wanted, {
    list: `streams/${group}`,
    token: input.nextToken,
    limit: input.limit ?? mostItems,
    nameOf: ({ name }) => name,
  });
  return { logStreams: items.map((stream) => shownStream(call, group, stream)), ...next };
}

const byName = (a: StreamRecord, b: StreamRecord): number => (a.name < b.name ? -1 : 1);
const byLastEvent = (a: StreamRecord, b: StreamRecord): number =>
  a.lastEventAt - b.lastEventAt || byName(a, b);

function shownStream(call: Call, group: string, stream: StreamRecord): LogStream {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    firstEventTimestamp: stream.firstEventAt,
    lastEventTimestamp: stream.lastEventAt,
    lastIngestionTime: stream.lastIngestedAt,
    arn: `${groupArn(call, group)}:log-stream:${stream.name}`,
    storedBytes: 0,
  };
}
