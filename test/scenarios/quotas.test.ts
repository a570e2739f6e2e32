/** Quotas from outside: the flag, the wire, the trail, and clients that back off. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CreateAliasCommand, GenerateRandomCommand, KMSClient } from '@aws-sdk/client-kms';
import { ask } from '../ask.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

const folder = freshFolder();
const servers: RunningServer[] = [];
after(async () => {
  for (const server of servers) await server.stop();
  removeFolder(folder);
});

const text =
  'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.';

function quotasFile(quotas: object): string {
  const file = join(folder, `quotas-${servers.length}.json`);
  writeFileSync(file, JSON.stringify(quotas));
  return file;
}

async function serve(mode: 'start' | 'dev', args: readonly string[]): Promise<RunningServer> {
  const data = join(folder, `data-${servers.length}`);
  const server = await startServer(mode === 'dev' ? { mode, args } : { mode, data, args });
  servers.push(server);
  return server;
}

interface Tail {
  readonly eventName: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

describe('--quotas', () => {
  test('aws: too many requests in a second are throttled as AWS does it, and recorded', async () => {
    const server = await serve('start', ['--quotas', 'aws']);
    const call = ask(server);
    const { KeyId } = (await call('CreateKey')).body.KeyMetadata as { KeyId: string };
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => call('UpdateKeyDescription', { KeyId, Description: 'x' })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    // Five at once and five a second; this machine may take a while.
    assert.ok(refused.length > 10, `${refused.length} of 30 were refused`);
    for (const { status, body } of refused) {
      assert.equal(status, 400);
      assert.deepEqual(body, { __type: 'ThrottlingException', message: text });
    }
    const tail = spawnSync(sealhold, ['trail', 'tail', '--last', '20', '--no-follow', '--json'], {
      encoding: 'utf8',
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
    });
    const records = tail.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Tail);
    const throttled = records.filter(({ errorCode }) => errorCode === 'ThrottlingException');
    assert.ok(throttled.length > 5, tail.stdout + tail.stderr);
    for (const record of throttled) assert.equal(record.errorMessage, text);
  });

  test('FILE: the AWS SDK waits by itself and gets through', async () => {
    const file = quotasFile({ '*': null, 'L-6E3AF000': 5 });
    const server = await serve('dev', ['--quotas', file]);
    const client = new KMSClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 10,
    });
    const random = new GenerateRandomCommand({ NumberOfBytes: 8 });
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.send(random)));
    for (const { Plaintext } of answers) assert.equal(Plaintext?.length, 8);
    assert.ok(performance.now() - began > 1_000, 'twelve at five a second take over a second');
    const attempts = answers.map(({ $metadata }) => $metadata.attempts ?? 1);
    assert.ok(Math.max(...attempts) > 1, `attempts: ${attempts}`);
    client.destroy();
  });

  test('FILE: a client that does not try again is told what happened', async () => {
    const server = await serve('dev', ['--quotas', quotasFile({ CreateAlias: 0 })]);
    const client = new KMSClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
    await assert.rejects(
      client.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId: 'x' })),
      { name: 'ThrottlingException', message: text },
    );
    client.destroy();
  });

  test("dev mode's reset gives every bucket anew", async () => {
    const file = quotasFile({ '*': null, 'L-6E3AF000': 0.001 });
    const call = ask(await serve('dev', ['--quotas', file]));
    const random = () => call('GenerateRandom', { NumberOfBytes: 1 });
    assert.equal((await random()).status, 200);
    assert.equal((await random()).status, 400);
    const reset = `${servers.at(-1)?.endpoint}/_sealhold/reset`;
    assert.equal((await fetch(reset, { method: 'POST' })).status, 200);
    assert.equal((await random()).status, 200);
  });

  test('several processes together never let more through', async () => {
    const file = quotasFile({ '*': null, 'L-6E3AF000': 0.002 });
    const server = await serve('start', ['--quotas', file, '--processes', '2']);
    const call = ask(server);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call('GenerateRandom', { NumberOfBytes: 1 })),
    );
    const passed = answers.filter(({ status }) => status === 200).length;
    // Each process lets one through before a rate below one a second holds.
    assert.ok(passed >= 1 && passed <= 2, `${passed} passed`);
  });

  test('is off when it is not given', async () => {
    const call = ask(await serve('dev', []));
    const answers = await Promise.all(Array.from({ length: 40 }, () => call('CreateKey')));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  });

  const unusable: readonly (readonly [what: string, file: string, said: RegExp])[] = [
    ['that is not there', join(folder, 'none.json'), /none\.json can't be read/],
    ['that names no quota', quotasFile({ Nonsense: 1 }), /'Nonsense' is no quota of KMS/],
  ];
  for (const [what, file, said] of unusable) {
    test(`ends at once with a file ${what}`, () => {
      const done = spawnSync(sealhold, ['dev', '--port', '0', '--quotas', file], {
        encoding: 'utf8',
      });
      assert.equal(done.status, 1);
      assert.match(done.stderr, said);
    });
  }
});
