import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  newToken,
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

const other = { account: otherAccount };

async function newKey(owner: string, encryptFor?: string): Promise<string> {
  const Statement = [
    {
      ...{ Effect: 'Allow', Principal: { AWS: owner }, Action: 'kms:*', Resource: '*' },
    },
    ...(encryptFor === undefined
      ? []
      : [
          { Effect: 'Allow', Principal: { AWS: encryptFor }, Action: 'kms:Encrypt', Resource: '*' },
        ]),
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const made = await node.call('kms', 'CreateKey', { Policy }, { account: owner });
  return (made.KeyMetadata as { Arn: string }).Arn;
}

let names = 0;
async function primary(): Promise<string> {
  const value = { SecretString: 'one', ClientRequestToken: newToken() };
  const made = await node.ask('CreateSecret', { Name: `p${++names}`, ...value });
  return made.ARN as string;
}
async function replicaOf(CrossAccountPrimaryARN: string, KmsKeyId: string): Promise<string> {
  const asked = { Name: `r${names}`, CrossAccountPrimaryARN, KmsKeyId };
  return (await node.ask('CreateSecret', asked, other)).ARN as string;
}
const associate = (SecretId: string, CrossAccountReplicaARN: string, more: object = {}) =>
  node.ask('AssociateCrossAccountReplica', {
    ...{ SecretId, CrossAccountReplicaARN, ReplicaRestriction: 'NoRestriction' as const },
    ...more,
  });
const put = (SecretId: string, SecretString: string) =>
  node.ask('PutSecretValue', { SecretId, SecretString, ClientRequestToken: newToken() });
const readThere = async (SecretId: string) =>
  (await node.ask('GetSecretValue', { SecretId }, other)).SecretString;

async function linked() {
  const from = await primary();
  const to = await replicaOf(from, await newKey(otherAccount, account));
  await associate(from, to);
  return { from, to };
}

describe('a replica in another account', () => {
  test('waits empty, and follows its primary once it is associated', async () => {
    const from = await primary();
    const to = await replicaOf(from, await newKey(otherAccount, account));
    const waiting = await node.ask('DescribeSecret', { SecretId: to }, other);
    assert.deepEqual(waiting.CrossAccountPrimary, {
      ...{ PrimarySecretARN: from, ReplicationStatus: 'Pending' },
    });
    await assert.rejects(readThere(to), { code: 'ResourceNotFoundException' });
    const { ReplicationStatus } = await associate(from, to);
    assert.equal(ReplicationStatus, 'InSync');
    assert.equal(await readThere(to), 'one');
    await put(from, 'two');
    assert.equal(await readThere(to), 'two');
    const previous = { SecretId: to, VersionStage: 'AWSPREVIOUS' };
    assert.equal((await node.ask('GetSecretValue', previous, other)).SecretString, 'one');
    const described = await node.ask('DescribeSecret', { SecretId: from });
    assert.deepEqual(described.CrossAccountReplicas, [
      { ReplicaSecretARN: to, ReplicationStatus: 'InSync' },
    ]);
  });

  test('lets the primary’s account associate it, and nothing else', async () => {
    const from = await primary();
    const to = await replicaOf(from, await newKey(otherAccount, account));
    const { ResourcePolicies } = await node.ask('ListResourcePolicies', { SecretId: to }, other);
    assert.deepEqual(ResourcePolicies, [{ PolicyName: 'cross-account-replication' }]);
    const named = { SecretId: to, PolicyName: 'cross-account-replication' };
    const { ResourcePolicy = '' } = await node.ask('GetResourcePolicy', named, other);
    const [statement] = JSON.parse(ResourcePolicy).Statement;
    assert.deepEqual(statement.Principal, { AWS: `arn:aws:iam::${account}:root` });
    assert.equal(statement.Action, 'secretsmanager:AcceptCrossAccountReplication');
    await assert.rejects(node.ask('DescribeSecret', { SecretId: to }), {
      code: 'AccessDeniedException',
    });
    // A policy of the owner's own stands beside it.
    const own = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Principal: { AWS: account }, Resource: '*' },
          Action: 'secretsmanager:DescribeSecret',
        },
      ],
    });
    await node.ask('PutResourcePolicy', { SecretId: to, ResourcePolicy: own }, other);
    assert.equal((await node.ask('DescribeSecret', { SecretId: to })).ARN, to);
    assert.equal((await associate(from, to)).ReplicationStatus, 'InSync');
  });

  test('has its values from its primary only, its other members from its owner', async () => {
    const { to } = await linked();
    const value = { SecretId: to, SecretString: 'x', ClientRequestToken: newToken() };
    await assert.rejects(node.ask('PutSecretValue', value, other), {
      code: 'InvalidRequestException',
    });
    await node.ask('UpdateSecret', { SecretId: to, Description: 'ours' }, other);
    await node.ask('TagResource', { SecretId: to, Tags: [{ Key: 'a', Value: 'b' }] }, other);
    assert.equal((await node.ask('DescribeSecret', { SecretId: to }, other)).Description, 'ours');
  });

  test('is not made with what is the primary’s, nor under aws/secretsmanager', async () => {
    const CrossAccountPrimaryARN = await primary();
    const KmsKeyId = await newKey(otherAccount);
    const wrong = [
      { CrossAccountPrimaryARN },
      { CrossAccountPrimaryARN, KmsKeyId: 'alias/aws/secretsmanager' },
      ...[{ SecretString: 'x', ClientRequestToken: newToken() }, { Description: 'd' }].map(
        (more) => ({
          ...{ CrossAccountPrimaryARN, KmsKeyId },
          ...more,
        }),
      ),
      { CrossAccountPrimaryARN: CrossAccountPrimaryARN.slice(0, -7), KmsKeyId },
      {
        CrossAccountPrimaryARN: CrossAccountPrimaryARN.replace('eu-central-1', 'us-east-1'),
        KmsKeyId,
      },
    ];
    for (const asked of wrong)
      await assert.rejects(node.ask('CreateSecret', { Name: 'no-replica', ...asked }, other), {
        code: 'InvalidParameterException',
      });
  });

  test('shows why its values did not come, and gets them when asked again', async () => {
    const from = await primary();
    const KmsKeyId = await newKey(otherAccount);
    const to = await replicaOf(from, KmsKeyId);
    const failed = await associate(from, to);
    assert.equal(failed.ReplicationStatus, 'Failed');
    const shown = await node.ask('DescribeSecret', { SecretId: to }, other);
    assert.deepEqual(shown.CrossAccountPrimary, {
      ...{ PrimarySecretARN: from, ReplicationStatus: 'Failed' },
      StatusMessage: 'Replication failed: Access to KMS is not allowed',
    });
    const policy = (await node.call('kms', 'GetKeyPolicy', { KeyId: KmsKeyId }, other)) as {
      Policy: string;
    };
    const opened = JSON.parse(policy.Policy);
    opened.Statement.push({
      ...{ Effect: 'Allow', Principal: { AWS: account }, Action: 'kms:Encrypt', Resource: '*' },
    });
    const Policy = JSON.stringify(opened);
    await node.call('kms', 'PutKeyPolicy', { KeyId: KmsKeyId, Policy }, other);
    assert.equal((await associate(from, to)).ReplicationStatus, 'InSync');
    assert.equal(await readThere(to), 'one');
  });

  test('is one at the most, and one that names this primary', async () => {
    const { from, to } = await linked();
    const second = await replicaOf(
      from.replace(/-\w{6}$/, '-AAAAAA'),
      await newKey(otherAccount),
    ).catch(() => undefined);
    assert.equal(second, undefined, 'the name was taken');
    names++;
    const foreign = await replicaOf(
      `${from.slice(0, -6)}BBBBBB`,
      await newKey(otherAccount, account),
    );
    await assert.rejects(associate(from, foreign), { code: 'LimitExceededException' });
    const another = await primary();
    await assert.rejects(associate(another, to), { code: 'InvalidRequestException' });
    await assert.rejects(associate(another, `${to.slice(0, -6)}CCCCCC`), {
      code: 'AccessDeniedException',
    });
    await assert.rejects(associate(from, to, { ReplicaRestriction: 'SameOrg' }), {
      code: 'InvalidRequestException',
    });
  });

  test('is detached by the primary’s owner, and set free by its own', async () => {
    const { from, to } = await linked();
    await assert.rejects(node.ask('DeleteSecret', { SecretId: from }), {
      code: 'InvalidParameterException',
    });
    await node.ask('DisassociateCrossAccountReplica', {
      ...{ SecretId: from, CrossAccountReplicaARN: to },
    });
    await put(from, 'two');
    assert.equal(await readThere(to), 'one');
    const detached = await node.ask('DescribeSecret', { SecretId: to }, other);
    assert.equal(detached.CrossAccountPrimary?.ReplicationStatus, 'Detached');
    assert.equal((await associate(from, to)).ReplicationStatus, 'InSync');
    assert.equal(await readThere(to), 'two');
    await node.ask('DisassociateCrossAccountReplica', {
      ...{ SecretId: from, CrossAccountReplicaARN: to },
    });
    await assert.rejects(node.ask('DeleteSecret', { SecretId: to }, other), {
      code: 'InvalidParameterException',
    });
    await node.ask('StopReplicationToReplica', { SecretId: to }, other);
    const value = { SecretId: to, SecretString: 'own', ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', value, other);
    await node.ask('DeleteSecret', { SecretId: to }, other);
    await node.ask('DeleteSecret', { SecretId: from });
  });

  test('that its owner sets free shows as detached at its primary', async () => {
    const { from, to } = await linked();
    await node.ask('StopReplicationToReplica', { SecretId: to }, other);
    await put(from, 'two');
    const { CrossAccountReplicas } = await node.ask('DescribeSecret', { SecretId: from });
    assert.equal(CrossAccountReplicas?.[0]?.ReplicationStatus, 'Detached');
    assert.equal(await readThere(to), 'one');
  });
});
