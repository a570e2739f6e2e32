/** `sealhold exec` as somebody in a shell uses it, with a server and real commands. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { newUser, putUserPolicy } from '../identities.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

let server: RunningServer;
const folder = freshFolder();
const secretsManager = (operation: string, input: object, region?: string): Promise<Answer> =>
  ask(server)(
    operation,
    { ClientRequestToken: randomUUID(), ...input },
    {
      service: 'secretsmanager',
      target: `secretsmanager.${operation}`,
      ...(region === undefined ? {} : { region }),
    },
  );
const ssm = (operation: string, input: object): Promise<Answer> =>
  ask(server)(operation, input, { service: 'ssm', target: `AmazonSSM.${operation}` });
const run = (...words: string[]) => runCommand(['exec', ...words], server);
/** Prints these variables, a line each. */
const printing = (...names: string[]) => ['--', 'printenv', ...names];

let arn = '';
let firstVersion = '';
let otherArn = '';
before(async () => {
  server = await startServer({ mode: 'dev' });
  const made = await secretsManager('CreateSecret', {
    Name: 'app/db',
    SecretString: '{"user":"ann","password":"first-\\"one\\"","port":5432,"nothing":null}',
  });
  arn = String(made.body.ARN);
  firstVersion = String(made.body.VersionId);
  await secretsManager('PutSecretValue', {
    SecretId: 'app/db',
    SecretString: '{"user":"ann","password":"second"}',
  });
  await secretsManager('CreateSecret', { Name: 'bytes', SecretBinary: 'AAEC' });
  await secretsManager('CreateSecret', { Name: 'zero', SecretString: 'a\0b' });
  const elsewhere = { Name: 'elsewhere', SecretString: 'in another Region' };
  otherArn = String((await secretsManager('CreateSecret', elsewhere, 'eu-west-1')).body.ARN);
  const sealed = { Name: '/app/key', Type: 'SecureString', Value: 'two\nlines' };
  await ssm('PutParameter', sealed);
  await ssm('PutParameter', { Name: '/app/size', Type: 'String', Value: 'small' });
  await ssm('PutParameter', { Name: '/app/size', Type: 'String', Value: 'large', Overwrite: true });
});
after(async () => {
  await server.stop();
  removeFolder(folder);
});

