/** What the operations share: how a request names a group, and how it is found. */
import type { Call, Found } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { groupMissing, groupNamedTwice, groupNotFound, streamNotFound } from './errors.ts';
import {
  type GroupRecord,
  groupId,
  type LogRecords,
  type StreamRecord,
  streamId,
} from './records.ts';
import type { LogWriter } from './writer.ts';

export interface LogsContext {
  readonly records: LogRecords;
  readonly writer: LogWriter;
}

interface Given {
  readonly logGroupName?: string;
  /** A name, or an ARN. */
  readonly logGroupIdentifier?: string;
}

export const groupArn = ({ partition, region, principal }: Call, group: string): string =>
  `arn:${partition}:logs:${region}:${principal.account}:log-group:${group}`;

/** Decided on the stream, whose name may be empty, as AWS does for groups too. */
export function findLogs(call: Call, given: Given, stream = ''): Found<string> {
  const group = groupIn(call, given);
  return {
    resource: {
      arn: `${groupArn(call, group)}:log-stream:${stream}`,
      account: call.principal.account,
      type: 'AWS::Logs::LogGroup',
    },
    subject: group,
  };
}

/** @throws ApiError ResourceNotFoundException for an ARN of another account or Region. */
function groupIn(call: Call, { logGroupName, logGroupIdentifier }: Given): string {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) throw groupNamedTwice();
  const given = logGroupName ?? logGroupIdentifier;
  if (given === undefined) throw groupMissing();
  const own = groupArn(call, '');
  if (given.startsWith('arn:') && !given.startsWith(own)) throw groupNotFound();
  return given.startsWith(own) ? given.slice(own.length) : given;
}

/** With all that has been logged by now. @throws ApiError ResourceNotFoundException */
export async function requireGroup(
  { records, writer }: LogsContext,
  call: Call,
  group: string,
): Promise<Entry<GroupRecord>> {
  await writer.flush();
  const place = { account: call.principal.account, region: call.region };
  const entry = await records.groups.get(groupId(place, group));
  if (entry === undefined) throw groupNotFound();
  return entry;
}

/** @throws ApiError ResourceNotFoundException */
export async function requireStream(
  context: LogsContext,
  call: Call,
  { group, stream }: { readonly group: string; readonly stream: string },
): Promise<Entry<StreamRecord>> {
  await requireGroup(context, call, group);
  const place = { account: call.principal.account, region: call.region };
  const entry = await context.records.streams.get(streamId(place, group, stream));
  if (entry === undefined) throw streamNotFound();
  return entry;
}
