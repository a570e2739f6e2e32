/** Who may do what with events: across accounts, by conditions, and with roles that are passed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  destinationAt,
  eventFrom,
  eventsOf,
  eventsRole,
  logGroupArn,
  logged,
  newName,
  pattern,
  untilDead,
  untilLogged,
} from '../event-calls.ts';
import { allowing, type Credentials, newUser, putUserPolicy } from '../identities.ts';
import { type Ask, got, refused } from '../lambda.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let ours: Account;
let theirs: Account;
let call: Ask;
let callTheirs: Ask;
before(async () => {
  server = await startServer({ mode: 'start', data, args: ['--http-targets', 'public'] });
  ours = newAccount(server);
  theirs = newAccount(server);
  call = eventsOf(ours.root);
  callTheirs = eventsOf(theirs.root);
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the policy language
const theCaller = '${aws:PrincipalAccount}';
const denied = [400, 'AccessDeniedException'] as const;
const busArn = ({ account }: Account, bus: string) =>
  `arn:aws:events:us-east-1:${account}:event-bus/${bus}`;

/** A rule on a bus that logs, as the account's root user; the log group's name. */
async function logOn(who: Account, bus: string, source: string): Promise<string> {
  const name = newName('rule');
  const asRoot = eventsOf(who.root);
  const on = { EventBusName: bus };
  await got(asRoot('PutRule', { Name: name, ...on, ...pattern({ source: [source] }) }));
  const Targets = [{ Id: 'log', Arn: logGroupArn(who.account, name) }];
  await got(asRoot('PutTargets', { Rule: name, ...on, Targets }));
  return name;
}

async function newBus(who: Account): Promise<string> {
  const Name = newName('bus');
  await got(eventsOf(who.root)('CreateEventBus', { Name }));
  return Name;
}

