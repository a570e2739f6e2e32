/** Answers and delivered events in the form in which the EventBridge recordings hold them. */

import { eventsOf, logGroupArn, logged, untilLogged } from '../event-calls.ts';
import type { Credentials } from '../identities.ts';
import { type Answer, got } from '../lambda.ts';
import { moveClock } from '../parameter-calls.ts';

export const account = '111122223333';

/** What a case works with. */
export interface Events {
  readonly who: Credentials;
  /** A call and its answer as recorded. */
  readonly ask: (operation: string, input?: object) => Promise<unknown>;
  /** A call that must not be refused. */
  readonly call: (operation: string, input?: object) => Promise<Record<string, unknown>>;
  /** A name that nothing has. */
  readonly name: (kind: string) => string;
  /** A target that is a new log group of this name. */
  readonly log: (name: string) => string;
  /** What has come to a log group when so many have. */
  readonly delivered: (name: string, count?: number) => Promise<unknown>;
  /** That nothing comes there, though something else did. */
  readonly nothing: (name: string) => Promise<unknown>;
  readonly advance: (span: string) => Promise<void>;
}

export type EventsCase = (events: Events, parameters: readonly string[]) => Promise<object>;

let made = 0;

export function eventsFor(who: Credentials): Events {
  const caller = eventsOf(who);
  return {
    who,
    ask: async (operation, input) => recorded(await caller(operation, input)),
    call: (operation, input) => got(caller(operation, input)),
    name: (kind) => `${kind}-${process.pid}-${++made}-x`,
    log: (name) => logGroupArn(account, name),
    delivered: async (name, count = 1) => bodies(await untilLogged(who, name, count)),
    nothing: async (name) => bodies(await logged(who, name)),
    advance: (span) => moveClock(who.endpoint, span),
  };
}

/** Errors as botocore shows them, else the members and the status. */
function recorded({ status, body }: Answer): object {
  const metadata = { ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: status } };
  if (status === 200) return { ...(documents(body) as object), ...metadata };
  return { Error: { Code: body.__type, Message: body.message }, ...metadata };
}

const documentMembers = new Set(['EventPattern', 'Policy', 'Input', 'SecretString']);

/** Documents stand in the recordings as what they say, not as text. */
function documents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(documents);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      documentMembers.has(name) && typeof member === 'string'
        ? JSON.parse(member)
        : documents(member),
    ]),
  );
}

const isTime = (time: unknown): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(time));

/** As queues had them, whose envelopes the recordings are compared without. */
const bodies = (messages: readonly unknown[]): unknown[] =>
  messages.map((message) => ({ Body: withoutTimes(message) }));

export function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value === 'string') return value.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'date');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'time' && isTime(member) ? 'date' : withoutTimes(member),
    ]),
  );
}

/** A recording without the envelopes of queues; names that are no placeholders made such. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'string') return placeholders.get(value) ?? hyphened(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !('Body' in value) || name === 'Body')
      .map(([name, member]) => [name, comparable(member)]),
  );
}

/** `<rule_name>` and `<rule-name>` are two ways to write a placeholder. */
const hyphened = (text: string): string =>
  text
    .replace(/<[a-z_]+(:\d+)?>/g, (each) => each.replaceAll('_', '-'))
    .replace('second-invalid-target-id', '<target-id>');

const placeholders: ReadonlyMap<string, string> = new Map([
  ['target-arn', '<target-arn>'],
  ['target-id', '<target-id>'],
  ['target-id-one', '<target-id>'],
  ['target-id-two', '<target-id>'],
  ['arn:<partition>:sqs:<region>:111111111111:<queue-name', '<queue-arn>'],
  ['<<next-token>:1>', '<next-token>'],
  ['<<next-token>:2>', '<next-token>'],
  ['<ingestion-time>', 'date'],
]);
