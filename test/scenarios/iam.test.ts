/**
 * IAM on a strict server from outside: what users are is there after a stop, secrets are told once
 * and lie sealed, the trail knows who made what and no secret, and processes agree.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { allowing, type Credentials, iamClient, newUser } from '../identities.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const data = freshFolder();
let server: RunningServer;
let root: Credentials;
let client: iam.IAMClient;
const clients: iam.IAMClient[] = [];
const as = (credentials: Credentials): iam.IAMClient => {
  const made = iamClient(credentials);
  clients.push(made);
  return made;
};

async function start(): Promise<void> {
  server = await startServer({ mode: 'start', data, args: ['--processes', '2'] });
  root = server;
  client = as(root);
}
before(start);
after(async () => {
  for (const each of clients) each.destroy();
  await server.stop();
  removeFolder(data);
});

/** Every file of the data folder, whole. */
function* files(folder: string): Generator<readonly [path: string, bytes: Buffer]> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield [path, readFileSync(path)];
  }
}

const unknownKey = (error: iam.IAMServiceException): boolean =>
  error.name === 'InvalidClientTokenId' && error.$metadata.httpStatusCode === 403;

describe('a secret access key', () => {
  test('is told once, and neither the disk nor the trail has it in clear', async () => {
    const user = await newUser(root, 'sealed', allowing('iam:GetUser'));
    const { secretAccessKey, accessKeyId } = user.credentials;
    await as(user.credentials).send(new iam.GetUserCommand({}));
    const listed = await client.send(new iam.ListAccessKeysCommand({ UserName: 'sealed' }));
    assert.ok(!JSON.stringify(listed).includes(secretAccessKey));
    let looked = 0;
    for (const [path, bytes] of files(data)) {
      assert.ok(!bytes.includes(secretAccessKey), path);
      looked += bytes.length;
    }
    assert.ok(looked > 10_000);
    const trail = spawnSync(sealhold, ['trail', 'tail', '--last', '100', '--no-follow', '--json'], {
      encoding: 'utf8',
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: root.accessKeyId,
        AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
        AWS_REGION: 'us-east-1',
      },
    });
    const record = trail.stdout
      .split('\n')
      .find((line) => line.includes('"eventName":"CreateAccessKey"'));
    assert.ok(record !== undefined, trail.stdout + trail.stderr);
    const { responseElements, requestParameters, userIdentity } = JSON.parse(record);
    assert.equal(requestParameters.userName, 'sealed');
    assert.equal(responseElements.accessKey.accessKeyId, accessKeyId);
    assert.equal(userIdentity.type, 'Root');
    assert.ok(!trail.stdout.includes(secretAccessKey));
  });
});

describe('users, keys and policies', () => {
  test('are there after a stop, and decide as before', async () => {
    const user = await newUser(root, 'lasting', allowing('iam:GetUser'));
    await server.stop();
    await start();
    const credentials = { ...user.credentials, endpoint: server.endpoint };
    const own = as(credentials);
    assert.equal((await own.send(new iam.GetUserCommand({}))).User?.UserId, user.userId);
    await assert.rejects(own.send(new iam.ListUsersCommand({})), /not authorized to perform/);
  });

  test('that are gone sign no more, on any process', async () => {
    const user = await newUser(root, 'leaving', allowing('iam:GetUser'));
    const signers = Array.from({ length: 4 }, () => as(user.credentials));
    for (const signer of signers) await signer.send(new iam.GetUserCommand({}));
    const UserName = 'leaving';
    await client.send(
      new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId: user.credentials.accessKeyId }),
    );
    // A process that hears nothing of the other distrusts what it knows after a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    for (const signer of signers)
      await assert.rejects(signer.send(new iam.GetUserCommand({})), unknownKey);
    await client.send(new iam.DeleteUserPolicyCommand({ UserName, PolicyName: 'test' }));
    await client.send(new iam.DeleteUserCommand({ UserName }));
  });

  test('are made by many at one moment, each once', async () => {
    const racers = Array.from({ length: 4 }, () => as(root));
    const made = await Promise.allSettled(
      racers.map((racer) => racer.send(new iam.CreateUserCommand({ UserName: 'contested' }))),
    );
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 1);
    const keys = await Promise.allSettled(
      [...racers, ...racers].map((racer) =>
        racer.send(new iam.CreateAccessKeyCommand({ UserName: 'contested' })),
      ),
    );
    assert.equal(keys.filter(({ status }) => status === 'fulfilled').length, 2);
    for (const each of keys)
      if (each.status === 'rejected')
        assert.match(String(each.reason), /LimitExceeded|AccessKeysPerUser|Throttling/);
  });
});

describe('the root user', () => {
  test('changes its key without ever being without one', async () => {
    const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({}));
    const next: Credentials = {
      endpoint: server.endpoint,
      accessKeyId: AccessKey?.AccessKeyId as string,
      secretAccessKey: AccessKey?.SecretAccessKey as string,
    };
    const renewed = as(next);
    await renewed.send(new iam.DeleteAccessKeyCommand({ AccessKeyId: root.accessKeyId }));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await assert.rejects(client.send(new iam.GetUserCommand({})), unknownKey);
    const { User } = await renewed.send(new iam.GetUserCommand({}));
    assert.match(User?.Arn ?? '', /:root$/);
  });
});
