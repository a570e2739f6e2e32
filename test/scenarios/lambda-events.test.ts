/** Events: invocations that nobody waits for, tried again, given up, and not lost. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type Ask,
  creation,
  executionRole,
  got,
  lambdaOf,
  newName,
  refused,
  until,
} from '../lambda.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

let words: string;
before(() => {
  words = mkdtempSync(join(tmpdir(), 'sealhold-words-'));
});
after(() => rmSync(words, { recursive: true }));

/** A function that writes down each attempt, and fails as long as the event says. */
const noting = (file: string): string => `
  import { appendFileSync } from 'node:fs';
  export const handler = async (event, { awsRequestId }) => {
    appendFileSync(${JSON.stringify(file)}, JSON.stringify({ event, awsRequestId }) + '\\n');
    await new Promise((resolve) => setTimeout(resolve, event.takesMs ?? 0));
    if (event.fails) throw new Error('as it was told');
  };`;

interface Word {
  readonly event: Record<string, unknown>;
  readonly awsRequestId: string;
}

function wordsIn(file: string): Word[] {
  try {
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Word);
  } catch {
    return [];
  }
}

const untilWords = (file: string, count: number) =>
  until(async () => {
    const found = wordsIn(file);
    return found.length >= count ? found : undefined;
  });

async function newNoting(lambda: Ask, role: string) {
  const name = newName();
  const file = join(words, name);
  await got(lambda('CreateFunction', creation(name, role, noting(file))));
  const send = (event: object) =>
    lambda('Invoke', {
      FunctionName: name,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(event)),
    });
  return { name, file, send };
}

const advance = async ({ endpoint }: RunningServer, span: string): Promise<void> => {
  const body = JSON.stringify({ advance: span });
  const answer = await fetch(`${endpoint}/_sealhold/clock`, { method: 'POST', body });
  assert.equal(answer.status, 200);
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('an event', () => {
  let server: RunningServer;
  let lambda: Ask;
  let role: string;
  before(async () => {
    server = await startServer({ mode: 'dev' });
    lambda = lambdaOf(server);
    role = await executionRole(server, 'events');
  });
  after(() => server.stop());

  test('is taken at once, and run soon, once', async () => {
    const { file, send } = await newNoting(lambda, role);
    const answer = await send({ n: 1, takesMs: 300 });
    assert.deepEqual([answer.status, answer.text], [202, '']);
    await untilWords(file, 1);
    await pause(2_500);
    const [word, ...more] = wordsIn(file);
    assert.deepEqual(word?.event, { n: 1, takesMs: 300 });
    assert.equal(word?.awsRequestId, answer.headers.get('x-amzn-requestid'));
    assert.deepEqual(more, []);
  });
  test('that fails is tried again after a minute, then after two, then given up', async () => {
    const { name, file, send } = await newNoting(lambda, role);
    await send({ fails: true });
    await untilWords(file, 1);
    await pause(1_500);
    assert.equal(wordsIn(file).length, 1);
    await advance(server, '61s');
    await untilWords(file, 2);
    await pause(1_500);
    await advance(server, '61s');
    await pause(1_500);
    assert.equal(wordsIn(file).length, 2);
    await advance(server, '60s');
    await untilWords(file, 3);
    await advance(server, '1h');
    await pause(1_500);
    const all = wordsIn(file);
    assert.equal(all.length, 3);
    assert.equal(new Set(all.map(({ awsRequestId }) => awsRequestId)).size, 1);
    await until(async () =>
      server.output().includes(`of the function ${name} is given up after 3 attempts: it failed`)
        ? true
        : undefined,
    );
  });
  test('is tried as often and as long as its function says', async () => {
    const { name, file, send } = await newNoting(lambda, role);
    const config = { FunctionName: name, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 };
    const put = await got(lambda('PutFunctionEventInvokeConfig', config));
    assert.equal(put.MaximumRetryAttempts, 0);
    await send({ fails: true });
    await untilWords(file, 1);
    await advance(server, '5m');
    await pause(1_500);
    assert.equal(wordsIn(file).length, 1);
    const update = { FunctionName: name, MaximumRetryAttempts: 1 };
    const updated = await got(lambda('UpdateFunctionEventInvokeConfig', update));
    assert.equal(updated.MaximumEventAgeInSeconds, 60);
    const list = await got(lambda('ListFunctionEventInvokeConfigs', { FunctionName: name }));
    assert.equal((list.FunctionEventInvokeConfigs as unknown[]).length, 1);
    await got(lambda('DeleteFunctionEventInvokeConfig', { FunctionName: name }));
    await refused(lambda('GetFunctionEventInvokeConfig', { FunctionName: name }), [
      404,
      'ResourceNotFoundException',
    ]);
  });
  test('waits while its function may not run', async () => {
    const { name, file, send } = await newNoting(lambda, role);
    const limit = { FunctionName: name, ReservedConcurrentExecutions: 0 };
    await got(lambda('PutFunctionConcurrency', limit));
    await send({ n: 1 });
    await pause(1_500);
    assert.deepEqual(wordsIn(file), []);
    await got(lambda('DeleteFunctionConcurrency', { FunctionName: name }));
    await advance(server, '1m');
    await untilWords(file, 1);
  });
  test('may have a megabyte, and must be JSON', async () => {
    const { file, name, send } = await newNoting(lambda, role);
    assert.equal((await send({ pad: 'x'.repeat(1_000_000) })).status, 202);
    await untilWords(file, 1);
    await refused(send({ pad: 'x'.repeat(1024 * 1024) }), [
      413,
      'RequestTooLargeException',
      /is too large for the Event invocation type \(limit 1048576 bytes\)/,
    ]);
    const wrong = { FunctionName: name, InvocationType: 'Event', Payload: Buffer.from('{') };
    await refused(lambda('Invoke', wrong), [400, 'InvalidRequestContentException']);
  });
  test('many of them are run, each once', async () => {
    const { file, send } = await newNoting(lambda, role);
    const sent = await Promise.all(Array.from({ length: 60 }, (_, n) => send({ n })));
    assert.ok(sent.every(({ status }) => status === 202));
    await untilWords(file, 60);
    await pause(1_000);
    const seen = wordsIn(file).map(({ event }) => Number(event.n));
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, n) => n),
    );
  });
});

describe('an event that was taken', () => {
  test('is run after the server was killed before it could', async () => {
    const data = freshFolder();
    const args = ['--functions', 'process'];
    try {
      const first = await startServer({ mode: 'start', data, args });
      const lambda = lambdaOf(first);
      const role = await executionRole(first, 'events');
      const { name, file, send } = await newNoting(lambda, role);
      const limit = { FunctionName: name, ReservedConcurrentExecutions: 0 };
      await got(lambda('PutFunctionConcurrency', limit));
      assert.equal((await send({ n: 1 })).status, 202);
      await first.stop('SIGKILL');
      const second = await startServer({ mode: 'start', data, args });
      await got(lambdaOf(second)('DeleteFunctionConcurrency', { FunctionName: name }));
      const [word] = await untilWords(file, 1);
      assert.deepEqual(word?.event, { n: 1 });
      await second.stop();
    } finally {
      removeFolder(data);
    }
  });
});
