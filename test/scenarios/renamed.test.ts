/**
 * Users that change their names: whoever was named by ARN in a policy or a grant is meant under the
 * new name, and nobody who takes the old one is.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { UpdateUserCommand } from '@aws-sdk/client-iam';
import type { ServiceModel } from '../../src/model/schema.ts';
import { models } from '../../src/services.ts';
import { allowing, type Credentials, newRole, newUser, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';
import { assume, sendIam } from '../sts.ts';
import { zipOf } from '../zip-of.ts';

let server: RunningServer;
/** Named by everything below as `worker`, and called `renamed` now. */
let worker: User;
/** Who is called `worker` now. */
let impostor: User;
let keyId: string;
let named: Readonly<Record<string, (who: Credentials) => Promise<Told>>>;

const call = (who: Credentials, service: string, operation: string, input: object): Promise<Told> =>
  callOperation(who, models.get(service) as ServiceModel, operation, { ...input });

async function made(service: string, operation: string, input: object) {
  const { status, text } = await call(server, service, operation, input);
  assert.ok(status < 300, `${operation}: ${text}`);
  return text === '' ? {} : JSON.parse(text);
}

const policyFor = (Action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: worker.arn }, Action, Resource: '*' }],
});
const rename = (UserName: string, NewUserName: string) =>
  sendIam(server, new UpdateUserCommand({ UserName, NewUserName }));

before(async () => {
  server = await startServer({ mode: 'dev' });
  worker = await newUser(server, 'worker');
  const Policy = JSON.stringify(policyFor('kms:Encrypt'));
  const BypassPolicyLockoutSafetyCheck = true;
  const key = await made('kms', 'CreateKey', { Policy, BypassPolicyLockoutSafetyCheck });
  const granted = (await made('kms', 'CreateKey', {})).KeyMetadata;
  keyId = granted.KeyId;
  const grant = { GranteePrincipal: worker.arn, RetiringPrincipal: worker.arn };
  await made('kms', 'CreateGrant', { KeyId: keyId, ...grant, Operations: ['Encrypt'] });
  const secret = { Name: 'named', SecretString: 'x', ClientRequestToken: crypto.randomUUID() };
  await made('secretsmanager', 'CreateSecret', secret);
  const ResourcePolicy = JSON.stringify(policyFor('secretsmanager:DescribeSecret'));
  await made('secretsmanager', 'PutResourcePolicy', { SecretId: 'named', ResourcePolicy });
  const { arn: Role } = await newRole(server, 'runs', {
    trusts: { Service: 'lambda.amazonaws.com' },
  });
  const Code = { ZipFile: zipOf([{ name: 'index.mjs', content: 'export const handler = 1;' }]) };
  const wish = { Role, Runtime: 'nodejs24.x', Handler: 'index.handler', Code };
  await made('lambda', 'CreateFunction', { FunctionName: 'named', ...wish });
  await made('lambda', 'AddPermission', {
    ...{ FunctionName: 'named', StatementId: 'one', Principal: worker.arn },
    Action: 'lambda:InvokeFunction',
  });
  const { arn: trusting } = await newRole(server, 'trusting', { trusts: { AWS: worker.arn } });
  const Plaintext = Buffer.from('x').toString('base64');
  const encrypt = (KeyId: string) => (who: Credentials) =>
    call(who, 'kms', 'Encrypt', { KeyId, Plaintext });
  named = {
    'a key policy': encrypt(key.KeyMetadata.KeyId),
    'a grant': encrypt(keyId),
    'a secret`s policy': (who) =>
      call(who, 'secretsmanager', 'DescribeSecret', { SecretId: 'named' }),
    'a function`s policy': (who) =>
      call(who, 'lambda', 'Invoke', { FunctionName: 'named', InvocationType: 'DryRun' }),
    'a trust policy': (who) =>
      call(who, 'sts', 'AssumeRole', { RoleArn: trusting, RoleSessionName: 'session' }),
  };
  for (const [name, act] of Object.entries(named))
    assert.ok((await act(worker.credentials)).status < 300, name);
  await rename('worker', 'renamed');
  impostor = await newUser(server, 'worker');
  assert.equal(impostor.arn, worker.arn);
});
after(() => server?.stop());

