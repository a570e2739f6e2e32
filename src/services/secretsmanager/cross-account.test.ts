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

const other = { account: otherAccount };

/** A policy for the key of its owner, under which these may encrypt. */
const keyPolicy = (owner: string, encrypters: readonly string[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: owner }, Action: 'kms:*', Resource: '*' },
      ...encrypters.map((AWS) => ({
        ...{ Effect: 'Allow', Principal: { AWS }, Action: 'kms:Encrypt', Resource: '*' },
      })),
    ],
  });
async function newKey(owner: string, ...encrypters: string[]): Promise<string> {
  const Policy = keyPolicy(owner, encrypters);
  const made = await node.call('kms', 'CreateKey', { Policy }, { account: owner });
  return (made.KeyMetadata as { Arn: string }).Arn;
}
const letEncrypt = (KeyId: string, ...encrypters: string[]) =>
  node.call('kms', 'PutKeyPolicy', { KeyId, Policy: keyPolicy(otherAccount, encrypters) }, other);

let names = 0;
async function primary(key: { KmsKeyId?: string } = {}): Promise<string> {
  const value = { SecretString: 'one', ClientRequestToken: newToken(), ...key };
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
  const KmsKeyId = await newKey(otherAccount, account);
  const to = await replicaOf(from, KmsKeyId);
  await associate(from, to);
  return { from, to, KmsKeyId };
}
const statusThere = async (SecretId: string) =>
  (await node.ask('DescribeSecret', { SecretId }, other)).CrossAccountPrimary?.ReplicationStatus;
