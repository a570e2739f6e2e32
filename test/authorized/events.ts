/** What EventBridge's operations need to reach their decision. */
import { events as model } from '../../src/model/events.generated.ts';
import { type Credentials, newRole } from '../identities.ts';
import { callOperation } from '../service-call.ts';
import { type ServiceSamples, unused } from './sample.ts';

/** Sends a call as the root user, and gives its answer. */
async function send(root: Credentials, operation: string, input: Record<string, unknown>) {
  const { status, text } = await callOperation(root, model, operation, input);
  if (status >= 300) throw new Error(`${operation}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

async function bus(root: Credentials): Promise<string> {
  const Name = unused('bus');
  await send(root, 'CreateEventBus', { Name });
  return Name;
}

const pattern = { EventPattern: '{"source":["a"]}' };

async function rule(root: Credentials): Promise<string> {
  const Name = unused('rule');
  await send(root, 'PutRule', { Name, ...pattern });
  return Name;
}

async function ruleArn(root: Credentials): Promise<string> {
  return (await send(root, 'PutRule', { Name: await rule(root), ...pattern })).RuleArn;
}

const basic = { BasicAuthParameters: { Username: 'u', Password: 'p' } };

async function connection(root: Credentials) {
  const Name = unused('connection');
  const input = { Name, AuthorizationType: 'BASIC', AuthParameters: basic };
  return { Name, arn: (await send(root, 'CreateConnection', input)).ConnectionArn as string };
}

const destinationOf = async (root: Credentials) => ({
  Name: unused('destination'),
  ConnectionArn: (await connection(root)).arn,
  InvocationEndpoint: 'https://example.com/',
  HttpMethod: 'POST',
});

async function destination(root: Credentials): Promise<string> {
  const input = await destinationOf(root);
  await send(root, 'CreateApiDestination', input);
  return input.Name;
}

const ofBus = async (root: Credentials) => ({ input: { Name: await bus(root) } });
const ofRule = async (root: Credentials) => ({ input: { Name: await rule(root) } });
const ofDestination = async (root: Credentials) => ({ input: { Name: await destination(root) } });
const secrets = (events: string, ...operations: readonly string[]) => [
  `events:${events}`,
  ...operations.map((operation) => `secretsmanager:${operation}`),
];
const tags = { Tags: [{ Key: 'k', Value: 'v' }] };

export const events: ServiceSamples = {
  members: {
    Rule: rule,
    ResourceARN: ruleArn,
    Tags: async () => tags.Tags,
    TagKeys: async () => ['k'],
    Ids: async () => ['one'],
    EventPattern: async () => pattern.EventPattern,
    Entries: async () => [{ Source: 'a', DetailType: 'b', Detail: '{}' }],
    TargetArn: async () => 'arn:aws:lambda:us-east-1:000000000000:function:f',
  },
  operations: {
    CreateEventBus: async () => ({
      input: { Name: unused('bus'), ...tags },
      actions: ['events:CreateEventBus', 'events:TagResource'],
    }),
    DeleteEventBus: ofBus,
    UpdateEventBus: ofBus,
    DescribeEventBus: ofBus,
    PutPermission: async () => ({
      input: { Action: 'events:PutEvents', Principal: '444455556666', StatementId: 'one' },
    }),
    RemovePermission: async () => ({ input: { RemoveAllPermissions: true } }),
    PutRule: async (root) => ({
      input: {
        Name: unused('rule'),
        ...pattern,
        ...tags,
        RoleArn: (
          await newRole(root, unused('role'), { trusts: { Service: 'events.amazonaws.com' } })
        ).arn,
      },
      actions: ['events:PutRule', 'iam:PassRole', 'events:TagResource'],
    }),
    DeleteRule: ofRule,
    DescribeRule: ofRule,
    DisableRule: ofRule,
    EnableRule: ofRule,
    PutTargets: async (root) => {
      const trusts = { Service: 'events.amazonaws.com' };
      const { arn: RoleArn } = await newRole(root, unused('role'), { trusts });
      const Arn = 'arn:aws:events:us-east-1:444455556666:event-bus/default';
      return {
        input: { Rule: await rule(root), Targets: [{ Id: 'one', Arn, RoleArn }] },
        actions: ['events:PutTargets', 'iam:PassRole'],
      };
    },
    TestEventPattern: async () => ({ input: { ...pattern, Event: '{}' } }),
    CreateConnection: async () => ({
      input: { Name: unused('connection'), AuthorizationType: 'BASIC', AuthParameters: basic },
      actions: secrets('CreateConnection', 'CreateSecret'),
    }),
    UpdateConnection: async (root) => ({
      input: { Name: (await connection(root)).Name, AuthParameters: basic },
      actions: secrets('UpdateConnection', 'GetSecretValue', 'UpdateSecret'),
    }),
    DeauthorizeConnection: async (root) => ({
      input: { Name: (await connection(root)).Name },
      actions: secrets('DeauthorizeConnection', 'DeleteSecret'),
    }),
    DeleteConnection: async (root) => ({
      input: { Name: (await connection(root)).Name },
      actions: secrets('DeleteConnection', 'DeleteSecret'),
    }),
    DescribeConnection: async (root) => ({ input: { Name: (await connection(root)).Name } }),
    CreateApiDestination: async (root) => ({ input: await destinationOf(root) }),
    UpdateApiDestination: ofDestination,
    DeleteApiDestination: ofDestination,
    DescribeApiDestination: ofDestination,
  },
};
