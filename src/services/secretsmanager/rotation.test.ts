import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  closedPrefix,
  functionArn,
  newToken,
  openSecrets,
  type RotationEvent,
  rotatedValue,
  rotating,
  type SecretsNode,
} from '../../../test/open-secrets.ts';

let node: SecretsNode;
const seen: RotationEvent[] = [];
/** What the function does instead, by step. */
const instead = new Map<RotationEvent['Step'], (event: RotationEvent) => Promise<void>>();
before(async () => {
  node = await openSecrets();
  const rotate = rotating(node);
  node.functions.set('rotate', async (event) => {
    seen.push(event);
    await (instead.get(event.Step) ?? rotate)(event);
  });
});
afterEach(() => {
  seen.length = 0;
  instead.clear();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

const dayMs = 86_400_000;
const minuteMs = 60_000;
const lambda = { RotationLambdaARN: functionArn('rotate') };
const fail = async (): Promise<void> => {
  throw new Error('as it is told');
};

let names = 0;
async function create() {
  const SecretId = `s${++names}`;
  const first = newToken();
  const value = { SecretString: 'one', ClientRequestToken: first };
  const { ARN = '' } = await node.ask('CreateSecret', { Name: SecretId, ...value });
  return { SecretId, first, arn: ARN };
}

async function rotate(SecretId: string, more: object = {}) {
  const token = newToken();
  const RotationRules = { AutomaticallyAfterDays: 30 };
  const asked = { SecretId, ClientRequestToken: token, ...lambda, RotationRules };
  const answer = await node.ask('RotateSecret', { ...asked, ...more });
  return { token, answer };
}

const describeOf = (SecretId: string) => node.ask('DescribeSecret', { SecretId });
const stagesOf = async (SecretId: string) => ({
  ...(await describeOf(SecretId)).VersionIdsToStages,
});
const read = async (SecretId: string) =>
  (await node.ask('GetSecretValue', { SecretId })).SecretString;
const eventsOf = async (arn: string) =>
  (await node.trail()).filter(
    ({ eventType, additionalEventData }) =>
      eventType === 'AwsServiceEvent' && additionalEventData?.SecretId === arn,
  );
const eventNames = async (arn: string) => (await eventsOf(arn)).map(({ eventName }) => eventName);

describe('a rotation', () => {
  test('invokes the four steps in order, and leaves the new value current', async () => {
    const { SecretId, first, arn } = await create();
    const { token, answer } = await rotate(SecretId);
    assert.deepEqual(answer, { ARN: arn, Name: SecretId, VersionId: token });
    assert.deepEqual(await stagesOf(SecretId), {
      [first]: ['AWSCURRENT'],
      [token]: ['AWSPENDING'],
    });
    // The place for the new value is no version that lists show, nor one to be read.
    const { Versions } = await node.ask('ListSecretVersionIds', { SecretId });
    assert.deepEqual(
      Versions?.map(({ VersionId }) => VersionId),
      [first],
    );
    const asPending = { SecretId, VersionId: token, VersionStage: 'AWSPENDING' };
    await assert.rejects(node.ask('GetSecretValue', asPending), {
      code: 'ResourceNotFoundException',
    });

    await node.doDue();
    assert.deepEqual(
      seen.map(({ Step }) => Step),
      [...['createSecret', 'setSecret', 'testSecret', 'finishSecret']],
    );
    for (const event of seen) {
      assert.equal(event.SecretId, arn);
      assert.equal(event.ClientRequestToken, token);
      assert.equal(event.RotationToken, seen[0]?.RotationToken);
      assert.match(event.RotationToken, /^[0-9a-f-]{36}$/);
    }
    assert.equal(await read(SecretId), rotatedValue(token));
    const described = await describeOf(SecretId);
    assert.deepEqual(
      { ...described.VersionIdsToStages },
      {
        ...{ [first]: ['AWSPREVIOUS'], [token]: ['AWSCURRENT'] },
      },
    );
    assert.equal(described.LastRotatedDate, node.clock.now);
    const midnight = node.clock.now - (node.clock.now % dayMs);
    assert.equal(described.NextRotationDate, midnight + 31 * dayMs - 1_000);
    assert.deepEqual(described.RotationRules, { AutomaticallyAfterDays: 30 });
  });

  test('stands in the trail under one request id, by Secrets Manager', async () => {
    const { SecretId, arn } = await create();
    const { token } = await rotate(SecretId);
    await node.doDue();
    const events = await eventsOf(arn);
    assert.deepEqual(
      events.map(({ eventName }) => eventName),
      [...['RotationStarted', 'RotationSucceeded']],
    );
    for (const event of events) {
      assert.equal(event.requestID, `Rotation-${arn}-${token}`);
      assert.deepEqual(event.userIdentity, {
        ...{ accountId: '111122223333', invokedBy: 'secretsmanager.amazonaws.com' },
      });
      assert.equal(event.requestParameters, null);
    }
    const invocations = (await node.trail()).filter(
      ({ eventName, userIdentity }) => eventName === 'Invoke' && userIdentity.type === 'AWSService',
    );
    assert.ok(invocations.length >= 4);
    assert.deepEqual(invocations.at(-1)?.userIdentity, {
      ...{ type: 'AWSService', invokedBy: 'secretsmanager.amazonaws.com' },
    });
  });

  test('comes by its schedule, again and again, and not before', async () => {
    const { SecretId, first } = await create();
    await rotate(SecretId, { RotationRules: { ScheduleExpression: 'rate(10 days)' } });
    await node.doDue();
    const midnight = node.clock.now - (node.clock.now % dayMs);
    const values = [await read(SecretId)];
    for (let i = 1; i <= 3; i++) {
      node.clock.now = midnight + i * 10 * dayMs - 1;
      await node.doDue();
      assert.equal(await read(SecretId), values.at(-1));
      node.clock.now += 1;
      await node.doDue();
      values.push(await read(SecretId));
    }
    assert.equal(new Set(values).size, 4);
    const described = await describeOf(SecretId);
    assert.equal(described.VersionIdsToStages?.[first], undefined);
    assert.equal(described.NextRotationDate, midnight + 41 * dayMs - 1_000);
    assert.deepEqual(described.RotationRules, {
      ...{ AutomaticallyAfterDays: 10, ScheduleExpression: 'rate(10 days)' },
    });
  });

  test('is put off by a value that a user writes', async () => {
    const { SecretId } = await create();
    await rotate(SecretId, { RotationRules: { AutomaticallyAfterDays: 10 } });
    await node.doDue();
    node.clock.now += 5 * dayMs;
    const value = { SecretId, SecretString: 'by hand', ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', value);
    node.clock.now += 9 * dayMs;
    await node.doDue();
    assert.equal(await read(SecretId), 'by hand');
    node.clock.now += 1 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), 'by hand');
  });

  test('is done once where two are asked for, and again with what is configured', async () => {
    const { SecretId, arn } = await create();
    const { token, answer } = await rotate(SecretId);
    const again = { SecretId, ClientRequestToken: token, ...lambda };
    assert.deepEqual(await node.ask('RotateSecret', again), answer);
    await assert.rejects(
      rotate(SecretId),
      refusal(
        'InvalidRequestException',
        "A previous rotation isn't complete. That rotation will be reattempted.",
      ),
    );
    await node.doDue();
    assert.equal(seen.length, 4);
    const second = newToken();
    await node.ask('RotateSecret', { SecretId, ClientRequestToken: second });
    await node.doDue();
    assert.equal(await read(SecretId), rotatedValue(second));
    assert.equal((await eventNames(arn)).filter((name) => name === 'RotationSucceeded').length, 2);
  });

  test('reaches the replicas', async () => {
    const { SecretId } = await create();
    const there = { region: 'us-east-1' };
    const AddReplicaRegions = [{ Region: there.region }];
    await node.ask('ReplicateSecretToRegions', { SecretId, AddReplicaRegions });
    const { token } = await rotate(SecretId);
    await node.doDue();
    const replica = await node.ask('DescribeSecret', { SecretId }, there);
    const primary = await describeOf(SecretId);
    assert.deepEqual(replica.VersionIdsToStages, primary.VersionIdsToStages);
    assert.equal(replica.LastRotatedDate, primary.LastRotatedDate);
    assert.equal(replica.RotationEnabled, true);
    const value = await node.ask('GetSecretValue', { SecretId }, there);
    assert.equal(value.SecretString, rotatedValue(token));
    node.clock.now += 40 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), rotatedValue(token));
    const next = await node.ask('GetSecretValue', { SecretId }, there);
    assert.equal(next.SecretString, await read(SecretId));
  });
});

