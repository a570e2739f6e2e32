/** The recorded EventBridge cases of buses, rules and targets, as calls. */
import { account, type Events, type EventsCase } from './events-recording.ts';

const pattern = {
  source: ['core.update-account-command'],
  'detail-type': ['core.update-account-command'],
  detail: { command: ['update-account'] },
};
export const EventPattern = JSON.stringify(pattern);
export const detail = {
  command: 'update-account',
  payload: { acc_id: '0a787ecb-4015', sf_id: 'baz' },
};
const type = 'core.update-account-command';
export const entry = (rest: object = {}) => ({
  Source: type,
  DetailType: type,
  Detail: JSON.stringify(detail),
  ...rest,
});

type Cases = ReadonlyArray<readonly [string, EventsCase]>;

/** A bus of its own where the case says `custom`, none where it says `default`. */
export async function busOf({ call, name }: Events, kind: string | undefined) {
  if (!kind?.includes('custom')) return {};
  const Name = name('bus');
  await call('CreateEventBus', { Name });
  return { EventBusName: Name };
}

export async function rule(events: Events, input: object = {}): Promise<string> {
  const Name = events.name('rule');
  await events.call('PutRule', { Name, EventPattern, ...input });
  return Name;
}

const malformed: Readonly<Record<string, string>> = {
  STRING: 'a text',
  ARRAY: '["a", "list"]',
  MALFORMED_JSON: '{"a": 1',
  SERIALIZED_STRING: '"a text"',
};

const oneEntry =
  (rest: object): EventsCase =>
  async ({ ask }) => ({ 'put-events': await ask('PutEvents', { Entries: [entry(rest)] }) });

const putCases: Cases = [
  ['test_put_events_without_source', oneEntry({ Source: undefined })],
  ['test_put_event_without_detail', oneEntry({ Detail: undefined })],
  ['test_put_event_without_detail_type', oneEntry({ DetailType: undefined })],
  [
    'test_put_event_malformed_detail',
    (events, [kind = '']) => oneEntry({ Detail: malformed[kind] })(events, []),
  ],
  [
    'test_put_event_with_too_big_detail',
    async ({ ask }) => ({
      'put-events-too-big-detail-error': await ask('PutEvents', {
        Entries: [entry({ Detail: JSON.stringify({ a: 'x'.repeat(256 * 1024) }) })],
      }),
    }),
  ],
];

const create: EventsCase = async ({ ask, name }, [isDescribed]) => {
  const Name = name('bus');
  const description = isDescribed === 'True' ? { Description: 'test bus' } : {};
  return {
    'create-custom-event-bus-us-east-1': await ask('CreateEventBus', { Name, ...description }),
    'list-event-buses-after-create-us-east-1': await ask('ListEventBuses', { NamePrefix: Name }),
    'describe-custom-event-bus-us-east-1': await ask('DescribeEventBus', { Name }),
    'delete-custom-event-bus-us-east-1': await ask('DeleteEventBus', { Name }),
    'list-event-buses-after-delete-us-east-1': await ask('ListEventBuses', { NamePrefix: Name }),
  };
};

const busCases: Cases = [
  ['test_create_list_describe_delete_custom_event_buses', create],
  [
    'test_create_multiple_event_buses_same_name',
    async (events) => {
      const { EventBusName: Name } = (await busOf(events, 'custom')) as { EventBusName: string };
      return {
        'create-multiple-event-buses-same-name': await events.ask('CreateEventBus', { Name }),
      };
    },
  ],
  [
    'test_describe_delete_not_existing_event_bus',
    async ({ ask, name }) => {
      const Name = name('bus');
      return {
        'describe-not-existing-event-bus-error': await ask('DescribeEventBus', { Name }),
        'delete-not-existing-event-bus': await ask('DeleteEventBus', { Name }),
      };
    },
  ],
  [
    'test_delete_default_event_bus',
    async ({ ask }) => ({
      'delete-default-event-bus-error': await ask('DeleteEventBus', { Name: 'default' }),
    }),
  ],
  [
    'test_list_event_buses_with_prefix',
    async ({ ask, call, name }) => {
      const Name = name('bus');
      await call('CreateEventBus', { Name });
      return {
        'list-event-buses-prefix-complete-name': await ask('ListEventBuses', { NamePrefix: Name }),
        'list-event-buses-prefix': await ask('ListEventBuses', { NamePrefix: Name.slice(0, -1) }),
      };
    },
  ],
  [
    'test_list_event_buses_with_limit',
    async ({ ask, call, name }) => {
      const NamePrefix = name('bus');
      for (let i = 0; i < 6; i++) await call('CreateEventBus', { Name: `${NamePrefix}-${i}` });
      const { NextToken } = await call('ListEventBuses', { NamePrefix, Limit: 3 });
      return {
        'list-event-buses-limit': await ask('ListEventBuses', { NamePrefix, Limit: 3 }),
        'list-event-buses-limit-next-token': await ask('ListEventBuses', { NamePrefix, NextToken }),
      };
    },
  ],
];

