/** EventBridge on a running server, called as SDKs do, and what events have come to log groups. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { events } from '../src/model/events.generated.ts';
import { type Credentials, newRole } from './identities.ts';
import { type Ask, asker, got, logsOf, until } from './lambda.ts';

export const eventsOf = asker(events);

export const logGroupArn = (account: string, group: string, region = 'us-east-1'): string =>
  `arn:aws:logs:${region}:${account}:log-group:${group}`;

/** What has come to a log group, oldest first: JSON where it is, text elsewhere. */
export async function logged(who: Credentials, group: string): Promise<unknown[]> {
  const { status, body } = await logsOf(who)('FilterLogEvents', { logGroupName: group });
  if (status !== 200) return [];
  return (body.events as Array<{ message: string }>).map(({ message }) => jsonOr(message));
}

/** Looks until so many have come. */
export const untilLogged = (who: Credentials, group: string, count: number): Promise<unknown[]> =>
  until(async () => {
    const found = await logged(who, group);
    return found.length >= count ? found : undefined;
  });

function jsonOr(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : text;
  } catch {
    return text;
  }
}

/** A rule whose target is a log group of the same name. */
export async function loggingRule(
  call: Ask,
  facts: {
    readonly account: string;
    readonly name: string;
    readonly rule: object;
    readonly bus?: string;
    readonly target?: object;
  },
): Promise<void> {
  const { account, name, rule, bus, target = {} } = facts;
  const on = bus === undefined ? {} : { EventBusName: bus };
  await got(call('PutRule', { Name: name, ...rule, ...on }));
  const Arn = logGroupArn(account, name);
  await got(call('PutTargets', { Rule: name, ...on, Targets: [{ Id: 'log', Arn, ...target }] }));
}

export const pattern = (pattern: object): object => ({ EventPattern: JSON.stringify(pattern) });

/** One event of the caller's own. */
export const eventFrom = (Source: string, detail: object, rest: object = {}): object => ({
  Entries: [{ Source, DetailType: 'a-test', Detail: JSON.stringify(detail), ...rest }],
});

let made = 0;
export const newName = (kind: string): string => `${kind}-${process.pid}-${++made}`;

/** A role that EventBridge may take on. */
export const eventsRole = async (who: Credentials, policy: object): Promise<string> => {
  const trusts = { Service: 'events.amazonaws.com' };
  return (await newRole(who, newName('role'), { trusts, policy })).arn;
};

/** A connection and an API destination at a URL; its ARN. */
export async function destinationAt(
  call: Ask,
  url: string,
  facts: { readonly connection?: object; readonly destination?: object } = {},
): Promise<string> {
  const Name = newName('endpoint');
  const BasicAuthParameters = { Username: 'somebody', Password: 'a-password' };
  const { ConnectionArn } = await got(
    call('CreateConnection', {
      Name,
      AuthorizationType: 'BASIC',
      AuthParameters: { BasicAuthParameters },
      ...facts.connection,
    }),
  );
  const { ApiDestinationArn } = await got(
    call('CreateApiDestination', {
      ...{ Name, ConnectionArn, InvocationEndpoint: url, HttpMethod: 'POST' },
      ...facts.destination,
    }),
  );
  return String(ApiDestinationArn);
}

/** What is in the dead-letter files of a data folder. */
export function deadLetters(data: string): Array<Record<string, unknown>> {
  const folder = join(data, 'dead-letters');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}

export const untilDead = (data: string, targetArn: string): Promise<Record<string, unknown>> =>
  until(async () => deadLetters(data).find(({ TARGET_ARN: arn }) => arn === targetArn));
