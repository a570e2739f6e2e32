/**
 * Rotation on a real server by real functions, which run as processes of their own and sign as
 * their role: at once, by the schedule when the clock has come to it, through failures, and only
 * where both sides allow it.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as sm from '@aws-sdk/client-secrets-manager';
import { readTail } from '../../src/audit/tail.ts';
import { type Ask, creation, executionRole, got, lambdaOf, newName, until } from '../lambda.ts';
import { rotationFunction } from '../rotation-function.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const account = '000000000000';
const region = 'us-east-1';

const data = freshFolder();
let server: RunningServer;
let lambda: Ask;
let secrets: sm.SecretsManagerClient;
let role: string;
before(async () => {
  server = await startServer({ mode: 'dev', data });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  lambda = lambdaOf(server);
  const credentials = { accessKeyId, secretAccessKey };
  secrets = new sm.SecretsManagerClient({ endpoint, region, credentials, maxAttempts: 1 });
  role = await executionRole(server, 'rotates', {
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Resource: `arn:aws:secretsmanager:*:${account}:secret:db/*` },
        Action: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
      },
      { Effect: 'Allow', Action: 'secretsmanager:GetRandomPassword', Resource: '*' },
    ],
  });
});
after(async () => {
  secrets.destroy();
  await server.stop();
  removeFolder(data);
});

interface Wish {
  /** Environment variables. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly role?: string;
  /** Whether Secrets Manager may invoke it. */
  readonly isOpen?: boolean;
}

async function newFunction(wish: Wish = {}): Promise<string> {
  const name = newName();
  const Environment = { Variables: wish.variables ?? {} };
  const made = creation(name, wish.role ?? role, rotationFunction, { Environment });
  await got(lambda('CreateFunction', made));
  if (wish.isOpen !== false)
    await got(
      lambda('AddPermission', {
        ...{ FunctionName: name, StatementId: 'rotation', Action: 'lambda:InvokeFunction' },
        ...{ Principal: 'secretsmanager.amazonaws.com', SourceAccount: account },
      }),
    );
  return `arn:aws:lambda:${region}:${account}:function:${name}`;
}

let names = 0;
async function newSecret(): Promise<string> {
  const Name = `db/${++names}`;
  const SecretString = JSON.stringify({ username: 'app', password: 'first' });
  await secrets.send(new sm.CreateSecretCommand({ Name, SecretString }));
  return Name;
}

const rotate = (SecretId: string, more: object) =>
  secrets.send(
    new sm.RotateSecretCommand({
      ...{ SecretId, RotationRules: { AutomaticallyAfterDays: 30 } },
      ...more,
    }),
  );
const passwordOf = async (SecretId: string): Promise<string> => {
  const { SecretString = '' } = await secrets.send(new sm.GetSecretValueCommand({ SecretId }));
  const { username, password } = JSON.parse(SecretString);
  assert.equal(username, 'app');
  return password;
};
const describeOf = (SecretId: string) => secrets.send(new sm.DescribeSecretCommand({ SecretId }));
const advance = (by: string) =>
  fetch(`${server.endpoint}/_sealhold/clock`, {
    method: 'POST',
    body: JSON.stringify({ advance: by }),
  });

async function failuresOf(SecretId: string): Promise<number> {
  const { ARN } = await describeOf(SecretId);
  const records = await readTail({ dir: join(data, 'trail'), limit: 100_000 });
  return records.filter((json) => json.includes('"RotationFailed"') && json.includes(`${ARN}`))
    .length;
}

describe('a secret is rotated by its function', () => {
  test('at once, and again each time that its schedule comes round', async () => {
    const SecretId = await newSecret();
    const { VersionId } = await rotate(SecretId, { RotationLambdaARN: await newFunction() });
    await until(async () => (await describeOf(SecretId)).LastRotatedDate);
    const { VersionIdsToStages, NextRotationDate } = await describeOf(SecretId);
    assert.deepEqual(VersionIdsToStages?.[VersionId as string], ['AWSCURRENT']);
    const passwords = [await passwordOf(SecretId)];
    assert.match(passwords[0] as string, /^[!-~]{32}$/);
    for (let i = 0; i < 2; i++) {
      await advance('29d');
      assert.equal(await passwordOf(SecretId), passwords.at(-1));
      // The answer comes when everything that was due is done.
      await advance('1d');
      passwords.push(await passwordOf(SecretId));
    }
    assert.equal(new Set(passwords).size, 3);
    const next = (await describeOf(SecretId)).NextRotationDate;
    assert.ok(next !== undefined && NextRotationDate !== undefined && next > NextRotationDate);
  });

  test('again after a failure, once the function is repaired', async () => {
    const SecretId = await newSecret();
    const RotationLambdaARN = await newFunction({ variables: { FAILS_AT: 'testSecret' } });
    const { VersionId = '' } = await rotate(SecretId, { RotationLambdaARN });
    await until(async () => ((await failuresOf(SecretId)) === 1 ? true : undefined));
    assert.equal(await passwordOf(SecretId), 'first');
    const { VersionIdsToStages } = await describeOf(SecretId);
    assert.deepEqual(VersionIdsToStages?.[VersionId], ['AWSPENDING']);
    await advance('1m');
    assert.equal(await failuresOf(SecretId), 2);
    await got(
      lambda('UpdateFunctionConfiguration', {
        ...{ FunctionName: RotationLambdaARN, Environment: { Variables: {} } },
      }),
    );
    await advance('10m');
    assert.notEqual(await passwordOf(SecretId), 'first');
    assert.deepEqual((await describeOf(SecretId)).VersionIdsToStages?.[VersionId], ['AWSCURRENT']);
  });

  test('fails where the function’s role may not do it', async () => {
    const SecretId = await newSecret();
    const reads = await executionRole(server, 'reads-only', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'secretsmanager:DescribeSecret', Resource: '*' }],
    });
    await rotate(SecretId, { RotationLambdaARN: await newFunction({ role: reads }) });
    await until(async () => ((await failuresOf(SecretId)) > 0 ? true : undefined));
    assert.equal(await passwordOf(SecretId), 'first');
    await secrets.send(new sm.CancelRotateSecretCommand({ SecretId }));
  });

  test('not without the function’s permission for Secrets Manager', async () => {
    const SecretId = await newSecret();
    const RotationLambdaARN = await newFunction({ isOpen: false });
    await assert.rejects(
      rotate(SecretId, { RotationLambdaARN }),
      /Secrets Manager cannot invoke the specified Lambda function/,
    );
    assert.equal((await describeOf(SecretId)).RotationEnabled, undefined);
  });

  test('in many secrets at once, more than a function serves at a time', async () => {
    const RotationLambdaARN = await newFunction();
    const ids = await Promise.all(Array.from({ length: 30 }, newSecret));
    await Promise.all(ids.map((SecretId) => rotate(SecretId, { RotationLambdaARN })));
    await until(async () => {
      const passwords = await Promise.all(ids.map(passwordOf));
      return passwords.includes('first') ? undefined : true;
    }, 60_000);
    for (const SecretId of ids) assert.equal(await failuresOf(SecretId), 0);
  });
});
