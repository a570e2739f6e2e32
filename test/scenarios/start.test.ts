/**
 * What a newcomer and an operator do with `sealhold start`: first start, later starts, refusals,
 * seals, nodes, the
 * trail.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ask } from '../ask.ts';
import {
  freePort,
  freshFolder,
  readRootCredentials,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

interface Metadata {
  KeyId: string;
  Arn: string;
}

const run = (args: string[], env: Record<string, string> = {}, input = '') =>
  spawnSync(sealhold, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    input,
    timeout: 20_000,
  });

describe('the first start', () => {
  test('prints three exports to paste, keeps the key in a private file, and later starts reuse it', async () => {
    const folder = freshFolder();
    let server = await startServer({ mode: 'start', data: folder });
    const exports = server.output().match(/^export .*$/gm) ?? [];
    assert.deepEqual(
      exports.map((line) => line.split('=')[0]),
      ['export AWS_ENDPOINT_URL', 'export AWS_ACCESS_KEY_ID', 'export AWS_SECRET_ACCESS_KEY'],
    );
    const file = join(folder, 'root-credentials');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^\[default\]$/m);
    assert.match(server.output(), /seal\.key/, 'it says where the key file lies');
    const first = readRootCredentials(folder);
    assert.match(first.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
    const made = (await ask(server)('CreateKey')).body.KeyMetadata as Metadata;
    assert.equal(await server.stop(), 0);

    server = await startServer({ mode: 'start', data: folder });
    assert.deepEqual(readRootCredentials(folder), first);
    assert.equal((await ask(server)('DescribeKey', { KeyId: made.KeyId })).status, 200);
    assert.equal(await server.stop(), 0);
    removeFolder(folder);
  });

  test('leaves nothing secret in clear on the disk but the files that say so', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder });
    const call = ask(server);
    const { KeyId } = (await call('CreateKey', { Description: 'DESCRIPTION-IN-CLEAR?' })).body
      .KeyMetadata as Metadata;
    await call('Encrypt', {
      KeyId,
      Plaintext: Buffer.from('PLAINTEXT-IN-CLEAR?').toString('base64'),
    });
    const { secretAccessKey } = server;
    await server.stop();
    const database = readFileSync(join(folder, 'sealhold.db'));
    assert.equal(database.includes(secretAccessKey), false);
    assert.equal(database.includes('DESCRIPTION-IN-CLEAR?'), false);
    const trail = readdirSync(join(folder, 'trail'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    assert.ok(trail.length > 0);
    for (const bytes of trail) {
      assert.equal(bytes.includes('PLAINTEXT-IN-CLEAR?'), false);
      assert.equal(bytes.includes(Buffer.from('PLAINTEXT-IN-CLEAR?').toString('base64')), false);
      assert.equal(bytes.includes(secretAccessKey), false);
    }
    removeFolder(folder);
  });
});

describe('what start refuses', () => {
  test('a data folder that another server holds', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder });
    const second = run(['start', '--data', folder, '--port', String(await freePort())]);
    assert.notEqual(second.status, 0);
    assert.match(second.stderr, /in use/i);
    assert.equal((await ask(server)('ListKeys')).status, 200, 'the first goes on');
    await server.stop();
    removeFolder(folder);
  });

  test('a port that is taken', async () => {
    const [one, two] = [freshFolder(), freshFolder()];
    const server = await startServer({ mode: 'start', data: one });
    const second = run(['start', '--data', two, '--port', String(server.port)]);
    assert.notEqual(second.status, 0);
    assert.match(second.stderr, new RegExp(`${server.port}.*(in use|taken)`));
    await server.stop();
    removeFolder(one);
    removeFolder(two);
  });

  test('listening beyond loopback without TLS, unless told', async () => {
    const folder = freshFolder();
    const refused = run(['start', '--host', '0.0.0.0', '--data', folder, '--port', '0']);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /--tls-cert.*--insecure-http/s);
    const server = await startServer({
      mode: 'start',
      data: folder,
      args: ['--host', '0.0.0.0', '--insecure-http'],
    });
    assert.equal((await ask(server)('ListKeys')).status, 200);
    await server.stop();
    removeFolder(folder);
  });

  for (const [args, says] of [
    [['start', '--port', 'x'], /--port takes a whole number/],
    [['start', '--nonsense'], /--nonsense/],
    [['start', '--seal', 'wax'], /keyfile.*passphrase/],
    [['start', '--tls-cert', '/nowhere'], /--tls-key/],
    [['nonsense'], /no command 'nonsense'/],
    [['dev', '--account', '12'], /twelve digits|12 digits/],
  ] as const) {
    test(`'sealhold ${args.join(' ')}', with status 2 and the word that is wrong`, () => {
      const done = run([...args]);
      assert.equal(done.status, 2, done.stderr);
      assert.match(done.stderr, says);
    });
  }
});

describe('SIGTERM', () => {
  test('lets answers under way finish, refuses new connections and ends with status 0', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder });
    const call = ask(server);
    const slow = call('CreateKey', { KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const ended = server.stop();
    const made = await slow;
    assert.equal(made.status, 200, made.text);
    assert.equal(await ended, 0);
    await assert.rejects(call('ListKeys'));
    const again = await startServer({ mode: 'start', data: folder });
    const { KeyId } = made.body.KeyMetadata as Metadata;
    assert.equal((await ask(again)('DescribeKey', { KeyId })).status, 200);
    await again.stop();
    removeFolder(folder);
  });
});

describe('seals', () => {
  test('a passphrase opens the store, a wrong one does not, and seal change moves both ways without touching data', async () => {
    const folder = freshFolder();
    const env = { SEALHOLD_PASSPHRASE: 'correct horse battery staple' };
    let server = await startServer({
      mode: 'start',
      data: folder,
      args: ['--seal', 'passphrase'],
      env,
    });
    const { KeyId } = (await ask(server)('CreateKey')).body.KeyMetadata as Metadata;
    const sealed = await ask(server)('Encrypt', { KeyId, Plaintext: 'YQ==' });
    await server.stop();
    assert.equal(readdirSync(folder).includes('seal.key'), false);

    const wrong = run(['start', '--data', folder, '--port', '0'], { SEALHOLD_PASSPHRASE: 'wrong' });
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /passphrase/);

    const database = readFileSync(join(folder, 'sealhold.db'));
    const toKeyfile = run(['seal', 'change', '--to', 'keyfile', '--data', folder], env);
    assert.equal(toKeyfile.status, 0, toKeyfile.stderr);
    assert.ok(readFileSync(join(folder, 'sealhold.db')).equals(database), 'no data was touched');
    server = await startServer({ mode: 'start', data: folder });
    const opened = await ask(server)('Decrypt', { CiphertextBlob: sealed.body.CiphertextBlob });
    assert.equal(opened.body.Plaintext, 'YQ==');
    const busy = run(['seal', 'change', '--to', 'passphrase', '--data', folder], {
      SEALHOLD_PASSPHRASE: 'x',
    });
    assert.notEqual(busy.status, 0, 'not under a running server');
    await server.stop();

    const file = join(folder, '..', `passphrase-${process.pid}`);
    writeFileSync(file, 'another passphrase\n');
    const back = run([
      'seal',
      'change',
      '--to',
      'passphrase',
      '--passphrase-file',
      file,
      '--data',
      folder,
    ]);
    assert.equal(back.status, 0, back.stderr);
    assert.equal(
      readdirSync(folder).includes('seal.key'),
      false,
      'the key file that opened it is gone',
    );
    server = await startServer({ mode: 'start', data: folder, args: ['--passphrase-file', file] });
    assert.equal((await ask(server)('DescribeKey', { KeyId })).status, 200);
    await server.stop();
    removeFolder(file);
    removeFolder(folder);
  });
});

describe('several processes', () => {
  test('are nodes on one store and port: no node answers by an old state a second later', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder, args: ['--processes', '2'] });
    const call = ask(server);
    const { KeyId } = (await call('CreateKey')).body.KeyMetadata as Metadata;
    const encrypt = () =>
      Promise.all(Array.from({ length: 24 }, () => call('Encrypt', { KeyId, Plaintext: 'YQ==' })));
    for (let round = 0; round < 3; round++) {
      assert.deepEqual([...new Set((await encrypt()).map((a) => a.status))], [200]);
      await call('DisableKey', { KeyId });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      assert.deepEqual(
        [...new Set((await encrypt()).map((a) => a.body.__type))],
        ['DisabledException'],
      );
      await call('EnableKey', { KeyId });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    assert.equal(await server.stop(), 0);
    assert.ok(readdirSync(join(folder, 'trail')).length >= 2, 'each has its own lane');
    assert.equal(run(['trail', 'verify', '--data', folder]).status, 0);
    removeFolder(folder);
  });
});

const openssl = spawnSync('openssl', ['version']).status === 0;

describe('TLS', {
  skip: openssl ? false : 'openssl, which makes the certificate, is missing',
}, () => {
  test('is served with the given certificate', async () => {
    const folder = freshFolder();
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    const port = await freePort();
    const script = `
      const { KMSClient, CreateKeyCommand } = await import('@aws-sdk/client-kms');
      const client = new KMSClient({});
      console.log((await client.send(new CreateKeyCommand({}))).KeyMetadata.KeyState);`;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    const server = await startServer({
      mode: 'start',
      data: join(folder, 'data'),
      port,
      args: ['--tls-cert', cert, '--tls-key', key],
    });
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: cert,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
    });
    assert.equal(done.stdout.trim(), 'Enabled', done.stderr);
    await server.stop();
    removeFolder(folder);
  });
});

describe('trail tail', () => {
  for (const processes of ['1', '2']) {
    test(`shows records as they come, with ${processes} process(es)`, async () => {
      const folder = freshFolder();
      const args = ['--processes', processes];
      const server = await startServer({ mode: 'start', data: folder, args });
      const tail = spawn(sealhold, ['trail', 'tail', '--last', '0'], {
        env: {
          ...process.env,
          AWS_ENDPOINT_URL: server.endpoint,
          AWS_SHARED_CREDENTIALS_FILE: join(folder, 'root-credentials'),
        },
      });
      let shown = '';
      tail.stdout.on('data', (chunk) => {
        shown += chunk;
      });
      const lines = () => shown.split('\n').filter((line) => line.includes('kms:GenerateRandom'));
      const call = ask(server);
      for (let tries = 0; tries < 100 && lines().length === 0; tries++) {
        await call('GenerateRandom', { NumberOfBytes: 8 });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.match(lines()[0] ?? '', /arn:aws:iam::\d{12}:root {2}kms:GenerateRandom {2}ok$/);
      const seen = lines().length;
      for (let i = 0; i < 5; i++) await call('GenerateRandom', { NumberOfBytes: 8 });
      for (let tries = 0; tries < 60 && lines().length < seen + 5; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(lines().length >= seen + 5, shown);
      tail.kill();
      assert.equal(await server.stop(), 0);
      removeFolder(folder);
    });
  }
});

describe('the trail', () => {
  test('holds every call, the refused ones too, and tail shows them', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder });
    const call = ask(server);
    const { KeyId } = (await call('CreateKey')).body.KeyMetadata as Metadata;
    await call('DescribeKey', { KeyId: 'alias/none' });
    await ask({ ...server, secretAccessKey: 'wrong' })('ListKeys');
    await call('Encrypt', { KeyId, Plaintext: '' });
    const tail = run(['trail', 'tail', '--last', '10', '--no-follow', '--json'], {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    });
    assert.equal(tail.status, 0, tail.stderr);
    const records = tail.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      records.map((r) => [r.eventName, r.errorCode]),
      [
        ['CreateKey', undefined],
        ['DescribeKey', 'NotFoundException'],
        ['ListKeys', 'InvalidSignatureException'],
        ['Encrypt', 'ValidationException'],
      ],
    );
    assert.equal(records[0].userIdentity.type, 'Root');
    const stranger = run(['trail', 'tail', '--no-follow'], {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'wrong',
    });
    assert.equal(stranger.status, 1);
    await server.stop();

    assert.equal(run(['trail', 'verify', '--data', folder]).status, 0);
    const segment = readdirSync(join(folder, 'trail'), {
      recursive: true,
      withFileTypes: true,
    }).find((e) => e.isFile() && e.name.endsWith('.trail'));
    assert.ok(segment);
    const file = join(segment.parentPath, segment.name);
    const bytes = readFileSync(file);
    for (const at of [3, 200, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      writeFileSync(file, flipped);
      const damaged = run(['trail', 'verify', '--data', folder]);
      assert.equal(damaged.status, 1, `offset ${at}`);
      assert.match(damaged.stdout + damaged.stderr, /first bad record/i);
    }
    writeFileSync(file, bytes.subarray(0, bytes.length - 1_000));
    assert.equal(run(['trail', 'verify', '--data', folder]).status, 1, 'a cut trail');
    removeFolder(folder);
  });
});
