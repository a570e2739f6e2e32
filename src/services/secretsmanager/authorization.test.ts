import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  functionArn,
  newToken,
  newUser,
  openSecrets,
  region,
  type SecretsNode,
} from '../../../test/open-secrets.ts';
import type { Principal } from '../../operation.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
  node.functions.set('rotate', async () => {});
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

const sm = (name: string): string => `secretsmanager:${name}`;
const denied = { code: 'AccessDeniedException' };

/** May do what the statements say; KMS is open to it through Secrets Manager. */
const userWith = (...statements: readonly object[]): Promise<Principal> =>
  newUser(node, {
    policy: statements.map((each) => ({ Effect: 'Allow', Resource: '*', ...each })),
  });

let names = 0;
async function create(more: object = {}) {
  const SecretId = `s${++names}`;
  const value = { Name: SecretId, SecretString: 'a', ClientRequestToken: newToken() };
  const { ARN = '' } = await node.ask('CreateSecret', { ...value, ...more });
  return { SecretId, arn: ARN };
}

const value = () => ({ SecretString: 'x', ClientRequestToken: newToken() });

/** The call is let in with the condition met, and refused with it missed. */
async function turnsOn(
  operation: string,
  Condition: object,
  calls: { readonly met: object; readonly missed: object },
): Promise<void> {
  const principal = await userWith({ Action: sm(operation), Condition }, { Action: 'lambda:*' });
  const asks = (input: object) => node.call('secretsmanager', operation, input, { principal });
  await assert.rejects(asks(calls.missed), denied, JSON.stringify(calls.missed));
  await asks(calls.met);
}

describe('who may', () => {
  test('is asked of the secret’s whole ARN, however it is named', async () => {
    const { SecretId, arn } = await create();
    const principal = await userWith({ Action: sm('GetSecretValue'), Resource: arn });
    for (const id of [SecretId, arn, arn.slice(0, -7)])
      assert.equal((await node.ask('GetSecretValue', { SecretId: id }, { principal })).ARN, arn);
    const { SecretId: other } = await create();
    await assert.rejects(node.ask('GetSecretValue', { SecretId: other }, { principal }), denied);
  });

  test('is asked before anything is told of what is not there', async () => {
    const some = await userWith({
      ...{ Action: sm('*'), Resource: `arn:aws:secretsmanager:*:*:secret:mine-??????` },
    });
    const get = (SecretId: string) => node.ask('GetSecretValue', { SecretId }, { principal: some });
    await assert.rejects(get('mine'), { code: 'ResourceNotFoundException' });
    await assert.rejects(get('yours'), denied);
    await node.ask('CreateSecret', { Name: 'mine' }, { principal: some });
    await assert.rejects(node.ask('CreateSecret', { Name: 'yours' }, { principal: some }), denied);
  });

  test('create with tags or replicas must be allowed those too', async () => {
    const principal = await userWith({ Action: sm('CreateSecret') });
    const make = (more: object) =>
      node.ask('CreateSecret', { Name: `s${++names}`, ...more }, { principal });
    await make({});
    await assert.rejects(make({ Tags: [{ Key: 'k', Value: 'v' }] }), /secretsmanager:TagResource/);
    await assert.rejects(
      make({ AddReplicaRegions: [{ Region: 'us-east-1' }] }),
      /secretsmanager:ReplicateSecretToRegions/,
    );
  });

  test('read several must be allowed each of them', async () => {
    const { arn } = await create();
    const { SecretId: other } = await create();
    const principal = await userWith(
      { Action: sm('BatchGetSecretValue') },
      { Action: sm('GetSecretValue'), Resource: arn },
    );
    const { SecretValues, Errors } = await node.ask(
      ...(['BatchGetSecretValue', { SecretIdList: [arn, other] }, { principal }] as const),
    );
    assert.deepEqual(
      SecretValues?.map(({ ARN }) => ARN),
      [arn],
    );
    assert.deepEqual(
      Errors?.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
      [[other, 'AccessDeniedException']],
    );
    const Filters = [{ Key: 'name', Values: ['s'] }] as const;
    await assert.rejects(
      node.ask('BatchGetSecretValue', { Filters }, { principal }),
      /secretsmanager:ListSecrets/,
    );
  });

  test('rotate must be allowed to invoke the function', async () => {
    const { SecretId } = await create();
    const asked = () => ({
      ...{ SecretId, ClientRequestToken: newToken(), RotationLambdaARN: functionArn('rotate') },
    });
    const without = await userWith({ Action: sm('RotateSecret') });
    await assert.rejects(
      node.ask('RotateSecret', asked(), { principal: without }),
      /lambda:InvokeFunction/,
    );
    const principal = await userWith({ Action: [sm('RotateSecret'), 'lambda:InvokeFunction'] });
    await node.ask('RotateSecret', asked(), { principal });
    await node.ask('CancelRotateSecret', { SecretId });
  });

  test('use a customer key must be allowed it, through Secrets Manager at least', async () => {
    const key = (await node.call('kms', 'CreateKey', {})).KeyMetadata as { Arn: string };
    const { SecretId } = await create({ KmsKeyId: key.Arn });
    const reads = { Action: sm('GetSecretValue') };
    const without = await userWith(reads);
    const refused = node.ask('GetSecretValue', { SecretId }, { principal: without });
    await assert.rejects(refused, /Access to KMS is not allowed/);
    const principal = await userWith(reads, {
      ...{ Action: 'kms:Decrypt', Resource: key.Arn },
      Condition: {
        StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
        StringLike: { 'kms:EncryptionContext:SecretARN': `*:secret:${SecretId}-??????` },
      },
    });
    assert.equal((await node.ask('GetSecretValue', { SecretId }, { principal })).SecretString, 'a');
    await assert.rejects(
      node.call('kms', 'Decrypt', { CiphertextBlob: Buffer.alloc(200) }, { principal }),
    );
  });

  test('change tags may not lose the right to, by that', async () => {
    const { SecretId } = await create({ Tags: [{ Key: 'team', Value: 'a' }] });
    const principal = await userWith({
      ...{ Action: [sm('TagResource'), sm('UntagResource')] },
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } },
    });
    const tag = (Key: string, Value: string) =>
      node.ask('TagResource', { SecretId, Tags: [{ Key, Value }] }, { principal });
    await tag('other', 'x');
    await assert.rejects(tag('team', 'b'), denied);
    const TagKeys = ['team'];
    await assert.rejects(node.ask('UntagResource', { SecretId, TagKeys }, { principal }), denied);
    const { Tags } = await node.ask('DescribeSecret', { SecretId });
    assert.deepEqual(Tags, [
      { Key: 'team', Value: 'a' },
      { Key: 'other', Value: 'x' },
    ]);
  });
});