describe('a command', () => {
  test('has secrets and parameters in its environment, in all forms', () => {
    const { stdout, stderr, status } = run(
      ...['--secret', 'WHOLE=app/db', '--secret', `BY_ARN=${arn}:password::`],
      ...['--secret', `OLD=${arn}:password:AWSPREVIOUS:`],
      ...['--secret', `OLD_PORT=app/db:port::${firstVersion}`],
      ...['--secret', `FAR=${otherArn}`],
      ...['--parameter', 'KEY=/app/key', '--parameter', 'SIZE=/app/size:1'],
      ...['--parameter', 'NOW=arn:aws:ssm:us-east-1:000000000000:parameter/app/size'],
      ...printing('WHOLE', 'BY_ARN', 'OLD', 'OLD_PORT', 'FAR', 'KEY', 'SIZE', 'NOW'),
    );
    assert.equal(stderr, '');
    assert.equal(
      stdout,
      '{"user":"ann","password":"second"}\nsecond\nfirst-"one"\n5432\n' +
        'in another Region\ntwo\nlines\nsmall\nlarge\n',
    );
    assert.equal(status, 0);
  });

  test("has the caller's whole environment besides, and nothing of ours", () => {
    const bare = { PATH: process.env.PATH ?? '', TWO: 'x=y', EMPTY: '', AWS_REGION: 'us-east-1' };
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const env = { ...bare, ...credentials, AWS_ENDPOINT_URL: server.endpoint };
    const child = spawn(sealhold, ['exec', '--parameter', 'SIZE=/app/size', '--', 'env', '-0'], {
      env,
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    return once(child, 'close').then(() => {
      const seen = Object.fromEntries(
        text.split('\0').flatMap((line) => {
          const [name = '', ...value] = line.split('=');
          return name === '' ? [] : [[name, value.join('=')]];
        }),
      );
      // A shell may add its own on the way through bin/sealhold.
      for (const name of ['PWD', 'SHLVL', '_', 'OLDPWD']) delete seen[name];
      assert.deepEqual(seen, { ...env, SIZE: 'large' });
    });
  });

  test('gets its own words as they are', () => {
    const { stdout } = run('--parameter', 'A=/app/size', '--', 'echo', '--help', '--', '--secret');
    assert.equal(stdout, '--help -- --secret\n');
  });

  test("hands its exit status to the caller, and env's where there is no such command", () => {
    assert.equal(run('--', 'sh', '-c', 'exit 37').status, 37);
    assert.equal(run('--', 'no-such-command-here').status, 127);
    const file = join(folder, 'not-a-program');
    writeFileSync(file, 'text');
    assert.equal(run('--', file).status, 126);
    assert.equal(run('--', folder).status, 126);
    chmodSync(file, 0o755);
    const { status, stderr } = run('--', file);
    assert.equal(status, 126);
    assert.match(stderr, /could not be started: /);
  });

  test('has the signals that are sent to us, and dies of those that it does not handle', async () => {
    for (const signal of [
      'SIGTERM',
      'SIGINT',
      'SIGHUP',
      'SIGQUIT',
      'SIGUSR1',
      'SIGUSR2',
    ] as const) {
      const told = await signalled(signal, `trap 'echo got; exit 9' ${signal.slice(3)}`);
      assert.deepEqual(told, { text: 'ready\ngot\n', code: 9, signal: null }, signal);
      const died = await signalled(signal, ':');
      assert.deepEqual(died, { text: 'ready\n', code: null, signal }, signal);
    }
  });

  test('has no signal ignored that the caller does not ignore', () => {
    const { stdout } = run('--', 'grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status');
    assert.match(stdout, /SigBlk:\s+0+\nSigIgn:\s+0+\n/);
  });
});

/** A shell that waits, under exec, and is sent the signal. */
async function signalled(signal: NodeJS.Signals, first: string) {
  const script = `${first}; echo ready; while :; do sleep 0.05; done`;
  const child = spawn(sealhold, ['exec', '--secret', 'S=app/db', '--', 'sh', '-c', script], {
    env: {
      ...process.env,
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (text === 'ready\n') child.kill(signal);
  });
  const [code, by] = await once(child, 'close');
  return { text, code, signal: by };
}

describe('nothing is started', () => {
  const failing = (...words: string[]) => {
    const ran = run(...words, '--', 'echo', 'started');
    assert.equal(ran.stdout, '');
    assert.ok(!/second|first-|5432/.test(ran.stderr), ran.stderr);
    return ran;
  };

  test('where a value is not to be had, and the reason names the variable', () => {
    const reasons: ReadonlyArray<readonly [flag: string, given: string, why: RegExp]> = [
      ['--secret', 'X=none', /X: .*Secrets Manager can't find the specified secret/],
      ['--secret', 'X=app/db:missing', /X: The secret has no JSON key missing\./],
      ['--secret', 'X=app/db:nothing:AWSPREVIOUS', /X: The secret's JSON key nothing is null\./],
      ['--secret', 'X=zero:k', /X: The secret is not a JSON object\./],
      ['--secret', 'X=zero', /X: The value has a zero character/],
      ['--secret', 'X=bytes', /X: The secret is binary/],
      ['--secret', 'X=app/db::NOSTAGE', /X: .*staging label: NOSTAGE/],
      ['--parameter', 'X=/none', /X: .*ParameterNotFound/],
      ['--parameter', 'X=/app/size:9', /X: .*9/],
    ];
    for (const [flag, given, why] of reasons) {
      const { status, stderr } = failing('--secret', 'GOOD=app/db', flag, given);
      assert.equal(status, 1, given);
      assert.match(stderr, why);
    }
  });

  test('where the words are wrong', () => {
    assert.equal(failing('--secret', 'X').status, 2);
    assert.equal(failing('--secret', 'X=a', '--parameter', 'X=b').status, 2);
    assert.equal(failing('--secret', 'X=arn:aws:s3:::bucket').status, 2);
    assert.equal(failing('stray').status, 2);
    const { status, stderr } = run('--secret', 'X=app/db');
    assert.equal(status, 2);
    assert.match(stderr, /COMMAND is missing; it stands behind --/);
  });

  test('where the caller may not read it', async () => {
    const user = await newUser(server, 'exec-ann');
    const words = ['exec', '--secret', 'X=app/db', '--', 'echo', 'started'];
    const denied = runCommand(words, user.credentials);
    assert.equal(denied.status, 1);
    assert.match(denied.stderr, /X: .*is not authorized to perform: secretsmanager:GetSecretValue/);
    await putUserPolicy(server, user.name, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: arn }],
    });
    assert.equal(runCommand(words, user.credentials).stdout, 'started\n');
  });
});
