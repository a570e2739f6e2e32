/** Hostile functions on a whole server: it goes on serving, and nothing of them outlives it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { type Ask, creation, executionRole, got, lambdaOf, newName } from '../lambda.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

const hostile: ReadonlyArray<[what: string, code: string]> = [
  ['spins', 'export const handler = () => { for (;;); };'],
  [
    'prints without end',
    'export const handler = () => { for (;;) console.log("x".repeat(9999)); };',
  ],
  [
    'grows',
    'export const handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(5e6, 1)); await new Promise((r) => setTimeout(r, 5)); } };',
  ],
  [
    'starts others',
    `import { spawn } from 'node:child_process';
     export const handler = () => {
       for (let i = 0; i < 20; i++)
         spawn('setsid', ['sleep', '600'], { detached: true, stdio: 'ignore' }).unref();
       return new Promise(() => setInterval(() => {}, 1000));
     };`,
  ],
  [
    'asks without end',
    `export const handler = async () => {
       const ask = () => fetch(process.env.AWS_ENDPOINT_URL);
       for (;;) await Promise.allSettled(Array.from({ length: 20 }, ask));
     };`,
  ],
];

const startedBy = (mark: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);

async function assertGone(mark: string): Promise<void> {
  const end = performance.now() + 10_000;
  while (startedBy(mark).length > 0 && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(startedBy(mark), []);
}

describe('while functions do what they can', () => {
  let server: RunningServer;
  let lambda: Ask;
  before(async () => {
    server = await startServer({ mode: 'dev' });
    lambda = lambdaOf(server);
  });
  after(() => server.stop());

  test('the server encrypts, all of them end in time, and leave nothing', async () => {
    const role = await executionRole(server, 'hostile');
    const mark = newName();
    const names = await Promise.all(
      hostile.map(async ([, code], i) => {
        const name = `${mark}-${i}`;
        await got(lambda('CreateFunction', creation(name, role, code, { Timeout: 3 })));
        return name;
      }),
    );
    const ended = Promise.all(names.map((FunctionName) => lambda('Invoke', { FunctionName })));
    const kms = ask(server);
    const { KeyId } = (await kms('CreateKey')).body.KeyMetadata as { KeyId: string };
    const tookMs: number[] = [];
    for (let i = 0; i < 40; i++) {
      const began = performance.now();
      const answer = await kms('Encrypt', { KeyId, Plaintext: 'AAAA' });
      assert.equal(answer.status, 200);
      tookMs.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const median = tookMs.toSorted((a, b) => a - b)[20] as number;
    assert.ok(median < 250, `half of the calls took more than ${median} ms`);
    for (const [i, answer] of (await ended).entries()) {
      const what = String(hostile[i]?.[0]);
      assert.equal(answer.status, 200, what);
      assert.equal(answer.headers.get('x-amz-function-error'), 'Unhandled', what);
    }
    // Ended, not kept warm.
    await assertGone(mark);
  });
});

describe('a server that is killed', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const)
    test(`by ${signal} leaves no function running, and none of what they started`, async () => {
      const data = freshFolder();
      try {
        const args = ['--functions', 'process'];
        const server = await startServer({ mode: 'start', data, args });
        const lambda = lambdaOf(server);
        const role = await executionRole(server, 'killed');
        const mark = newName();
        const codes = [
          'export const handler = async () => 1;',
          ...hostile.filter(([what]) => /spins|others/.test(what)).map(([, code]) => code),
        ];
        for (const [i, code] of codes.entries()) {
          const FunctionName = `${mark}-${i}`;
          await got(lambda('CreateFunction', creation(FunctionName, role, code, { Timeout: 60 })));
          const answer = lambda('Invoke', { FunctionName }).catch(() => undefined);
          if (i === 0) await answer;
        }
        const end = performance.now() + 10_000;
        while (startedBy(mark).length < 20 && performance.now() < end)
          await new Promise((resolve) => setTimeout(resolve, 50));
        assert.ok(startedBy(mark).length >= 20);
        await server.stop(signal);
        // What has left the session ends only with a server that is there to look for it.
        const left = signal === 'SIGKILL' ? `${mark}-0` : mark;
        await assertGone(left);
        if (signal === 'SIGKILL') {
          const strays = startedBy(mark).map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8'));
          assert.ok(
            strays.every((comm) => /^(setsid|sleep)\n$/.test(comm)),
            strays.join(),
          );
          for (const pid of startedBy(mark)) process.kill(pid, 'SIGKILL');
        }
      } finally {
        removeFolder(data);
      }
    });
});
