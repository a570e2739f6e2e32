/** What EventBridge's operations need to reach their decision. */
import { ask } from '../ask.ts';
import type { Credentials } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

async function done(root: Credentials, operation: string, input: object) {
  const options = { service: 'events', target: `AWSEvents.${operation}` };
  const { status, text, body } = await ask(root)('', input, options);
  if (status !== 200) throw new Error(text);
  return body;
}

const EventPattern = '{"source":["test"]}';

async function rule(root: Credentials): Promise<string> {
  const Name = unused('rule');
  await done(root, 'PutRule', { Name, EventPattern });
  return Name;
}
const ruleArn = async (root: Credentials): Promise<string> =>
  String((await done(root, 'DescribeRule', { Name: await rule(root) })).Arn);

async function bus(root: Credentials): Promise<string> {
  const Name = unused('bus');
  await done(root, 'CreateEventBus', { Name });
  return Name;
}

const apiKey = { ApiKeyAuthParameters: { ApiKeyName: 'x-key', ApiKeyValue: 'value' } };
async function connection(root: Credentials): Promise<string> {
  const Name = unused('connection');
  const input = { Name, AuthorizationType: 'API_KEY', AuthParameters: apiKey };
  await done(root, 'CreateConnection', input);
  return Name;
}
const connectionArn = async (root: Credentials): Promise<string> =>
  String((await done(root, 'DescribeConnection', { Name: await connection(root) })).ConnectionArn);

const http = { InvocationEndpoint: 'https://example.com/hook', HttpMethod: 'POST' };
async function destination(root: Credentials): Promise<string> {
  const Name = unused('destination');
  const ConnectionArn = await connectionArn(root);
  await done(root, 'CreateApiDestination', { Name, ConnectionArn, ...http });
  return Name;
}

const named =
  (make: (root: Credentials) => Promise<string>, more: object = {}) =>
  async (root: Credentials) => ({ input: { Name: await make(root), ...more } });

/** The connection's secret is read, changed and deleted as the caller's. */
const withSecret = (operation: string, secret: readonly string[]) => async (root: Credentials) => ({
  input: { Name: await connection(root) },
  actions: [`events:${operation}`, ...secret.map((each) => `secretsmanager:${each}`)],
});

async function allowed(root: Credentials): Promise<string> {
  const StatementId = unused('statement');
  const input = { StatementId, Action: 'events:PutEvents', Principal: '444455556666' };
  await done(root, 'PutPermission', input);
  return StatementId;
}

export const events: ServiceSamples = {
  members: {
    Name: rule,
    Rule: rule,
    ResourceARN: ruleArn,
    ConnectionArn: connectionArn,
    Tags: async () => [{ Key: 'k', Value: 'v' }],
  },
  operations: {
    CreateApiDestination: async () => ({ input: { Name: unused('new'), ...http } }),
    CreateConnection: async () => ({
      input: { Name: unused('new'), AuthorizationType: 'API_KEY', AuthParameters: apiKey },
      // The connection's secret is the caller's to make.
      actions: ['events:CreateConnection', 'secretsmanager:CreateSecret'],
    }),
    CreateEventBus: async () => ({ input: { Name: unused('new') } }),
    DeauthorizeConnection: withSecret('DeauthorizeConnection', ['DeleteSecret']),
    DeleteApiDestination: named(destination),
    DeleteConnection: withSecret('DeleteConnection', ['DeleteSecret']),
    DeleteEventBus: named(bus),
    DescribeApiDestination: named(destination),
    DescribeConnection: named(connection),
    PutEvents: async () => ({
      input: { Entries: [{ Source: 'test', DetailType: 'test', Detail: '{}' }] },
    }),
    PutPermission: async () => ({
      input: {
        StatementId: unused('new'),
        Action: 'events:PutEvents',
        Principal: '444455556666',
      },
    }),
    PutRule: async () => ({ input: { Name: unused('new'), EventPattern } }),
    PutTargets: async () => ({
      input: {
        Targets: [
          { Id: 'one', Arn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x' },
        ],
      },
    }),
    RemovePermission: async (root) => ({ input: { StatementId: await allowed(root) } }),
    TestEventPattern: async () => ({
      input: {
        EventPattern,
        Event: JSON.stringify({
          id: '1',
          source: 'test',
          'detail-type': 'test',
          account: '000000000000',
          time: '2026-01-01T00:00:00Z',
          region: 'us-east-1',
          resources: [],
          detail: {},
        }),
      },
    }),
    UpdateApiDestination: named(destination),
    UpdateConnection: withSecret('UpdateConnection', ['GetSecretValue', 'UpdateSecret']),
    UpdateEventBus: named(bus),
  },
};
