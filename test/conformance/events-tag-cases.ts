/** The recorded EventBridge cases of tags and schedules, as calls. */
import { busOf, EventPattern } from './events-cases.ts';
import { account, type Events, type EventsCase } from './events-recording.ts';

type Cases = ReadonlyArray<readonly [string, EventsCase]>;

const Tags = [
  { Key: 'tag1', Value: 'value1' },
  { Key: 'tag2', Value: 'value2' },
];

/** The ARN of a bus or a rule of the kind that the parameters name. */
async function tagged(events: Events, kind: string, input: object = {}): Promise<string> {
  if (!kind.startsWith('rule')) {
    if (!kind.includes('custom')) return `arn:aws:events:us-east-1:${account}:event-bus/default`;
    const { EventBusArn } = await events.call('CreateEventBus', {
      Name: events.name('bus'),
      ...input,
    });
    return String(EventBusArn);
  }
  const on = await busOf(events, kind);
  const put = { Name: events.name('rule'), EventPattern, ...on, ...input };
  return String((await events.call('PutRule', put)).RuleArn);
}

const tagCases: Cases = [
  [
    'tests_tag_untag_resource',
    async (events, [kind = '']) => {
      const ResourceARN = await tagged(events, kind === 'event_bus' ? 'event_bus_custom' : kind);
      const untag = { ResourceARN, TagKeys: ['tag2'] };
      const answers = {
        tag_resource: await events.ask('TagResource', { ResourceARN, Tags }),
        list_tags_for_resource: await events.ask('ListTagsForResource', { ResourceARN }),
        untag_resource: await events.ask('UntagResource', untag),
        list_tags_for_untagged_resource: await events.ask('ListTagsForResource', { ResourceARN }),
      };
      if (!kind.includes('-')) return answers;
      return {
        ...answers,
        untag_resource_not_existing_tag: await events.ask('UntagResource', untag),
      };
    },
  ],
  [
    'tests_tag_list_untag_not_existing_resource',
    async ({ ask, name }, [kind = '']) => {
      const path = kind === 'not_existing_rule' ? 'rule' : 'event-bus';
      const ResourceARN = `arn:aws:events:us-east-1:${account}:${path}/${name('none')}`;
      return {
        tag_not_existing_resource_error: await ask('TagResource', { ResourceARN, Tags }),
        list_tags_for_not_existing_resource_error: await ask('ListTagsForResource', {
          ResourceARN,
        }),
        untag_not_existing_resource_error: await ask('UntagResource', {
          ResourceARN,
          TagKeys: ['tag1'],
        }),
      };
    },
  ],
  [
    'test_put_rule_with_tags',
    async ({ ask, name }) => {
      const Name = name('rule');
      const put = await ask('PutRule', { Name, EventPattern, Tags });
      const ResourceARN = (put as { RuleArn: string }).RuleArn;
      return {
        put_rule_with_tags: put,
        list_tags_for_rule: await ask('ListTagsForResource', { ResourceARN }),
      };
    },
  ],
  [
    'test_create_event_bus_with_tags',
    async ({ ask, name }) => {
      const created = await ask('CreateEventBus', { Name: name('bus'), Tags });
      const ResourceARN = (created as { EventBusArn: string }).EventBusArn;
      return {
        create_event_bus_with_tags: created,
        list_tags_for_event_bus: await ask('ListTagsForResource', { ResourceARN }),
      };
    },
  ],
  [
    'test_list_tags_for_deleted_rule',
    async (events) => {
      const ResourceARN = await tagged(events, 'rule-custom');
      const [, EventBusName, Name] = ResourceARN.split('/');
      await events.call('DeleteRule', { Name, EventBusName });
      const list_tags_for_deleted_rule_error = await events.ask('ListTagsForResource', {
        ResourceARN,
      });
      return { list_tags_for_deleted_rule_error };
    },
  ],
  [
    'test_list_tags_for_deleted_event_bus',
    async (events) => {
      const ResourceARN = await tagged(events, 'bus-custom');
      await events.call('DeleteEventBus', { Name: ResourceARN.split('/')[1] });
      const list_tags_for_deleted_rule_error = await events.ask('ListTagsForResource', {
        ResourceARN,
      });
      return { list_tags_for_deleted_rule_error };
    },
  ],
  [
    'test_recreate_tagged_resource_without_tags',
    async (events, [kind = '']) => {
      const ResourceARN = await tagged(events, kind);
      await events.call('TagResource', { ResourceARN, Tags: Tags.slice(0, 1) });
      const names = ResourceARN.split('/').slice(1);
      const on = names.length > 1 ? { EventBusName: names[0] } : {};
      if (kind.startsWith('rule')) {
        await events.call('DeleteRule', { Name: names.at(-1), ...on });
        await events.call('PutRule', { Name: names.at(-1), EventPattern, ...on });
      } else if (kind.includes('custom')) {
        await events.call('DeleteEventBus', { Name: names[0] });
        await events.call('CreateEventBus', { Name: names[0] });
      }
      const answer = await events.ask('ListTagsForResource', { ResourceARN });
      await events.call('UntagResource', { ResourceARN, TagKeys: ['tag1'] });
      return { list_tags_for_resource: answer };
    },
  ],
];

