/**
 * Secrets on a real server through AWS's own client: versions, replicas, a second account with a
 * customer key, deletion when the clock has come to it, and nothing of a value anywhere but in the
 * answer.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as kms from '@aws-sdk/client-kms';
import * as sm from '@aws-sdk/client-secrets-manager';
import { ask } from '../ask.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const region = 'eu-central-1';

const canary = 'canary-3f9c2a71d05e';
/** The same as base64. */
const bytes = Buffer.from(canary).toString('base64');
const token = (i: number): string => `${i}`.padStart(32, '0');
const put = (more: object, i = 9): Canary => [
  'PutSecretValue',
  { SecretId: 'canary', ClientRequestToken: token(i), ...more },
];
type Canary = readonly [operation: string, input: object];

/** Requests with the value in them that are refused, each in its own way. */
const refusedCanaries: readonly Canary[] = [
  ['CreateSecret', { Name: 'canary', SecretString: canary, ClientRequestToken: token(8) }],
  put({ SecretString: `x${canary}` }, 1),
  put({ SecretString: canary, ClientRequestToken: undefined }),
  put({ SecretString: canary, SecretBinary: bytes }),
  put({ SecretString: canary, SecretId: 'no name' }),
  put({ SecretString: canary, SecretId: 'nothing' }),
  put({ SecretString: [canary] }),
  put({ SecretString: { a: canary } }),
  put({ SecretString: canary.repeat(5_000) }),
  put({ SecretString: `${'ä'.repeat(40_000)}${canary}` }),
  put({ SecretBinary: `${bytes}*` }),
  put({ SecretString: canary, RotationToken: canary }),
  put({ SecretString: canary, VersionStages: [] }),
];
const AddReplicaRegions = [{ Region: 'us-east-1' }];
const canaries: readonly Canary[] = [
  [
    'CreateSecret',
    {
      ...{ Name: 'canary', SecretString: canary, ClientRequestToken: token(1), AddReplicaRegions },
    },
  ],
  ['GetSecretValue', { SecretId: 'canary' }],
  ['BatchGetSecretValue', { SecretIdList: ['canary', 'nothing'] }],
  put({ SecretBinary: bytes }, 2),
  ...refusedCanaries,
  [
    'UpdateSecret',
    { SecretId: 'canary', SecretString: `${canary}2`, ClientRequestToken: token(3) },
  ],
];