describe('condition keys', () => {
  const equals = (key: string, wanted: string) => ({ StringEquals: { [key]: wanted } });
  const named = () => `s${++names}`;

  test('of CreateSecret', async () => {
    const key = (await node.call('kms', 'CreateKey', {})).KeyMetadata as {
      Arn: string;
      KeyId: string;
    };
    const tags = [{ Key: 'Team', Value: 'a' }];
    await turnsOn('CreateSecret', equals(sm('Name'), 'this-name'), {
      ...{ met: { Name: 'this-name' }, missed: { Name: 'that-name' } },
    });
    await turnsOn('CreateSecret', equals(sm('Description'), 'd'), {
      ...{ met: { Name: named(), Description: 'd' }, missed: { Name: named() } },
    });
    await turnsOn('CreateSecret', equals(sm('Type'), 't'), {
      ...{ met: { Name: named(), Type: 't' }, missed: { Name: named(), Type: 'u' } },
    });
    const Condition = { ArnEquals: { [sm('KmsKeyArn')]: key.Arn } };
    const principal = await userWith(
      { Action: sm('CreateSecret'), Condition },
      { Action: 'kms:*' },
    );
    for (const KmsKeyId of [key.Arn, key.KeyId])
      await node.ask('CreateSecret', { Name: named(), KmsKeyId }, { principal });
    await assert.rejects(node.ask('CreateSecret', { Name: named() }, { principal }), denied);
    const tagging = await userWith({
      ...{ Action: [sm('CreateSecret'), sm('TagResource')] },
      Condition: {
        ...equals('aws:RequestTag/team', 'a'),
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] },
      },
    });
    await node.ask('CreateSecret', { Name: named(), Tags: tags }, { principal: tagging });
    const more = [...tags, { Key: 'x', Value: 'y' }];
    await assert.rejects(
      node.ask('CreateSecret', { Name: named(), Tags: more }, { principal: tagging }),
      denied,
    );
  });

  test('of reading and moving labels', async () => {
    const { SecretId } = await create();
    const first = Object.keys(
      (await node.ask('DescribeSecret', { SecretId })).VersionIdsToStages ?? {},
    )[0] as string;
    await node.ask('PutSecretValue', { SecretId, ...value() });
    const current = { 'ForAnyValue:StringEquals': { [sm('VersionStage')]: 'AWSCURRENT' } };
    await turnsOn('GetSecretValue', current, {
      ...{ met: { SecretId }, missed: { SecretId, VersionStage: 'AWSPREVIOUS' } },
    });
    await turnsOn('GetSecretValue', current, {
      ...{ met: { SecretId, VersionStage: 'AWSCURRENT' }, missed: { SecretId, VersionId: first } },
    });
    await turnsOn('GetSecretValue', equals(sm('VersionId'), first), {
      ...{ met: { SecretId, VersionId: first }, missed: { SecretId } },
    });
    const move = { SecretId, MoveToVersionId: first };
    await turnsOn('UpdateSecretVersionStage', equals(sm('VersionStage'), 'mine'), {
      ...{ met: { ...move, VersionStage: 'mine' }, missed: { ...move, VersionStage: 'yours' } },
    });
  });

  test('of deletion, policies and replication', async () => {
    const { SecretId } = await create();
    const window = { NumericGreaterThanEquals: { [sm('RecoveryWindowInDays')]: '14' } };
    await turnsOn('DeleteSecret', window, {
      met: { SecretId, RecoveryWindowInDays: 14 },
      missed: { SecretId, RecoveryWindowInDays: 7 },
    });
    const forced = { Bool: { [sm('ForceDeleteWithoutRecovery')]: 'true' } };
    await turnsOn('DeleteSecret', forced, {
      met: { SecretId, ForceDeleteWithoutRecovery: true },
      missed: { SecretId },
    });
    const { SecretId: other } = await create();
    const Statement = [
      {
        ...{ Effect: 'Deny', Principal: '*', Resource: '*' },
        Action: sm('DeleteSecret'),
      },
    ];
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement });
    const blocks = { Bool: { [sm('BlockPublicPolicy')]: 'true' } };
    await turnsOnWithDelete('PutResourcePolicy', blocks, {
      met: { SecretId: other, ResourcePolicy, BlockPublicPolicy: true },
      missed: { SecretId: other, ResourcePolicy },
    });
    const regions = { 'ForAllValues:StringEquals': { [sm('AddReplicaRegions')]: ['us-east-1'] } };
    await turnsOn('ReplicateSecretToRegions', regions, {
      met: { SecretId: other, AddReplicaRegions: [{ Region: 'us-east-1' }] },
      missed: { SecretId: other, AddReplicaRegions: [{ Region: 'us-west-2' }] },
    });
  });

  /** PutResourcePolicy looks whether the caller could take it back. */
  async function turnsOnWithDelete(
    operation: 'PutResourcePolicy',
    Condition: object,
    calls: { readonly met: object; readonly missed: object },
  ) {
    const principal = await userWith(
      { Action: sm(operation), Condition },
      { Action: sm('DeleteResourcePolicy') },
    );
    const asks = (input: object) => node.call('secretsmanager', operation, input, { principal });
    await assert.rejects(asks(calls.missed), denied);
    await asks(calls.met);
  }

  test('of rotation', async () => {
    const { SecretId } = await create();
    const rotate = (more: object = {}) => ({
      ...{ SecretId, ClientRequestToken: newToken(), RotationLambdaARN: functionArn('rotate') },
      ...more,
    });
    const lambdas = { ArnEquals: { [sm('RotationLambdaARN')]: functionArn('rotate') } };
    await turnsOn('RotateSecret', lambdas, {
      ...{ met: rotate(), missed: rotate({ RotationLambdaARN: functionArn('other') }) },
    });
    await node.ask('CancelRotateSecret', { SecretId });
    const allowed = {
      ArnEquals: { [sm('resource/AllowRotationLambdaArn')]: functionArn('rotate') },
    };
    const { SecretId: without } = await create();
    await turnsOn('GetSecretValue', allowed, { met: { SecretId }, missed: { SecretId: without } });
  });

  test('of the secret itself', async () => {
    const { SecretId, arn } = await create({ Tags: [{ Key: 'Stage', Value: 'prod' }], Type: 't' });
    const { SecretId: other } = await create({ Tags: [{ Key: 'Stage', Value: 'test' }] });
    const calls = { met: { SecretId }, missed: { SecretId: other } };
    for (const Condition of [
      equals(sm('ResourceTag/Stage'), 'prod'),
      equals('aws:ResourceTag/Stage', 'prod'),
      equals(sm('resource/Type'), 't'),
      { ArnEquals: { [sm('SecretId')]: arn } },
    ])
      await turnsOn('GetSecretValue', Condition, calls);
    await node.ask('ReplicateSecretToRegions', {
      ...{ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] },
    });
    await turnsOn('GetSecretValue', equals(sm('SecretPrimaryRegion'), region), calls);
  });

  test('cannot be forged by what a request says', async () => {
    const principal = await userWith({
      ...{ Action: sm('CreateSecret') },
      Condition: { StringEquals: { 'aws:PrincipalAccount': 'not-mine' } },
    });
    const Tags = [{ Key: 'aws:PrincipalAccount', Value: 'not-mine' }];
    await assert.rejects(node.ask('CreateSecret', { Name: 'x', Tags }, { principal }), denied);
    assert.equal(principal.account, account);
  });
});
