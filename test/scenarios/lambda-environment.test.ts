/** A function's variables under KMS keys, and what its execution role gives it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { runCommand } from '../command.ts';
import { allowing, type Credentials, newUser } from '../identities.ts';
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
import { type RunningServer, startServer } from '../running-server.ts';

const account = '000000000000';
const arnOf = (name: string): string => `arn:aws:lambda:us-east-1:${account}:function:${name}`;
const showSecret = 'export const handler = async () => process.env.SECRET ?? null;';

let server: RunningServer;
let lambda: Ask;
let kms: ReturnType<typeof ask>;
let role: string;
before(async () => {
  server = await startServer({ mode: 'dev' });
  lambda = lambdaOf(server);
  kms = ask(server);
  role = await executionRole(server, 'runs', allowing('sts:GetCallerIdentity'));
});
after(() => server.stop());

async function newKey(policy?: object): Promise<{ id: string; arn: string }> {
  const input = policy === undefined ? {} : { Policy: JSON.stringify(policy) };
  const { KeyId, Arn } = (await kms('CreateKey', input)).body.KeyMetadata as {
    KeyId: string;
    Arn: string;
  };
  return { id: KeyId, arn: Arn };
}

async function newFunction(rest: object, by: Ask = lambda): Promise<string> {
  const name = newName();
  await got(by('CreateFunction', creation(name, role, showSecret, rest)));
  return name;
}
const withSecret = (value: string, rest: object = {}) => ({
  Environment: { Variables: { SECRET: value } },
  ...rest,
});
const invoke = (FunctionName: string) => lambda('Invoke', { FunctionName });

describe('variables', () => {
  test('reach the function; a role with no right to KMS is enough for Lambda’s own key', async () => {
    const name = await newFunction(withSecret('in the environment'));
    assert.equal((await invoke(name)).text, '"in the environment"');
    const { KeyMetadata } = (await kms('DescribeKey', { KeyId: 'alias/aws/lambda' })).body;
    assert.equal((KeyMetadata as { KeyManager: string }).KeyManager, 'AWS');
  });
  test('under a customer’s key are decrypted through a grant for the role', async () => {
    const key = await newKey();
    const name = await newFunction(withSecret('sealed', { KMSKeyArn: key.arn }));
    const { Grants } = (await kms('ListGrants', { KeyId: key.id })).body as {
      Grants: Array<Record<string, unknown>>;
    };
    assert.equal(Grants.length, 1);
    assert.equal(Grants[0]?.GranteePrincipal, role);
    assert.deepEqual(Grants[0]?.Operations, ['Decrypt']);
    assert.deepEqual(Grants[0]?.Constraints, {
      EncryptionContextEquals: { 'aws:lambda:FunctionArn': arnOf(name) },
    });
    assert.equal((await invoke(name)).text, '"sealed"');
    const shown = await got(lambda('GetFunctionConfiguration', { FunctionName: name }));
    assert.equal(shown.KMSKeyArn, key.arn);
    assert.deepEqual(shown.Environment, { Variables: { SECRET: 'sealed' } });
    await got(lambda('DeleteFunction', { FunctionName: name }));
    await until(async () => {
      const left = (await kms('ListGrants', { KeyId: key.id })).body.Grants as unknown[];
      return left.length === 0 ? true : undefined;
    });
  });
  test('move to another key, and back to Lambda’s own, without being told again', async () => {
    const [first, second] = [await newKey(), await newKey()];
    const name = await newFunction(withSecret('kept', { KMSKeyArn: first.arn }));
    for (const KMSKeyArn of [second.arn, '']) {
      await got(lambda('UpdateFunctionConfiguration', { FunctionName: name, KMSKeyArn }));
      assert.equal((await invoke(name)).text, '"kept"');
    }
    const shown = await got(lambda('GetFunctionConfiguration', { FunctionName: name }));
    assert.equal(shown.KMSKeyArn, undefined);
    await got(
      lambda('UpdateFunctionConfiguration', { FunctionName: name, Environment: { Variables: {} } }),
    );
    assert.equal((await invoke(name)).text, 'null');
  });
  test('of a key that can’t be used fail the invocation as AWS says', async () => {
    const key = await newKey();
    const name = await newFunction(withSecret('x', { KMSKeyArn: key.arn }));
    await kms('DisableKey', { KeyId: key.id });
    await refused(invoke(name), [502, 'KMSDisabledException', /the KMS key used is disabled/]);
    await kms('ScheduleKeyDeletion', { KeyId: key.id, PendingWindowInDays: 7 });
    await refused(invoke(name), [502, 'KMSInvalidStateException', /is not valid for Decrypt/]);
    await kms('CancelKeyDeletion', { KeyId: key.id });
    await kms('EnableKey', { KeyId: key.id });
    assert.equal((await invoke(name)).text, '"x"');
    const { Grants } = (await kms('ListGrants', { KeyId: key.id })).body as {
      Grants: { GrantId: string }[];
    };
    await kms('RevokeGrant', { KeyId: key.id, GrantId: Grants[0]?.GrantId });
    // A process that is warm has its variables; a new one must decrypt them.
    await got(lambda('UpdateFunctionConfiguration', { FunctionName: name, Description: 'again' }));
    await refused(invoke(name), [502, 'KMSAccessDeniedException', /KMS access was denied/]);
  });
  test('under a key that is not there are refused at once', async () => {
    const KMSKeyArn = `arn:aws:kms:us-east-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
    await refused(
      lambda(
        'CreateFunction',
        creation(newName(), role, showSecret, withSecret('x', { KMSKeyArn })),
      ),
      [400, 'InvalidParameterValueException', /KMS Exception: NotFoundException KMS Message: Key/],
    );
  });
});

describe('a caller without rights on the key', () => {
  let key: { id: string; arn: string };
  let user: Credentials;
  before(async () => {
    key = await newKey({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    });
    user = (await newUser(server, 'lambda-only', allowing(['lambda:*', 'iam:PassRole'])))
      .credentials;
  });
  test('can’t make a function under it, nor see its variables; the rest is shown', async () => {
    const own = lambdaOf(user);
    const asked = creation(newName(), role, showSecret, withSecret('s', { KMSKeyArn: key.arn }));
    await refused(own('CreateFunction', asked), [
      400,
      'InvalidParameterValueException',
      /KMS Exception: AccessDeniedException .*not authorized to perform: kms:Encrypt/,
    ]);
    const name = await newFunction(withSecret('hidden', { KMSKeyArn: key.arn }));
    const shown = await got(own('GetFunctionConfiguration', { FunctionName: name }));
    const { Error: error, Variables } = shown.Environment as Record<string, object>;
    assert.equal(Variables, undefined);
    assert.equal((error as { ErrorCode: string }).ErrorCode, 'AccessDeniedException');
    assert.equal(shown.FunctionName, name);
    // It may still be invoked: the role decrypts.
    assert.equal((await own('Invoke', { FunctionName: name })).text, '"hidden"');
  });
});

describe('the execution role', () => {
  test('is who the function is to this server', async () => {
    const code = `
      import http from 'node:http';
      import { createHash, createHmac } from 'node:crypto';
      const { AWS_ENDPOINT_URL, AWS_REGION, ...env } = process.env;
      const token = env.AWS_SESSION_TOKEN;
      const sha256 = (text) => createHash('sha256').update(text).digest('hex');
      const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
      export const handler = async () => {
        const body = 'Action=GetCallerIdentity&Version=2011-06-15';
        const now = new Date().toISOString().replace(/[-:]|\\.\\d+/g, '');
        const host = new URL(AWS_ENDPOINT_URL).host;
        const type = 'application/x-www-form-urlencoded';
        const names = 'content-type;host;x-amz-date;x-amz-security-token';
        const dated = { 'content-type': type, host, 'x-amz-date': now };
        const signed = { ...dated, 'x-amz-security-token': token };
        const lines = Object.entries(signed).map(([name, value]) => name + ':' + value);
        const canonical = ['POST', '/', '', ...lines, '', names, sha256(body)].join('\\n');
        const scope = now.slice(0, 8) + '/' + AWS_REGION + '/sts/aws4_request';
        const text = ['AWS4-HMAC-SHA256', now, scope, sha256(canonical)].join('\\n');
        const secret = 'AWS4' + env.AWS_SECRET_ACCESS_KEY;
        const key = scope.split('/').reduce((k, part) => hmac(k, part), secret);
        const signature = createHmac('sha256', key).update(text).digest('hex');
        const credential = 'Credential=' + env.AWS_ACCESS_KEY_ID + '/' + scope;
        const authorization =
          'AWS4-HMAC-SHA256 ' +
          [credential, 'SignedHeaders=' + names, 'Signature=' + signature].join(', ');
        const { host: _, ...sent } = signed;
        const headers = { ...sent, authorization };
        const answer = await fetch(AWS_ENDPOINT_URL, { method: 'POST', body, headers });
        return (await answer.text()).match(/<Arn>(.*)<.Arn>/)?.[1];
      };`;
    const name = newName();
    await got(lambda('CreateFunction', creation(name, role, code)));
    assert.equal((await invoke(name)).text, `"arn:aws:sts::${account}:assumed-role/runs/${name}"`);
  });
  test('that is gone is told to whoever invokes', async () => {
    const passing = await executionRole(server, 'passing');
    const name = newName();
    await got(lambda('CreateFunction', creation(name, passing, showSecret)));
    const { iamClient } = await import('../identities.ts');
    const { DeleteRoleCommand, DeleteRolePolicyCommand } = await import('@aws-sdk/client-iam');
    const client = iamClient(server);
    await client.send(new DeleteRolePolicyCommand({ RoleName: 'passing', PolicyName: 'test' }));
    await client.send(new DeleteRoleCommand({ RoleName: 'passing' }));
    client.destroy();
    await refused(invoke(name), [
      403,
      'AccessDeniedException',
      /^Lambda was unable to assume the function's execution role/,
    ]);
  });
});

interface TrailRecord {
  readonly eventName: string;
  readonly eventSource: string;
  readonly userIdentity: { readonly type?: string; readonly invokedBy?: string };
  readonly requestParameters: Record<string, unknown>;
}

describe('the trail', () => {
  test('says what Lambda did for whom, and nothing of the variables or the code', async () => {
    const key = await newKey();
    const secret = 'never-in-the-trail-5d41402abc4b';
    const name = await newFunction(withSecret(secret, { KMSKeyArn: key.arn }));
    const ClientContext = Buffer.from(JSON.stringify({ secret })).toString('base64');
    await got(lambda('Invoke', { FunctionName: name, ClientContext }));
    const words = ['trail', 'tail', '--last', '60', '--no-follow', '--json'];
    const { stdout } = runCommand(words, server);
    const records = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TrailRecord);
    const told = (eventName: string): TrailRecord =>
      records.findLast((each) => each.eventName === eventName) as TrailRecord;
    assert.equal(told('CreateFunction').eventSource, 'lambda.amazonaws.com');
    assert.equal(told('Encrypt').userIdentity.invokedBy, 'lambda.amazonaws.com');
    assert.equal(told('AssumeRole').userIdentity.invokedBy, 'lambda.amazonaws.com');
    assert.equal(told('Decrypt').userIdentity.type, 'AssumedRole');
    assert.deepEqual(told('Decrypt').requestParameters.encryptionContext, {
      'aws:lambda:FunctionArn': arnOf(name),
    });
    assert.equal(told('Invoke').requestParameters.functionName, name);
    assert.doesNotMatch(stdout, new RegExp(secret));
    assert.ok(!stdout.includes(ClientContext));
    assert.doesNotMatch(stdout, /zipFile/i);
  });
});
