/** Invocations: events, contexts, logs, failures; and who else may ask for them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allowing, newRole, newUser } from '../identities.ts';
import { type Ask, creation, executionRole, got, lambdaOf, newName, refused } from '../lambda.ts';
import { type RunningServer, startServer } from '../running-server.ts';

let server: RunningServer;
let lambda: Ask;
let role: string;
before(async () => {
  server = await startServer({ mode: 'dev' });
  lambda = lambdaOf(server);
  role = await executionRole(server, 'invoked');
});
after(() => server.stop());

const account = '000000000000';
const arnOf = (name: string, qualifier = ''): string =>
  `arn:aws:lambda:us-east-1:${account}:function:${name}${qualifier}`;
async function newFunction(code: string, rest: object = {}): Promise<string> {
  const name = newName();
  await got(lambda('CreateFunction', creation(name, role, code, rest)));
  return name;
}
const invoke = (FunctionName: string, rest: object = {}) =>
  lambda('Invoke', { FunctionName, ...rest });
const echo =
  'export const handler = async (event, { clientContext }) => ({ event, clientContext });';

describe('an invocation', () => {
  test('without an event has an empty one; any JSON is one', async () => {
    const name = await newFunction(echo);
    assert.deepEqual((await invoke(name)).body, { event: {} });
    for (const event of ['null', '1', '"ä"', '[]', ' {"a" : {"b":[]}} ']) {
      const { body } = await invoke(name, { Payload: Buffer.from(event) });
      assert.deepEqual(body.event, JSON.parse(event));
    }
  });
  test('of what is no JSON, or is too large, is refused before anything runs', async () => {
    const name = await newFunction(echo);
    for (const event of ['{', 'undefined', "{'a':1}", '\ufeff{}', Buffer.from([0xff])])
      await refused(invoke(name, { Payload: Buffer.from(event) }), [
        400,
        'InvalidRequestContentException',
        /^Could not parse request body into json/,
      ]);
    const large = Buffer.from(`"${'x'.repeat(6 * 1024 * 1024)}"`);
    await refused(invoke(name, { Payload: large }), [
      413,
      'RequestTooLargeException',
      '6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)',
    ]);
    const most = Buffer.from(`"${'x'.repeat(6 * 1024 * 1024 - 2)}"`);
    const shorter = await newFunction('export const handler = async (event) => event.length;');
    assert.equal((await invoke(shorter, { Payload: most })).text, String(6 * 1024 * 1024 - 2));
  });
  test('may bring a client context, and be told the log', async () => {
    const name = await newFunction(`console.log('started'); ${echo}`);
    const ClientContext = Buffer.from('{"custom":{"ä":"\\n"}}').toString('base64');
    const answer = await invoke(name, { ClientContext, LogType: 'Tail' });
    assert.deepEqual(answer.body.clientContext, { custom: { ä: '\n' } });
    const log = Buffer.from(String(answer.headers.get('x-amz-log-result')), 'base64').toString();
    assert.match(
      log,
      /START RequestId: (\S+) Version: \$LATEST\n(?:.*\n)*END RequestId: \1\nREPORT/,
    );
    for (const wrong of ['{}', 'bm90IGpzb24=', 'MQ=='])
      await refused(invoke(name, { ClientContext: wrong }), [
        400,
        'InvalidRequestContentException',
        'Client context must be a valid Base64-encoded JSON object.',
      ]);
  });
  test('may be tried dry', async () => {
    const name = await newFunction('export const handler = () => process.exit(1);');
    const dry = await invoke(name, { InvocationType: 'DryRun' });
    assert.deepEqual([dry.status, dry.text], [204, '']);
    await refused(invoke('none', { InvocationType: 'DryRun' }), [404, 'ResourceNotFoundException']);
  });
  test('that fails is answered 200, with the error and how it came', async () => {
    const name = await newFunction(
      'export const handler = async () => { throw new TypeError("no"); };',
    );
    const answer = await invoke(name);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-amz-function-error'), 'Unhandled');
    assert.equal(answer.body.errorType, 'TypeError');
    assert.equal(answer.body.errorMessage, 'no');
  });
  test('that hangs is ended at the function’s time', async () => {
    const name = await newFunction('export const handler = () => { for (;;); };', { Timeout: 1 });
    const began = performance.now();
    const answer = await invoke(name);
    assert.ok(performance.now() - began < 5_000);
    assert.equal(answer.headers.get('x-amz-function-error'), 'Unhandled');
    assert.equal(answer.body.errorType, 'Sandbox.Timedout');
    assert.match(String(answer.body.errorMessage), /Task timed out after 1\.00 seconds$/);
  });
  test('runs Python as it runs Node.js', async () => {
    const code =
      'import os\ndef handler(event, context):\n    return {"event": event, "stage": os.environ["STAGE"]}\n';
    const { zipOf } = await import('../zip-of.ts');
    const name = await newFunction('', {
      Runtime: 'python3.13',
      Code: { ZipFile: zipOf([{ name: 'index.py', content: code }]) },
      Environment: { Variables: { STAGE: 'x' } },
    });
    const answer = await invoke(name, { Payload: Buffer.from('[1]') });
    assert.deepEqual(answer.body, { event: [1], stage: 'x' });
  });
});

describe('a function’s policy', () => {
  const other = '111122223333';
  const grant = (FunctionName: string, rest: object) =>
    lambda('AddPermission', {
      FunctionName,
      StatementId: 'one',
      Action: 'lambda:InvokeFunction',
      ...rest,
    });

  test('lets another account in, whose user must be allowed there too', async () => {
    const name = await newFunction(echo);
    const stranger = { ...server, accessKeyId: other, secretAccessKey: 'any' };
    const FunctionName = arnOf(name);
    const ask = () => lambdaOf(stranger)('Invoke', { FunctionName });
    await refused(ask(), [403, 'AccessDeniedException']);
    const { Statement } = await got(grant(name, { Principal: other }));
    assert.deepEqual(JSON.parse(String(Statement)), {
      Sid: 'one',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${other}:root` },
      Action: 'lambda:InvokeFunction',
      Resource: FunctionName,
    });
    assert.equal((await ask()).status, 200);
    const user = await newUser(stranger, 'abroad', allowing('kms:*'));
    await refused(lambdaOf(user.credentials)('Invoke', { FunctionName }), [
      403,
      'AccessDeniedException',
    ]);
    const allowed = await newUser(stranger, 'allowed-abroad', allowing('lambda:*'));
    assert.equal((await lambdaOf(allowed.credentials)('Invoke', { FunctionName })).status, 200);
    await got(lambda('RemovePermission', { FunctionName: name, StatementId: 'one' }));
    await refused(ask(), [403, 'AccessDeniedException']);
  });
  test('lets a user of its own account in whose own policies don’t', async () => {
    const name = await newFunction(echo);
    const user = await newUser(server, 'by-policy', allowing('kms:ListKeys'));
    const ask = () => lambdaOf(user.credentials)('Invoke', { FunctionName: name });
    await refused(ask(), [403, 'AccessDeniedException']);
    await got(grant(name, { Principal: user.arn }));
    assert.equal((await ask()).status, 200);
  });
  test('is of one qualifier, and shown as AWS shows it', async () => {
    const name = await newFunction(echo);
    await got(lambda('PublishVersion', { FunctionName: name }));
    const rest = {
      Principal: 'events.amazonaws.com',
      SourceArn: `arn:aws:events:us-east-1:${account}:rule/r`,
      SourceAccount: account,
      Qualifier: '1',
    };
    await got(grant(name, rest));
    await refused(lambda('GetPolicy', { FunctionName: name }), [
      404,
      'ResourceNotFoundException',
      'The resource you requested does not exist.',
    ]);
    const shown = await got(lambda('GetPolicy', { FunctionName: name, Qualifier: '1' }));
    assert.deepEqual(JSON.parse(String(shown.Policy)), {
      Version: '2012-10-17',
      Id: 'default',
      Statement: [
        {
          Sid: 'one',
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: 'lambda:InvokeFunction',
          Resource: arnOf(name, ':1'),
          Condition: {
            StringEquals: { 'AWS:SourceAccount': account },
            ArnLike: { 'AWS:SourceArn': rest.SourceArn },
          },
        },
      ],
    });
    const stale = { FunctionName: name, StatementId: 'one', Qualifier: '1', RevisionId: 'x' };
    await refused(lambda('RemovePermission', stale), [412, 'PreconditionFailedException']);
    const { RevisionId } = shown;
    await got(lambda('RemovePermission', { ...stale, RevisionId }));
  });
  test('is refused in AWS’s words', async () => {
    const name = await newFunction(echo);
    await refused(lambda('RemovePermission', { FunctionName: name, StatementId: 'one' }), [
      404,
      'ResourceNotFoundException',
      'No policy is associated with the given resource.',
    ]);
    await refused(grant(name, { Principal: 'not.a.principal' }), [
      400,
      'InvalidParameterValueException',
      'The provided principal was invalid. Please check the principal and try again.',
    ]);
    await refused(grant(name, { Principal: other, Qualifier: '$LATEST' }), [
      400,
      'InvalidParameterValueException',
      'We currently do not support adding policies for $LATEST.',
    ]);
    await got(grant(name, { Principal: other }));
    await refused(grant(name, { Principal: other }), [
      409,
      'ResourceConflictException',
      'The statement id (one) provided already exists. Please provide a new statement id, or remove the existing statement.',
    ]);
    await refused(lambda('RemovePermission', { FunctionName: name, StatementId: 'two' }), [
      404,
      'ResourceNotFoundException',
      'Statement two is not found in resource policy.',
    ]);
  });
  test('denies nobody else: a role is let in by its own policies', async () => {
    const name = await newFunction(echo);
    await got(grant(name, { Principal: other }));
    const { arn } = await newRole(server, 'invoker', {
      trusts: { AWS: `arn:aws:iam::${account}:root` },
      policy: allowing('lambda:InvokeFunction'),
    });
    const { callOperation } = await import('../service-call.ts');
    const { sts } = await import('../../src/model/sts.generated.ts');
    const { credentials: user } = await newUser(server, 'assumer', allowing('sts:AssumeRole'));
    const input = { RoleArn: arn, RoleSessionName: 'session' };
    const { text } = await callOperation(user, sts, 'AssumeRole', input);
    const member = (tag: string): string => new RegExp(`<${tag}>([^<]+)<`).exec(text)?.[1] ?? '';
    const session = {
      endpoint: server.endpoint,
      accessKeyId: member('AccessKeyId'),
      secretAccessKey: member('SecretAccessKey'),
      sessionToken: member('SessionToken'),
    };
    assert.equal((await lambdaOf(session)('Invoke', { FunctionName: name })).status, 200);
  });
});
