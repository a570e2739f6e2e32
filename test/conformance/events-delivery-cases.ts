/**
 * The recorded EventBridge cases in which events reach targets. Where the recording has a queue,
 * the target here is a log group: what it is sent is the same.
 */
import { busOf, detail, EventPattern, entry, rule } from './events-cases.ts';
import { account, type Events, type EventsCase } from './events-recording.ts';

type Cases = ReadonlyArray<readonly [string, EventsCase]>;
type Json = Readonly<Record<string, unknown>>;

/** A rule on a bus of its own that sends to a log group of its own. */
async function route(
  events: Events,
  {
    EventPattern: pattern = EventPattern as unknown,
    target = {},
    on = undefined as Json | undefined,
  } = {},
) {
  const bus = on ?? (await busOf(events, 'custom'));
  const text = typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
  const Rule = await rule(events, { ...bus, EventPattern: text });
  const log = events.name('log');
  const Targets = [{ Id: 'log', Arn: events.log(log), ...target }];
  await events.call('PutTargets', { Rule, ...bus, Targets });
  return { bus, Rule, log };
}

const put = (events: Events, bus: object, ...details: readonly unknown[]) =>
  events.call('PutEvents', {
    Entries: details.map((each) => entry({ ...bus, Detail: JSON.stringify(each) })),
  });

/** What comes of details that a rule with this pattern sees, the fitting ones. */
const through =
  (
    member: string,
    pattern: object,
    fitting: readonly unknown[],
    others: readonly unknown[],
  ): EventsCase =>
  async (events) => {
    const { bus, log } = await route(events, { EventPattern: pattern });
    await put(events, bus, ...others);
    // One after another, since the order of delivery is not said.
    for (const [i, each] of fitting.entries()) {
      await put(events, bus, each);
      await events.delivered(log, i + 1);
    }
    return { [member]: await events.delivered(log, fitting.length) };
  };

const ofDetail = (pattern: object) => ({
  source: ['core.update-account-command'],
  detail: pattern,
});

const patternCases: Cases = [
  [
    'test_put_events_with_rule_pattern_anything_but',
    through(
      'rule-anything-but',
      ofDetail({ command: [{ 'anything-but': 'update-account' }] }),
      [
        { command: 'display-message', payload: 'baz' },
        { command: null, payload: 'baz' },
      ],
      [{ command: 'update-account', payload: 'baz' }],
    ),
  ],
  [
    'test_put_events_with_rule_pattern_exists_true',
    through(
      'rule-exists-true',
      ofDetail({ key: [{ exists: true }] }),
      [{ key: 'value', payload: 'baz' }],
      [{ 'no-key': 'no-value', payload: 'baz' }],
    ),
  ],
  [
    'test_put_events_with_rule_pattern_exists_false',
    through(
      'rule-exists-false',
      ofDetail({ key: [{ exists: false }] }),
      [{ 'no-key': 'no-value', payload: 'baz' }],
      [{ key: 'value', payload: 'baz' }],
    ),
  ],
  [
    'test_put_events_pattern_nested',
    inDetail(
      { event: { data: { type: ['1'] } } },
      [{ event: { data: { type: '1' } } }],
      [{ event: { data: { type: '2' } } }, { event: { data: '1' } }],
    ),
  ],
  [
    'test_put_events_pattern_with_values_in_array',
    inDetail(
      { event: { data: { type: ['1', '2'] } } },
      [{ event: { data: { type: ['3', '1'] } } }, { event: { data: { type: ['2'] } } }],
      [{ event: { data: { type: ['3'] } } }],
    ),
  ],
  [
    'test_put_events_with_target_sqs_event_detail_match',
    inDetail({ EventType: ['0', '1'] }, [{ EventType: '1' }], [{ EventType: '2' }]),
  ],
  ['test_put_event_with_content_base_rule_in_pattern', contentCase()],
];

function inDetail(
  pattern: object,
  fitting: readonly unknown[],
  others: readonly unknown[],
): EventsCase {
  return async (events) => {
    const target = { InputPath: '$.detail' };
    const { bus, log } = await route(events, { EventPattern: ofDetail(pattern), target });
    await put(events, bus, ...others);
    for (const [i, each] of fitting.entries()) {
      await put(events, bus, each);
      await events.delivered(log, i + 1);
    }
    return { messages: await events.delivered(log, fitting.length) };
  };
}

