/** What functions print, read through CloudWatch Logs and the command line. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runCommand } from '../command.ts';
import { allowing, newUser } from '../identities.ts';
import {
  type Ask,
  creation,
  executionRole,
  got,
  lambdaOf,
  logsOf,
  newName,
  refused,
} from '../lambda.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';

let server: RunningServer;
let lambda: Ask;
let logs: Ask;
let role: string;
before(async () => {
  server = await startServer({ mode: 'dev' });
  lambda = lambdaOf(server);
  logs = logsOf(server);
  role = await executionRole(server, 'prints');
});
after(() => server.stop());

const print =
  'export const handler = async (n) => { for (let i = 0; i < n; i++) console.log("line " + i); };';
async function printing(code = print): Promise<{ name: string; group: string }> {
  const name = newName();
  await got(lambda('CreateFunction', creation(name, role, code)));
  return { name, group: `/aws/lambda/${name}` };
}
const invoke = (FunctionName: string, event: unknown) =>
  got(lambda('Invoke', { FunctionName, Payload: Buffer.from(JSON.stringify(event)) }));

interface Event {
  readonly message: string;
  readonly timestamp: number;
  readonly logStreamName: string;
}

async function filtered(input: object): Promise<Event[]> {
  const found: Event[] = [];
  let nextToken: unknown;
  do {
    const more = nextToken === undefined ? {} : { nextToken };
    const page = await got(logs('FilterLogEvents', { ...input, ...more }));
    found.push(...(page.events as Event[]));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

describe('a function’s log', () => {
  test('is a group of its name, with a stream for each process', async () => {
    const { name, group } = await printing();
    await refused(logs('DescribeLogStreams', { logGroupName: group }), [
      400,
      'ResourceNotFoundException',
      'The specified log group does not exist.',
    ]);
    await invoke(name, 1);
    await invoke(name, 2);
    const groups = await got(logs('DescribeLogGroups', { logGroupNamePrefix: group }));
    const [shown, ...others] = groups.logGroups as Record<string, unknown>[];
    assert.deepEqual(others, []);
    assert.equal(shown?.logGroupName, group);
    assert.equal(shown?.arn, `arn:aws:logs:us-east-1:000000000000:log-group:${group}:*`);
    assert.ok(Number(shown?.storedBytes) > 100);
    const streams = await got(logs('DescribeLogStreams', { logGroupName: group }));
    const [stream, ...more] = streams.logStreams as Record<string, string>[];
    assert.deepEqual(more, []);
    assert.match(String(stream?.logStreamName), /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
    const input = { logGroupName: group, logStreamName: stream?.logStreamName };
    const { events } = await got(logs('GetLogEvents', input));
    const messages = (events as Event[]).map(({ message }) => message.split('\t').at(-1) ?? '');
    assert.deepEqual(
      messages.filter((message) => message.startsWith('line')),
      ['line 0', 'line 0', 'line 1'],
    );
    assert.equal(
      (events as Event[]).filter(({ message }) => message.startsWith('START')).length,
      2,
    );
  });
  test('is found by its ARN, and by no other account`s or Region`s', async () => {
    const { name, group } = await printing();
    await invoke(name, 1);
    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;
    for (const logGroupIdentifier of [group, arn])
      assert.ok((await filtered({ logGroupIdentifier })).length > 0, logGroupIdentifier);
    for (const logGroupIdentifier of [
      arn.replace('000000000000', '111122223333'),
      arn.replace('us-east-1', 'eu-west-1'),
      arn.replace('arn:aws:', 'arn:aws-cn:'),
    ])
      await refused(logs('FilterLogEvents', { logGroupIdentifier }), [
        400,
        'ResourceNotFoundException',
      ]);
  });
  test('is read forwards and backwards, a page at a time', async () => {
    const { name, group } = await printing();
    await invoke(name, 20);
    const { logStreams } = await got(logs('DescribeLogStreams', { logGroupName: group }));
    const logStreamName = (logStreams as Record<string, string>[])[0]?.logStreamName;
    const input = { logGroupName: group, logStreamName, limit: 7 };
    const all = await got(logs('GetLogEvents', { ...input, limit: 100 }));
    const expected = (all.events as Event[]).map(({ message }) => message);
    const walk = async (first: object, token: string) => {
      const seen: string[][] = [];
      let asked = first;
      for (;;) {
        const page = await got(logs('GetLogEvents', { ...input, ...asked }));
        const events = (page.events as Event[]).map(({ message }) => message);
        if (events.length === 0) return seen;
        seen.push(events);
        asked = { nextToken: page[token] };
      }
    };
    assert.deepEqual((await walk({ startFromHead: true }, 'nextForwardToken')).flat(), expected);
    const backwards = await walk({}, 'nextBackwardToken');
    assert.deepEqual(backwards.reverse().flat(), expected);
    await refused(logs('GetLogEvents', { ...input, nextToken: 'f/x' }), [
      400,
      'InvalidParameterException',
    ]);
  });
  test('is searched over all its streams', async () => {
    const { name, group } = await printing();
    await invoke(name, 3);
    await got(lambda('UpdateFunctionConfiguration', { FunctionName: name, Description: 'other' }));
    await invoke(name, 5);
    const input = { logGroupName: group };
    const lines = await filtered({ ...input, filterPattern: '"INFO\tline"', limit: 3 });
    assert.equal(lines.length, 8);
    assert.equal(new Set(lines.map(({ logStreamName }) => logStreamName)).size, 2);
    const times = lines.map(({ timestamp }) => timestamp);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
    assert.equal((await filtered({ ...input, filterPattern: 'line -"line 0"' })).length, 6);
    assert.equal(
      (await filtered({ ...input, filterPattern: '?"START RequestId" ?REPORT' })).length,
      4,
    );
    assert.equal((await filtered({ ...input, startTime: Date.now() + 60_000 })).length, 0);
    await refused(logs('FilterLogEvents', { ...input, filterPattern: '{ $.a = 1 }' }), [
      400,
      'InvalidParameterException',
    ]);
  });
  test('is bounded: the oldest goes', async () => {
    const { name, group } = await printing(
      'export const handler = async (n) => { for (let i = 0; i < 500; i++) console.log(n + " " + "x".repeat(1900)); };',
    );
    await invoke(name, 1);
    await invoke(name, 2);
    const left = await filtered({ logGroupName: group });
    const bytes = left.reduce((sum, { message }) => sum + message.length, 0);
    assert.ok(bytes < 700_000, `${bytes} bytes`);
    assert.match(String(left.at(-1)?.message), /^REPORT/);
    assert.ok(!left.some(({ message }) => message.includes('\t1 ')));
  });
  test('is its account’s, and decided on', async () => {
    const { name, group } = await printing();
    await invoke(name, 1);
    const other = logsOf({ ...server, accessKeyId: '111122223333' });
    await refused(other('FilterLogEvents', { logGroupName: group }), [
      400,
      'ResourceNotFoundException',
    ]);
    const policy = allowing('logs:FilterLogEvents', {
      Resource: `arn:aws:logs:us-east-1:000000000000:log-group:${group}:*`,
    });
    const user = logsOf((await newUser(server, 'reader', policy)).credentials);
    await got(user('FilterLogEvents', { logGroupName: group }));
    await refused(user('FilterLogEvents', { logGroupName: '/aws/lambda/other' }), [
      400,
      'AccessDeniedException',
    ]);
  });
  test('is deleted with its group', async () => {
    const { name, group } = await printing();
    await invoke(name, 1);
    await got(logs('DeleteLogGroup', { logGroupName: group }));
    await refused(logs('FilterLogEvents', { logGroupName: group }), [
      400,
      'ResourceNotFoundException',
    ]);
    await invoke(name, 1);
    assert.ok((await filtered({ logGroupName: group })).length > 0);
  });
});

describe('sealhold logs', () => {
  test('prints what a function has logged, the last lines of it, or those with a word', async () => {
    const { name } = await printing();
    await invoke(name, 3);
    const all = runCommand(['logs', name], server);
    assert.equal(all.status, 0, all.stderr);
    assert.match(all.stdout, /INIT_START(.*\n)+.*START RequestId(.*\n)+.*line 2\n(.*\n)*.*REPORT/);
    const last = runCommand(['logs', name, '--last', '1'], server).stdout;
    assert.match(last, /^\d{4}-\S+Z REPORT [^\n]*\n$/);
    const some = runCommand(['logs', name, '--filter', 'line', '--json'], server).stdout;
    assert.equal(some.trim().split('\n').length, 3);
    const { name: painter } = await printing(
      'export const handler = async () => console.log("\\u001b[2Jpainted\\u0007\\nhere");',
    );
    await invoke(painter, 1);
    const painted = runCommand(['logs', painter], server).stdout;
    assert.match(painted, /\ufffd\[2Jpainted\ufffd\nhere\n/);
    const none = runCommand(['logs', 'no-such-function'], server);
    assert.equal(none.status, 1);
    assert.match(none.stderr, /has logged nothing, or there is none of this name/);
  });
});

describe('logs', () => {
  test('outlive the server', async () => {
    const data = freshFolder();
    const args = ['--functions', 'process'];
    try {
      const first = await startServer({ mode: 'start', data, args });
      const own = await executionRole(first, 'prints');
      const name = newName();
      await got(lambdaOf(first)('CreateFunction', creation(name, own, print)));
      const Payload = Buffer.from('2');
      await got(lambdaOf(first)('Invoke', { FunctionName: name, Payload }));
      assert.equal(await first.stop(), 0);
      const second = await startServer({ mode: 'start', data });
      const { events } = await got(
        logsOf(second)('FilterLogEvents', { logGroupName: `/aws/lambda/${name}` }),
      );
      assert.ok((events as Event[]).some(({ message }) => message.endsWith('line 1')));
      // It was started without: code that was uploaded is not run.
      await refused(lambdaOf(second)('Invoke', { FunctionName: name }), [
        502,
        'InvalidRuntimeException',
        /^This server does not run functions.*--functions process/,
      ]);
      await second.stop();
    } finally {
      removeFolder(data);
    }
  });
});