function clientsOf(
  { endpoint, accessKeyId, secretAccessKey }: Pick<RunningServer, 'endpoint'> & Account['root'],
  place = region,
) {
  const options = {
    ...{ endpoint, region: place, maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  };
  return { secrets: new sm.SecretsManagerClient(options), kms: new kms.KMSClient(options) };
}

describe('secrets of one account', () => {
  let server: RunningServer;
  let secrets: sm.SecretsManagerClient;
  let there: sm.SecretsManagerClient;
  before(async () => {
    server = await startServer({ mode: 'dev' });
    ({ secrets } = clientsOf(server));
    there = clientsOf(server, 'us-east-1').secrets;
  });
  after(async () => {
    secrets.destroy();
    there.destroy();
    await server.stop();
  });

  const read = async (client: sm.SecretsManagerClient, SecretId: string, VersionStage?: string) =>
    (await client.send(new sm.GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;

  test('have versions and labels', async () => {
    const SecretId = 'app/versions';
    const { VersionId: first } = await secrets.send(
      new sm.CreateSecretCommand({ Name: SecretId, SecretString: 'one' }),
    );
    const { VersionId: second } = await secrets.send(
      new sm.PutSecretValueCommand({
        ...{ SecretId, SecretString: 'two', VersionStages: ['next'] },
      }),
    );
    assert.equal(await read(secrets, SecretId), 'one');
    await secrets.send(
      new sm.UpdateSecretVersionStageCommand({
        ...{ SecretId, VersionStage: 'AWSCURRENT' },
        ...{ MoveToVersionId: second, RemoveFromVersionId: first },
      }),
    );
    assert.equal(await read(secrets, SecretId), 'two');
    assert.equal(await read(secrets, SecretId, 'AWSPREVIOUS'), 'one');
    const bytes = Uint8Array.from([0, 255, 1]);
    await secrets.send(new sm.PutSecretValueCommand({ SecretId, SecretBinary: bytes }));
    const { SecretBinary } = await secrets.send(new sm.GetSecretValueCommand({ SecretId }));
    assert.deepEqual(SecretBinary, bytes);
    await assert.rejects(read(secrets, SecretId, 'nothing'), (error) => {
      assert.ok(error instanceof sm.ResourceNotFoundException);
      assert.match(error.message, /staging label: nothing$/);
      return true;
    });
  });

  test('are in other Regions at once', async () => {
    const SecretId = 'app/replicated';
    const AddReplicaRegions = [{ Region: 'us-east-1' }];
    const make = { Name: SecretId, SecretString: 'one', AddReplicaRegions };
    await secrets.send(new sm.CreateSecretCommand(make));
    assert.equal(await read(there, SecretId), 'one');
    await secrets.send(new sm.PutSecretValueCommand({ SecretId, SecretString: 'two' }));
    assert.equal(await read(there, SecretId), 'two');
    await there.send(new sm.StopReplicationToReplicaCommand({ SecretId }));
    await secrets.send(new sm.PutSecretValueCommand({ SecretId, SecretString: 'three' }));
    assert.equal(await read(there, SecretId), 'two');
  });

  test('are listed page by page', async () => {
    for (let i = 0; i < 7; i++)
      await secrets.send(new sm.CreateSecretCommand({ Name: `paged/${i}`, SecretString: `${i}` }));
    const Filters = [{ Key: 'name' as const, Values: ['paged/'] }];
    const names: unknown[] = [];
    for await (const { SecretList } of sm.paginateListSecrets(
      { client: secrets, pageSize: 3 },
      { Filters, SortBy: 'name', SortOrder: 'desc' },
    ))
      names.push(...(SecretList ?? []).map(({ Name }) => Name));
    assert.deepEqual(
      names,
      [6, 5, 4, 3, 2, 1, 0].map((i) => `paged/${i}`),
    );
    const { SecretValues } = await secrets.send(new sm.BatchGetSecretValueCommand({ Filters }));
    assert.equal(SecretValues?.length, 7);
  });

  test('go when their time has come, by the server’s clock', async () => {
    const SecretId = 'app/deleted';
    await secrets.send(new sm.CreateSecretCommand({ Name: SecretId, SecretString: 'one' }));
    await secrets.send(new sm.DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    const advance = (by: string) =>
      fetch(`${server.endpoint}/_sealhold/clock`, {
        method: 'POST',
        body: JSON.stringify({ advance: by }),
      });
    await advance('6d23h');
    const { DeletedDate } = await secrets.send(new sm.DescribeSecretCommand({ SecretId }));
    assert.ok(DeletedDate instanceof Date);
    await advance('2h');
    await assert.rejects(
      secrets.send(new sm.DescribeSecretCommand({ SecretId })),
      sm.ResourceNotFoundException,
    );
    await secrets.send(new sm.CreateSecretCommand({ Name: SecretId, SecretString: 'again' }));
    assert.equal(await read(secrets, SecretId), 'again');
  });
});

describe('a strict server', () => {
  const data = freshFolder();
  let server: RunningServer;
  let owner: Account;
  let other: Account;
  before(async () => {
    server = await startServer({ mode: 'start', data });
    owner = newAccount(server);
    other = newAccount(server);
  });
  after(async () => {
    await server.stop('SIGKILL');
    removeFolder(data);
  });

  test('lets a second account read by policies and a customer key, and only so', async () => {
    const ours = clientsOf({ ...owner.root, endpoint: server.endpoint });
    const theirs = clientsOf({ ...other.root, endpoint: server.endpoint });
    const Principal = { AWS: `arn:aws:iam::${other.account}:root` };
    const { KeyMetadata } = await ours.kms.send(new kms.CreateKeyCommand({}));
    const KmsKeyId = KeyMetadata?.Arn ?? '';
    const { ARN: SecretId = '' } = await ours.secrets.send(
      new sm.CreateSecretCommand({ Name: 'shared', SecretString: 'for both', KmsKeyId }),
    );
    const read = () => theirs.secrets.send(new sm.GetSecretValueCommand({ SecretId }));
    await assert.rejects(read(), { name: 'AccessDeniedException' });
    const statement = {
      ...{ Effect: 'Allow', Principal, Resource: '*' },
      Action: 'secretsmanager:GetSecretValue',
    };
    const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await ours.secrets.send(
      new sm.PutResourcePolicyCommand({ SecretId, ResourcePolicy, BlockPublicPolicy: true }),
    );
    await assert.rejects(read(), /Access to KMS is not allowed/);
    const { Policy = '' } = await ours.kms.send(new kms.GetKeyPolicyCommand({ KeyId: KmsKeyId }));
    const opened = JSON.parse(Policy);
    opened.Statement.push({ ...statement, Action: 'kms:Decrypt' });
    await ours.kms.send(
      new kms.PutKeyPolicyCommand({ KeyId: KmsKeyId, Policy: JSON.stringify(opened) }),
    );
    assert.equal((await read()).SecretString, 'for both');
    await ours.secrets.send(new sm.DeleteResourcePolicyCommand({ SecretId }));
    await assert.rejects(read(), { name: 'AccessDeniedException' });
    for (const { secrets, kms: keys } of [ours, theirs]) {
      secrets.destroy();
      keys.destroy();
    }
  });

  test('keeps values out of the trail, the log, errors and the data folder', async () => {
    const told: string[] = [];
    const tried = async (operation: string, input: object): Promise<Record<string, unknown>> => {
      const options = { region, service: 'secretsmanager', target: `secretsmanager.${operation}` };
      const { body, text, status } = await ask(owner.root)(operation, input, options);
      if (status !== 200) told.push(text);
      return body;
    };
    for (const [operation, input] of canaries) await tried(operation, input);
    const read = await tried('GetSecretValue', { SecretId: 'canary' });
    assert.equal(read.SecretString, `${canary}2`);
    assert.equal(told.length, refusedCanaries.length, told.join('\n'));
    const { RandomPassword } = await tried('GetRandomPassword', { PasswordLength: 24 });
    assert.equal(await server.stop(), 0);

    const encoded = [Buffer.from(canary).toString('hex'), bytes.replace(/=+$/, '')];
    const look = (what: string, content: Buffer | string): void => {
      for (const secret of [canary, ...encoded, String(RandomPassword)])
        assert.equal(content.includes(secret), false, `${secret} in ${what}`);
    };
    for (const text of told) look('an error', text);
    look('the log', server.output());
    const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
      .map((name) => join(data, name))
      .filter((name) => statSync(name).isFile());
    assert.ok(files.some((name) => name.includes('trail')));
    for (const file of files) look(file, readFileSync(file));
  });
});
