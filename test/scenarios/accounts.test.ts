/**
 * Accounts of a strict installation, and the root user's key, through the command line: who may
 * make accounts, what their root users can do, and that a rotated key is dead at once.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { allowing, type Credentials, newUser } from '../identities.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let root: Credentials;

before(async () => {
  server = await startServer({ mode: 'start', data });
  root = server;
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

const whoIs = async (who: Credentials): Promise<string> => {
  const { body } = await ask(who)('CreateKey');
  return String((body.KeyMetadata as { AWSAccountId?: string })?.AWSAccountId);
};

describe('accounts', () => {
  test('are made with the first account`s credentials, each with a root user of its own', async () => {
    const [one, two] = [newAccount(server), newAccount(server)];
    assert.notEqual(one.account, two.account);
    assert.match(one.account, /^\d{12}$/);
    assert.equal(await whoIs(one.root), one.account);
    assert.equal(await whoIs(two.root), two.account);
    const listed = JSON.parse(runCommand(['accounts', 'list', '--json'], root).stdout);
    const ids = listed.Accounts.map(({ AccountId }: { AccountId: string }) => AccountId);
    for (const { account } of [one, two]) assert.ok(ids.includes(account));
    const first = listed.Accounts.filter(({ IsFirst }: { IsFirst: boolean }) => IsFirst);
    assert.equal(first.length, 1);
    assert.match(runCommand(['accounts', 'list'], root).stdout, /runs the installation/);
  });

  test('are made by nobody else: not by other root users, not by users without permission', async () => {
    const other = newAccount(server).root;
    const user = await newUser(root, 'no-operator', allowing('kms:*'));
    for (const who of [other, user.credentials]) {
      const { status, stderr } = runCommand(['accounts', 'create'], who);
      assert.equal(status, 1);
      assert.match(stderr, /is not authorized to perform: sealhold:CreateAccount/);
    }
    const operator = await newUser(root, 'operator', allowing('sealhold:*'));
    const made = runCommand(['accounts', 'create', '--json'], operator.credentials);
    assert.equal(made.status, 0, made.stderr);
    const stranger = await newUser(other, 'operator', allowing('*'));
    assert.equal(runCommand(['accounts', 'create'], stranger.credentials).status, 1);
  });

  test('leave their secret nowhere but in the answer', async () => {
    const { secretAccessKey } = newAccount(server).root;
    const trail = runCommand(['trail', 'tail', '--last', '50', '--no-follow', '--json'], root);
    assert.match(trail.stdout, /"eventName":"CreateAccount"/);
    assert.ok(!trail.stdout.includes(secretAccessKey));
    assert.ok(!server.output().includes(secretAccessKey));
    const stored = readFileSync(join(data, 'sealhold.db'), 'latin1');
    assert.ok(!stored.includes(secretAccessKey));
  });
});

describe('the root user`s key', () => {
  test('is rotated into a file of its own; the old one is dead on the next call', async () => {
    const { account, root: other } = newAccount(server);
    assert.equal(await whoIs(other), account);
    const file = join(data, 'rotated');
    const { status, stdout, stderr } = runCommand(['root', 'rotate', '--write', file], other);
    assert.equal(status, 0, stderr);
    assert.ok(existsSync(file));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(stdout, new RegExp(`${other.accessKeyId} is deactivated`));
    const refused = await ask(other)('CreateKey');
    assert.equal(refused.status, 400);
    assert.match(refused.text, /UnrecognizedClientException/);
    const text = readFileSync(file, 'utf8');
    const member = (name: string) => new RegExp(`${name} = (\\S+)`).exec(text)?.[1] ?? '';
    const accessKeyId = member('aws_access_key_id');
    const secretAccessKey = member('aws_secret_access_key');
    assert.ok(!stdout.includes(secretAccessKey));
    const renewed = { endpoint: server.endpoint, accessKeyId, secretAccessKey };
    assert.equal(await whoIs(renewed), account);
  });

  test('is not rotated over a file, nor with a user`s credentials', async () => {
    const user = await newUser(root, 'rotator', allowing('iam:*'));
    const asUser = runCommand(['root', 'rotate', '--write', join(data, 'x')], user.credentials);
    assert.equal(asUser.status, 1);
    assert.match(asUser.stderr, /not the credentials of a root user/);
    const over = runCommand(['root', 'rotate', '--write', join(data, 'sealhold.db')], root);
    assert.equal(over.status, 1);
    assert.match(over.stderr, /exists/);
    assert.equal(await whoIs(root), await whoIs(root));
  });
});