const kmsDenied = refusal('AccessDeniedException', 'Access to KMS is not allowed');

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

  test('is not associated by whom its key does not let encrypt', async () => {
    const from = await primary();
    const KmsKeyId = await newKey(otherAccount);
    const to = await replicaOf(from, KmsKeyId);
    await assert.rejects(associate(from, to), kmsDenied);
    assert.equal(await statusThere(to), 'Pending');
    const { CrossAccountReplicas } = await node.ask('DescribeSecret', { SecretId: from });
    assert.equal(CrossAccountReplicas, undefined);
    await letEncrypt(KmsKeyId, account);
    assert.equal((await associate(from, to)).ReplicationStatus, 'InSync');
    assert.equal(await readThere(to), 'one');
  });

  test('shows why later values did not come, and gets them when it is associated again', async () => {
    const { from, to, KmsKeyId } = await linked();
    await letEncrypt(KmsKeyId);
    await put(from, 'two');
    const shown = await node.ask('DescribeSecret', { SecretId: to }, other);
    assert.deepEqual(shown.CrossAccountPrimary, {
      ...{ PrimarySecretARN: from, ReplicationStatus: 'Failed' },
      StatusMessage: 'Replication failed: Access to KMS is not allowed',
    });
    assert.equal(await readThere(to), 'one');
    await assert.rejects(associate(from, to), kmsDenied);
    await letEncrypt(KmsKeyId, account);
    assert.equal((await associate(from, to)).ReplicationStatus, 'InSync');
    assert.equal(await readThere(to), 'two');
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

describe('a replica that a role fills', () => {
  const trusting = (Service: string, Condition: object = {}) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole', Condition }],
    });
  const kmsActions = ['kms:Decrypt', 'kms:Encrypt'];

  async function newRole(name: string, actions: readonly string[] = kmsActions) {
    const AssumeRolePolicyDocument = trusting('secretsmanager.amazonaws.com', {
      StringEquals: { 'aws:SourceAccount': account },
      ArnLike: { 'aws:SourceArn': `arn:aws:secretsmanager:*:${account}:secret:*` },
    });
    const asked = { RoleName: name, AssumeRolePolicyDocument };
    const { Role } = await node.call('iam', 'CreateRole', asked);
    const Statement = { Effect: 'Allow', Action: actions, Resource: '*' };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await node.call('iam', 'PutRolePolicy', { RoleName: name, PolicyName: 'own', PolicyDocument });
    return (Role as { Arn: string }).Arn;
  }

  /** A primary that a role replicates, and a user who may write it but not encrypt over there. */
  async function filledByRole(name: string) {
    const role = await newRole(name);
    const from = await primary({ KmsKeyId: await newKey(account) });
    const to = await replicaOf(from, await newKey(otherAccount, role));
    const Action = ['secretsmanager:PutSecretValue', 'kms:GenerateDataKey'];
    const writer = await newUser(node, { policy: { Effect: 'Allow', Action, Resource: '*' } });
    const asked = await associate(from, to, { ReplicationRoleARN: role });
    const write = (SecretString: string) => {
      const value = { SecretId: from, SecretString, ClientRequestToken: newToken() };
      return node.ask('PutSecretValue', value, { principal: writer });
    };
    return { role, from, to, write, asked };
  }

  test('follows whoever writes the primary, by the rights of the role alone', async () => {
    const { role, from, to, write, asked } = await filledByRole('filling');
    assert.equal(asked.ReplicationStatus, 'InSync');
    const { CrossAccountReplicas } = await node.ask('DescribeSecret', { SecretId: from });
    assert.deepEqual(CrossAccountReplicas, [
      { ReplicaSecretARN: to, ReplicationRoleARN: role, ReplicationStatus: 'InSync' },
    ]);
    assert.equal(await readThere(to), 'one');
    await write('two');
    assert.equal(await readThere(to), 'two');
    const byRole = (await node.trail()).filter(
      ({ userIdentity }) =>
        userIdentity.arn ===
        `arn:aws:sts::${account}:assumed-role/filling/SecretsManagerReplication`,
    );
    assert.deepEqual(
      byRole.map(({ eventName, errorCode }) => errorCode ?? eventName),
      ['DryRunOperationException', 'Decrypt', 'Encrypt', 'Decrypt', 'Encrypt'],
    );
    assert.ok(byRole.every(({ userIdentity }) => userIdentity.invokedBy === serviceName));
  });

  const serviceName = 'secretsmanager.amazonaws.com';
  const lacking: ReadonlyArray<readonly [string, (role: string) => Promise<unknown>, string]> = [
    [
      'decrypt',
      () => rights('lacking-decrypt', ['kms:Encrypt']),
      'Replication failed: Access to KMS is not allowed',
    ],
    [
      'encrypt',
      () => rights('lacking-encrypt', ['kms:Decrypt']),
      'Replication failed: Access to KMS is not allowed',
    ],
    [
      'be-assumed',
      () =>
        node.call('iam', 'UpdateAssumeRolePolicy', {
          RoleName: 'lacking-be-assumed',
          PolicyDocument: trusting('lambda.amazonaws.com'),
        }),
      'Replication failed: Secrets Manager cannot assume the replication role.',
    ],
  ];
  const rights = (RoleName: string, Action: readonly string[]) =>
    node.call('iam', 'PutRolePolicy', {
      ...{ RoleName, PolicyName: 'own' },
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action, Resource: '*' },
      }),
    });

  for (const [what, take, message] of lacking)
    test(`keeps the value that it has where the role may not ${what}`, async () => {
      const { role, from, to, write } = await filledByRole(`lacking-${what}`);
      await take(role);
      await write('two');
      assert.equal(await readThere(to), 'one');
      const described = await node.ask('DescribeSecret', { SecretId: from });
      const [shown] = described.CrossAccountReplicas ?? [];
      assert.equal(shown?.ReplicationStatus, 'Failed');
      assert.equal(shown?.StatusMessage, message);
      await assert.rejects(associate(from, to, { ReplicationRoleARN: role }), {
        code: 'AccessDeniedException',
      });
    });

  test('is not had without iam:PassRole, nor with another account’s role or none', async () => {
    const role = await newRole('not-passed');
    const from = await primary();
    const to = await replicaOf(from, await newKey(otherAccount, role));
    const mayAssociate = ['secretsmanager:*', 'kms:*'];
    const may = (more: object[]) =>
      newUser(node, {
        policy: [{ Effect: 'Allow', Action: mayAssociate, Resource: '*' }, ...more],
      });
    const passing = (Service: string) => ({
      ...{ Effect: 'Allow', Action: 'iam:PassRole', Resource: role },
      Condition: { StringEquals: { 'iam:PassedToService': Service } },
    });
    const asked = {
      ...{ SecretId: from, CrossAccountReplicaARN: to, ReplicationRoleARN: role },
      ReplicaRestriction: 'NoRestriction' as const,
    };
    for (const more of [[], [passing('lambda.amazonaws.com')]])
      await assert.rejects(
        node.ask('AssociateCrossAccountReplica', asked, { principal: await may(more) }),
        { code: 'AccessDeniedException', message: /iam:PassRole/ },
      );
    const foreign = role.replace(account, otherAccount);
    await assert.rejects(associate(from, to, { ReplicationRoleARN: foreign }), {
      code: 'InvalidParameterException',
    });
    await assert.rejects(associate(from, to, { ReplicationRoleARN: `${role}-of-nobody` }), {
      code: 'AccessDeniedException',
    });
    const principal = await may([passing(serviceName)]);
    await node.ask('AssociateCrossAccountReplica', asked, { principal });
    assert.equal(await readThere(to), 'one');
  });
});
