/** What the server tells of its keys: pre-flight, inventory and costs, by its command line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const data = freshFolder();
const servers: RunningServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
  removeFolder(data);
});

async function serve(mode: 'start' | 'dev', ...args: readonly string[]): Promise<RunningServer> {
  const server = await startServer({ mode, args, ...(mode === 'start' ? { data } : {}) });
  servers.push(server);
  return server;
}

interface Signer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

function run({ endpoint, accessKeyId, secretAccessKey }: Signer, ...words: readonly string[]) {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: 'us-east-1',
  };
  const { status, stdout, stderr } = spawnSync(sealhold, words, { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const reportOf = (signer: Signer, ...words: readonly string[]) =>
  JSON.parse(run(signer, ...words, '--json').stdout);

const metadata = ({ body }: Answer) => body.KeyMetadata as { KeyId: string; Arn: string };
const Plaintext = Buffer.from('x').toString('base64');

describe('keys preflight', () => {
  test('says nothing against a key that is old enough and that nobody uses', async () => {
    const server = await serve('dev');
    const { KeyId } = metadata(await ask(server)('CreateKey'));
    const young = run(server, 'keys', 'preflight', KeyId);
    assert.equal(young.status, 3);
    assert.match(young.stdout, /Its uses are known for 0 days only/);
    const advance = { method: 'POST', body: '{"advance":"91d"}' };
    await fetch(`${server.endpoint}/_sealhold/clock`, advance);
    const quiet = run(server, 'keys', 'preflight', KeyId);
    assert.equal(quiet.status, 0);
    assert.match(quiet.stdout, /Nothing is known against deleting it/);
    assert.equal(run(server, 'keys', 'preflight', KeyId, '--quiet-for', '100d').status, 3);
  });

  test('tells who uses a key for what, and all that names it', async () => {
    const server = await serve('start');
    const call = ask(server);
    const { KeyId, Arn } = metadata(await call('CreateKey', { MultiRegion: true }));
    const EncryptionContext = { SecretARN: 'arn:aws:secretsmanager:us-east-1:1:secret:db' };
    const sealed = await call('Encrypt', { KeyId, Plaintext, EncryptionContext });
    await call('Decrypt', { CiphertextBlob: sealed.body.CiphertextBlob, EncryptionContext });
    await call('CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    await call('ReplicateKey', { KeyId, ReplicaRegion: 'eu-west-1' });
    const GranteePrincipal = `arn:aws:iam::${Arn.split(':')[4]}:root`;
    await call('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Decrypt'] });
    for (const name of [KeyId, Arn, 'alias/app', Arn.replace(/key\/.*/, 'alias/app')]) {
      const report = reportOf(server, 'keys', 'preflight', name);
      assert.equal(report.key.arn, Arn, name);
      assert.equal(report.lastUse.operation, 'Decrypt');
      assert.deepEqual(report.principals.rows[0].uses, { Encrypt: 1, Decrypt: 1 });
      assert.deepEqual(
        report.dependents.map(({ service, resource }: Record<string, string>) => [
          service,
          resource,
        ]),
        [['Secrets Manager', EncryptionContext.SecretARN]],
      );
      assert.deepEqual(report.aliases, ['alias/app']);
      assert.equal(report.grants.count, 1);
      assert.equal(report.relatedKeys[0].arn, Arn.replace('us-east-1', 'eu-west-1'));
      assert.deepEqual(report.objections, [
        'It was used 0 days ago (Decrypt), within the last 90 days.',
        '1 alias would go with it.',
        '1 grant would go with it.',
        '1 replica must be deleted first.',
        '1 resource of AWS services used it for their data.',
      ]);
    }
    const told = run(server, 'keys', 'preflight', KeyId);
    assert.equal(told.status, 3);
    assert.match(told.stdout, /made 1, opened 1/);
    const inventory = reportOf(server, 'keys', 'inventory', 'alias/app');
    assert.equal(inventory.materials.length, 1);
    assert.equal(inventory.materials[0].ciphertextsMade, 1);
    assert.match(run(server, 'keys', 'inventory', KeyId).stdout, /CURRENT {2}made 1, opened 1/);

    await server.stop();
    const again = await serve('start');
    const after = reportOf(again, 'keys', 'preflight', KeyId);
    assert.deepEqual(after.principals.rows[0].uses, { Encrypt: 1, Decrypt: 1 });
    assert.equal(after.materials[0].ciphertextsOpened, 1);
  });

  test('tells no one else, and ends in words', async () => {
    const server = servers.at(-1) as RunningServer;
    const nobody = { ...server, secretAccessKey: 'wrong' };
    const forged = run(nobody, 'keys', 'preflight', 'alias/app');
    assert.equal(forged.status, 1);
    assert.match(forged.stderr, /answered 403: The request signature/);
    const missing = run(server, 'keys', 'preflight', 'alias/nothing');
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /There is no key "alias\/nothing" that you may look at/);
    assert.equal(run(server, 'keys', 'preflight').status, 2);
    assert.equal(run(server, 'keys', 'preflight', 'x', '--quiet-for', 'long').status, 2);
    assert.match(run(server, 'keys', 'preflight', '--help').stdout, /exit status 3/);
    const unsigned = await fetch(`${server.endpoint}/_sealhold/kms/costs`);
    assert.equal(unsigned.status, 403);
  });
});