describe('a rotation that fails', () => {
  for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)
    test(`at ${step} is tried again as a whole, and succeeds once it can`, async () => {
      const { SecretId, first, arn } = await create();
      instead.set(step, fail);
      const { token } = await rotate(SecretId);
      await node.doDue();
      assert.equal(await read(SecretId), 'one');
      assert.deepEqual(await stagesOf(SecretId), {
        ...{ [first]: ['AWSCURRENT'], [token]: ['AWSPENDING'] },
      });
      const failed = (await eventsOf(arn)).at(-1);
      assert.equal(failed?.eventName, 'RotationFailed');
      assert.equal(
        failed?.errorMessage,
        `Error when executing lambda ${lambda.RotationLambdaARN} during ${step} step`,
      );
      const calls = seen.length;
      await node.doDue();
      assert.equal(seen.length, calls, 'it waits before it tries again');
      instead.clear();
      node.clock.now += minuteMs;
      await node.doDue();
      assert.equal(seen[calls]?.Step, 'createSecret');
      assert.equal(await read(SecretId), rotatedValue(token));
    });

  test('is given up after five attempts, until its next window or somebody asks', async () => {
    const { SecretId, first, arn } = await create();
    instead.set('setSecret', fail);
    const { token } = await rotate(SecretId);
    for (let i = 0; i < 30; i++) {
      await node.doDue();
      node.clock.now += dayMs / 24;
    }
    const failures = (await eventNames(arn)).filter((name) => name === 'RotationFailed');
    assert.equal(failures.length, 5);
    assert.deepEqual(await stagesOf(SecretId), {
      ...{ [first]: ['AWSCURRENT'], [token]: ['AWSPENDING'] },
    });
    instead.clear();
    await node.doDue();
    assert.equal(await read(SecretId), 'one');
    await assert.rejects(rotate(SecretId), { code: 'InvalidRequestException' });
    await node.doDue();
    assert.equal(await read(SecretId), rotatedValue(token));
  });

  test('for good shows that it is overdue, and is tried in its next window', async () => {
    const { SecretId } = await create();
    await rotate(SecretId, { RotationRules: { AutomaticallyAfterDays: 2 } });
    await node.doDue();
    instead.set('createSecret', fail);
    const { NextRotationDate = 0 } = await describeOf(SecretId);
    node.clock.now = NextRotationDate;
    for (let i = 0; i < 12; i++) {
      await node.doDue();
      node.clock.now += dayMs / 24;
    }
    assert.equal((await describeOf(SecretId)).NextRotationDate, NextRotationDate);
    instead.clear();
    const before = await read(SecretId);
    node.clock.now += 2 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), before);
  });

  test('to make its version current has failed, though every step returned', async () => {
    const { SecretId, arn } = await create();
    instead.set('finishSecret', async () => {});
    await rotate(SecretId);
    await node.doDue();
    assert.deepEqual((await eventNames(arn)).slice(-1), ['RotationFailed']);
    assert.equal((await describeOf(SecretId)).LastRotatedDate, undefined);
  });

  test('says nothing of what the function said', async () => {
    const { SecretId } = await create();
    instead.set('testSecret', async () => {
      throw new Error('the password canary-91c0 is wrong');
    });
    await rotate(SecretId);
    await node.doDue();
    assert.equal(JSON.stringify(await node.trail()).includes('canary-91c0'), false);
  });
});