describe('a user that was renamed', () => {
  for (const name of ['a key policy', 'a grant', 'a secret`s policy', 'a function`s policy'])
    test(`is still named by ${name}; who took the name is not`, () => isStillNamed(name));
  test('is still named by a trust policy; who took the name is not', () =>
    isStillNamed('a trust policy'));

  test('stands in what is shown by its new ARN', async () => {
    const arn = worker.arn.replace(/worker$/, 'renamed');
    const role = await call(server, 'iam', 'GetRole', { RoleName: 'trusting' });
    const [, trust = ''] = /<AssumeRolePolicyDocument>(.*?)</.exec(role.text) ?? [];
    const shown = [
      decodeURIComponent(trust),
      (await made('secretsmanager', 'GetResourcePolicy', { SecretId: 'named' })).ResourcePolicy,
      (await made('lambda', 'GetPolicy', { FunctionName: 'named' })).Policy,
    ];
    for (const text of shown)
      assert.deepEqual(JSON.parse(text).Statement[0].Principal, { AWS: arn });
    const { Grants } = await made('kms', 'ListGrants', { KeyId: keyId });
    assert.equal(Grants[0].GranteePrincipal, arn);
    assert.equal(Grants[0].RetiringPrincipal, arn);
  });

  test('is who the grants are found by under its new ARN, and not under the old one', async () => {
    const arn = worker.arn.replace(/worker$/, 'renamed');
    for (const [asked, count] of [
      [arn, 1],
      [worker.arn, 0],
    ] as const) {
      const byGrantee = { KeyId: keyId, GranteePrincipal: asked };
      assert.equal((await made('kms', 'ListGrants', byGrantee)).Grants.length, count);
      const byRetiring = { RetiringPrincipal: asked };
      assert.equal((await made('kms', 'ListRetirableGrants', byRetiring)).Grants.length, count);
    }
  });

  test('and who took its name are told apart by a function`s policy that names both', async () => {
    const third = await newUser(server, 'third');
    const permit = (StatementId: string, Action: string, Principal: string) =>
      made('lambda', 'AddPermission', { FunctionName: 'named', StatementId, Action, Principal });
    await permit('two', 'lambda:GetFunction', impostor.arn);
    await permit('three', 'lambda:GetFunction', third.arn);
    const get = (who: User) =>
      call(who.credentials, 'lambda', 'GetFunction', { FunctionName: 'named' });
    assert.equal((await get(impostor)).status, 200);
    assert.equal((await get(worker)).status, 403);
    await isStillNamed('a function`s policy');
  });

  test('keeps its access key, and retires what it may', async () => {
    const { Grants } = await made('kms', 'ListGrants', { KeyId: keyId });
    const grant = { KeyId: Grants[0].KeyId, GrantId: Grants[0].GrantId };
    const by = (who: User) => call(who.credentials, 'kms', 'RetireGrant', grant);
    assert.equal((await by(impostor)).status, 400);
    const retired = await by(worker);
    assert.equal(retired.status, 200, retired.text);
  });
});

async function isStillNamed(name: string): Promise<void> {
  const act = named[name];
  assert.ok(act);
  const told = await act(worker.credentials);
  assert.ok(told.status < 300, told.text);
  const refused = await act(impostor.credentials);
  assert.ok(
    refused.status >= 400 && /not authorized|AccessDenied/.test(refused.text),
    refused.text,
  );
}

test('a policy that denies a user follows it to its new name', async () => {
  const user = await newUser(server, 'denied', allowing('kms:*'));
  const deny = { Effect: 'Deny', Principal: { AWS: user.arn }, Action: 'kms:*', Resource: '*' };
  const allow = {
    Effect: 'Allow',
    Principal: { AWS: '000000000000' },
    Action: 'kms:*',
    Resource: '*',
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny, allow] });
  const { KeyMetadata } = await made('kms', 'CreateKey', { Policy });
  const describeKey = () =>
    call(user.credentials, 'kms', 'DescribeKey', { KeyId: KeyMetadata.KeyId });
  assert.match((await describeKey()).text, /explicit deny/);
  await rename('denied', 'denied-no-more');
  assert.match((await describeKey()).text, /explicit deny/);
});

test('a session of a role goes on when who assumed it is renamed', async () => {
  const assumer = await newUser(server, 'assumer');
  const policy = allowing('kms:GenerateRandom');
  const { arn } = await newRole(server, 'assumed', { trusts: { AWS: assumer.arn }, policy });
  const session = await assume(assumer.credentials, arn);
  await rename('assumer', 'assumer-2');
  const { status } = await call(session, 'kms', 'GenerateRandom', { NumberOfBytes: 1 });
  assert.equal(status, 200);
});
