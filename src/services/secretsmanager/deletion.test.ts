import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import { newToken, openSecrets, type SecretsNode } from '../../../test/open-secrets.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

const dayMs = 86_400_000;
let names = 0;
async function create(): Promise<{ SecretId: string; arn: string; token: string }> {
  const SecretId = `s${++names}`;
  const token = newToken();
  const value = { Name: SecretId, SecretString: 'a', ClientRequestToken: token };
  return { SecretId, token, arn: (await node.ask('CreateSecret', value)).ARN as string };
}

const marked = refusal(
  'InvalidRequestException',
  "You can't perform this operation on the secret because it was marked for deletion.",
);

const eventsOf = async (arn: string) =>
  (await node.trail())
    .filter(
      ({ eventType, additionalEventData }) =>
        [eventType, additionalEventData?.SecretId].join() === ['AwsServiceEvent', arn].join(),
    )
    .map(({ eventName, additionalEventData }) => [eventName, additionalEventData?.SecretVersionId]);

describe('a deletion', () => {
  test('comes after 30 days unless told, and takes everything along', async () => {
    const { SecretId, arn, token } = await create();
    await node.ask('GetSecretValue', { SecretId });
    const { DeletionDate } = await node.ask('DeleteSecret', { SecretId });
    assert.equal(DeletionDate, node.clock.now + 30 * dayMs);
    const described = await node.ask('DescribeSecret', { SecretId });
    assert.equal(described.DeletedDate, DeletionDate);
    node.clock.now += 30 * dayMs - 1;
    await node.doDue();
    assert.equal((await node.ask('DescribeSecret', { SecretId })).ARN, arn);
    node.clock.now += 1;
    await node.doDue();
    await assert.rejects(node.ask('DescribeSecret', { SecretId }), {
      code: 'ResourceNotFoundException',
    });
    for (const kind of ['secrets', 'values', 'accesses', 'secrets.by-deletion', 'events'])
      assert.deepEqual(
        await node.engine.scan({ prefix: `secretsmanager/${kind}/`, limit: 10 }),
        [],
        kind,
      );
    assert.deepEqual(await eventsOf(arn), [
      ['StartSecretVersionDelete', token],
      ['EndSecretVersionDelete', token],
    ]);
  });

  test('has a window of 7 to 30 days', async () => {
    const { SecretId } = await create();
    const invalid = refusal(
      'InvalidParameterException',
      'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
    );
    for (const RecoveryWindowInDays of [6, 31, 0, -1])
      await assert.rejects(node.ask('DeleteSecret', { SecretId, RecoveryWindowInDays }), invalid);
    await assert.rejects(
      node.ask('DeleteSecret', {
        ...{ SecretId, RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true },
      }),
      refusal(
        'InvalidParameterException',
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
      ),
    );
    const unforced = { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: false };
    const { DeletionDate } = await node.ask('DeleteSecret', { SecretId, ...unforced });
    assert.equal(DeletionDate, node.clock.now + 7 * dayMs);
  });

  test('keeps everyone from value, labels, tags, policy and rotation meanwhile', async () => {
    const { SecretId, token } = await create();
    await node.ask('DeleteSecret', { SecretId });
    const value = { SecretId, SecretString: 'x', ClientRequestToken: newToken() };
    const Tags = [{ Key: 'k', Value: 'v' }];
    const refused = [
      node.ask('GetSecretValue', { SecretId }),
      node.ask('PutSecretValue', value),
      node.ask('UpdateSecret', { SecretId, Description: 'x' }),
      node.ask('UpdateSecretVersionStage', { SecretId, VersionStage: 'x', MoveToVersionId: token }),
      node.ask('TagResource', { SecretId, Tags }),
      node.ask('PutResourcePolicy', { SecretId, ResourcePolicy: '{}' }),
      node.ask('GetResourcePolicy', { SecretId }),
      node.ask('RotateSecret', { SecretId, ClientRequestToken: newToken() }),
      node.ask('ReplicateSecretToRegions', {
        SecretId,
        AddReplicaRegions: [{ Region: 'us-east-1' }],
      }),
    ];
    for (const call of refused) await assert.rejects(call, marked);
    await assert.rejects(
      node.ask('DeleteSecret', { SecretId }),
      refusal(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was already scheduled for deletion.",
      ),
    );
    await assert.rejects(
      node.ask('CreateSecret', { Name: SecretId }),
      refusal(
        'InvalidRequestException',
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
      ),
    );
    const hidden = await node.ask('ListSecrets', {
      Filters: [{ Key: 'name', Values: [SecretId] }],
    });
    assert.deepEqual(hidden.SecretList, []);
    const shown = await node.ask('ListSecrets', {
      ...{ Filters: [{ Key: 'name', Values: [SecretId] }], IncludePlannedDeletion: true },
    });
    assert.equal(shown.SecretList?.length, 1);
  });

  test('is taken back by RestoreSecret, which changes nothing of a live secret', async () => {
    const { SecretId, arn, token } = await create();
    await node.ask('DeleteSecret', { SecretId });
    node.clock.now += 1_000;
    const restored = await node.ask('RestoreSecret', { SecretId });
    assert.deepEqual(restored, { ARN: arn, Name: SecretId });
    assert.deepEqual(await node.ask('RestoreSecret', { SecretId }), restored);
    node.clock.now += 40 * dayMs;
    await node.doDue();
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'a');
    assert.deepEqual(await eventsOf(arn), [
      ['StartSecretVersionDelete', token],
      ['CancelSecretVersionDelete', token],
    ]);
  });

  test('by force is done at once, and the name is free for another secret', async () => {
    const { SecretId, arn, token } = await create();
    const force = { SecretId, ForceDeleteWithoutRecovery: true };
    await node.ask('DeleteSecret', { SecretId });
    node.clock.now += 1_000;
    const { DeletionDate } = await node.ask('DeleteSecret', force);
    assert.equal(DeletionDate, node.clock.now);
    const value = { Name: SecretId, SecretString: 'b', ClientRequestToken: token };
    const again = await node.ask('CreateSecret', value);
    assert.notEqual(again.ARN, arn);
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'b');
    await assert.rejects(node.ask('GetSecretValue', { SecretId: arn }), {
      code: 'ResourceNotFoundException',
    });
    await node.doDue();
    assert.deepEqual(
      (await eventsOf(arn)).map(([name]) => name),
      [...['StartSecretVersionDelete', 'EndSecretVersionDelete']],
    );
  });

  test('by force of a name that is not there is answered as if it had been (recorded)', async () => {
    const force = { ForceDeleteWithoutRecovery: true };
    const answer = await node.ask('DeleteSecret', { SecretId: 'never-was', ...force });
    assert.match(answer.ARN ?? '', /:secret:never-was-[A-Za-z0-9]{6}$/);
    await assert.rejects(node.ask('DeleteSecret', { SecretId: 'never-was' }), {
      code: 'ResourceNotFoundException',
    });
    const { ARN = '' } = answer;
    await assert.rejects(node.ask('DeleteSecret', { SecretId: ARN, ...force }), {
      code: 'ResourceNotFoundException',
    });
  });
});