describe('a rotation is ended', () => {
  test('by CancelRotateSecret, which leaves the pending version to the user', async () => {
    const { SecretId, first, arn } = await create();
    instead.set('setSecret', fail);
    const { token } = await rotate(SecretId);
    await node.doDue();
    const cancelled = await node.ask('CancelRotateSecret', { SecretId });
    assert.deepEqual(cancelled, { ARN: arn, Name: SecretId, VersionId: token });
    instead.clear();
    node.clock.now += 60 * dayMs;
    await node.doDue();
    const described = await describeOf(SecretId);
    assert.equal(described.RotationEnabled, false);
    assert.equal(described.NextRotationDate, undefined);
    assert.equal(described.RotationLambdaARN, lambda.RotationLambdaARN);
    assert.deepEqual(
      { ...described.VersionIdsToStages },
      {
        ...{ [first]: ['AWSCURRENT'], [token]: ['AWSPENDING'] },
      },
    );
    assert.deepEqual(await node.ask('CancelRotateSecret', { SecretId }), {
      ARN: arn,
      Name: SecretId,
    });
  });

  test('by CancelRotateSecret in the middle of a step', async () => {
    const { SecretId } = await create();
    instead.set('setSecret', async () => {
      await node.ask('CancelRotateSecret', { SecretId });
    });
    await rotate(SecretId);
    await node.doDue();
    assert.deepEqual(
      seen.map(({ Step }) => Step),
      ['createSecret', 'setSecret'],
    );
    assert.equal(await read(SecretId), 'one');
  });

  test('by a value that is written past it', async () => {
    const { SecretId, first, arn } = await create();
    instead.set('setSecret', fail);
    await rotate(SecretId);
    await node.doDue();
    const byHand = newToken();
    const value = { SecretId, SecretString: 'by hand', ClientRequestToken: byHand };
    await node.ask('PutSecretValue', value);
    assert.deepEqual(await stagesOf(SecretId), {
      ...{ [first]: ['AWSPREVIOUS'], [byHand]: ['AWSCURRENT'] },
    });
    instead.clear();
    node.clock.now += minuteMs;
    await node.doDue();
    assert.deepEqual((await eventNames(arn)).slice(-1), ['RotationAbandoned']);
    assert.equal(await read(SecretId), 'by hand');
    node.clock.now += 31 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), 'by hand');
  });

  test('by a deletion, and goes on in its window after RestoreSecret', async () => {
    const { SecretId } = await create();
    instead.set('setSecret', fail);
    await rotate(SecretId);
    await node.doDue();
    await node.ask('DeleteSecret', { SecretId });
    instead.clear();
    node.clock.now += dayMs;
    await node.doDue();
    assert.equal(seen.length, 2);
    await node.ask('RestoreSecret', { SecretId });
    node.clock.now += 31 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), 'one');
  });

  test('not for a secret that never had one', async () => {
    const { SecretId } = await create();
    await assert.rejects(node.ask('CancelRotateSecret', { SecretId }), {
      code: 'InvalidRequestException',
    });
    assert.equal((await describeOf(SecretId)).RotationEnabled, undefined);
  });
});

