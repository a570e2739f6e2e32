/**
 * Functions that hang, crash, flood, fork and grow: none of them harms anything but itself, and
 * nothing of them is left.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  type FunctionsUnderTest,
  nodeFunction,
  openTestFunctions,
  pythonFunction,
} from '../../test/run-functions.ts';

let under: FunctionsUnderTest;
before(() => {
  under = openTestFunctions({ initMs: 2_000 });
});
after(() => under.close());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Living processes whose command line or environment holds the text. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');
        return read('cmdline').includes(text) || read('environ').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

async function assertNoneLeft(text: string): Promise<void> {
  for (let tries = 0; tries < 100 && processesWith(text).length > 0; tries++) await sleep(50);
  assert.deepEqual(processesWith(text), []);
}

const errorOf = (body: unknown): string[] => {
  const { errorType, errorMessage } = body as Record<string, string>;
  return [String(errorType), String(errorMessage).replace(/^RequestId: [0-9a-f-]{36} /, '')];
};

const hangs: ReadonlyArray<[what: string, code: string]> = [
  ['waits', 'export const handler = () => new Promise(() => setInterval(() => {}, 1000));'],
  ['spins', 'export const handler = () => { for (;;); };'],
  ['spins at its start', 'for (;;); export const handler = async () => 1;'],
];

describe('a function that takes too long', () => {
  for (const [what, code] of hangs)
    test(`because it ${what} is ended at its time, and the next invocation has a new process`, async () => {
      const spec = nodeFunction(code, { timeoutMs: 700 });
      const began = performance.now();
      const result = await under.invoke(spec);
      const tookMs = performance.now() - began;
      assert.equal(result.kind, 'failed');
      const bound = what === 'spins at its start' ? '2.00' : '0.70';
      assert.deepEqual(errorOf(result.body), [
        'Sandbox.Timedout',
        `Error: Task timed out after ${bound} seconds`,
      ]);
      assert.ok(tookMs < Number(bound) * 1000 + 3_000, `took ${tookMs} ms`);
      await assertNoneLeft(spec.name);
    });
  test('is told so in its log', async () => {
    under.lines.length = 0;
    await under.invoke(
      pythonFunction('import time\ndef handler(e, c): time.sleep(60)', { timeoutMs: 500 }),
    );
    assert.ok(under.lines.some((line) => line.endsWith(' Task timed out after 0.50 seconds')));
    assert.ok(under.lines.some((line) => line.endsWith('\tStatus: timeout')));
  });
  test('leaves this server free to serve', async () => {
    const spin = nodeFunction(String(hangs[1]?.[1]), { timeoutMs: 1_500, concurrency: 4 });
    const spinning = Promise.all([1, 2, 3, 4].map(() => under.invoke(spin)));
    await sleep(700);
    let longestMs = 0;
    for (let i = 0; i < 20; i++) {
      const asked = performance.now();
      await sleep(10);
      longestMs = Math.max(longestMs, performance.now() - asked - 10);
    }
    assert.ok(longestMs < 200, `a timer was ${longestMs} ms late`);
    await spinning;
  });
});

describe('a function that crashes', () => {
  const crashes: ReadonlyArray<[what: string, code: string, told: string]> = [
    ['exits', 'process.exit(7)', 'Runtime exited with error: exit status 7'],
    ['exits as if all were well', 'process.exit(0)', 'Runtime exited without providing a reason'],
    [
      'is killed',
      'process.kill(process.pid, "SIGKILL")',
      'Runtime exited with error: signal: killed',
    ],
    ['aborts', 'process.abort()', 'Runtime exited with error: signal: aborted'],
  ];
  for (const [what, code, told] of crashes)
    test(`because it ${what} fails only its invocation`, async () => {
      const spec = nodeFunction(
        `export const handler = async (event) => { if (event.crash) ${code}; return 'ok'; };`,
      );
      assert.equal((await under.invoke(spec)).body, 'ok');
      const crashed = await under.invoke(spec, { crash: true });
      assert.deepEqual(errorOf(crashed.body), ['Runtime.ExitError', `Error: ${told}`]);
      assert.equal((await under.invoke(spec)).body, 'ok');
    });
  test('between invocations costs the next one nothing', async () => {
    const spec = nodeFunction(
      'export const handler = async () => { setTimeout(() => process.exit(1), 30); return process.pid; };',
    );
    const { body: pid } = await under.invoke(spec);
    await sleep(200);
    const next = await under.invoke(spec);
    assert.equal(next.kind, 'answered');
    assert.notEqual(next.body, pid);
  });
});

describe('a function that floods', () => {
  test('its output without end is ended at its time, with its log cut', async () => {
    under.lines.length = 0;
    const spec = pythonFunction('def handler(e, c):\n  while True: print("x" * 1000)', {
      timeoutMs: 2_000,
    });
    const heldBefore = process.memoryUsage().rss;
    const result = await under.invoke(spec);
    assert.equal(errorOf(result.body)[0], 'Sandbox.Timedout');
    const kept = under.lines.reduce((sum, line) => sum + line.length, 0);
    assert.ok(kept < 1_200_000, `${kept} bytes were kept`);
    assert.ok(under.lines.some((line) => /^\[\d+ more lines were dropped/.test(line)));
    assert.ok(process.memoryUsage().rss - heldBefore < 100_000_000);
  });
  test('one line without end', async () => {
    under.lines.length = 0;
    const spec = nodeFunction(
      'export const handler = () => { for (;;) process.stdout.write("y".repeat(65536)); };',
      { timeoutMs: 1_000 },
    );
    await under.invoke(spec);
    assert.ok(under.lines.every((line) => line.length <= 256 * 1024));
  });
  test('its answer', async () => {
    const spec = nodeFunction('export const handler = async (size) => "x".repeat(size);');
    assert.equal((await under.invoke(spec, 6 * 1024 * 1024 - 2)).kind, 'answered');
    const result = await under.invoke(spec, 7 * 1024 * 1024);
    assert.equal(errorOf(result.body)[0], 'Function.ResponseSizeTooLarge');
    assert.equal((await under.invoke(spec, 1)).kind, 'answered');
  });
  test('its folder', async () => {
    const code =
      'import os\ndef handler(e, c):\n  i = 0\n  while True:\n    i += 1\n    with open(f"{os.environ[\'TMPDIR\']}/{i}", "wb") as f: f.write(b"x" * 1_000_000)';
    const spec = pythonFunction(code, { storageBytes: 20_000_000 });
    const result = await under.invoke(spec);
    assert.deepEqual(errorOf(result.body), [
      'Runtime.ExitError',
      'Error: Runtime exited with error: signal: killed',
    ]);
  });
  test('one file', async () => {
    const code =
      'import os\ndef handler(e, c):\n  with open(f"{os.environ[\'TMPDIR\']}/f", "wb") as f:\n    while True: f.write(b"x" * 1_000_000)';
    const result = await under.invoke(pythonFunction(code, { storageBytes: 5_000_000 }));
    assert.deepEqual(errorOf(result.body), ['OSError', '[Errno 27] File too large']);
  });
  test('the Runtime API, which stops to listen', async () => {
    const spec = nodeFunction(
      `export const handler = async () => {
        const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/';
        const statuses = new Set();
        for (let i = 0; i < 1100; i++) statuses.add((await fetch(api + 'invocation/next')).status);
        return [...statuses];
      };`,
      { timeoutMs: 4_000 },
    );
    const result = await under.invoke(spec);
    // Its own answer isn't heard any more either.
    assert.equal(result.kind, 'failed');
  });
});

describe('a function that grows beyond its memory', () => {
  const megabytes = 1024 * 1024;
  const killed = ['Runtime.ExitError', 'Error: Runtime exited with error: signal: killed'];

  test('outside Node’s heap is ended', async () => {
    const spec = nodeFunction(
      'export const handler = async () => { const all = []; for (;;) { all.push(Buffer.alloc(5e6, 1)); await new Promise((r) => setTimeout(r, 5)); } };',
      { memoryBytes: 128 * megabytes },
    );
    assert.deepEqual(errorOf((await under.invoke(spec)).body), killed);
  });
  test('in Node’s heap is ended', async () => {
    const spec = nodeFunction(
      'export const handler = () => { const all = []; for (;;) all.push({ a: [all.length] }); };',
      { memoryBytes: 128 * megabytes },
    );
    const [type, message] = errorOf((await under.invoke(spec)).body);
    assert.equal(type, 'Runtime.ExitError');
    assert.match(String(message), /signal: (killed|aborted|trace\/breakpoint trap|SIGTRAP)$/);
  });
  test('at once in Python can’t', async () => {
    const spec = pythonFunction('def handler(e, c): return len(b"x" * 4_000_000_000)', {
      memoryBytes: 128 * megabytes,
    });
    assert.equal(errorOf((await under.invoke(spec)).body)[0], 'MemoryError');
  });
  test('little by little in Python is ended, its children’s memory counted', async () => {
    const code =
      'import subprocess, sys\ndef handler(e, c):\n  grow = "a = []\\nimport time\\nwhile True:\\n  a.append(b\'x\' * 1_000_000)\\n  time.sleep(0.005)"\n  subprocess.run([sys.executable, "-c", grow])';
    const spec = pythonFunction(code, { memoryBytes: 128 * megabytes });
    assert.deepEqual(errorOf((await under.invoke(spec)).body), killed);
    await assertNoneLeft(spec.name);
  });
  test('says in its report what it used', async () => {
    under.lines.length = 0;
    await under.invoke(
      nodeFunction(
        'export const handler = async () => { globalThis.kept = Buffer.alloc(60e6, 1); await new Promise((r) => setTimeout(r, 600)); };',
      ),
    );
    const used = /Max Memory Used: (\d+) MB/.exec(under.lines.join('\n'))?.[1];
    assert.ok(Number(used) >= 57 && Number(used) < 200, `${used} MB`);
  });
});

describe('what a function starts', () => {
  test('ends with it', async () => {
    const spec = nodeFunction(
      `import { spawn } from 'node:child_process';
      export const handler = async () => {
        for (let i = 0; i < 5; i++) spawn('sleep', ['600']);
        return new Promise(() => setInterval(() => {}, 1000));
      };`,
      { timeoutMs: 1_000 },
    );
    await under.invoke(spec);
    await assertNoneLeft(spec.name);
  });
  test('ends with it though it left the session and its parent', async () => {
    const spec = nodeFunction(
      `import { spawn } from 'node:child_process';
      export const handler = async () => {
        for (let i = 0; i < 3; i++)
          spawn('setsid', ['sh', '-c', '(setsid sleep 600 &) ; sleep 600'], {
            detached: true,
            stdio: 'ignore',
          }).unref();
        await new Promise((r) => setTimeout(r, 200));
        process.exit(1);
      };`,
    );
    await under.invoke(spec);
    await assertNoneLeft(spec.name);
  });
  test('and forks on and on ends with it', async () => {
    // Each waits a moment before it forks, so that this machine stays usable while it is tested.
    const bomb = 'bomb() { sleep 0.3; bomb & bomb & wait; }; bomb';
    const spec = nodeFunction(
      `import { spawn } from 'node:child_process';
      export const handler = () => {
        spawn('sh', ['-c', ${JSON.stringify(bomb)}]);
        return new Promise(() => setInterval(() => {}, 1000));
      };`,
      { timeoutMs: 1_500 },
    );
    assert.equal(errorOf((await under.invoke(spec)).body)[0], 'Sandbox.Timedout');
    await assertNoneLeft(spec.name);
  });
  test('may be so many, and no more', async () => {
    const apart = openTestFunctions({ bounds: { children: 20 } });
    try {
      const spec = nodeFunction(
        `import { spawn } from 'node:child_process';
        export const handler = async () => {
          for (let i = 0; i < 30; i++) spawn('sleep', ['600']);
          return new Promise(() => setInterval(() => {}, 1000));
        };`,
      );
      const [type] = errorOf((await apart.invoke(spec)).body);
      assert.equal(type, 'Runtime.ExitError');
      await assertNoneLeft(spec.name);
    } finally {
      await apart.close();
    }
  });
});

describe('when the server is killed', () => {
  test('its functions end, busy, idle and spinning ones, with all that they have started', async () => {
    const script = `
      import { nodeFunction, openTestFunctions } from './test/run-functions.ts';
      const under = openTestFunctions();
      const named = (name) => ({ name: 'orphan-test-' + name });
      const idle = nodeFunction('export const handler = async () => 1;', named('idle'));
      const spin = nodeFunction('export const handler = () => { for (;;); };', named('spin'));
      const busy = nodeFunction(
        \`import { spawn } from 'node:child_process';
        export const handler = async () => {
          spawn('sleep', ['600']);
          return new Promise(() => setInterval(() => {}, 1000));
        };\`,
        named('busy'),
      );
      await under.invoke(idle);
      void under.invoke(spin);
      void under.invoke(busy);
      setTimeout(() => console.log('running'), 1500);
    `;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: `${import.meta.dirname}/../..`,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => server.stdout?.once('data', resolve));
    assert.ok(processesWith('orphan-test').length >= 4);
    server.kill('SIGKILL');
    await new Promise((resolve) => server.once('exit', resolve));
    await assertNoneLeft('orphan-test');
    // Its folder goes when the next server starts.
    const left = readdirSync('/tmp').filter((n) =>
      n.startsWith(`sealhold-functions-${server.pid}-`),
    );
    assert.equal(left.length, 1);
    const next = openTestFunctions();
    await next.invoke(nodeFunction('export const handler = async () => 1;'));
    await next.close();
    assert.equal(existsSync(`/tmp/${left[0]}`), false);
  });
});