const other = '444455556666';
const permission = (on: object, StatementId: string, Principal: string) => ({
  ...on,
  Action: 'events:PutEvents',
  Principal,
  StatementId,
});
const named = ({ EventBusName: Name }: { EventBusName?: string }) => (Name ? { Name } : {});

const permissionCases: Cases = [
  [
    'test_put_permission',
    async (events, [kind]) => {
      const { ask, call } = events;
      const on = await busOf(events, kind);
      const put = await ask('PutPermission', permission(on, 'a', account));
      await call('PutPermission', permission(on, 'b', account));
      await call('PutPermission', permission(on, 'c', other));
      const three = await ask('DescribeEventBus', named(on));
      await call('PutPermission', permission(on, 'd', '*'));
      const four = await ask('DescribeEventBus', named(on));
      const Principal = { Service: 'events.amazonaws.com' };
      const Statement = [
        { Sid: 'e', Effect: 'Allow', Principal, Action: 'events:ListRules', Resource: '*' },
      ];
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      return {
        'put-permission': put,
        'describe-event-bus-put-permission-multiple-principals': three,
        'describe-event-bus-put-permission': four,
        'put-permission-policy': await ask('PutPermission', { ...on, Policy }),
        'describe-event-bus-put-permission-policy': await ask('DescribeEventBus', named(on)),
      };
    },
  ],
  [
    'test_put_permission_non_existing_event_bus',
    async ({ ask, name }) => ({
      'remove-permission-non-existing-sid-error': await ask(
        'PutPermission',
        permission({ EventBusName: name('bus') }, 'a', account),
      ),
    }),
  ],
  [
    'test_remove_permission',
    async (events, [kind]) => {
      const { ask, call } = events;
      const on = await busOf(events, kind);
      await call('RemovePermission', { ...on, RemoveAllPermissions: true });
      await call('PutPermission', permission(on, 'a', account));
      await call('PutPermission', permission(on, 'b', other));
      return {
        'remove-permission': await ask('RemovePermission', { ...on, StatementId: 'a' }),
        'describe-event-bus-remove-permission': await ask('DescribeEventBus', named(on)),
        'remove-permission-all': await ask('RemovePermission', {
          ...on,
          RemoveAllPermissions: true,
        }),
        'describe-event-bus-remove-permission-all': await ask('DescribeEventBus', named(on)),
      };
    },
  ],
  [
    'test_remove_permission_non_existing_sid',
    async (events, [parameters = '']) => {
      const on = await busOf(events, parameters);
      if (parameters.startsWith('True'))
        await events.call('PutPermission', permission(on, 'a', account));
      const removed = await events.ask('RemovePermission', { ...on, StatementId: 'none' });
      await events.call('RemovePermission', { ...on, RemoveAllPermissions: true });
      return { 'remove-permission-non-existing-sid-error': removed };
    },
  ],
];

