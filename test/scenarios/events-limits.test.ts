/** Buses, lists and limits of EventBridge. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { destinationAt, eventsOf, logGroupArn, newName, pattern } from '../event-calls.ts';
import { type Ask, got, refused } from '../lambda.ts';
import { type RunningServer, startServer } from '../running-server.ts';

let server: RunningServer;
let call: Ask;
before(async () => {
  server = await startServer({ mode: 'dev' });
  call = eventsOf({ ...server, accessKeyId: '111122223333' });
});
after(() => server.stop());

const account = '111122223333';
const invalid = [400, 'ValidationException'] as const;
const rule = pattern({ source: ['s'] });

/** Everything on all pages of a list. */
async function all(operation: string, member: string, input: object): Promise<unknown[]> {
  const found: unknown[] = [];
  let more: object = {};
  do {
    const page = await got(call(operation, { ...input, ...more }));
    found.push(...(page[member] as unknown[]));
    more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
  } while ('NextToken' in more);
  return found;
}
const names = (found: readonly unknown[]) => found.map((each) => (each as { Name: string }).Name);

describe('A bus', () => {
  test('keeps what it is told, and shows it', async () => {
    const Name = newName('bus');
    const DeadLetterConfig = { Arn: `arn:aws:sqs:us-east-1:${account}:queue` };
    const LogConfig = { Level: 'ERROR', IncludeDetail: 'NONE' };
    const made = await got(call('CreateEventBus', { Name, DeadLetterConfig }));
    assert.deepEqual(made.DeadLetterConfig, DeadLetterConfig);
    const updated = await got(call('UpdateEventBus', { Name, Description: 'mine', LogConfig }));
    assert.equal(updated.Name, Name);
    const { CreationTime, LastModifiedTime, ...shown } = await got(
      call('DescribeEventBus', { Name }),
    );
    assert.ok(Number(LastModifiedTime) >= Number(CreationTime));
    assert.deepEqual(shown, {
      Name,
      Arn: `arn:aws:events:us-east-1:${account}:event-bus/${Name}`,
      Description: 'mine',
      DeadLetterConfig,
      LogConfig,
    });
    const KmsKeyIdentifier = 'alias/a';
    await refused(call('UpdateEventBus', { Name, KmsKeyIdentifier }), invalid);
    await refused(call('UpdateEventBus', { Name: 'none' }), [400, 'ResourceNotFoundException']);
  });

  test('is deleted when it has no rules', async () => {
    const Name = newName('bus');
    await got(call('CreateEventBus', { Name }));
    await got(call('PutRule', { Name: 'r', EventBusName: Name, ...rule }));
    await refused(call('DeleteEventBus', { Name }), [...invalid, /since it has rules/]);
    await got(call('DeleteRule', { Name: 'r', EventBusName: Name }));
    await got(call('DeleteEventBus', { Name }));
  });

  test('has no name of a partner, nor of the default one', async () => {
    await refused(call('CreateEventBus', { Name: 'a/b' }), invalid);
    await refused(call('CreateEventBus', { Name: 'default' }), [
      400,
      'ResourceAlreadyExistsException',
    ]);
    const EventSourceName = 'aws.partner/example.com/a';
    const partner = call('CreateEventBus', { Name: EventSourceName, EventSourceName });
    await refused(partner, invalid);
  });

  test('is one of a hundred at most, and has three hundred rules at most', async () => {
    const crowd = eventsOf({ ...server, accessKeyId: '222233334444' });
    for (let i = 0; i < 99; i++) await got(crowd('CreateEventBus', { Name: `bus-${i}` }));
    await refused(crowd('CreateEventBus', { Name: 'more' }), [400, 'LimitExceededException']);
    for (let i = 0; i < 300; i++) await got(crowd('PutRule', { Name: `rule-${i}`, ...rule }));
    await refused(crowd('PutRule', { Name: 'more', ...rule }), [400, 'LimitExceededException']);
    await got(crowd('PutRule', { Name: 'rule-7', ...rule, Description: 'again' }));
  });
});

