/** Dev mode: any key gets in, the clock moves, reset empties; and strict mode has none of that. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const dayMs = 86_400_000;

interface Metadata {
  KeyId: string;
  Arn: string;
  AWSAccountId: string;
  KeyState: string;
}

async function newKey(call: ReturnType<typeof ask>): Promise<Metadata> {
  return (await call('CreateKey')).body.KeyMetadata as Metadata;
}

async function clock(
  server: RunningServer,
  body: object,
): Promise<{ status: number; now: number }> {
  const response = await fetch(`${server.endpoint}/_sealhold/clock`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { now?: string };
  return { status: response.status, now: Date.parse(answer.now ?? '') };
}

const reset = (server: RunningServer) =>
  fetch(`${server.endpoint}/_sealhold/reset`, { method: 'POST' });

describe('sealhold dev', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ mode: 'dev' });
  });
  after(() => server.stop());
  const as = (accessKeyId: string) =>
    ask({ endpoint: server.endpoint, accessKeyId, secretAccessKey: 'any' });

  test('an access key of twelve digits is that account; any other is the default account', async () => {
    assert.equal((await newKey(as('123456789012'))).AWSAccountId, '123456789012');
    assert.equal((await newKey(as('test'))).AWSAccountId, '000000000000');
    assert.equal((await newKey(as('AKIAIOSFODNN7EXAMPLE'))).AWSAccountId, '000000000000');
  });

  test('--account names the default account', async () => {
    const other = await startServer({ mode: 'dev', args: ['--account', '111122223333'] });
    const call = ask({ ...other, accessKeyId: 'x', secretAccessKey: 'y' });
    assert.equal((await newKey(call)).AWSAccountId, '111122223333');
    await other.stop();
  });

  test('one account does not see the keys of another', async () => {
    const { KeyId, Arn } = await newKey(as('123456789012'));
    const other = as('210987654321');
    assert.equal((await other('DescribeKey', { KeyId })).body.__type, 'NotFoundException');
    assert.equal((await other('DescribeKey', { KeyId: Arn })).body.__type, 'AccessDeniedException');
  });

  test('a key whose window is over by the moved clock is deleted, with its aliases', async () => {
    const call = as('test');
    const { KeyId } = await newKey(call);
    await call('CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: KeyId });
    const sealed = await call('Encrypt', { KeyId, Plaintext: 'YQ==' });
    await call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    await clock(server, { advance: '6d' });
    assert.equal(
      ((await call('DescribeKey', { KeyId })).body.KeyMetadata as Metadata).KeyState,
      'PendingDeletion',
    );
    await clock(server, { advance: '1d1m' });
    assert.equal((await call('DescribeKey', { KeyId })).body.__type, 'NotFoundException');
    assert.equal(
      (await call('DescribeKey', { KeyId: 'alias/doomed' })).body.__type,
      'NotFoundException',
    );
    const late = await call('Decrypt', { CiphertextBlob: sealed.body.CiphertextBlob });
    assert.equal(late.body.__type, 'AccessDeniedException');
  });

  test('the clock is read, advanced and set; signatures are judged by the real one', async () => {
    const at = '2031-05-01T00:00:00.000Z';
    assert.ok(Math.abs((await clock(server, { set: at })).now - Date.parse(at)) < 5_000);
    const call = as('test');
    const made = (await call('CreateKey')).body.KeyMetadata as { CreationDate: number };
    assert.ok(Math.abs(made.CreationDate * 1_000 - Date.parse(at)) < 10_000);
    const read = (await (await fetch(`${server.endpoint}/_sealhold/clock`)).json()) as {
      now: string;
    };
    assert.ok(Date.parse(read.now) >= Date.parse(at));
  });

  test('a clock order that makes no sense is refused and moves nothing', async () => {
    const before = await clock(server, { advance: '0s' });
    for (const body of [
      {},
      { advance: '30 days' },
      { set: 'tomorrow' },
      { advance: 5 },
      { advance: '1d', set: '2030-01-01T00:00:00Z' },
    ])
      assert.equal((await clock(server, body)).status, 400, JSON.stringify(body));
    assert.ok((await clock(server, { advance: '0s' })).now - before.now < dayMs);
  });

  test('reset empties it and takes the clock back', async () => {
    const call = as('test');
    const { KeyId } = await newKey(call);
    assert.equal((await reset(server)).status, 200);
    assert.equal((await call('DescribeKey', { KeyId })).body.__type, 'NotFoundException');
    assert.deepEqual((await call('ListKeys')).body.Keys, []);
    assert.ok(Math.abs((await clock(server, { advance: '0s' })).now - Date.now()) < 5_000);
    assert.equal((await newKey(call)).KeyState, 'Enabled');
  });
});

describe('sealhold dev --data', () => {
  test('keeps its state and its moved clock over a restart, and does then what fell due', async () => {
    const folder = freshFolder();
    let server = await startServer({ mode: 'dev', data: folder });
    const keep = await newKey(ask(server));
    const doomed = await newKey(ask(server));
    await ask(server)('ScheduleKeyDeletion', { KeyId: doomed.KeyId, PendingWindowInDays: 7 });
    const { now } = await clock(server, { advance: '3d' });
    assert.equal(await server.stop(), 0);
    server = await startServer({ mode: 'dev', data: folder });
    const call = ask(server);
    assert.ok((await clock(server, { advance: '0s' })).now >= now, 'the clock did not fall back');
    assert.equal((await call('DescribeKey', { KeyId: keep.KeyId })).status, 200);
    await clock(server, { advance: '4d1m' });
    assert.equal(
      (await call('DescribeKey', { KeyId: doomed.KeyId })).body.__type,
      'NotFoundException',
    );
    assert.equal((await reset(server)).status, 200);
    assert.equal(
      (await call('DescribeKey', { KeyId: keep.KeyId })).body.__type,
      'NotFoundException',
    );
    assert.equal(await server.stop(), 0);
    removeFolder(folder);
  });
});

describe('sealhold start', () => {
  test('has neither clock nor reset', async () => {
    const folder = freshFolder();
    const server = await startServer({ mode: 'start', data: folder });
    assert.equal((await clock(server, { advance: '1d' })).status, 404);
    assert.equal((await fetch(`${server.endpoint}/_sealhold/clock`)).status, 404);
    assert.equal((await reset(server)).status, 404);
    await server.stop();
    removeFolder(folder);
  });
});
