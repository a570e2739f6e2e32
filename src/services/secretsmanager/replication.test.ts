import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import { newToken, openSecrets, region, type SecretsNode } from '../../../test/open-secrets.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

const there = { region: 'us-east-1' };
const elsewhere = { region: 'us-west-2' };

let names = 0;
async function create(more: object = {}) {
  const SecretId = `s${++names}`;
  const value = { Name: SecretId, SecretString: 'one', ClientRequestToken: newToken() };
  const made = await node.ask('CreateSecret', { ...value, ...more });
  return { SecretId, made, arn: made.ARN as string };
}
const AddReplicaRegions = [{ Region: there.region }];
const put = (SecretId: string, SecretString: string, more: object = {}) =>
  node.ask('PutSecretValue', { SecretId, SecretString, ClientRequestToken: newToken(), ...more });
const read = async (SecretId: string, caller: object = there) =>
  (await node.ask('GetSecretValue', { SecretId }, caller)).SecretString;
const statusOf = async (SecretId: string) =>
  (await node.ask('DescribeSecret', { SecretId })).ReplicationStatus;

async function newKey(place: object, Policy?: string): Promise<string> {
  const made = await node.call('kms', 'CreateKey', Policy === undefined ? {} : { Policy }, place);
  return (made.KeyMetadata as { Arn: string }).Arn;
}