const scheduleOf = async ({ ask, name }: Events, ScheduleExpression: string) => {
  const Name = name('rule');
  return {
    'put-rule': await ask('PutRule', { Name, ScheduleExpression }),
    'list-rules': await ask('ListRules', { NamePrefix: Name }),
  };
};

const scheduleCases: Cases = [
  ['test_put_rule_with_schedule_rate', (events) => scheduleOf(events, 'rate(1 minute)')],
  [
    'tests_put_rule_with_schedule_cron',
    (events, [cron = 'cron(0 20 * * ? *)']) => scheduleOf(events, cron),
  ],
  [
    'tests_put_rule_with_invalid_schedule_cron',
    async ({ ask, name }, [ScheduleExpression]) => ({
      'invalid-put-rule': await ask('PutRule', { Name: name('rule'), ScheduleExpression }),
    }),
  ],
  [
    'tests_put_rule_with_schedule_custom_event_bus',
    async (events) => ({
      'put-rule-with-custom-event-bus-error': await events.ask('PutRule', {
        Name: events.name('rule'),
        ScheduleExpression: 'rate(1 minute)',
        ...(await busOf(events, 'custom')),
      }),
    }),
  ],
  [
    'tests_schedule_rate_target_sqs',
    async (events) => {
      const { Rule, log, listed } = await scheduled(events, 'rate(1 minute)');
      await events.advance('61s');
      const first = await events.delivered(log);
      await events.advance('61s');
      const both = (await events.delivered(log, 2)) as unknown[];
      await events.call('DisableRule', { Name: Rule });
      return { 'list-targets': listed, 'messages-first': first, 'messages-second': both.slice(1) };
    },
  ],
  [
    'test_schedule_cron_target_sqs',
    async (events) => {
      const { Rule, log } = await scheduled(events, 'cron(* * * * ? *)');
      await events.advance('61s');
      const message = await events.delivered(log);
      await events.call('DisableRule', { Name: Rule });
      return { message };
    },
  ],
  [
    'tests_schedule_rate_custom_input_target_sqs',
    async (events) => {
      const Input = JSON.stringify({ 'custom-value': 'somecustominput' });
      const { Rule, log, listed } = await scheduled(events, 'rate(1 minute)', { Input });
      await events.advance('61s');
      const messages = await events.delivered(log);
      await events.call('DisableRule', { Name: Rule });
      return { 'list-targets': listed, messages };
    },
  ],
];

async function scheduled(events: Events, ScheduleExpression: string, rest: object = {}) {
  const Rule = events.name('rule');
  const log = events.name('log');
  await events.call('PutRule', { Name: Rule, ScheduleExpression });
  await events.call('PutTargets', {
    Rule,
    Targets: [{ Id: 'log', Arn: events.log(log), ...rest }],
  });
  return { Rule, log, listed: await events.ask('ListTargetsByRule', { Rule }) };
}

export const tagAndScheduleCases: ReadonlyMap<string, EventsCase> = new Map([
  ...tagCases,
  ...scheduleCases,
]);
