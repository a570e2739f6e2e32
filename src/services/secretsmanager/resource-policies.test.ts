import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  account,
  newToken,
  newUser,
  openSecrets,
  otherAccount,
  type SecretsNode,
} from '../../../test/open-secrets.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

let names = 0;
async function create(): Promise<string> {
  const SecretId = `s${++names}`;
  const value = { Name: SecretId, SecretString: 'a', ClientRequestToken: newToken() };
  await node.ask('CreateSecret', value);
  return SecretId;
}
const policy = (...Statement: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
const get = 'secretsmanager:GetSecretValue';
const allow = (Principal: unknown, more: object = {}) => ({
  ...{ Effect: 'Allow', Principal, Action: get, Resource: '*' },
  ...more,
});
const put = (SecretId: string, ResourcePolicy: string, more: object = {}) =>
  node.ask('PutResourcePolicy', { SecretId, ResourcePolicy, ...more });
const malformed = (text: string) => refusal('MalformedPolicyDocumentException', text);
const syntax = malformed('This resource policy contains a syntax error.');

describe('a resource policy', () => {
  test('is put, shown as it was put, replaced and taken away', async () => {
    const SecretId = await create();
    const { ARN, Name, ...none } = await node.ask('GetResourcePolicy', { SecretId });
    assert.deepEqual(none, { PolicyName: 'default' });
    const first = policy(allow({ AWS: otherAccount }));
    const answer = { ARN, Name, PolicyName: 'default' };
    assert.deepEqual(await put(SecretId, first), answer);
    const shown = async () => (await node.ask('GetResourcePolicy', { SecretId })).ResourcePolicy;
    assert.equal(await shown(), first);
    const second = ` ${policy(allow({ AWS: account }))} `;
    await put(SecretId, second, { PolicyName: 'default' });
    assert.equal(await shown(), second);
    const { ResourcePolicies } = await node.ask('ListResourcePolicies', { SecretId });
    assert.deepEqual(ResourcePolicies, [{ PolicyName: 'default' }]);
    assert.deepEqual(await node.ask('DeleteResourcePolicy', { SecretId }), answer);
    assert.equal(await shown(), undefined);
    assert.deepEqual(await node.ask('DeleteResourcePolicy', { SecretId }), answer);
    assert.deepEqual((await node.ask('ListResourcePolicies', { SecretId })).ResourcePolicies, []);
  });

  test('has one name that can be written', async () => {
    const SecretId = await create();
    const other = { PolicyName: 'mine' };
    const invalid = { code: 'InvalidParameterException' };
    await assert.rejects(put(SecretId, policy(allow('*')), other), invalid);
    await assert.rejects(node.ask('DeleteResourcePolicy', { SecretId, ...other }), invalid);
    await assert.rejects(node.ask('GetResourcePolicy', { SecretId, ...other }), {
      code: 'ResourceNotFoundException',
    });
  });

  test('lets in whom it names', async () => {
    const SecretId = await create();
    const user = await newUser(node, { account: otherAccount, policy: allow(undefined) });
    const { ARN = '' } = await node.ask('DescribeSecret', { SecretId });
    const asked = () => node.ask('DescribeSecret', { SecretId: ARN }, { principal: user });
    await assert.rejects(asked(), { code: 'AccessDeniedException' });
    const Action = 'secretsmanager:DescribeSecret';
    await put(SecretId, policy(allow({ AWS: user.arn }, { Action })));
    await assert.rejects(asked(), { code: 'AccessDeniedException' }, 'its own account must too');
    const helped = await newUser(node, {
      account: otherAccount,
      policy: { ...allow(undefined), Action },
    });
    await put(SecretId, policy(allow({ AWS: helped.arn }, { Action })));
    const described = await node.ask('DescribeSecret', { SecretId: ARN }, { principal: helped });
    assert.equal(described.ARN, ARN);
  });

  test('names users and roles that are there, by what they are', async () => {
    const SecretId = await create();
    await assert.rejects(
      put(SecretId, policy(allow({ AWS: `arn:aws:iam::${account}:role/nobody` }))),
      malformed('This resource policy contains an unsupported principal.'),
    );
    const user = await newUser(node, { name: 'comes-back' });
    await put(SecretId, policy(allow({ AWS: user.arn })));
    await node.call('iam', 'DeleteUser', { UserName: 'comes-back' });
    const again = await newUser(node, { name: 'comes-back' });
    assert.equal(again.arn, user.arn);
    const { ARN = '' } = await node.ask('DescribeSecret', { SecretId });
    await assert.rejects(node.ask('GetSecretValue', { SecretId: ARN }, { principal: again }), {
      code: 'AccessDeniedException',
    });
    const { ResourcePolicy = '' } = await node.ask('GetResourcePolicy', { SecretId });
    assert.deepEqual(JSON.parse(ResourcePolicy).Statement[0].Principal, { AWS: user.principalId });
  });

  const wrong = ['x', '{}', policy(), policy({ Effect: 'Allow' }), policy(allow(undefined))];
  test('that is none is refused', async () => {
    const SecretId = await create();
    for (const text of wrong) await assert.rejects(put(SecretId, text), syntax, text);
    await assert.rejects(
      put(SecretId, policy(allow({ AWS: 'somebody' }))),
      malformed('This resource policy contains an unsupported principal.'),
    );
  });

  test('for everyone is refused where that is asked for', async () => {
    const SecretId = await create();
    const open = policy(allow('*'));
    await assert.rejects(put(SecretId, open, { BlockPublicPolicy: true }), {
      code: 'PublicPolicyException',
    });
    const Condition = { StringEquals: { 'aws:PrincipalAccount': account } };
    await put(SecretId, policy(allow('*', { Condition })), { BlockPublicPolicy: true });
    await put(SecretId, open);
  });

  test('does not lock out who puts it', async () => {
    const SecretId = await create();
    const refused = malformed(
      'Your requested changes will not allow you to manage this secret in the future.',
    );
    for (const Action of ['secretsmanager:PutResourcePolicy', 'secretsmanager:*', '*'])
      await assert.rejects(put(SecretId, policy(allow('*', { Effect: 'Deny', Action }))), refused);
    const Action = 'secretsmanager:DeleteResourcePolicy';
    await assert.rejects(put(SecretId, policy(allow('*', { Effect: 'Deny', Action }))), refused);
    const Condition = { StringNotEquals: { 'aws:PrincipalAccount': account } };
    await put(SecretId, policy(allow('*', { Effect: 'Deny', Action: '*', Condition })));
  });
});

describe('ValidateResourcePolicy', () => {
  const check = async (ResourcePolicy: string, more: object = {}) => {
    const answer = await node.ask('ValidateResourcePolicy', { ResourcePolicy, ...more });
    const failed = answer.ValidationErrors?.map(({ CheckName }) => CheckName) ?? [];
    assert.equal(answer.PolicyValidationPassed, failed.length === 0);
    return failed;
  };

  test('says what is wrong, and refuses nothing', async () => {
    const SecretId = await create();
    assert.deepEqual(await check(policy(allow({ AWS: account }))), []);
    assert.deepEqual(await check('x'), ['SYNTAX']);
    assert.deepEqual(await check(policy(allow('*'))), ['BROAD_ACCESS']);
    const lockOut = allow('*', { Effect: 'Deny', Action: '*' });
    assert.deepEqual(await check(policy(lockOut)), [], 'without a secret nobody is locked out');
    const both = policy(lockOut, allow('*'));
    assert.deepEqual(await check(both, { SecretId }), ['BROAD_ACCESS', 'LOCKOUT']);
    await assert.rejects(check(both, { SecretId: 'nothing' }), {
      code: 'ResourceNotFoundException',
    });
  });
});
