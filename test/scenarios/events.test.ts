/** Events through the wire: to functions, logs and other buses, by patterns and by schedules. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { logs as logsModel } from '../../src/model/logs.generated.ts';
import { secretsmanager } from '../../src/model/secretsmanager.generated.ts';
import { ask } from '../ask.ts';
import {
  eventFrom,
  eventsOf,
  eventsRole,
  logGroupArn,
  logged,
  loggingRule,
  newName,
  pattern,
  untilDead,
  untilLogged,
} from '../event-calls.ts';
import { allowing } from '../identities.ts';
import {
  type Ask,
  asker,
  creation,
  executionRole,
  got,
  lambdaOf,
  refused,
  until,
} from '../lambda.ts';
import { callsOf, moveClock } from '../parameter-calls.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const account = '000000000000';
const data = freshFolder();
let server: RunningServer;
let call: Ask;
before(async () => {
  server = await startServer({ mode: 'dev', data });
  call = eventsOf(server);
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

interface Told {
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
  readonly id: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const logTo = (rule: object, facts: { name?: string; bus?: string; target?: object } = {}) => {
  const { name = newName('rule') } = facts;
  return loggingRule(call, { account, rule, ...facts, name }).then(() => name);
};
const told = async (group: string, count = 1) =>
  (await untilLogged(server, group, count)) as Told[];

describe('An event for a function', () => {
  const arnOf = (name: string) => `arn:aws:lambda:us-east-1:${account}:function:${name}`;
  let name: string;
  before(async () => {
    const role = await executionRole(server, newName('function-role'));
    name = newName('function');
    const code = 'export const handler = async (event) => console.log(JSON.stringify({ event }));';
    await got(lambdaOf(server)('CreateFunction', creation(name, role, code)));
  });

  const invoked = () =>
    until(async () => {
      const lines = await logged(server, `/aws/lambda/${name}`);
      const found = lines
        .map((line) => JSON.stringify(line))
        .filter((line) => line.includes('event'));
      return found.length > 0 ? found : undefined;
    });

  test('is a dead letter while the rule may not invoke it, and invokes it when it may', async () => {
    const Rule = newName('rule');
    const { RuleArn } = await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    const Targets = [{ Id: 'one', Arn: arnOf(name) }];
    await got(call('PutTargets', { Rule, Targets }));
    await got(call('PutEvents', eventFrom(Rule, { n: 1 })));
    const letter = await untilDead(data, arnOf(name));
    assert.equal(letter.ERROR_CODE, 'NO_PERMISSIONS');
    assert.equal(letter.RULE_ARN, RuleArn);
    const permission = { Action: 'lambda:InvokeFunction', Principal: 'events.amazonaws.com' };
    await got(
      lambdaOf(server)('AddPermission', {
        ...{ FunctionName: name, StatementId: 'rule', SourceArn: RuleArn },
        ...permission,
      }),
    );
    const { Entries } = await got(call('PutEvents', eventFrom(Rule, { n: 2 })));
    const [{ EventId }] = Entries as [{ EventId: string }];
    const lines = await invoked();
    assert.ok(lines.join().includes(EventId), lines.join());
  });

  test('is a dead letter when there is no such function', async () => {
    const Rule = newName('rule');
    const Arn = arnOf('there-is-none');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    await got(call('PutTargets', { Rule, Targets: [{ Id: 'one', Arn }] }));
    await got(call('PutEvents', eventFrom(Rule, {})));
    assert.match(String((await untilDead(data, Arn)).ERROR_CODE), /^NO_(PERMISSIONS|RESOURCE)$/);
  });
});

describe('A rule', () => {
  test('that is disabled, changed or deleted sees events as it is then', async () => {
    const name = await logTo(pattern({ source: ['one'] }));
    await got(call('PutEvents', eventFrom('one', { n: 1 })));
    await told(name);
    await got(call('DisableRule', { Name: name }));
    await got(call('PutEvents', eventFrom('one', { n: 2 })));
    await pause(300);
    await got(call('EnableRule', { Name: name }));
    await got(call('PutRule', { Name: name, ...pattern({ source: ['two'] }) }));
    await got(call('PutEvents', eventFrom('one', { n: 3 })));
    await got(call('PutEvents', eventFrom('two', { n: 4 })));
    const seen = await told(name, 2);
    await pause(300);
    assert.deepEqual(
      seen.map(({ detail }) => detail.n),
      [1, 4],
    );
    assert.equal((await logged(server, name)).length, 2);
  });

  test('has five targets at most, each of which gets the event', async () => {
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    const groups = [1, 2, 3, 4, 5].map((n) => `${Rule}/${n}`);
    const Targets = groups.map((group, i) => ({ Id: `t${i}`, Arn: logGroupArn(account, group) }));
    await got(call('PutTargets', { Rule, Targets }));
    const { Entries } = await got(call('PutEvents', eventFrom(Rule, {})));
    const [{ EventId }] = Entries as [{ EventId: string }];
    for (const group of groups) assert.equal((await told(group))[0]?.id, EventId);
  });

  test('may be one of many: all that match get the event', async () => {
    const bus = newName('bus');
    await got(call('CreateEventBus', { Name: bus }));
    const names = Array.from({ length: 60 }, (_, i) => `rule-${String(i).padStart(2, '0')}-${bus}`);
    for (const name of names) await logTo(pattern({ source: [{ prefix: 'a' }] }), { name, bus });
    await got(call('PutEvents', eventFrom('abc', {}, { EventBusName: bus })));
    for (const name of names) await told(name);
    const listed = await got(call('ListRules', { EventBusName: bus }));
    assert.equal((listed.Rules as unknown[]).length, 60);
  });

  test('does not see events of another bus', async () => {
    const bus = newName('bus');
    await got(call('CreateEventBus', { Name: bus }));
    const here = await logTo(pattern({ source: [bus] }));
    const there = await logTo(pattern({ source: [bus] }), { bus });
    await got(call('PutEvents', eventFrom(bus, {}, { EventBusName: bus })));
    await told(there);
    await pause(200);
    assert.deepEqual(await logged(server, here), []);
  });

  test('can be sent to what is here only', async () => {
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    const put = (target: object) =>
      call('PutTargets', { Rule, Targets: [{ Id: 'one', ...target }] });
    for (const [target, reason] of [
      [{ Arn: `arn:aws:sqs:us-east-1:${account}:queue` }, /Sealhold sends events to/],
      [{ Arn: 'a' }, /not in correct format/],
      [{ Arn: logGroupArn('444455556666', 'a') }, /has to be in the rule's Region/],
      [{ Arn: logGroupArn(account, 'a', 'eu-west-1') }, /has to be in the rule's Region/],
      [{ Arn: `arn:aws:events:us-east-1:${account}:event-bus/b` }, /^RoleArn is required/],
      [{ Arn: logGroupArn(account, 'a'), Input: '{' }, /must be valid JSON/],
      [{ Arn: logGroupArn(account, 'a'), InputPath: 'detail' }, /^Invalid InputPath/],
    ] as const)
      await refused(put(target), [400, 'ValidationException', reason]);
  });
});

describe('A schedule', () => {
  test('fires on time, and makes nothing up', async () => {
    const name = await logTo({ ScheduleExpression: 'rate(5 minutes)' });
    await moveClock(server.endpoint, '290s');
    await pause(1_200);
    assert.deepEqual(await logged(server, name), []);
    await moveClock(server.endpoint, '15s');
    const [event] = await told(name);
    assert.equal(event?.source, 'aws.events');
    assert.equal(event['detail-type'], 'Scheduled Event');
    assert.deepEqual(event.resources, [`arn:aws:events:us-east-1:${account}:rule/${name}`]);
    assert.deepEqual(event.detail, {});
    await moveClock(server.endpoint, '2h');
    const all = await told(name, 2);
    await pause(1_200);
    assert.equal((await logged(server, name)).length, 2);
    const [first, second] = all.map(({ time }) => Date.parse(time));
    assert.equal(Number(second) - Number(first), 300_000);
    await got(call('DisableRule', { Name: name }));
    await moveClock(server.endpoint, '2h');
    await pause(1_200);
    assert.equal((await logged(server, name)).length, 2);
    await got(call('EnableRule', { Name: name }));
    await moveClock(server.endpoint, '5m');
    await told(name, 3);
    await got(call('DisableRule', { Name: name }));
  });

  test('may be a cron expression in UTC', async () => {
    const name = await logTo({ ScheduleExpression: 'cron(30 4 ? * MON *)' });
    await moveClock(server.endpoint, '8d');
    const [event] = await told(name);
    const time = new Date(String(event?.time));
    assert.deepEqual([time.getUTCDay(), time.toISOString().slice(11)], [1, '04:30:00.000Z']);
    await got(call('DisableRule', { Name: name }));
  });
});

describe('Services tell', () => {
  test('what becomes of parameters', async () => {
    const ssm = callsOf(server);
    const Name = `/${newName('parameter')}`;
    const rule = { source: ['aws.ssm'], 'detail-type': [{ prefix: 'Parameter Store' }] };
    const name = await logTo(pattern({ ...rule, resources: [{ suffix: Name }] }));
    const Policies = JSON.stringify([
      { Type: 'Expiration', Version: '1.0', Attributes: { Timestamp: '2100-01-01T00:00:00.000Z' } },
      { Type: 'NoChangeNotification', Version: '1.0', Attributes: { After: '20', Unit: 'Days' } },
    ]);
    await ssm('PutParameter', { Name, Value: 'v', Type: 'String', Tier: 'Advanced', Policies });
    await moveClock(server.endpoint, '21d');
    const [created, action] = await told(name, 2);
    assert.deepEqual(created?.detail, { operation: 'Create', name: Name, type: 'String' });
    assert.equal(action?.['detail-type'], 'Parameter Store Policy Action');
    assert.equal(action.detail['policy-type'], 'NoChangeNotification');
    await ssm('DeleteParameter', { Name });
    const [, , deleted] = await told(name, 3);
    assert.equal(deleted?.detail.operation, 'Delete');
  });

  test('what becomes of keys', async () => {
    const kms = ask(server);
    const rotation = { source: ['aws.kms'], 'detail-type': [{ prefix: 'KMS ' }] };
    const name = await logTo(pattern(rotation));
    const { body } = await kms('CreateKey', {});
    const { KeyId, Arn } = body.KeyMetadata as { KeyId: string; Arn: string };
    await kms('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
    await moveClock(server.endpoint, '91d');
    const [rotated] = await told(name);
    assert.equal(rotated?.['detail-type'], 'KMS CMK Rotation');
    assert.deepEqual([rotated.resources, rotated.detail], [[Arn], { 'key-id': KeyId }]);
    await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    await moveClock(server.endpoint, '8d');
    const [, deleted] = await told(name, 2);
    assert.equal(deleted?.['detail-type'], 'KMS CMK Deletion');
  });

  test('what is called of them, and what Secrets Manager does by itself', async () => {
    const secrets = asker(secretsmanager)(server);
    const name = await logTo(pattern({ source: ['aws.secretsmanager'] }));
    const Name = newName('secret');
    await got(
      secrets('CreateSecret', { Name, SecretString: 'v', ClientRequestToken: '1'.repeat(32) }),
    );
    await got(secrets('GetSecretValue', { SecretId: Name }));
    await got(secrets('DeleteSecret', { SecretId: Name, RecoveryWindowInDays: 7 }));
    await moveClock(server.endpoint, '8d');
    const all = await told(name, 4);
    const kinds = all.map((each) => `${each['detail-type']} ${each.detail.eventName}`);
    assert.deepEqual(kinds.sort(), [
      'AWS API Call via CloudTrail CreateSecret',
      'AWS API Call via CloudTrail DeleteSecret',
      'AWS Service Event via CloudTrail EndSecretVersionDelete',
      'AWS Service Event via CloudTrail StartSecretVersionDelete',
    ]);
  });

  test('of calls that only read to rules that ask for all of them', async () => {
    const rule = pattern({
      source: ['aws.secretsmanager'],
      detail: { eventName: ['GetSecretValue'] },
    });
    const State = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
    const all = await logTo({ ...rule, State });
    const usual = await logTo(rule);
    const secrets = asker(secretsmanager)(server);
    const Name = newName('secret');
    await got(
      secrets('CreateSecret', { Name, SecretString: 'v', ClientRequestToken: '1'.repeat(32) }),
    );
    await got(secrets('GetSecretValue', { SecretId: Name }));
    const [event] = await told(all);
    assert.equal(event?.detail.readOnly, true);
    await pause(200);
    assert.deepEqual(await logged(server, usual), []);
  });

  test('nothing of what EventBridge does itself, which would never end', async () => {
    const State = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
    // The test reads logs, which is an API call too.
    const source = ['aws.events', 'aws.kms', 'aws.lambda', 'aws.secretsmanager', 'aws.sts'];
    const name = await logTo({ ...pattern({ source }), State });
    await ask(server)('CreateKey', {});
    await told(name, 1);
    await pause(1_500);
    const before = (await logged(server, name)).length;
    await pause(1_500);
    assert.equal((await logged(server, name)).length, before);
    await got(call('DisableRule', { Name: name }));
  });
});

describe('An event for another bus', () => {
  test('goes there by a role, keeps all but its id, and goes no further', async () => {
    const [first, second, third] = [newName('bus'), newName('bus'), newName('bus')];
    for (const Name of [first, second, third]) await got(call('CreateEventBus', { Name }));
    const RoleArn = await eventsRole(server, allowing('events:PutEvents'));
    const arnOf = (bus: string) => `arn:aws:events:us-east-1:${account}:event-bus/${bus}`;
    const forward = async (from: string, to: string) => {
      const on = { EventBusName: from };
      await got(call('PutRule', { Name: 'forward', ...on, ...pattern({ source: ['s'] }) }));
      const Targets = [{ Id: 'bus', Arn: arnOf(to), RoleArn }];
      await got(call('PutTargets', { Rule: 'forward', ...on, Targets }));
    };
    await forward(first, second);
    await forward(second, third);
    const [seen, unseen] = [newName('rule'), newName('rule')];
    await logTo(pattern({ source: ['s'] }), { name: seen, bus: second });
    await logTo(pattern({ source: ['s'] }), { name: unseen, bus: third });
    const given = { EventBusName: first, Resources: ['a', 'b'] };
    const { Entries } = await got(call('PutEvents', eventFrom('s', { n: 1.5 }, given)));
    const [event] = await told(seen);
    assert.notEqual(event?.id, (Entries as [{ EventId: string }])[0].EventId);
    assert.deepEqual([event?.detail, event?.resources], [{ n: 1.5 }, ['a', 'b']]);
    await pause(500);
    assert.deepEqual(await logged(server, unseen), []);
  });

  test('is a dead letter when the role may not put it there', async () => {
    const RoleArn = await eventsRole(server, allowing('events:PutRule'));
    const Name = newName('bus');
    const { EventBusArn: Arn } = await got(call('CreateEventBus', { Name }));
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    await got(call('PutTargets', { Rule, Targets: [{ Id: 'bus', Arn, RoleArn }] }));
    await got(call('PutEvents', eventFrom(Rule, {})));
    assert.equal((await untilDead(data, String(Arn))).ERROR_CODE, 'NO_PERMISSIONS');
  });
});

describe('What an event says', () => {
  test('comes as it was written, to the last digit', async () => {
    const name = newName('rule');
    const InputTransformer = {
      InputPathsMap: { n: '$.detail.n', big: '$.detail.big', all: '$.detail' },
      InputTemplate: '{"n": <n>, "big": "<big>", "all": <all>}',
    };
    await logTo(pattern({ source: [name], detail: { n: [{ numeric: ['=', 1] }] } }), {
      name,
      target: { InputTransformer },
    });
    const Detail = '{"n": 1.0, "big": 12345678901234567890, "e": 1E2, "ä": "\\u00e4"}';
    await got(call('PutEvents', { Entries: [{ Source: name, DetailType: 'd', Detail }] }));
    const { body } = await until(async () => {
      const found = await asker(logsModel)(server)('FilterLogEvents', { logGroupName: name });
      return found.status === 200 && (found.body.events as unknown[]).length > 0
        ? found
        : undefined;
    });
    const [{ message }] = body.events as [{ message: string }];
    assert.equal(
      message,
      '{"n": 1.0, "big": "12345678901234567890", "all": {"n":1.0,"big":12345678901234567890,"e":1E2,"ä":"ä"}}',
    );
  });
});