describe('A list', () => {
  test('stays right while rules come and go', async () => {
    const EventBusName = newName('bus');
    await got(call('CreateEventBus', { Name: EventBusName }));
    const put = (Name: string) => got(call('PutRule', { Name, EventBusName, ...rule }));
    for (const name of ['b', 'd', 'f', 'h']) await put(name);
    const first = await got(call('ListRules', { EventBusName, Limit: 2 }));
    assert.deepEqual(names(first.Rules as unknown[]), ['b', 'd']);
    await got(call('DeleteRule', { Name: 'b', EventBusName }));
    for (const name of ['a', 'e', 'g']) await put(name);
    const { NextToken } = first;
    const rest = await got(call('ListRules', { EventBusName, NextToken }));
    assert.deepEqual(names(rest.Rules as unknown[]), ['e', 'f', 'g', 'h']);
    assert.equal(rest.NextToken, undefined);
  });

  test('has the default bus where it belongs, on each size of pages', async () => {
    const lists = eventsOf({ ...server, accessKeyId: '333344445555' });
    for (const Name of ['a', 'c', 'e', 'z']) await got(lists('CreateEventBus', { Name }));
    for (const Limit of [1, 2, 3, 5, 10]) {
      const found: unknown[] = [];
      let NextToken: unknown;
      do {
        const page = await got(
          lists('ListEventBuses', { Limit, ...(NextToken ? { NextToken } : {}) }),
        );
        found.push(...(page.EventBuses as unknown[]));
        ({ NextToken } = page);
      } while (NextToken !== undefined);
      assert.deepEqual(names(found), ['a', 'c', 'default', 'e', 'z'], `pages of ${Limit}`);
    }
  });

  test('takes its own tokens only', async () => {
    const EventBusName = newName('bus');
    await got(call('CreateEventBus', { Name: EventBusName }));
    for (const Name of ['a', 'b']) await got(call('PutRule', { Name, EventBusName, ...rule }));
    const { NextToken } = await got(call('ListRules', { EventBusName, Limit: 1 }));
    for (const [operation, input] of [
      ['ListRules', { NextToken }],
      ['ListRules', { EventBusName, NamePrefix: 'a', NextToken }],
      ['ListEventBuses', { NextToken }],
      ['ListRules', { EventBusName, NextToken: `${NextToken}A` }],
      ['ListRules', { EventBusName, NextToken: 'a' }],
    ] as const)
      await refused(call(operation, input), invalid);
    const stranger = eventsOf({ ...server, accessKeyId: '444455556666' });
    await refused(stranger('ListRules', { NextToken }), invalid);
  });

  test('of API destinations and connections has what is asked for', async () => {
    const made: string[] = [];
    for (let i = 0; i < 3; i++) made.push(await destinationAt(call, 'https://example.com/'));
    const own = made.map((arn) => String(arn.split('/')[1]));
    const listed = await all('ListApiDestinations', 'ApiDestinations', { Limit: 1 });
    assert.deepEqual(names(listed), [...own].sort());
    const [{ ConnectionArn }] = listed as [{ ConnectionArn: string }];
    const some = await all('ListApiDestinations', 'ApiDestinations', { ConnectionArn });
    assert.equal(some.length, 1);
    assert.equal((await all('ListConnections', 'Connections', { Limit: 2 })).length, 3);
    const none = { ConnectionState: 'DEAUTHORIZED' };
    assert.deepEqual(await all('ListConnections', 'Connections', none), []);
  });
});

describe('Tags', () => {
  test('are fifty at most, and none of AWS’s', async () => {
    const Name = newName('rule');
    const { RuleArn: ResourceARN } = await got(call('PutRule', { Name, ...rule }));
    const tags = (count: number, prefix = 'k') =>
      Array.from({ length: count }, (_, i) => ({ Key: `${prefix}${i}`, Value: 'v' }));
    await got(call('TagResource', { ResourceARN, Tags: tags(50) }));
    await refused(call('TagResource', { ResourceARN, Tags: tags(1, 'more') }), invalid);
    const reserved = [{ Key: 'aws:a', Value: 'v' }];
    await refused(call('TagResource', { ResourceARN, Tags: reserved }), invalid);
    await refused(call('UntagResource', { ResourceARN, TagKeys: ['aws:a'] }), invalid);
    const other = `arn:aws:events:us-east-1:${account}:connection/a/b`;
    await refused(call('ListTagsForResource', { ResourceARN: other }), invalid);
  });
});

describe('What is put', () => {
  test('keeps its targets and tags when its rule is put again', async () => {
    const Name = newName('rule');
    const Tags = [{ Key: 'a', Value: 'b' }];
    const put = { Name, ...rule, Description: 'first', Tags };
    const { RuleArn: ResourceARN } = await got(call('PutRule', put));
    const Targets = [{ Id: 'one', Arn: logGroupArn(account, 'a') }];
    await got(call('PutTargets', { Rule: Name, Targets }));
    const again = { Name, ScheduleExpression: 'rate(1 day)', Tags: [{ Key: 'c', Value: 'd' }] };
    await got(call('PutRule', { ...again, State: 'DISABLED' }));
    assert.deepEqual(await got(call('DescribeRule', { Name })), {
      Name,
      Arn: ResourceARN,
      ScheduleExpression: 'rate(1 day)',
      State: 'DISABLED',
      EventBusName: 'default',
      CreatedBy: account,
    });
    assert.deepEqual((await got(call('ListTargetsByRule', { Rule: Name }))).Targets, Targets);
    assert.deepEqual((await got(call('ListTagsForResource', { ResourceARN }))).Tags, Tags);
    await refused(call('PutRule', { Name }), [...invalid, /must be specified/]);
  });

  test('of events is an entry each, right or wrong', async () => {
    const { Entries, FailedEntryCount } = await got(
      call('PutEvents', {
        Entries: [
          { Source: 'a', DetailType: 'b', Detail: '{}' },
          { Source: 'aws.kms', DetailType: 'b', Detail: '{}' },
          { Source: 'a', DetailType: 'b', Detail: '[]' },
          { Source: 'a', DetailType: 'b', Detail: `${'['.repeat(9_000)}` },
          { Source: 'a', DetailType: 'b', Detail: '{}', Time: 2.6e11 },
          { Source: 'a', DetailType: 'b', Detail: '{}', Time: 0 },
        ],
      }),
    );
    const codes = (Entries as Array<{ ErrorCode?: string }>).map(({ ErrorCode: code }) => code);
    assert.deepEqual(codes, [
      undefined,
      'NotAuthorizedForSourceException',
      'MalformedDetail',
      'MalformedDetail',
      'InvalidArgument',
      undefined,
    ]);
    assert.equal(FailedEntryCount, 4);
    const entry = { Source: 'a', DetailType: 'b', Detail: '{}' };
    await refused(call('PutEvents', { Entries: [entry], EndpointId: 'abc.veo' }), invalid);
  });
});
