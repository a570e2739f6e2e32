/** Who may do what to functions: their policies, tags and ARNs, tried by people who shouldn't. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as client from '@aws-sdk/client-iam';
import { lambda as model } from '../../src/model/lambda.generated.ts';
import { allowing, type Credentials, newRole, newUser } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';
import { sendIam } from '../sts.ts';
import { zipOf } from '../zip-of.ts';

const ZipFile = zipOf([{ name: 'index.mjs', content: 'export const handler = 1;' }]);
let server: RunningServer;
let role: string;
const ask = (who: Credentials, operation: string, input: Record<string, unknown>): Promise<Told> =>
  callOperation(who, model, operation, input);
const creation = (FunctionName: string, Tags: Record<string, string> = {}) => ({
  FunctionName,
  ...{ Role: role, Runtime: 'nodejs24.x', Handler: 'index.handler', Code: { ZipFile }, Tags },
});

async function newFunction(name: string): Promise<string> {
  const { status, text } = await ask(server, 'CreateFunction', creation(name));
  assert.equal(status, 201, text);
  return JSON.parse(text).FunctionArn;
}

before(async () => {
  server = await startServer({ mode: 'dev' });
  const trusts = { Service: 'lambda.amazonaws.com' };
  role = (await newRole(server, 'execution', { trusts })).arn;
});
after(() => server.stop());

const dryRun = (who: Credentials, FunctionName: string) =>
  ask(who, 'Invoke', { FunctionName, InvocationType: 'DryRun' });

describe('a function', () => {
  test('has one ARN: no other partition names it past a Deny', async () => {
    const arn = await newFunction('guarded');
    const deny = { Effect: 'Deny', Action: 'lambda:*', Resource: arn };
    const { Statement } = allowing('lambda:*') as { Statement: object[] };
    const policy = { Version: '2012-10-17', Statement: [...Statement, deny] };
    const { credentials } = await newUser(server, 'evader', policy);
    assert.match((await dryRun(credentials, 'guarded')).text, /explicit deny/);
    for (const partition of ['aws-cn', 'aws-us-gov', 'aws-iso']) {
      const other = arn.replace('arn:aws:', `arn:${partition}:`);
      assert.equal((await dryRun(credentials, other)).status, 404);
      assert.equal((await ask(credentials, 'GetFunction', { FunctionName: other })).status, 404);
    }
  });

  test('is not created with tags by who may not tag it', async () => {
    const policy = allowing(['lambda:CreateFunction', 'iam:PassRole']);
    const { credentials } = await newUser(server, 'no-tagger', policy);
    const plain = await ask(credentials, 'CreateFunction', creation('untagged'));
    assert.equal(plain.status, 201, plain.text);
    const tagged = await ask(credentials, 'CreateFunction', creation('tagged', { a: 'b' }));
    assert.equal(tagged.status, 403);
    assert.match(tagged.text, /to perform: lambda:TagResource on resource: \S+:function:tagged /);
    assert.equal((await ask(server, 'GetFunction', { FunctionName: 'tagged' })).status, 404);
  });

  test('does not get a forbidden tag beside one that differs by case', async () => {
    const Condition = { StringEquals: { 'aws:RequestTag/stage': 'prod' } };
    const deny = { Effect: 'Deny', Action: 'lambda:*', Resource: '*', Condition };
    const { Statement } = allowing(['lambda:*', 'iam:PassRole']) as { Statement: object[] };
    const policy = { Version: '2012-10-17', Statement: [...Statement, deny] };
    const { credentials } = await newUser(server, 'case-changer', policy);
    const tags = { stage: 'prod', STAGE: 'test', Stage: 'test' };
    const told = await ask(credentials, 'CreateFunction', creation('cases', tags));
    assert.match(told.text, /explicit deny/);
    const Resource = await newFunction('cased');
    const more = await ask(credentials, 'TagResource', { Resource, Tags: tags });
    assert.match(more.text, /explicit deny/);
  });

  test('with tags that differ by case is denied by either of them', async () => {
    const Resource = await newFunction('two-tags');
    const Tags = { Stage: 'test', stage: 'prod' };
    assert.equal((await ask(server, 'TagResource', { Resource, Tags })).status, 204);
    for (const value of ['test', 'prod']) {
      const Condition = { StringEquals: { 'aws:ResourceTag/STAGE': value } };
      const deny = { Effect: 'Deny', Action: 'lambda:*', Resource: '*', Condition };
      const { Statement } = allowing('lambda:*') as { Statement: object[] };
      const policy = { Version: '2012-10-17', Statement: [...Statement, deny] };
      const { credentials } = await newUser(server, `not-${value}`, policy);
      assert.match((await dryRun(credentials, 'two-tags')).text, /explicit deny/);
    }
  });
});

describe('the policy of a function', () => {
  const permit = (FunctionName: string, Principal: string) =>
    ask(server, 'AddPermission', {
      ...{ FunctionName, Principal, StatementId: 'one', Action: 'lambda:InvokeFunction' },
    });

  test('means the user that it named, not a later one of that name', async () => {
    await newFunction('shared');
    const first = await newUser(server, 'named');
    assert.equal((await dryRun(first.credentials, 'shared')).status, 403);
    const added = await permit('shared', first.arn);
    assert.equal(added.status, 201, added.text);
    assert.equal((await dryRun(first.credentials, 'shared')).status, 204);
    const { accessKeyId: AccessKeyId } = first.credentials;
    await sendIam(server, new client.DeleteAccessKeyCommand({ UserName: 'named', AccessKeyId }));
    await sendIam(server, new client.DeleteUserCommand({ UserName: 'named' }));
    const second = await newUser(server, 'named');
    assert.equal(second.arn, first.arn);
    assert.equal((await dryRun(second.credentials, 'shared')).status, 403);
  });

  test('names nobody who is not there', async () => {
    await newFunction('unshared');
    const { status, text } = await permit('unshared', 'arn:aws:iam::000000000000:user/nobody');
    assert.equal(status, 400);
    assert.match(text, /The provided principal was invalid/);
  });
});
