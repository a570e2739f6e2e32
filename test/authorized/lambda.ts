/** What Lambda's and CloudWatch Logs' operations need to reach their decision. */
import * as client from '@aws-sdk/client-iam';
import { lambda as model } from '../../src/model/lambda.generated.ts';
import type { Credentials } from '../identities.ts';
import { callOperation } from '../service-call.ts';
import { sendIam } from '../sts.ts';
import { zipOf } from '../zip-of.ts';
import { type ServiceSamples, unused } from './sample.ts';

const archive = zipOf([{ name: 'index.mjs', content: 'export const handler = 1;' }]);
const runtime = { Runtime: 'nodejs24.x', Handler: 'index.handler' };

/** Sends a call as the root user, and gives its answer. */
async function send(root: Credentials, operation: string, input: Record<string, unknown>) {
  const { status, text } = await callOperation(root, model, operation, input);
  if (status >= 300) throw new Error(`${operation}: ${text}`);
  return JSON.parse(text);
}

/** A role that Lambda may assume. */
async function role(root: Credentials): Promise<string> {
  const Principal = { Service: 'lambda.amazonaws.com' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const wish = { RoleName: unused('role'), AssumeRolePolicyDocument };
  const { Role } = await sendIam(root, new client.CreateRoleCommand(wish));
  return String(Role?.Arn);
}

async function made(root: Credentials): Promise<{ FunctionName: string; FunctionArn: string }> {
  const wish = { FunctionName: unused('function'), Role: await role(root), ...runtime };
  return send(root, 'CreateFunction', { ...wish, Code: { ZipFile: archive } });
}
const name = async (root: Credentials): Promise<string> => (await made(root)).FunctionName;

const tagged = async (root: Credentials) => ({
  input: { Resource: (await made(root)).FunctionArn, Tags: { k: 'v' }, TagKeys: ['k'] },
});

async function alias(root: Credentials) {
  const FunctionName = await name(root);
  const input = { FunctionName, Name: 'live', FunctionVersion: '$LATEST' };
  await send(root, 'CreateAlias', input);
  return { input };
}

async function permission(root: Credentials) {
  const FunctionName = await name(root);
  const input = { FunctionName, StatementId: 'one', Principal: 'events.amazonaws.com' };
  await send(root, 'AddPermission', { ...input, Action: 'lambda:InvokeFunction' });
  return { input };
}

export const lambda: ServiceSamples = {
  members: {
    FunctionName: name,
    Role: role,
    Code: async () => ({ ZipFile: archive }),
    Principal: async () => 'events.amazonaws.com',
    Action: async () => 'lambda:InvokeFunction',
    FunctionVersion: async () => '$LATEST',
  },
  operations: {
    CreateFunction: async () => ({
      input: { FunctionName: unused('new'), ...runtime, Tags: { k: 'v' } },
      actions: ['lambda:CreateFunction', 'lambda:TagResource', 'iam:PassRole'],
    }),
    UpdateFunctionConfiguration: async (root) => ({
      input: { Role: await role(root) },
      actions: ['lambda:UpdateFunctionConfiguration', 'iam:PassRole'],
    }),
    Invoke: async () => ({
      input: { InvocationType: 'DryRun' },
      actions: ['lambda:InvokeFunction'],
    }),
    GetAlias: alias,
    UpdateAlias: alias,
    DeleteAlias: alias,
    RemovePermission: permission,
    GetPolicy: permission,
    TagResource: tagged,
    UntagResource: tagged,
    ListTags: tagged,
  },
};

const group = async () => ({ input: { logGroupName: '/aws/lambda/none' } });

export const logs: ServiceSamples = {
  members: { logGroupName: async () => '/aws/lambda/none', logStreamName: async () => 'none' },
  operations: { DescribeLogStreams: group, GetLogEvents: group, FilterLogEvents: group },
};
