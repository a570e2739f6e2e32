/** Fixtures from outside: the same keys after every start and reset, in dev mode alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const folder = freshFolder();
const file = join(folder, 'fixtures.json');
const data = join(folder, 'data');
const KeyId = '0b1e7a4c-0000-4000-8000-000000000002';
const material = Buffer.alloc(32, 3).toString('base64');
writeFileSync(
  file,
  JSON.stringify({ version: 1, keys: [{ keyId: KeyId, material, aliases: ['alias/app'] }] }),
);

const servers: RunningServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
  removeFolder(folder);
});

async function dev(...args: readonly string[]): Promise<RunningServer> {
  const server = await startServer({ mode: 'dev', args });
  servers.push(server);
  return server;
}

const Plaintext = Buffer.from('kept in a repository').toString('base64');
const sealedBy = async (server: RunningServer): Promise<unknown> =>
  (await ask(server)('Encrypt', { KeyId: 'alias/app', Plaintext })).body.CiphertextBlob;
const openedBy = async (server: RunningServer, CiphertextBlob: unknown): Promise<unknown> =>
  (await ask(server)('Decrypt', { CiphertextBlob })).body.Plaintext;

describe('dev --fixtures', () => {
  test('decrypts on every start what any start has encrypted, also after a reset', async () => {
    const first = await dev('--fixtures', file);
    const blob = await sealedBy(first);
    await first.stop();
    const second = await dev('--fixtures', file);
    assert.equal(await openedBy(second, blob), Plaintext);
    await fetch(`${second.endpoint}/_sealhold/reset`, { method: 'POST' });
    assert.equal(await openedBy(second, blob), Plaintext);
    const key = (await ask(second)('DescribeKey', { KeyId })).body.KeyMetadata as { Arn: string };
    assert.equal(key.Arn, `arn:aws:kms:us-east-1:000000000000:key/${KeyId}`);
  });

  test('fills a folder that start refuses from then on', async () => {
    const server = await dev('--fixtures', file, '--data', data);
    const blob = await sealedBy(server);
    await server.stop();
    const strict = spawnSync(sealhold, ['start', '--port', '0', '--data', data], {
      encoding: 'utf8',
    });
    assert.equal(strict.status, 1);
    assert.match(strict.stderr, /sealhold: This store was filled from a fixtures file/);
    const again = await dev('--data', data);
    assert.equal(await openedBy(again, blob), Plaintext);
  });
});

test('start takes no fixtures, and a wrong file ends dev with words', () => {
  const run = (...words: readonly string[]) =>
    spawnSync(sealhold, [...words, '--port', '0'], { encoding: 'utf8' });
  const strict = run('start', '--data', join(folder, 'strict'), '--fixtures', file);
  assert.equal(strict.status, 2);
  assert.match(strict.stderr, /only 'dev' takes them/);
  const wrong = join(folder, 'wrong.json');
  writeFileSync(wrong, JSON.stringify({ version: 1, keys: [{ keyId: 'x' }] }));
  const refused = run('dev', '--fixtures', wrong);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /keys\[0\]: 'keyId' is a UUID/);
});