describe('Another account', () => {
  test('puts events on a bus when its policy and their own let it', async () => {
    const bus = await newBus(ours);
    const log = await logOn(ours, bus, 's');
    const given = { EventBusName: busArn(ours, bus) };
    await refused(callTheirs('PutEvents', eventFrom('s', {}, given)), denied);
    const permission = { Action: 'events:PutEvents', Principal: theirs.account, StatementId: 'a' };
    await got(call('PutPermission', { EventBusName: bus, ...permission }));
    await got(callTheirs('PutEvents', eventFrom('s', { n: 1 }, given)));
    const [event] = (await untilLogged(ours.root, log, 1)) as [Record<string, unknown>];
    assert.equal(event.account, theirs.account);
    const user = await newUser(theirs.root, newName('user'), allowing('events:DescribeRule'));
    await refused(eventsOf(user.credentials)('PutEvents', eventFrom('s', {}, given)), denied);
    await putUserPolicy(theirs.root, user.name, allowing('events:PutEvents'));
    await got(eventsOf(user.credentials)('PutEvents', eventFrom('s', {}, given)));
    await got(call('RemovePermission', { EventBusName: bus, StatementId: 'a' }));
    await refused(callTheirs('PutEvents', eventFrom('s', {}, given)), denied);
  });

  test('learns nothing of buses that it may not use', async () => {
    const bus = await newBus(ours);
    const texts: string[] = [];
    for (const name of [bus, newName('bus')]) {
      const EventBusName = busArn(ours, name);
      for (const asked of [
        callTheirs('PutEvents', eventFrom('s', {}, { EventBusName })),
        callTheirs('DescribeEventBus', { Name: EventBusName }),
        callTheirs('DescribeRule', { EventBusName, Name: 'r' }),
        callTheirs('ListTagsForResource', { ResourceARN: EventBusName }),
      ]) {
        const { status, body } = await asked;
        assert.equal(status, 400);
        texts.push(String(body.message ?? body.Message).replaceAll(name, 'BUS'));
      }
    }
    assert.deepEqual(texts.slice(0, 4), texts.slice(4));
    for (const text of texts) assert.match(text, /on this resource because/);
    const EventBusName = busArn(ours, bus);
    const list = callTheirs('ListRules', { EventBusName });
    await refused(list, [400, 'ResourceNotFoundException']);
    const byTarget = { EventBusName, TargetArn: logGroupArn(ours.account, 'a') };
    const names = callTheirs('ListRuleNamesByTarget', byTarget);
    await refused(names, [400, 'ResourceNotFoundException']);
    const theirDefault = callTheirs('ListRules', { EventBusName: busArn(ours, 'default') });
    await refused(theirDefault, [400, 'ResourceNotFoundException']);
  });

  test('may be let make rules, which only it changes when the policy says so', async () => {
    const bus = await newBus(ours);
    const Statement = [
      {
        Sid: 'a',
        Effect: 'Allow',
        Principal: { AWS: theirs.account },
        Action: [
          'events:PutRule',
          'events:PutTargets',
          'events:DescribeRule',
          'events:DisableRule',
        ],
        Resource: `arn:aws:events:us-east-1:${ours.account}:rule/${bus}/*`,
        Condition: { StringEqualsIfExists: { 'events:creatorAccount': theCaller } },
      },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await got(call('PutPermission', { EventBusName: bus, Policy }));
    const on = { EventBusName: busArn(ours, bus) };
    const rule = pattern({ source: ['s'] });
    const { RuleArn } = await got(callTheirs('PutRule', { Name: 'theirs', ...on, ...rule }));
    assert.equal(RuleArn, `arn:aws:events:us-east-1:${ours.account}:rule/${bus}/theirs`);
    await got(call('PutRule', { Name: 'ours', EventBusName: bus, ...rule }));
    const described = await got(callTheirs('DescribeRule', { Name: 'theirs', ...on }));
    assert.equal(described.CreatedBy, theirs.account);
    await refused(callTheirs('DescribeRule', { Name: 'ours', ...on }), denied);
    await refused(callTheirs('DisableRule', { Name: 'ours', ...on }), denied);
    await refused(callTheirs('DeleteRule', { Name: 'theirs', ...on }), denied);
  });

  test('gets events forwarded by the account, when its bus lets that in', async () => {
    const bus = await newBus(theirs);
    const log = await logOn(theirs, bus, 's');
    const Rule = newName('rule');
    const arn = busArn(theirs, bus);
    await got(call('PutRule', { Name: Rule, ...pattern({ source: ['s'] }) }));
    await got(call('PutTargets', { Rule, Targets: [{ Id: 'bus', Arn: arn }] }));
    await got(call('PutEvents', eventFrom('s', { n: 1 })));
    assert.equal((await untilDead(data, arn)).ERROR_CODE, 'NO_PERMISSIONS');
    const permission = { Action: 'events:PutEvents', Principal: ours.account, StatementId: 'a' };
    await got(callTheirs('PutPermission', { EventBusName: bus, ...permission }));
    await got(call('PutEvents', eventFrom('s', { n: 2 })));
    const [event] = (await untilLogged(theirs.root, log, 1)) as [Record<string, unknown>];
    assert.deepEqual([event.account, event.detail], [ours.account, { n: 2 }]);
    assert.equal((await logged(theirs.root, log)).length, 1);
    await got(call('RemoveTargets', { Rule, Ids: ['bus'] }));
  });

  test('whose function says nothing is not invoked', async () => {
    const Arn = `arn:aws:lambda:us-east-1:${theirs.account}:function:f`;
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: [Rule] }) }));
    await got(call('PutTargets', { Rule, Targets: [{ Id: 'f', Arn }] }));
    await got(call('PutEvents', eventFrom(Rule, {})));
    assert.equal((await untilDead(data, Arn)).ERROR_CODE, 'NO_PERMISSIONS');
  });
});