describe('RotateSecret without rotating at once', () => {
  test('tests the function with a copy of the value, and takes the copy away', async () => {
    const { SecretId, first, arn } = await create();
    let tested: string | undefined;
    instead.set('testSecret', async ({ ClientRequestToken: VersionId }) => {
      const asPending = { SecretId, VersionId, VersionStage: 'AWSPENDING' };
      tested = (await node.ask('GetSecretValue', asPending)).SecretString;
    });
    const { token } = await rotate(SecretId, { RotateImmediately: false });
    await node.doDue();
    assert.deepEqual(
      seen.map(({ Step }) => Step),
      ['testSecret'],
    );
    assert.equal(tested, 'one');
    assert.deepEqual(await stagesOf(SecretId), { [first]: ['AWSCURRENT'] });
    await assert.rejects(node.ask('GetSecretValue', { SecretId, VersionId: token }), {
      code: 'ResourceNotFoundException',
    });
    assert.deepEqual(await eventNames(arn), ['TestRotationStarted', 'TestRotationSucceeded']);
    assert.equal((await describeOf(SecretId)).LastRotatedDate, undefined);
    instead.clear();
    node.clock.now += 30 * dayMs;
    await node.doDue();
    assert.notEqual(await read(SecretId), 'one');
  });

  test('tests a secret with replicas as well, where the copy is to be found', async () => {
    const { SecretId, first } = await create();
    const there = { region: 'us-west-2' };
    const AddReplicaRegions = [{ Region: there.region }];
    await node.ask('ReplicateSecretToRegions', { SecretId, AddReplicaRegions });
    let tested: string | undefined;
    instead.set('testSecret', async ({ ClientRequestToken: VersionId }) => {
      tested = (await node.ask('GetSecretValue', { SecretId, VersionId }, there)).SecretString;
    });
    await rotate(SecretId, { RotateImmediately: false });
    await node.doDue();
    assert.equal(tested, 'one');
    const described = await node.ask('DescribeSecret', { SecretId }, there);
    assert.deepEqual({ ...described.VersionIdsToStages }, { [first]: ['AWSCURRENT'] });
  });

  test('says when the test fails, and leaves the schedule as it was asked for', async () => {
    const { SecretId, first, arn } = await create();
    instead.set('testSecret', fail);
    await rotate(SecretId, { RotateImmediately: false });
    await node.doDue();
    assert.deepEqual(await eventNames(arn), ['TestRotationStarted', 'TestRotationFailed']);
    assert.deepEqual(await stagesOf(SecretId), { [first]: ['AWSCURRENT'] });
    assert.equal((await describeOf(SecretId)).RotationEnabled, true);
  });
});

describe('RotateSecret is refused', () => {
  const notInvocable = refusal(
    'AccessDeniedException',
    'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
  );

  test('without a function, and with one that Secrets Manager may not invoke', async () => {
    const { SecretId } = await create();
    await assert.rejects(
      node.ask('RotateSecret', { SecretId, ClientRequestToken: newToken() }),
      refusal(
        'InvalidRequestException',
        'No Lambda rotation function ARN is associated with this secret.',
      ),
    );
    const missing = { RotationLambdaARN: functionArn('is-not-there') };
    await assert.rejects(rotate(SecretId, missing), notInvocable);
    const name = `${closedPrefix}function`;
    node.functions.set(name, async () => {});
    await assert.rejects(rotate(SecretId, { RotationLambdaARN: functionArn(name) }), notInvocable);
    assert.equal((await describeOf(SecretId)).RotationEnabled, undefined);
  });

  test('for rules that are none, and for partners that are not reached', async () => {
    const { SecretId } = await create();
    const RotationRules = { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' };
    await assert.rejects(rotate(SecretId, { RotationRules }), {
      code: 'InvalidParameterException',
    });
    await assert.rejects(
      rotate(SecretId, { ExternalSecretRotationMetadata: [{ Key: 'a', Value: 'b' }] }),
      { code: 'InvalidRequestException' },
    );
  });
});