const ruleCases: Cases = [
  [
    'test_put_list_with_prefix_describe_delete_rule',
    async (events, [kind]) => {
      const { ask, name } = events;
      const on = await busOf(events, kind);
      const Name = name('rule');
      const list = { ...on, NamePrefix: Name };
      return {
        'put-rule': await ask('PutRule', { Name, EventPattern, ...on }),
        'list-rules': await ask('ListRules', list),
        'describe-rule': await ask('DescribeRule', { Name, ...on }),
        'delete-rule': await ask('DeleteRule', { Name, ...on }),
        'list-rules-after-delete': await ask('ListRules', list),
      };
    },
  ],
  [
    'test_put_multiple_rules_with_same_name',
    async (events) => {
      const on = await busOf(events, 'custom');
      const input = { Name: events.name('rule'), EventPattern, ...on };
      return {
        'put-rule': await events.ask('PutRule', input),
        're-put-rule': await events.ask('PutRule', input),
        'list-rules': await events.ask('ListRules', on),
      };
    },
  ],
  [
    'test_list_rule_with_limit',
    async (events) => {
      const on = await busOf(events, 'custom');
      const prefix = events.name('rule');
      for (let i = 0; i < 6; i++)
        await events.call('PutRule', { Name: `${prefix}-${i}`, EventPattern, ...on });
      const { NextToken } = await events.call('ListRules', { ...on, Limit: 3 });
      return {
        'list-rules-limit': await events.ask('ListRules', { ...on, Limit: 3 }),
        'list-rules-limit-next-token': await events.ask('ListRules', { ...on, NextToken }),
      };
    },
  ],
  [
    'test_describe_nonexistent_rule',
    async ({ ask, name }) => ({
      'describe-not-existing-rule-error': await ask('DescribeRule', { Name: name('rule') }),
    }),
  ],
  [
    'test_disable_re_enable_rule',
    async (events, [kind]) => {
      const on = await busOf(events, kind);
      const input = { Name: await rule(events, on), ...on };
      return {
        'disable-rule': await events.ask('DisableRule', input),
        'describe-rule-disabled': await events.ask('DescribeRule', input),
        'enable-rule': await events.ask('EnableRule', input),
        'describe-rule-enabled': await events.ask('DescribeRule', input),
      };
    },
  ],
  [
    'test_delete_rule_with_targets',
    async (events) => {
      const Name = await rule(events);
      await events.call('PutTargets', target(events, { Rule: Name }));
      return { 'delete-rule-with-targets-error': await events.ask('DeleteRule', { Name }) };
    },
  ],
  [
    'test_update_rule_with_targets',
    async (events) => {
      const Rule = await rule(events);
      await events.call('PutTargets', target(events, { Rule }));
      return {
        'list-targets': await events.ask('ListTargetsByRule', { Rule }),
        'update-rule': await events.ask('PutRule', { Name: Rule, EventPattern: '{"a":["b"]}' }),
        'list-targets-after-update': await events.ask('ListTargetsByRule', { Rule }),
      };
    },
  ],
];

const target = ({ log, name }: Events, on: object, rest: object = {}) => ({
  ...on,
  Targets: [{ Id: 'the-target', Arn: log(name('log')), ...rest }],
});