function contentCase(): EventsCase {
  const given = {
    description: 'this-is-event-details',
    amount: 200,
    salary: 2000,
    env: 'prod',
    user: 'user3',
    admins: 'admin',
    test1: 300,
    test2: 'test22',
    test3: 'test333',
    test4: 'this test4',
    ip: '10.102.1.100',
    'num-test1': 100,
    'num-test2': 200,
    'num-test3': 300,
    'num-test4': 200,
    'num-test5': 500,
    'num-test6': 300,
    'num-test7': 300,
  };
  const pattern = {
    description: [{ prefix: 'this' }],
    amount: [{ numeric: ['>', 100] }],
    salary: [{ numeric: ['=', 2000] }],
    env: ['dev', 'prod'],
    user: ['user1', 'user3'],
    admins: [{ 'anything-but': 'skywalker' }],
    test1: [{ 'anything-but': [100, 200] }],
    test2: [{ 'anything-but': 'test2' }],
    test3: [{ 'anything-but': ['test3', 'test33'] }],
    test4: [{ 'anything-but': { prefix: 'test' } }],
    ip: [{ cidr: '10.102.1.0/24' }],
    'num-test1': [{ numeric: ['>', 0, '<=', 100] }],
    'num-test7': [{ numeric: ['>=', 300] }, { exists: false }],
  };
  return inDetail(
    pattern,
    [given],
    [
      { ...given, ip: '10.103.1.100' },
      { ...given, amount: 100 },
    ],
  );
}

const inputCases: Cases = [
  ['test_put_events_with_input_path', withInput('message', { InputPath: '$.detail' }, detail)],
  ['test_put_events_with_input_path_nested', nestedPath],
  ['test_put_events_with_input_path_max_level_depth', deepPath],
  ['test_put_events_with_input_path_multiple_targets', twoTargets],
  [
    'test_put_events_with_input_transformer_input_template_string',
    templateCase(
      '"Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>"',
    ),
  ],
  [
    'test_put_events_with_input_transformer_input_template_json',
    templateCase('{"detailType": <detail-type>, "time": <timestamp>, "command": <command>}'),
  ],
  ['test_input_transformer_nested_keys_replacement', replaced],
  ['test_input_transformer_predefined_variables', predefined],
  ['test_put_events_with_input_transformer_missing_keys', missingKeys],
  ['test_put_event_input_path_and_input_transformer', twoInputs],
];

function withInput(member: string, target: object, given: unknown): EventsCase {
  return async (events) => {
    const { bus, log } = await route(events, { target });
    await put(events, bus, given);
    return { [member]: await events.delivered(log) };
  };
}

function nestedPath(events: Events, [which]: readonly string[]): Promise<object> {
  const { payload } = detail;
  const nested = { acc_id: '0a787ecb-4015', payload: { message: 'baz', id: '123' } };
  const given = which === 'event_detail0' ? detail : { ...detail, payload: nested };
  if (payload === undefined) throw new Error('the detail has a payload');
  return withInput('message', { InputPath: '$.detail.payload' }, given)(events, []);
}

function deepPath(events: Events): Promise<object> {
  return withInput('message', { InputPath: '$.detail.payload.sf_id' }, detail)(events, []);
}

async function twoTargets(events: Events): Promise<object> {
  const bus = await busOf(events, 'custom');
  const Rule = await rule(events, bus);
  const [one, two] = [events.name('log'), events.name('log')];
  const Targets = [
    { Id: '1', Arn: events.log(one), InputPath: '$.detail' },
    { Id: '2', Arn: events.log(two) },
  ];
  await events.call('PutTargets', { Rule, ...bus, Targets });
  await put(events, bus, detail);
  return {
    'message-queue-1': await events.delivered(one),
    'message-queue-2': await events.delivered(two),
  };
}

const InputPathsMap = {
  'detail-type': '$.detail-type',
  timestamp: '$.time',
  command: '$.detail.command',
};

/** The second target asks for what isn't there. */
function templateCase(usual: string): EventsCase {
  return async (events, [given]) => {
    const InputTemplate = given ?? usual;
    const paths = [InputPathsMap, { ...InputPathsMap, command: '$.detail.notexisting' }];
    const logs: string[] = [];
    const bus = await busOf(events, 'custom');
    for (const map of paths) {
      const target = { InputTransformer: { InputPathsMap: map, InputTemplate } };
      logs.push((await route(events, { on: bus, target })).log);
    }
    await put(events, bus, detail);
    return {
      'custom-variables-match-all': await events.delivered(logs[0] as string),
      'custom-variables-not-match-all': await events.delivered(logs[1] as string),
    };
  };
}

async function replaced(events: Events, [template = '']: readonly string[]): Promise<object> {
  const bus = await busOf(events, 'custom');
  const paths = {
    userId: '$.detail.payload.acc_id',
    payload: '$.detail.payload',
    systemstring: '$.detail.awsAccountId',
    listsingle: '$.detail.list-single',
    listmulti: '$.detail.list-multi',
    valid: '$.detail.valid',
  };
  const InputTemplate = template.replaceAll('\\n', '\n');
  const target = { InputTransformer: { InputPathsMap: paths, InputTemplate } };
  const { log } = await route(events, { on: bus, target });
  const all = await route(events, { on: bus });
  const lists = { 'list-single': ['HIGH'], 'list-multi': ['ACTIVE', 'INACTIVE'], valid: true };
  await put(events, bus, { ...detail, ...lists });
  await events.delivered(all.log);
  // These make no JSON, so nothing was recorded: another target got the event, this one nothing.
  const isLost = /^<|: "<list/.test(template);
  if (!isLost) return { 'input-transformed-messages': await events.delivered(log) };
  await events.advance('3600s');
  const messages = (await events.nothing(log)) as unknown[];
  return messages.length === 0 ? {} : { messages };
}