describe('A policy', () => {
  let user: Credentials;
  let name: string;
  before(async () => {
    name = newName('user');
    user = (await newUser(ours.root, name)).credentials;
  });
  const let_ = (action: string | readonly string[], Condition: object): Promise<void> =>
    putUserPolicy(ours.root, name, allowing(action, { Condition }));
  const put = (rule: object, rest: object = {}) =>
    eventsOf(user)('PutRule', { Name: newName('rule'), ...rule, ...rest });

  test('may say which sources a rule sees', async () => {
    await let_('events:PutRule', {
      'ForAllValues:StringEquals': { 'events:source': ['a', 'b'] },
      Null: { 'events:source': 'false' },
    });
    await got(put(pattern({ source: ['a'] })));
    await got(put(pattern({ source: ['b', 'a'], 'detail-type': ['x'] })));
    for (const rule of [
      { source: ['c'] },
      { source: ['a', 'c'] },
      { source: [{ prefix: 'a' }] },
      { 'detail-type': ['x'] },
      { $or: [{ source: ['a'] }, { 'detail-type': ['x'] }] },
    ])
      await refused(put(pattern(rule)), denied);
    await refused(put({ ScheduleExpression: 'rate(1 day)' }), denied);
  });

  test('may say which events somebody puts', async () => {
    await let_('events:PutEvents', {
      StringEquals: { 'events:source': 'mine', 'events:detail-type': 'a-test' },
    });
    const asUser = eventsOf(user);
    await got(asUser('PutEvents', eventFrom('mine', {})));
    await refused(asUser('PutEvents', eventFrom('yours', {})), denied);
    const Entries = ['mine', 'yours'].map((Source) => ({
      ...{ Source, DetailType: 'a-test' },
      Detail: '{}',
    }));
    await refused(asUser('PutEvents', { Entries }), denied);
  });

  test('may say where a rule sends to', async () => {
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: ['s'] }) }));
    await let_('events:PutTargets', {
      'ForAllValues:ArnLike': { 'events:TargetArn': logGroupArn(ours.account, 'allowed/*') },
    });
    const to = (group: string) =>
      eventsOf(user)('PutTargets', {
        Rule,
        Targets: [{ Id: 'one', Arn: logGroupArn(ours.account, group) }],
      });
    await got(to('allowed/a'));
    await refused(to('other/a'), denied);
  });

  test('may say which tags are put', async () => {
    await let_(['events:PutRule', 'events:TagResource'], {
      StringEquals: { 'aws:RequestTag/team': 'a' },
    });
    const rule = pattern({ source: ['s'] });
    await got(put(rule, { Tags: [{ Key: 'team', Value: 'a' }] }));
    await refused(put(rule, { Tags: [{ Key: 'team', Value: 'b' }] }), denied);
    await refused(put(rule), denied);
  });

  test('may speak of the tags that a rule has', async () => {
    const Name = newName('rule');
    const Tags = [{ Key: 'team', Value: 'a' }];
    await got(call('PutRule', { Name, ...pattern({ source: ['s'] }), Tags }));
    await let_('events:DisableRule', { StringEquals: { 'aws:ResourceTag/team': 'a' } });
    await got(eventsOf(user)('DisableRule', { Name }));
    const ResourceARN = `arn:aws:events:us-east-1:${ours.account}:rule/${Name}`;
    await got(call('UntagResource', { ResourceARN, TagKeys: ['team'] }));
    await refused(eventsOf(user)('DisableRule', { Name }), denied);
  });

  test('must let a role be passed to EventBridge', async () => {
    const RoleArn = await eventsRole(ours.root, allowing('events:*'));
    const rule = { ...pattern({ source: ['s'] }), RoleArn };
    await putUserPolicy(ours.root, name, allowing('events:*'));
    await refused(put(rule), [...denied, /iam:PassRole/]);
    const passed = { StringEquals: { 'iam:PassedToService': 'events.amazonaws.com' } };
    const both = (Condition: object) => ({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'events:*', Resource: '*' },
        { Effect: 'Allow', Action: 'iam:PassRole', Resource: RoleArn, Condition },
      ],
    });
    await putUserPolicy(ours.root, name, both(passed));
    await got(put(rule));
    const Rule = newName('rule');
    await got(call('PutRule', { Name: Rule, ...pattern({ source: ['s'] }) }));
    const Targets = [{ Id: 'bus', Arn: busArn(theirs, 'default'), RoleArn }];
    await got(eventsOf(user)('PutTargets', { Rule, Targets }));
    const elsewhere = { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } };
    await putUserPolicy(ours.root, name, both(elsewhere));
    await refused(eventsOf(user)('PutTargets', { Rule, Targets }), [...denied, /iam:PassRole/]);
    await got(call('RemoveTargets', { Rule, Ids: ['bus'] }));
  });

  test('must let the secret of a connection be made', async () => {
    await putUserPolicy(ours.root, name, allowing('events:*'));
    await assert.rejects(
      destinationAt(eventsOf(user), 'https://example.com/'),
      /secretsmanager:CreateSecret/,
    );
    await putUserPolicy(ours.root, name, allowing(['events:*', 'secretsmanager:CreateSecret']));
    await destinationAt(eventsOf(user), 'https://example.com/');
  });
});
