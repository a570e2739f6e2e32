/** Functions of both runtimes, run as they are run for users. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  credentials,
  type FunctionsUnderTest,
  functionOf,
  nodeFunction,
  openTestFunctions,
  pythonFunction,
  settingOf,
} from '../../test/run-functions.ts';

let under: FunctionsUnderTest;
before(() => {
  under = openTestFunctions();
});
after(() => under.close());

const folders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`sealhold-functions-${process.pid}-`));

describe('a Node.js function', () => {
  test('answers with what it returns, and stays for the next invocation', async () => {
    const spec = nodeFunction(
      'let count = 0; export const handler = async (event) => ({ event, count: ++count, pid: process.pid });',
    );
    const first = await under.invoke(spec, { a: ['ä', 1] });
    assert.equal(first.kind, 'answered');
    const { pid, ...rest } = first.body as { pid: number };
    assert.deepEqual(rest, { event: { a: ['ä', 1] }, count: 1 });
    // Each once, as fast as they come.
    for (let count = 2; count < 100; count++)
      assert.deepEqual((await under.invoke(spec, count)).body, { event: count, count, pid });
  });
  test('is CommonJS or a module, in any folder, by any path of exports', async () => {
    const cases: Array<[files: Record<string, string>, handler: string]> = [
      [{ 'index.js': 'exports.handler = async () => "ok"' }, 'index.handler'],
      [{ 'index.cjs': 'module.exports = { api: { run: async () => "ok" } }' }, 'index.api.run'],
      [{ 'src/app.mjs': 'export default { run: async () => "ok" }' }, 'src/app.run'],
      [{ 'pkg/index.js': 'exports.handler = async () => "ok"' }, 'pkg.handler'],
      [{ 'package.json': '{"type":"module"}', 'a.js': 'export const b = async () => "ok"' }, 'a.b'],
    ];
    for (const [files, handler] of cases)
      assert.equal((await under.invoke(functionOf(files, { handler }))).body, 'ok', handler);
  });
  test('may call back, or be done, or leave nothing to wait for', async () => {
    const cases: Array<[code: string, body: unknown]> = [
      ['(event, context, callback) => { setTimeout(() => callback(null, "back"), 5) }', 'back'],
      ['(event, context) => { setTimeout(() => context.succeed("done"), 5) }', 'done'],
      ['(event) => { setTimeout(() => {}, 5); return "not waited for" }', null],
      ['async () => {}', null],
    ];
    for (const [code, body] of cases) {
      const result = await under.invoke(nodeFunction(`export const handler = ${code};`));
      assert.deepEqual([result.kind, result.body], ['answered', body], code);
    }
  });
  test('knows its context', async () => {
    const spec = nodeFunction(
      'export const handler = async (event, { getRemainingTimeInMillis, done, succeed, fail, ...context }) => ({ ...context, left: getRemainingTimeInMillis() });',
      { version: '3' },
    );
    const { body } = await under.invoke(spec, {}, { clientContext: '{"custom":1}' });
    const { awsRequestId, left, logStreamName, ...context } = body as Record<string, unknown>;
    assert.match(String(awsRequestId), /^[0-9a-f-]{36}$/);
    assert.match(String(logStreamName), /^2026\/01\/01\/\[3\][0-9a-f]{32}$/);
    assert.ok(Number(left) > 15_000 && Number(left) <= 20_000);
    assert.deepEqual(context, {
      functionName: spec.name,
      functionVersion: '3',
      invokedFunctionArn: spec.arn,
      memoryLimitInMB: '256',
      logGroupName: spec.logGroup,
      clientContext: { custom: 1 },
      callbackWaitsForEmptyEventLoop: true,
    });
  });
  test('fails with its error, and may be invoked again', async () => {
    const spec = nodeFunction(
      'export const handler = async (event) => { if (event.fail) throw new RangeError("too far"); return "ok"; };',
    );
    const failed = await under.invoke(spec, { fail: true });
    assert.equal(failed.kind, 'failed');
    const { trace, ...error } = failed.body as { trace: string[] };
    assert.deepEqual(error, { errorType: 'RangeError', errorMessage: 'too far' });
    assert.match(String(trace[0]), /RangeError: too far/);
    assert.equal((await under.invoke(spec)).body, 'ok');
    const thrown = nodeFunction('export const handler = async () => { throw "a text"; };');
    const { body } = await under.invoke(thrown);
    assert.deepEqual(body, { errorType: 'string', errorMessage: 'a text', trace: [] });
  });
  test('that nobody catches fails its invocation; the next has a new process', async () => {
    const spec = nodeFunction(
      'export const handler = (event) => new Promise((resolve) => { if (event.fail) setTimeout(() => { throw new Error("late"); }, 1); else if (event.reject) void Promise.reject(new Error("lost")); else resolve(process.pid); });',
    );
    const { body: pid } = await under.invoke(spec);
    const late = await under.invoke(spec, { fail: true });
    assert.equal(late.kind, 'failed');
    assert.equal((late.body as { errorMessage: string }).errorMessage, 'late');
    const { body: other } = await under.invoke(spec);
    assert.notEqual(other, pid);
    const lost = await under.invoke(spec, { reject: true });
    const { errorType, errorMessage } = lost.body as Record<string, string>;
    assert.deepEqual([errorType, errorMessage], ['Runtime.UnhandledPromiseRejection', 'lost']);
  });
  test('that can’t be loaded says why', async () => {
    const cases: Array<[files: Record<string, string>, type: string, message: RegExp]> = [
      [{ 'other.js': '' }, 'Runtime.ImportModuleError', /Cannot find module 'index'/],
      [
        { 'index.js': 'require("nothing-such")' },
        'Runtime.ImportModuleError',
        /Cannot find module 'nothing-such'/,
      ],
      [
        { 'index.mjs': 'import "nothing-such"' },
        'Runtime.ImportModuleError',
        /Cannot find package 'nothing-such'/,
      ],
      [{ 'index.mjs': 'export const = 1' }, 'Runtime.UserCodeSyntaxError', /Unexpected token/],
      [{ 'index.mjs': 'export const a = 1' }, 'Runtime.HandlerNotFound', /undefined or not exp/],
      [{ 'index.mjs': 'export const handler = 1' }, 'Runtime.HandlerNotFound', /not a function/],
      [{ 'index.mjs': 'throw new TypeError("at once")' }, 'TypeError', /at once/],
    ];
    for (const [files, type, message] of cases) {
      const result = await under.invoke(functionOf(files));
      assert.equal(result.kind, 'failed');
      const { errorType, errorMessage } = result.body as Record<string, string>;
      assert.equal(errorType, type);
      assert.match(String(errorMessage), message);
    }
  });
});

describe('a Python function', () => {
  test('answers with what it returns, and stays for the next invocation', async () => {
    const spec = pythonFunction(
      'import os\ncount = 0\ndef handler(event, context):\n  global count\n  count += 1\n  return {"event": event, "count": count, "pid": os.getpid()}',
    );
    const { body } = await under.invoke(spec, { a: ['ä', 1] });
    const { pid, ...rest } = body as { pid: number };
    assert.deepEqual(rest, { event: { a: ['ä', 1] }, count: 1 });
    assert.deepEqual((await under.invoke(spec, null)).body, { event: null, count: 2, pid });
  });
  test('knows its context', async () => {
    const spec = functionOf(
      {
        'app/main.py':
          'def run(event, context):\n  return [context.function_name, context.function_version, context.invoked_function_arn, context.memory_limit_in_mb, context.log_group_name, context.client_context, 15000 < context.get_remaining_time_in_millis() <= 20000]',
      },
      { runtime: 'python3.13', handler: 'app/main.run' },
    );
    assert.deepEqual((await under.invoke(spec, {}, { clientContext: '{"a":1}' })).body, [
      spec.name,
      '$LATEST',
      spec.arn,
      '256',
      spec.logGroup,
      { a: 1 },
      true,
    ]);
  });
  test('fails with its error and where it was, and may be invoked again', async () => {
    const spec = pythonFunction(
      'def handler(event, context):\n  if event:\n    raise KeyError("k")\n  return "ok"',
    );
    const failed = await under.invoke(spec, 1);
    assert.equal(failed.kind, 'failed');
    const { stackTrace, requestId, ...error } = failed.body as Record<string, unknown>;
    assert.deepEqual(error, { errorType: 'KeyError', errorMessage: "'k'" });
    assert.match(String(stackTrace), /index\.py", line 3, in handler/);
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    assert.equal((await under.invoke(spec, 0)).body, 'ok');
  });
  test('that can’t be loaded, or whose answer is no JSON, says why', async () => {
    const cases: Array<[code: string, type: string, message: RegExp]> = [
      ['import nothing_such', 'Runtime.ImportModuleError', /Unable to import module 'index': No m/],
      ['def handler(:', 'Runtime.UserCodeSyntaxError', /Syntax error in module 'index'/],
      ['x = 1', 'Runtime.HandlerNotFound', /Handler 'handler' missing on module 'index'/],
      ['raise ValueError("at once")', 'ValueError', /at once/],
      ['def handler(e, c): return {1, 2}', 'Runtime.MarshalError', /not JSON serializable/],
      ['import sys\ndef handler(e, c): sys.exit(3)', 'Runtime.ExitError', /exit status 3/],
    ];
    for (const [code, type, message] of cases) {
      const result = await under.invoke(pythonFunction(code));
      assert.equal(result.kind, 'failed');
      const { errorType, errorMessage } = result.body as Record<string, string>;
      assert.equal(errorType, type);
      assert.match(String(errorMessage), message);
    }
  });
  test('is refused in words where the machine has no Python', async () => {
    const without = openTestFunctions({ env: { PATH: '/nowhere' } });
    try {
      const result = await without.invoke(pythonFunction('x = 1'));
      assert.ok(result.kind === 'cannot-run');
      assert.match(result.text, /This machine has no python3/);
    } finally {
      await without.close();
    }
  });
});

describe('a function that brings its own runtime', () => {
  test('is its program bootstrap, which asks and answers', async () => {
    const code = [
      '#!/bin/sh',
      'api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"',
      'while true; do',
      '  event=$(curl -sS -D "$TMPDIR/headers" "$api/next")',
      "  id=$(grep -i '^lambda-runtime-aws-req' $TMPDIR/headers | tr -d '\\r' | cut -d' ' -f2)",
      '  curl -sS -d "[$event]" "$api/$id/response" >/dev/null',
      'done',
    ].join('\n');
    const { zipOf } = await import('../../test/zip-of.ts');
    const archive = zipOf([{ name: 'bootstrap', content: code, mode: 0o100755 }]);
    const spec = functionOf({}, { runtime: 'provided.al2023', code: async () => archive });
    assert.deepEqual((await under.invoke(spec, { a: 1 })).body, [{ a: 1 }]);
    assert.deepEqual((await under.invoke(spec, { a: 2 })).body, [{ a: 2 }]);
  });
});

describe('the environment of a function', () => {
  test('is Lambda’s, the way to this server, its own variables, and nothing else', async () => {
    const secret = { SEALHOLD_TEST_OF_SERVER_ENV: 'secret' };
    const apart = openTestFunctions({ env: { ...process.env, ...secret } });
    const variables = { STAGE: 'test', NODE_OPTIONS: '--no-deprecation' };
    const spec = nodeFunction('export const handler = async () => ({ ...process.env });', {
      setting: async () => settingOf(variables),
    });
    const { body } = await apart.invoke(spec);
    const python = await apart.invoke(
      pythonFunction('import os\ndef handler(event, context): return dict(os.environ)'),
    );
    await apart.close();
    const env = body as Record<string, string>;
    assert.deepEqual(Object.keys(env).sort(), [
      'AWS_ACCESS_KEY_ID',
      'AWS_DEFAULT_REGION',
      'AWS_ENDPOINT_URL',
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_LAMBDA_FUNCTION_VERSION',
      'AWS_LAMBDA_INITIALIZATION_TYPE',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_LAMBDA_RUNTIME_API',
      'AWS_REGION',
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
      'HOME',
      'LAMBDA_RUNTIME_DIR',
      'LAMBDA_TASK_ROOT',
      'LANG',
      'NODE_OPTIONS',
      'PATH',
      'PWD',
      'STAGE',
      'TMPDIR',
      'TZ',
      '_HANDLER',
      '_X_AMZN_TRACE_ID',
    ]);
    assert.equal(env.AWS_ACCESS_KEY_ID, credentials.accessKeyId);
    assert.equal(env.AWS_SECRET_ACCESS_KEY, credentials.secretAccessKey);
    assert.equal(env.AWS_SESSION_TOKEN, credentials.sessionToken);
    assert.equal(env.AWS_ENDPOINT_URL, 'http://127.0.0.1:4566');
    assert.equal(env.AWS_REGION, 'eu-central-1');
    assert.equal(env.STAGE, 'test');
    const other = python.body as Record<string, string>;
    assert.equal(Object.values({ ...env, ...other }).includes('secret'), false);
  });
  test('can’t take the place of what Lambda sets', async () => {
    const spec = nodeFunction('export const handler = async () => process.env.AWS_ACCESS_KEY_ID;', {
      setting: async () => settingOf({ AWS_ACCESS_KEY_ID: 'mine', LAMBDA_TASK_ROOT: '/' }),
    });
    assert.equal((await under.invoke(spec)).body, credentials.accessKeyId);
  });
});

describe('functions of another OS user', () => {
  test('run as that user, in folders of their own', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('only root may run them so');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'sealhold-private-'));
    writeFileSync(join(folder, 'key'), 'secret', { mode: 0o600 });
    const apart = openTestFunctions({ uid: 65534 });
    try {
      const code = `
        import { readFileSync, writeFileSync } from 'node:fs';
        const tried = (what) => {
          try { what(); return 'could'; } catch ({ code }) { return code; }
        };
        export const handler = async ({ key, pid }) => ({
          ids: [process.getuid(), process.getgid(), process.getgroups()],
          readsKey: tried(() => readFileSync(key)),
          readsServer: tried(() => readFileSync('/proc/' + pid + '/environ')),
          signalsServer: tried(() => process.kill(pid, 0)),
          writesCode: tried(() => writeFileSync('index.mjs', '')),
          writesOwn: tried(() => writeFileSync(process.env.TMPDIR + '/own', '')),
        });`;
      const { body } = await apart.invoke(nodeFunction(code), {
        key: join(folder, 'key'),
        pid: process.pid,
      });
      assert.deepEqual(body, {
        ids: [65534, 65534, [65534]],
        readsKey: 'EACCES',
        readsServer: 'EACCES',
        signalsServer: 'EPERM',
        writesCode: 'EACCES',
        writesOwn: 'could',
      });
      // Its folder goes with it, though another user has written there.
      const before = folders().length;
      await apart.close();
      assert.equal(folders().length, before - 1);
    } finally {
      await apart.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('processes', () => {
  const whoAmI = 'export const handler = async () => process.pid;';

  test('run as many invocations at once as the function may have', async () => {
    const spec = nodeFunction(
      'export const handler = async () => { await new Promise((r) => setTimeout(r, 700)); return process.pid; };',
      { concurrency: 2 },
    );
    const results = await Promise.all([1, 2, 3].map(() => under.invoke(spec)));
    assert.deepEqual(results.map(({ kind }) => kind).sort(), ['answered', 'answered', 'busy']);
    const pids = results.flatMap(({ body }) => body ?? []);
    assert.equal(new Set(pids).size, 2);
    assert.equal((await under.invoke(spec)).kind, 'answered');
  });
  test('make room for each other, the longest idle first', async () => {
    const few = openTestFunctions({ bounds: { processes: 2 } });
    try {
      const [a, b, c] = [nodeFunction(whoAmI), nodeFunction(whoAmI), nodeFunction(whoAmI)];
      const [pidA, pidB] = [(await few.invoke(a)).body, (await few.invoke(b)).body];
      assert.equal((await few.invoke(a)).body, pidA);
      await few.invoke(c);
      assert.equal((await few.invoke(a)).body, pidA);
      assert.notEqual((await few.invoke(b)).body, pidB);
    } finally {
      await few.close();
    }
  });
  test('are of no more use once the function has changed, or is retired', async () => {
    const spec = nodeFunction(whoAmI);
    const { body: pid } = await under.invoke(spec);
    const changed = await under.invoke({ ...spec, key: 'another' });
    assert.notEqual(changed.body, pid);
    assert.equal((await under.invoke(spec)).body, pid);
    under.functions.retire(spec.arn);
    assert.notEqual((await under.invoke(spec)).body, pid);
  });
  test('are not used beyond the life of their credentials', async () => {
    const apart = openTestFunctions();
    try {
      const expiresAt = apart.clock.now + 3_600_000;
      const spec = nodeFunction(whoAmI, {
        setting: async () => settingOf({}, expiresAt),
      });
      const { body: pid } = await apart.invoke(spec);
      assert.equal((await apart.invoke(spec)).body, pid);
      apart.clock.now = expiresAt - 10_000;
      assert.notEqual((await apart.invoke(spec)).body, pid);
    } finally {
      await apart.close();
    }
  });
  test('end when they stay idle', async () => {
    const apart = openTestFunctions({ bounds: { idleMs: 100 } });
    try {
      const { body: pid } = await apart.invoke(nodeFunction(whoAmI));
      for (let tries = 0; tries < 100 && existsSync(`/proc/${pid}`); tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(existsSync(`/proc/${pid}`), false);
    } finally {
      await apart.close();
    }
  });
  test('leave nothing behind when all is closed', async () => {
    const apart = openTestFunctions();
    const before = folders().length;
    const spec = nodeFunction(
      'import { writeFileSync } from "node:fs"; export const handler = async () => { writeFileSync(process.env.TMPDIR + "/f", "x"); return process.pid; };',
    );
    const { body: pid } = await apart.invoke(spec);
    assert.equal(folders().length, before + 1);
    await apart.close();
    assert.equal(existsSync(`/proc/${pid}`), false);
    assert.equal(folders().length, before);
  });
  test('are refused for code that can’t be unpacked, and tried again the next time', async () => {
    const spec = nodeFunction(whoAmI);
    const broken = { ...spec, code: async () => Buffer.from('no zip at all, not by any means') };
    const result = await under.invoke(broken);
    assert.ok(result.kind === 'bad-code');
    assert.match(result.text, /no end record/);
    assert.equal((await under.invoke(spec)).kind, 'answered');
  });
});

describe('what a function prints', () => {
  test('is in its log between START and REPORT, and in the tail of the answer', async () => {
    under.lines.length = 0;
    const spec = nodeFunction(
      'console.log("starting"); export const handler = async () => { console.warn("two\\nlines"); process.stdout.write("bare\\n"); process.stderr.write("err"); };',
    );
    const result = await under.invoke(spec);
    assert.ok(result.kind === 'answered');
    // What has no end of line yet waits for it.
    const [init, starting, start, warn, bare, end, report] = under.lines;
    assert.equal(init, 'INIT_START Runtime Version: nodejs24.x');
    assert.match(String(starting), /^\d{4}-.*Z\tundefined\tINFO\tstarting$/);
    const id = /^START RequestId: (\S+) Version: \$LATEST$/.exec(String(start))?.[1];
    assert.match(String(warn), new RegExp(`Z\\t${id}\\tWARN\\ttwo\\rlines$`));
    assert.deepEqual([bare, end], ['bare', `END RequestId: ${id}`]);
    assert.match(
      String(report),
      new RegExp(`^REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\t`),
    );
    assert.equal(result.log.endsWith(`${report}\n`), true);
  });
  test('in Python goes the same way, with logging as Lambda sets it up', async () => {
    under.lines.length = 0;
    const spec = pythonFunction(
      'import logging\nlogging.getLogger().setLevel("INFO")\ndef handler(event, context):\n  print("printed")\n  logging.info("logged %s", 1)',
    );
    await under.invoke(spec);
    assert.ok(under.lines.includes('printed'));
    assert.ok(
      under.lines.some((line) => /^\[INFO\]\t\d{4}-.*Z\t[0-9a-f-]{36}\tlogged 1$/.test(line)),
    );
  });
  test('is in the tail to the last 4 KiB, which is this invocation’s', async () => {
    const spec = nodeFunction(
      'export const handler = async (n) => { for (let i = 0; i < n; i++) console.log("line " + i); };',
    );
    const long = await under.invoke(spec, 500);
    assert.ok(long.kind === 'answered');
    assert.equal(Buffer.byteLength(long.log), 4096);
    assert.match(long.log, /line 499/);
    const short = await under.invoke(spec, 1);
    assert.ok(short.kind === 'answered');
    assert.doesNotMatch(short.log, /line 499/);
    assert.match(short.log, /^START/);
  });
});