async function predefined(events: Events, [template = '']: readonly string[]): Promise<object> {
  const target = { InputTransformer: { InputTemplate: template } };
  const { bus, log } = await route(events, { target });
  await put(events, bus, detail);
  return { messages: await events.delivered(log) };
}

async function missingKeys(events: Events): Promise<object> {
  const Rule = await rule(events);
  const InputTransformer = {
    InputPathsMap: { command: '$.detail.command' },
    InputTemplate: '"Event of <notdefinedkey> type"',
  };
  const Targets = [{ Id: 'the-target', Arn: events.log('a'), InputTransformer }];
  return { 'missing-key-exception-error': await events.ask('PutTargets', { Rule, Targets }) };
}

async function twoInputs(events: Events): Promise<object> {
  const Rule = await rule(events);
  const InputTransformer = { InputPathsMap: {}, InputTemplate: '"a"' };
  const Targets = [
    { Id: 'the-target', Arn: events.log('a'), InputPath: '$.detail', InputTransformer },
  ];
  return { 'duplicated-input-operations-error': await events.ask('PutTargets', { Rule, Targets }) };
}

const putCases: Cases = [
  [
    'test_put_events_time',
    async (events) => {
      const { bus, log } = await route(events);
      const times = ['2022-01-01T00:00:00Z', '2022-06-01', '2022-12-31T23:59:59.999999Z'];
      for (const [i, message] of ['short time', 'new time', 'long time'].entries()) {
        const Time = Date.parse(times[i] as string) / 1000;
        const command = { command: 'update-account' };
        const Detail = JSON.stringify({ ...command, message });
        await events.call('PutEvents', { Entries: [entry({ ...bus, Time, Detail })] });
        await events.delivered(log, i + 1);
      }
      return { messages: withoutCommand(await events.delivered(log, 3)) };
    },
  ],
  [
    'test_put_events_with_time_field',
    async (events) => {
      const pattern = { source: ['test-source'], 'detail-type': ['test-detail-type'] };
      const { bus, log } = await route(events, { EventPattern: pattern });
      const Detail = JSON.stringify({ message: 'test message' });
      const answer = await events.ask('PutEvents', {
        Entries: [
          { Source: 'test-source', DetailType: 'test-detail-type', Time: 1.7e9, Detail, ...bus },
        ],
      });
      return { 'put-events': answer, 'sqs-messages': await events.delivered(log) };
    },
  ],
  [
    'test_put_events_with_target_delivery_failure',
    async (events) => {
      const arn = `arn:aws:lambda:us-east-1:${account}:function:there-is-none`;
      const { bus } = await route(events, { target: { Arn: arn } });
      return { 'put-events-response': await events.ask('PutEvents', { Entries: [entry(bus)] }) };
    },
  ],
  [
    'test_put_events_nonexistent_event_bus',
    async (events) => {
      const nowhere = events.name('bus');
      const pattern = { source: [nowhere] };
      const { log } = await route(events, { EventPattern: pattern, on: {} });
      const of = (message: string, rest: object) => ({
        Source: nowhere,
        DetailType: 'CustomType',
        Detail: JSON.stringify({ message }),
        ...rest,
      });
      const Entries = [
        of('for the default event bus', {}),
        of('for nobody', { EventBusName: nowhere }),
      ];
      const answer = await events.ask('PutEvents', { Entries });
      return {
        'put-events': answer,
        'get-events': renamed(await events.delivered(log), nowhere, 'MySource'),
        'non-existent-bus-error': await events.ask('DescribeEventBus', { Name: nowhere }),
      };
    },
  ],
  ['test_put_events_with_target_cloudwatch_logs', toLogGroup],
  ['test_put_events_with_target_sqs', (events) => withInput('message', {}, detail)(events, [])],
];

const renamed = (value: unknown, from: string, to: string): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(from, to));
const withoutCommand = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll('"command":"update-account",', ''));

async function toLogGroup(events: Events): Promise<object> {
  const Name = events.name('bus');
  const Rule = events.name('rule');
  const log = events.name('log');
  const on = { EventBusName: Name };
  const Targets = [{ Id: 'log', Arn: events.log(log) }];
  const answers = {
    event_bus_response: await events.ask('CreateEventBus', { Name }),
    rule_response: await events.ask('PutRule', { Name: Rule, EventPattern, ...on }),
    put_targets_response: await events.ask('PutTargets', { Rule, ...on, Targets }),
    put_events_response: await events.ask('PutEvents', { Entries: [entry(on)] }),
  };
  const [{ Body: message }] = (await events.delivered(log)) as [{ Body: unknown }];
  const told = { timestamp: 'timestamp', message, ingestionTime: 'timestamp' };
  return { ...answers, log_events: [told] };
}

export const deliveryCases: ReadonlyMap<string, EventsCase> = new Map([
  ...patternCases,
  ...inputCases,
  ...putCases,
]);