describe('costs', () => {
  test("are a month's requests by key and principal, and the keys", async () => {
    const server = await serve('dev');
    const call = ask(server);
    const { KeyId, Arn } = metadata(await call('CreateKey'));
    const rsa = metadata(await call('CreateKey', { KeySpec: 'RSA_3072', KeyUsage: 'SIGN_VERIFY' }));
    for (let i = 0; i < 10; i++) await call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    await call('GenerateDataKey', { KeyId, KeySpec: 'AES_256', DryRun: true });
    await call('Decrypt', { CiphertextBlob: Plaintext });
    await call('GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P256' });
    const SigningAlgorithm = 'RSASSA_PSS_SHA_256';
    await call('Sign', { KeyId: rsa.KeyId, Message: Plaintext, SigningAlgorithm });
    const report = reportOf(server, 'costs');
    const [account] = report.accounts;
    // Two CreateKeys, ten data keys and the dry run; what was refused is not in it.
    assert.deepEqual(account.requests, { request: 13, eccKeyPair: 1, asymmetric: 1 });
    assert.equal(account.requestsUsd, (13 * 0.03 + 0.1 + 0.15) / 10_000);
    assert.equal(account.freeTierUsd, (13 * 0.03) / 10_000);
    assert.equal(account.keysUsd, 2);
    const byKey = new Map(report.keys.map((each: { key: string }) => [each.key, each]));
    const ours = byKey.get(Arn) as { keyUsd: number; principals: { requests: object }[] };
    assert.equal(ours.keyUsd, 1);
    assert.deepEqual(ours.principals[0]?.requests, { request: 11, eccKeyPair: 1 });
    assert.match(run(server, 'costs').stdout, /requests \$0\.000064/);
    const other = reportOf(server, 'costs', '--month', '2020-01', '--account', '111122223333');
    assert.deepEqual([other.accounts, other.keys], [[], []]);
    assert.equal(run(server, 'costs', '--month', 'May').status, 1);
  });
});

test('another account sees its own keys and costs, and none of others', async () => {
  // Of the tests before: the folder is in use.
  const first = servers.find(
    ({ process }) => process.spawnargs.includes('start') && process.exitCode === null,
  )!;
  const made = run(first, 'accounts', 'create', '--json');
  const { AccountId: account, AccessKeyId, SecretAccessKey } = JSON.parse(made.stdout);
  const second = { ...first, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  const theirs = metadata(await ask(second)('CreateKey'));
  const ours = metadata(await ask(first)('CreateKey'));
  const keyOf = (signer: Signer, key: string) => run(signer, 'keys', 'inventory', key);
  assert.equal(keyOf(second, theirs.KeyId).status, 0);
  assert.equal(keyOf(first, theirs.Arn).status, 0);
  assert.equal(keyOf(second, ours.Arn).status, 1);
  const missing = keyOf(second, ours.Arn.replace(ours.KeyId, theirs.KeyId));
  assert.equal(
    keyOf(second, ours.Arn).stderr.replaceAll(ours.Arn, ''),
    missing.stderr.replace(/arn:[^"\\]*/, ''),
  );
  const seenBy = (signer: Signer) =>
    reportOf(signer, 'costs').accounts.map((each: { account: string }) => each.account);
  assert.deepEqual(seenBy(second), [account]);
  assert.ok(seenBy(first).includes(account) && seenBy(first).length > 1);
  const asking = run(second, 'costs', '--account', ours.Arn.split(':')[4] ?? '');
  assert.match(asking.stderr, /Another account's costs are its own and the operator's/);
});
