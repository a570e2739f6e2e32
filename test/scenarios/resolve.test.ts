/** `sealhold resolve` and ResolveReferences: texts with CloudFormation's dynamic references. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Answer, ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { type Credentials, newUser, putUserPolicy } from '../identities.ts';
import {
  freshFolder,
  type RunningServer,
  removeFolder,
  sealhold,
  startServer,
} from '../running-server.ts';

let server: RunningServer;
const folder = freshFolder();
const data = freshFolder();
const secretsManager = (operation: string, input: object): Promise<Answer> =>
  ask(server)(
    operation,
    { ClientRequestToken: randomUUID(), ...input },
    { service: 'secretsmanager', target: `secretsmanager.${operation}` },
  );
const put = (Name: string, Type: string, Value: string, more: object = {}): Promise<Answer> =>
  ask(server)(
    'PutParameter',
    { Name, Type, Value, ...more },
    { service: 'ssm', target: 'AmazonSSM.PutParameter' },
  );
const resolve = (Text: string, as: Credentials = server): Promise<Answer> =>
  ask(as)(
    'ResolveReferences',
    { Text },
    { service: 'sealhold', target: 'Sealhold.ResolveReferences' },
  );

let arn = '';
before(async () => {
  server = await startServer({ mode: 'start', data });
  const first = '{"user":"ann","password":"canary-{{resolve:ssm:/app/size}}"}';
  const made = await secretsManager('CreateSecret', { Name: 'app/db', SecretString: first });
  arn = String(made.body.ARN);
  await secretsManager('PutSecretValue', {
    SecretId: 'app/db',
    SecretString: '{"user":"ann","password":"canary-two","port":5432}',
  });
  await secretsManager('CreateSecret', { Name: 'bytes', SecretBinary: 'AAEC' });
  await put('/app/size', 'String', 'small');
  await put('/app/size', 'String', 'large', { Overwrite: true });
  await put('/app/list', 'StringList', 'a,b');
  await put('/app/key', 'SecureString', 'canary-sealed');
});
after(async () => {
  await server.stop();
  removeFolder(folder);
  removeFolder(data);
});

describe('a text', () => {
  test('is given back with what its references stand for', async () => {
    const text = `size: {{resolve:ssm:/app/size}} was {{resolve:ssm:/app/size:1}}
      list: {{resolve:ssm:/app/list}}, key: {{resolve:ssm-secure:/app/key}}
      user: {{resolve:secretsmanager:app/db:SecretString:user}}
      password: "{{resolve:secretsmanager:${arn}:SecretString:password}}"
      port: {{resolve:secretsmanager:app/db::port}}{{not:this}}
      whole: {{resolve:secretsmanager:app/db::::}}`;
    const { status, body, text: told } = await resolve(text);
    assert.equal(status, 200, told);
    assert.equal(
      body.Text,
      `size: large was small
      list: a,b, key: canary-sealed
      user: ann
      password: "canary-two"
      port: 5432{{not:this}}
      whole: {"user":"ann","password":"canary-two","port":5432}`,
    );
    assert.equal(body.Resolved, 8);
  });

  test('may refer to several versions of one secret', async () => {
    const SecretId = 'app/versions';
    await secretsManager('CreateSecret', { Name: SecretId, SecretString: 'one' });
    await secretsManager('PutSecretValue', { SecretId, SecretString: 'two' });
    const { body } = await resolve(
      `{{resolve:secretsmanager:${SecretId}:::AWSPREVIOUS}} {{resolve:secretsmanager:${SecretId}}}`,
    );
    assert.equal(body.Text, 'one two');
  });

  test('has values that are not looked at for references', async () => {
    const old = '{{resolve:secretsmanager:app/db:SecretString:password:AWSPREVIOUS}}';
    const { body } = await resolve(`${old}{{resolve:ssm:/app/size}}`);
    assert.equal(body.Text, 'canary-{{resolve:ssm:/app/size}}large');
  });

  test('without references is itself', async () => {
    assert.equal((await resolve('')).body.Text, '');
    assert.equal((await resolve('é{{x}}\r\n')).body.Text, 'é{{x}}\r\n');
  });

  test('has 60 references at most', async () => {
    const reference = '{{resolve:ssm:/app/size}}';
    assert.equal((await resolve(reference.repeat(60))).body.Text, 'large'.repeat(60));
    const { status, body } = await resolve(reference.repeat(61));
    assert.equal(status, 400);
    assert.match(String(body.message), /has 61 references, of 60 at most/);
    assert.equal((await resolve('a'.repeat(1_000_001))).status, 400);
  });
});

describe('a reference that has no value', () => {
  test('is told by its line and itself, and nothing is given back', async () => {
    const wrong: ReadonlyArray<readonly [inside: string, code: string, why: RegExp]> = [
      ['ssm:/none', 'ParameterNotFound', /no such parameter/],
      ['ssm:/app/size:7', 'ParameterNotFound', /no such version/],
      ['ssm:/app/key', 'ValidationException', /ssm-secure/],
      ['ssm-secure:/app/size', 'ValidationException', /is no SecureString/],
      ['secretsmanager:none', 'ResourceNotFoundException', /can't find the specified secret/],
      ['secretsmanager:app/db::missing', 'ValidationException', /no JSON key missing/],
      ['secretsmanager:app/db:::NONE', 'ResourceNotFoundException', /label: NONE/],
      ['secretsmanager:bytes', 'ValidationException', /is binary/],
      ['elsewhere:x', 'ValidationException', /begins with ssm/],
    ];
    for (const [inside, code, why] of wrong) {
      const reference = `{{resolve:${inside}}}`;
      const { status, body, text } = await resolve(
        `{{resolve:ssm-secure:/app/key}}\n\n${reference}`,
      );
      assert.equal(status, 400, inside);
      assert.equal(body.__type, code);
      assert.ok(String(body.message).startsWith(`Line 3, ${reference}: `), text);
      assert.match(String(body.message), why);
      assert.ok(!text.includes('canary'), text);
    }
  });

  test('may be one that the caller may not read: each is decided on as its own call', async () => {
    const user = await newUser(server, 'resolver');
    const text = '{{resolve:secretsmanager:app/db::user}}{{resolve:ssm:/app/size}}';
    const allow = (...Action: string[]) =>
      putUserPolicy(server, user.name, {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
      });
    assert.equal((await resolve('nothing to read', user.credentials)).body.Text, 'nothing to read');
    const first = await resolve(text, user.credentials);
    assert.equal(first.body.__type, 'AccessDeniedException');
    assert.match(first.text, /is not authorized to perform: secretsmanager:GetSecretValue/);
    await allow('secretsmanager:GetSecretValue');
    const second = await resolve(text, user.credentials);
    assert.match(second.text, /is not authorized to perform: ssm:GetParameters/);
    await allow('secretsmanager:GetSecretValue', 'ssm:GetParameters');
    assert.equal((await resolve(text, user.credentials)).body.Text, 'annlarge');
  });
});

describe('the trail', () => {
  test('has each call of the caller, and no text', async () => {
    await resolve('canary-text {{resolve:secretsmanager:app/db::user}} {{resolve:ssm:/app/size}}');
    const { stdout } = runCommand(
      ['trail', 'tail', '--json', '--last', '100', '--no-follow'],
      server,
    );
    const records = stdout.split('\n').filter((line) => line.includes('eventName'));
    const names = records.slice(-4).map((line) => JSON.parse(line).eventName);
    assert.deepEqual(names.sort(), [
      'Decrypt',
      'GetParameters',
      'GetSecretValue',
      'ResolveReferences',
    ]);
    assert.ok(!stdout.includes('canary'));
  });
});

describe('sealhold resolve', () => {
  const run = (words: readonly string[], input = '') =>
    spawnSync(sealhold, ['resolve', ...words], {
      encoding: 'utf8',
      input,
      env: {
        ...process.env,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: server.accessKeyId,
        AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
      },
    });

  test('prints the text of a file, or of what comes in, and nothing else', () => {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, 'password: {{resolve:secretsmanager:app/db::password}}\nö\n');
    const { stdout, stderr, status } = run([file]);
    assert.deepEqual(
      { stdout, stderr, status },
      { stdout: 'password: canary-two\nö\n', stderr: '', status: 0 },
    );
    assert.equal(run(['-'], '{{resolve:ssm:/app/list}}').stdout, 'a,b');
  });

  test('prints nothing and says which reference has no value', () => {
    const { stdout, stderr, status } = run(
      ['-'],
      'a: {{resolve:ssm:/app/size}}\nb: {{resolve:ssm:/none}}',
    );
    assert.equal(stdout, '');
    assert.match(stderr, /Line 2, \{\{resolve:ssm:\/none\}\}: There is no such parameter/);
    assert.equal(status, 1);
  });

  test('takes texts that can be read', () => {
    assert.match(run([join(folder, 'none')]).stderr, /none can't be read: ENOENT/);
    const file = join(folder, 'bytes');
    writeFileSync(file, Buffer.from([0xff, 0xfe]));
    assert.match(run([file]).stderr, /it is not UTF-8 text/);
    assert.equal(runCommand(['resolve'], server).status, 2);
  });
});