describe('a replica', () => {
  test('is made with its secret, under the same end of the ARN', async () => {
    const { SecretId, made, arn } = await create({ AddReplicaRegions });
    const KmsKeyId = 'alias/aws/secretsmanager';
    assert.deepEqual(made.ReplicationStatus, [
      { Region: there.region, KmsKeyId, Status: 'InProgress' },
    ]);
    assert.deepEqual(await statusOf(SecretId), [
      {
        ...{ Region: there.region, KmsKeyId, Status: 'InSync' },
        StatusMessage: 'Replication succeeded',
      },
    ]);
    const replica = await node.ask('DescribeSecret', { SecretId }, there);
    assert.equal(replica.ARN, arn.replace(region, there.region));
    assert.equal(replica.PrimaryRegion, region);
    assert.equal((await node.ask('DescribeSecret', { SecretId })).PrimaryRegion, region);
    assert.equal(await read(SecretId), 'one');
  });

  test('has its values under a key of its own Region', async () => {
    const KmsKeyId = await newKey(there);
    const { SecretId, arn } = await create({
      AddReplicaRegions: [{ Region: there.region, KmsKeyId }],
    });
    assert.equal((await statusOf(SecretId))?.[0]?.KmsKeyId, KmsKeyId);
    await read(SecretId);
    const [decrypt] = (await node.trail()).slice(-2);
    assert.equal(decrypt?.awsRegion, there.region);
    const context = decrypt?.requestParameters?.encryptionContext as Record<string, string>;
    assert.equal(context.SecretARN, arn.replace(region, there.region));
    await node.call('kms', 'DisableKey', { KeyId: KmsKeyId }, there);
    await assert.rejects(read(SecretId), { code: 'DecryptionFailure' });
    assert.equal(await read(SecretId, {}), 'one');
  });

  test('follows its primary in everything at once: values, labels, tags, policy, description', async () => {
    const { SecretId } = await create({ AddReplicaRegions });
    await put(SecretId, 'two');
    assert.equal(await read(SecretId), 'two');
    await put(SecretId, 'three', { VersionStages: ['mine'] });
    await node.ask('TagResource', { SecretId, Tags: [{ Key: 'k', Value: 'v' }] });
    await node.ask('UpdateSecret', { SecretId, Description: 'both' });
    const statement = {
      ...{ Effect: 'Deny', Principal: '*', Resource: '*' },
      Action: 'secretsmanager:DeleteSecret',
    };
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await node.ask('PutResourcePolicy', { SecretId, ResourcePolicy });
    const primary = await node.ask('DescribeSecret', { SecretId });
    const replica = await node.ask('DescribeSecret', { SecretId }, there);
    assert.deepEqual(replica.VersionIdsToStages, primary.VersionIdsToStages);
    assert.deepEqual(replica.Tags, [{ Key: 'k', Value: 'v' }]);
    assert.equal(replica.Description, 'both');
    const policy = await node.ask('GetResourcePolicy', { SecretId }, there);
    assert.equal(policy.ResourcePolicy, ResourcePolicy);
    const mine = { SecretId, VersionStage: 'mine' };
    assert.equal((await node.ask('GetSecretValue', mine, there)).SecretString, 'three');
  });

  test('added later gets the versions that have labels', async () => {
    const { SecretId } = await create();
    const first = Object.keys(
      (await node.ask('DescribeSecret', { SecretId })).VersionIdsToStages ?? {},
    )[0];
    await put(SecretId, 'two');
    await put(SecretId, 'three');
    const answer = await node.ask('ReplicateSecretToRegions', {
      ...{ SecretId, AddReplicaRegions: [...AddReplicaRegions, { Region: elsewhere.region }] },
    });
    assert.deepEqual(
      answer.ReplicationStatus?.map(({ Status }) => Status),
      ['InProgress', 'InProgress'],
    );
    for (const caller of [there, elsewhere]) {
      assert.equal(await read(SecretId, caller), 'three');
      const previous = { SecretId, VersionStage: 'AWSPREVIOUS' };
      assert.equal((await node.ask('GetSecretValue', previous, caller)).SecretString, 'two');
    }
    await assert.rejects(
      node.ask('GetSecretValue', { SecretId, VersionId: first as string }, there),
      { code: 'ResourceNotFoundException' },
    );
    // With a label it is needed there too.
    const label = { SecretId, VersionStage: 'old', MoveToVersionId: first as string };
    await node.ask('UpdateSecretVersionStage', label);
    const old = await node.ask('GetSecretValue', { SecretId, VersionStage: 'old' }, there);
    assert.equal(old.SecretString, 'one');
  });

  test('is read only', async () => {
    const { SecretId } = await create({ AddReplicaRegions });
    const refused = refusal(
      'InvalidParameterException',
      "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
    );
    const value = { SecretId, SecretString: 'x', ClientRequestToken: newToken() };
    const ResourcePolicy = '{}';
    const calls = [
      node.ask('PutSecretValue', value, there),
      node.ask('UpdateSecret', { SecretId, Description: 'x' }, there),
      node.ask('UpdateSecret', { ...value, KmsKeyId: 'x' }, there),
      node.ask('DeleteSecret', { SecretId }, there),
      node.ask('RestoreSecret', { SecretId }, there),
      node.ask('TagResource', { SecretId, Tags: [] }, there),
      node.ask('PutResourcePolicy', { SecretId, ResourcePolicy }, there),
      node.ask('DeleteResourcePolicy', { SecretId }, there),
      node.ask('RotateSecret', { SecretId, ClientRequestToken: newToken() }, there),
      node.ask('ReplicateSecretToRegions', { SecretId, AddReplicaRegions }, there),
    ];
    for (const call of calls) await assert.rejects(call, refused);
  });

  test('changes its key, and its primary shows which it is', async () => {
    const { SecretId } = await create({ AddReplicaRegions });
    await read(SecretId);
    const KmsKeyId = await newKey(there);
    await node.ask('UpdateSecret', { SecretId, KmsKeyId }, there);
    const [shown] = (await statusOf(SecretId)) ?? [];
    assert.equal(shown?.KmsKeyId, KmsKeyId);
    assert.equal(shown?.LastAccessedDate, Date.UTC(2026, 0, 1));
    await put(SecretId, 'two');
    const { Versions } = await node.ask('ListSecretVersionIds', { SecretId }, there);
    assert.deepEqual(
      Versions?.map(({ KmsKeyIds }) => KmsKeyIds),
      [...[[KmsKeyId, 'DefaultEncryptionKey'], [KmsKeyId]]],
    );
  });

  test('goes at once when its Region is removed', async () => {
    const { SecretId, arn } = await create({ AddReplicaRegions });
    await assert.rejects(
      node.ask('DeleteSecret', { SecretId }),
      refusal(
        'InvalidParameterException',
        `You can't delete secret ${arn} that still has replica regions [${there.region}]`,
      ),
    );
    const RemoveReplicaRegions = [there.region];
    const answer = await node.ask('RemoveRegionsFromReplication', {
      SecretId,
      RemoveReplicaRegions,
    });
    assert.deepEqual(answer, { ARN: arn, ReplicationStatus: [] });
    await assert.rejects(read(SecretId), { code: 'ResourceNotFoundException' });
    await assert.rejects(
      node.ask('RemoveRegionsFromReplication', { SecretId, RemoveReplicaRegions }),
      { code: 'InvalidParameterException' },
    );
    await node.ask('DeleteSecret', { SecretId });
  });

  test('that is promoted is a secret of its own with the ARN that it had', async () => {
    const { SecretId, arn } = await create({ AddReplicaRegions });
    const promoted = await node.ask('StopReplicationToReplica', { SecretId }, there);
    assert.equal(promoted.ARN, arn.replace(region, there.region));
    assert.equal(await statusOf(SecretId), undefined);
    await put(SecretId, 'two');
    assert.equal(await read(SecretId), 'one');
    const own = { SecretId, SecretString: 'own', ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', own, there);
    assert.equal(await read(SecretId), 'own');
    await assert.rejects(node.ask('StopReplicationToReplica', { SecretId }), {
      code: 'InvalidRequestException',
    });
  });
});

describe('replication', () => {
  test('goes to other Regions of the partition only', async () => {
    const { SecretId } = await create();
    const invalid = refusal('InvalidParameterException', 'Invalid replica region.');
    for (const Region of [region, 'cn-north-1'])
      await assert.rejects(
        node.ask('ReplicateSecretToRegions', { SecretId, AddReplicaRegions: [{ Region }] }),
        invalid,
      );
    const twice = [...AddReplicaRegions, ...AddReplicaRegions];
    await assert.rejects(create({ AddReplicaRegions: twice }), invalid);
  });

  test('fails where another secret has the name, until it is overwritten', async () => {
    const { SecretId } = await create();
    const other = { Name: SecretId, SecretString: 'theirs', ClientRequestToken: newToken() };
    await node.ask('CreateSecret', other, there);
    const failed = await node.ask('ReplicateSecretToRegions', { SecretId, AddReplicaRegions });
    assert.deepEqual(failed.ReplicationStatus?.[0]?.Status, 'Failed');
    assert.equal(
      failed.ReplicationStatus?.[0]?.StatusMessage,
      `Replication failed: Secret name ${SecretId} already exists in region ${there.region}.`,
    );
    await put(SecretId, 'two');
    assert.equal(await read(SecretId), 'theirs');
    const force = { SecretId, AddReplicaRegions, ForceOverwriteReplicaSecret: true };
    const values = async () =>
      (await node.engine.scan({ prefix: 'secretsmanager/values/', limit: 10_000 })).length;
    const before = await values();
    await node.ask('ReplicateSecretToRegions', force);
    // The value of what was overwritten is gone; two have come.
    assert.equal(await values(), before + 1);
    assert.equal(await read(SecretId), 'two');
    assert.equal((await statusOf(SecretId))?.[0]?.Status, 'InSync');
  });

  test('that KMS refuses leaves what there is, and is made up for later', async () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 'kms:GenerateDataKey', Resource: '*' };
    const allow = {
      ...{ Effect: 'Allow', Principal: { AWS: '111122223333' } },
      ...{ Action: 'kms:*', Resource: '*' },
    };
    const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
    const KmsKeyId = await newKey(there, policy(allow));
    const { SecretId } = await create({ AddReplicaRegions: [{ Region: there.region, KmsKeyId }] });
    const setPolicy = (Policy: string) =>
      node.call('kms', 'PutKeyPolicy', { KeyId: KmsKeyId, Policy }, there);
    await setPolicy(policy(allow, deny));
    await put(SecretId, 'two');
    const [failed] = (await statusOf(SecretId)) ?? [];
    assert.equal(failed?.Status, 'Failed');
    assert.equal(failed?.StatusMessage, 'Replication failed: Access to KMS is not allowed');
    assert.equal(await read(SecretId), 'one');
    await setPolicy(policy(allow));
    await put(SecretId, 'three');
    assert.equal((await statusOf(SecretId))?.[0]?.Status, 'InSync');
    assert.equal(await read(SecretId), 'three');
    const previous = { SecretId, VersionStage: 'AWSPREVIOUS' };
    assert.equal((await node.ask('GetSecretValue', previous, there)).SecretString, 'two');
  });

  test('that never succeeded leaves no secret there, and may be asked for again', async () => {
    const KmsKeyId = await newKey(there);
    await node.call('kms', 'DisableKey', { KeyId: KmsKeyId }, there);
    const asked = { AddReplicaRegions: [{ Region: there.region, KmsKeyId }] };
    const { SecretId } = await create(asked);
    assert.equal((await statusOf(SecretId))?.[0]?.Status, 'Failed');
    await assert.rejects(read(SecretId), { code: 'ResourceNotFoundException' });
    await node.call('kms', 'EnableKey', { KeyId: KmsKeyId }, there);
    await node.ask('ReplicateSecretToRegions', { SecretId, ...asked });
    assert.equal(await read(SecretId), 'one');
    await assert.rejects(node.ask('ReplicateSecretToRegions', { SecretId, ...asked }), {
      code: 'InvalidParameterException',
    });
  });
});