const targetCases: Cases = [
  [
    'test_put_list_remove_target',
    async (events, [kind]) => {
      const on = await busOf(events, kind);
      const of = { Rule: await rule(events, on), ...on };
      return {
        'put-target': await events.ask('PutTargets', target(events, of)),
        'list-targets': await events.ask('ListTargetsByRule', of),
        'remove-target': await events.ask('RemoveTargets', { ...of, Ids: ['the-target'] }),
        'list-targets-after-delete': await events.ask('ListTargetsByRule', of),
      };
    },
  ],
  [
    'test_add_exceed_fife_targets_per_rule',
    async (events) => {
      const Rule = await rule(events);
      const Targets = [1, 2, 3, 4, 5, 6].map((n) => ({ Id: `${n}`, Arn: events.log('a') }));
      return { 'put-targets-client-error': await events.ask('PutTargets', { Rule, Targets }) };
    },
  ],
  [
    'test_put_target_id_validation',
    async (events) => {
      const Rule = await rule(events);
      const put = (Id: string) =>
        events.ask('PutTargets', { Rule, Targets: [{ Id, Arn: events.log('a') }] });
      return {
        'put-targets-invalid-id-error': await put('!@#$@!#$'),
        'put-targets-length-error': await put('second-invalid-target-id'.padEnd(65, 'x')),
      };
    },
  ],
  [
    'test_list_target_by_rule_limit',
    async (events) => {
      const Rule = await rule(events);
      const Targets = [0, 1, 2, 3, 4].map((n) => ({ Id: `t${n}`, Arn: events.log('a') }));
      await events.call('PutTargets', { Rule, Targets });
      const { NextToken } = await events.call('ListTargetsByRule', { Rule, Limit: 3 });
      return {
        'list-targets-limit': await events.ask('ListTargetsByRule', { Rule, Limit: 3 }),
        'list-targets-limit-next-token': await events.ask('ListTargetsByRule', { Rule, NextToken }),
      };
    },
  ],
  [
    'test_put_multiple_targets_with_same_id_single_rule',
    async (events) => {
      const Rule = await rule(events);
      await events.call('PutTargets', target(events, { Rule }, { InputPath: '$.detail' }));
      await events.call('PutTargets', target(events, { Rule }, { InputPath: '$.notexisting' }));
      return { 'list-targets': await events.ask('ListTargetsByRule', { Rule }) };
    },
  ],
  ['test_put_multiple_targets_with_same_id_across_different_rules', acrossRules('$.notexisting')],
  ['test_put_multiple_targets_with_same_arn_across_different_rules', acrossRules('$.doesnotexist')],
  [
    'test_put_multiple_targets_with_same_arn_single_rule',
    async (events) => {
      const Rule = await rule(events);
      const Arn = events.log('a');
      const Targets = [
        { Id: 'one', Arn, InputPath: '$.detail' },
        { Id: 'two', Arn, InputPath: '$.doesnotexist' },
      ];
      await events.call('PutTargets', { Rule, Targets });
      return { 'list-targets': await events.ask('ListTargetsByRule', { Rule }) };
    },
  ],
];

function acrossRules(secondPath: string): EventsCase {
  return async (events) => {
    const [one, two] = [await rule(events), await rule(events)];
    await events.call('PutTargets', target(events, { Rule: one }, { InputPath: '$.detail' }));
    await events.call('PutTargets', target(events, { Rule: two }, { InputPath: secondPath }));
    return {
      'list-targets-rule-one': await events.ask('ListTargetsByRule', { Rule: one }),
      'list-targets-rule-two': await events.ask('ListTargetsByRule', { Rule: two }),
    };
  };
}

/** So many rules with one target. */
async function rulesTo(events: Events, on: object, count: number): Promise<string> {
  const Arn = events.log(events.name('log'));
  const prefix = events.name('rule');
  for (let i = 0; i < count; i++) {
    const Rule = `${prefix}-${i}`;
    await events.call('PutRule', { Name: Rule, EventPattern, ...on });
    await events.call('PutTargets', { Rule, ...on, Targets: [{ Id: 'one', Arn }] });
  }
  return Arn;
}

const byTargetCases: Cases = [
  [
    'test_list_rule_names_by_target',
    async (events, [kind]) => {
      const on = await busOf(events, kind);
      const TargetArn = await rulesTo(events, on, 3);
      const list = { TargetArn, ...on };
      return { list_rule_names_by_target: await events.ask('ListRuleNamesByTarget', list) };
    },
  ],
  [
    'test_list_rule_names_by_target_with_limit',
    async (events, [kind]) => {
      const on = await busOf(events, kind);
      const list = { TargetArn: await rulesTo(events, on, 5), ...on, Limit: 2 };
      const first = await events.call('ListRuleNamesByTarget', list);
      const then = { ...list, NextToken: first.NextToken };
      const second = await events.call('ListRuleNamesByTarget', then);
      return {
        first_page: await events.ask('ListRuleNamesByTarget', list),
        second_page: await events.ask('ListRuleNamesByTarget', then),
        third_page: await events.ask('ListRuleNamesByTarget', {
          ...list,
          NextToken: second.NextToken,
        }),
      };
    },
  ],
  [
    'test_list_rule_names_by_target_no_matches',
    async (events, [kind]) => {
      const list = { TargetArn: events.log('nowhere'), ...(await busOf(events, kind)) };
      return {
        list_rule_names_by_target_no_matches: await events.ask('ListRuleNamesByTarget', list),
      };
    },
  ],
];

export const cases: ReadonlyMap<string, EventsCase> = new Map([
  ...putCases,
  ...busCases,
  ...permissionCases,
  ...ruleCases,
  ...targetCases,
  ...byTargetCases,
]);
