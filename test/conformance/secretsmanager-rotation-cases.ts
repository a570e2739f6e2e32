/** The recorded cases in which a function rotates a secret. */
import assert from 'node:assert/strict';
import { functionArn } from '../open-secrets.ts';
import type { Ask, Case } from './case.ts';
import { newName, record, send } from './secretsmanager-asks.ts';

type Body = Record<string, unknown>;

/** The function that the test's node has. */
export const rotationFunction = 'rotate';

const rotateInput = (SecretId: string, more: object = {}) => ({
  SecretId,
  RotationLambdaARN: functionArn(rotationFunction),
  RotationRules: { AutomaticallyAfterDays: 1 },
  ...more,
});

/** The secret's description once it was rotated to a version. */
async function rotatedTo(ask: Ask, SecretId: string, VersionId: unknown): Promise<Body> {
  for (const by = Date.now() + 10_000; Date.now() < by; ) {
    const described = await record(ask, 'DescribeSecret', { SecretId });
    const stages = (described.VersionIdsToStages as Record<string, string[]>)[String(VersionId)];
    if (described.LastRotatedDate !== undefined && stages?.join() === 'AWSCURRENT')
      return described;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail('it was not rotated');
}

const rotate =
  (times: number): Case =>
  async (ask, [immediately]) => {
    const SecretId = newName();
    const Description = 'testing rotation of secrets';
    await send(ask, 'CreateSecret', { Name: SecretId, SecretString: 's', Description });
    const answers: Body = {};
    const RotateImmediately = immediately === 'True' ? { RotateImmediately: true } : {};
    for (let i = 1; i <= times; i++) {
      const suffix = times === 1 ? '' : `_${i}`;
      const rotated = await record(ask, 'RotateSecret', rotateInput(SecretId, RotateImmediately));
      answers[`rotate_secret_immediately${suffix}`] = rotated;
      answers[`describe_secret_rotated${suffix}`] = await rotatedTo(
        ask,
        SecretId,
        rotated.VersionId,
      );
      answers[`list_secret_versions_rotated_1${suffix}`] = await record(
        ...([ask, 'ListSecretVersionIds', { SecretId }] as const),
      );
    }
    return answers;
  };

const invalidLambda: Case = async (ask) => {
  const SecretId = newName();
  const made = await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const RotationLambdaARN = functionArn('is-not-there');
  const input = rotateInput(SecretId, { RotationLambdaARN });
  return {
    create_secret: made,
    rotate_secret_invalid_arn_exc: await record(ask, 'RotateSecret', input),
    describe_secret: await record(ask, 'DescribeSecret', { SecretId }),
  };
};

const missingLambda: Case = async (ask) => {
  const SecretId = newName();
  const made = await record(ask, 'CreateSecret', { Name: SecretId, SecretString: 's' });
  const RotationRules = { AutomaticallyAfterDays: 1 };
  return {
    create_secret: made,
    rotate_secret_no_arn_exc: await record(ask, 'RotateSecret', { SecretId, RotationRules }),
    describe_secret: await record(ask, 'DescribeSecret', { SecretId }),
  };
};

export const rotationCases: readonly (readonly [string, Case])[] = [
  ['test_rotate_secret_with_lambda_success', rotate(1)],
  ['test_rotate_secret_multiple_times_with_lambda_success', rotate(2)],
  ['test_rotate_secret_invalid_lambda_arn', invalidLambda],
  ['test_first_rotate_secret_with_missing_lambda_arn', missingLambda],
];
