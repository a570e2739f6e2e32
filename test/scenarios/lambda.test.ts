/** Functions through the wire: made, invoked, changed, published, shared and deleted. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ask } from '../ask.ts';
import { allowing, newRole, newUser } from '../identities.ts';
import {
  type Ask,
  archiveOf,
  creation,
  executionRole,
  got,
  lambdaOf,
  newName,
  refused,
} from '../lambda.ts';
import { type RunningServer, startServer } from '../running-server.ts';

let server: RunningServer;
let lambda: Ask;
let role: string;
before(async () => {
  server = await startServer({ mode: 'dev' });
  lambda = lambdaOf(server);
  role = await executionRole(server, 'lambda-role');
});
after(() => server.stop());

const account = '000000000000';
const arnOf = (name: string, qualifier = ''): string =>
  `arn:aws:lambda:us-east-1:${account}:function:${name}${qualifier}`;
const invoke = (FunctionName: string, event: unknown = {}, rest: object = {}) =>
  lambda('Invoke', { FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...rest });

async function newFunction(code: string, rest: object = {}): Promise<string> {
  const name = newName();
  await got(lambda('CreateFunction', creation(name, role, code, rest)));
  return name;
}
const echo = 'export const handler = async (event) => ({ event });';

describe('a function', () => {
  test('is made as AWS makes it, invoked, and deleted', async () => {
    const name = newName();
    const asked = creation(name, role, echo, { Description: 'An echo', Tags: { team: 'a' } });
    const created = await lambda('CreateFunction', asked);
    assert.equal(created.status, 201, created.text);
    const archive = (asked as { Code: { ZipFile: Buffer } }).Code.ZipFile;
    const { LastModified, RevisionId, ...configuration } = created.body;
    assert.match(String(LastModified), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    assert.match(String(RevisionId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(configuration, {
      FunctionName: name,
      FunctionArn: arnOf(name),
      Runtime: 'nodejs24.x',
      Role: role,
      Handler: 'index.handler',
      CodeSize: archive.length,
      Description: 'An echo',
      Timeout: 20,
      MemorySize: 256,
      CodeSha256: createHash('sha256').update(archive).digest('base64'),
      Version: '$LATEST',
      TracingConfig: { Mode: 'PassThrough' },
      State: 'Active',
      LastUpdateStatus: 'Successful',
      PackageType: 'Zip',
      Architectures: ['x86_64'],
      EphemeralStorage: { Size: 512 },
      SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
      LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}` },
    });
    const found = await got(lambda('GetFunction', { FunctionName: arnOf(name) }));
    assert.deepEqual(found.Configuration, created.body);
    assert.deepEqual(found.Tags, { team: 'a' });
    const answer = await invoke(name, { a: ['ä', 1, null] });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { event: { a: ['ä', 1, null] } });
    assert.equal(answer.headers.get('x-amz-executed-version'), '$LATEST');
    assert.equal(answer.headers.get('x-amz-function-error'), null);
    assert.equal((await lambda('DeleteFunction', { FunctionName: name })).status, 204);
    const gone = `Function not found: ${arnOf(name)}`;
    for (const operation of ['GetFunction', 'DeleteFunction', 'Invoke'])
      await refused(lambda(operation, { FunctionName: name }), [
        404,
        'ResourceNotFoundException',
        gone,
      ]);
  });
  test('is named by name, partial and whole ARN; elsewhere it is not', async () => {
    const name = await newFunction(echo);
    for (const given of [name, `${account}:function:${name}`, arnOf(name), arnOf(name, ':$LATEST')])
      assert.equal((await invoke(given)).status, 200, given);
    await refused(invoke(arnOf(name).replace('us-east-1', 'eu-west-1')), [
      404,
      'ResourceNotFoundException',
      "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    ]);
    await refused(invoke(arnOf(name, ':1'), {}, { Qualifier: '2' }), [
      400,
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    ]);
  });
  test('is listed, a page at a time', async () => {
    const names = [await newFunction(echo), await newFunction(echo), await newFunction(echo)];
    const seen: string[] = [];
    let Marker: unknown;
    do {
      const page = await got(
        lambda('ListFunctions', { MaxItems: 2, ...(Marker ? { Marker } : {}) }),
      );
      const functions = page.Functions as { FunctionName: string }[];
      assert.ok(functions.length <= 2);
      seen.push(...functions.map(({ FunctionName }) => FunctionName));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(seen, [...new Set(seen)].sort());
    for (const name of names) assert.ok(seen.includes(name));
    await refused(lambda('ListFunctions', { Marker: 'bm8' }), [
      400,
      'InvalidParameterValueException',
    ]);
  });
  test('is there once, and only of code and configuration that can be run', async () => {
    const name = await newFunction(echo);
    const again = creation(name, role, echo);
    await refused(lambda('CreateFunction', again), [
      409,
      'ResourceConflictException',
      `Function already exist: ${name}`,
    ]);
    const invalid: Array<[rest: object, message: RegExp]> = [
      [{ Code: { ZipFile: Buffer.from('no zip') } }, /^Could not unzip uploaded file/],
      [{ Code: { S3Bucket: 'bucket', S3Key: 'key' } }, /has no S3/],
      [{ Code: {} }, /Please provide a zip file/],
      [{ Runtime: 'java21' }, /does not run java21/],
      [{ Runtime: undefined }, /Runtime and Handler are mandatory/],
      [{ Layers: [`arn:aws:lambda:us-east-1:${account}:layer:l:1`] }, /has no layers/],
      [{ Timeout: 901 }, /Timeout may be at most 900/],
      [{ PackageType: 'Image' }, /has no container images/],
      [{ Environment: { Variables: { AWS_REGION: 'x' } } }, /reserved keys .*: AWS_REGION$/],
      [{ Environment: { Variables: { NUL: 'a\0b' } } }, /may not hold the character NUL/],
      [{ Environment: { Variables: { BIG: 'x'.repeat(4096) } } }, /exceeded the 4KB limit/],
      [{ Role: `arn:aws:iam::${account}:role/none` }, /^The role defined .* cannot be assumed/],
    ];
    for (const [rest, message] of invalid)
      await refused(lambda('CreateFunction', creation(newName(), role, echo, rest)), [
        400,
        'InvalidParameterValueException',
        message,
      ]);
    await refused(
      lambda('CreateFunction', creation(newName(), 'arn:aws:iam::111122223333:role/r', echo)),
      [403, 'AccessDeniedException', 'Cross-account pass role is not allowed.'],
    );
  });
  test('needs a role that Lambda may assume, and that the caller may pass', async () => {
    const { arn } = await newRole(server, 'not-lambdas', {
      trusts: { Service: 'ec2.amazonaws.com' },
    });
    await refused(lambda('CreateFunction', creation(newName(), arn, echo)), [
      400,
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    ]);
    const { credentials } = await newUser(server, 'no-passer', allowing('lambda:*'));
    await refused(lambdaOf(credentials)('CreateFunction', creation(newName(), role, echo)), [
      403,
      'AccessDeniedException',
      /not authorized to perform: iam:PassRole on resource: .*lambda-role/,
    ]);
    const passer = allowing(['lambda:*', 'iam:PassRole'], {
      Condition: { StringEqualsIfExists: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    });
    const user = await newUser(server, 'passer', passer);
    await got(lambdaOf(user.credentials)('CreateFunction', creation(newName(), role, echo)));
  });
});

describe('a change', () => {
  test('of code or configuration is what the next invocation runs', async () => {
    const name = await newFunction('export const handler = async () => [1, process.env.STAGE];', {
      Environment: { Variables: { STAGE: 'one' } },
    });
    assert.deepEqual((await invoke(name)).body, [1, 'one']);
    const ZipFile = archiveOf({
      'index.mjs': 'export const handler = async () => [2, process.env.STAGE];',
    });
    const changed = await got(lambda('UpdateFunctionCode', { FunctionName: name, ZipFile }));
    assert.deepEqual((await invoke(name)).body, [2, 'one']);
    await got(
      lambda('UpdateFunctionConfiguration', {
        FunctionName: name,
        Environment: { Variables: { STAGE: 'two' } },
        Description: 'changed',
      }),
    );
    assert.deepEqual((await invoke(name)).body, [2, 'two']);
    const now = await got(lambda('GetFunctionConfiguration', { FunctionName: name }));
    assert.equal(now.Description, 'changed');
    assert.equal(now.CodeSha256, changed.CodeSha256);
    assert.deepEqual(now.Environment, { Variables: { STAGE: 'two' } });
    assert.notEqual(now.RevisionId, changed.RevisionId);
  });
  test('may be tried dry, and is refused for a function that has changed meanwhile', async () => {
    const name = await newFunction(echo);
    const before = await got(lambda('GetFunctionConfiguration', { FunctionName: name }));
    const ZipFile = archiveOf({ 'index.mjs': 'export const handler = async () => 2;' });
    const dry = { FunctionName: name, ZipFile, DryRun: true };
    assert.notEqual((await got(lambda('UpdateFunctionCode', dry))).CodeSha256, before.CodeSha256);
    assert.deepEqual(await got(lambda('GetFunctionConfiguration', { FunctionName: name })), before);
    const stale = { FunctionName: name, RevisionId: 'another' };
    for (const asked of [{ ...stale, ZipFile }, stale])
      await refused(
        lambda('ZipFile' in asked ? 'UpdateFunctionCode' : 'UpdateFunctionConfiguration', asked),
        [412, 'PreconditionFailedException', /^The Revision Id provided does not match/],
      );
  });
});

describe('versions and aliases', () => {
  test('a version stays what it was; an alias leads to it', async () => {
    const name = await newFunction('export const handler = async () => "one";');
    const one = await got(lambda('PublishVersion', { FunctionName: name, Description: 'first' }));
    assert.equal(one.Version, '1');
    assert.equal(one.FunctionArn, arnOf(name, ':1'));
    assert.equal(one.Description, 'first');
    // Nothing has changed: nothing is published.
    const same = await got(lambda('PublishVersion', { FunctionName: name, Description: 'first' }));
    assert.equal(same.Version, '1');
    const ZipFile = archiveOf({ 'index.mjs': 'export const handler = async () => "two";' });
    const two = await got(
      lambda('UpdateFunctionCode', { FunctionName: name, ZipFile, Publish: true }),
    );
    assert.equal(two.Version, '2');
    const alias = await got(
      lambda('CreateAlias', { FunctionName: name, Name: 'live', FunctionVersion: '1' }),
    );
    assert.equal(alias.AliasArn, arnOf(name, ':live'));
    assert.equal((await invoke(name, {}, { Qualifier: 'live' })).text, '"one"');
    assert.equal((await invoke(`${name}:2`)).text, '"two"');
    await got(lambda('UpdateAlias', { FunctionName: name, Name: 'live', FunctionVersion: '2' }));
    const answer = await invoke(arnOf(name, ':live'));
    assert.equal(answer.text, '"two"');
    assert.equal(answer.headers.get('x-amz-executed-version'), '2');
    const versions = await got(lambda('ListVersionsByFunction', { FunctionName: name }));
    assert.deepEqual(
      (versions.Versions as { Version: string }[]).map(({ Version }) => Version),
      ['$LATEST', '1', '2'],
    );
    const aliases = await got(lambda('ListAliases', { FunctionName: name, FunctionVersion: '2' }));
    assert.equal((aliases.Aliases as unknown[]).length, 1);
    await refused(lambda('DeleteFunction', { FunctionName: name, Qualifier: '2' }), [
      409,
      'ResourceConflictException',
      /used by the aliases \[live\]/,
    ]);
    await got(lambda('DeleteAlias', { FunctionName: name, Name: 'live' }));
    await got(lambda('DeleteFunction', { FunctionName: name, Qualifier: '1' }));
    await refused(invoke(`${name}:1`), [
      404,
      'ResourceNotFoundException',
      `Function not found: ${arnOf(name, ':1')}`,
    ]);
    assert.equal((await invoke(`${name}:2`)).text, '"two"');
  });
  test('an alias may divide its invocations', async () => {
    const name = await newFunction('export const handler = async (e, c) => c.functionVersion;');
    await got(lambda('PublishVersion', { FunctionName: name }));
    await got(lambda('UpdateFunctionConfiguration', { FunctionName: name, Description: 'b' }));
    await got(lambda('PublishVersion', { FunctionName: name }));
    const weights = (share: number) => ({
      FunctionName: name,
      Name: 'both',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: share } },
    });
    await got(lambda('CreateAlias', weights(0.5)));
    const versions = new Set<string>();
    for (let i = 0; i < 60 && versions.size < 2; i++)
      versions.add((await invoke(`${name}:both`)).text);
    assert.deepEqual([...versions].sort(), ['"1"', '"2"']);
    await got(lambda('UpdateAlias', weights(1)));
    for (let i = 0; i < 5; i++) assert.equal((await invoke(`${name}:both`)).text, '"2"');
  });
  test('what isn’t there is told in AWS’s words', async () => {
    const name = await newFunction(echo);
    await refused(lambda('GetAlias', { FunctionName: name, Name: 'none' }), [
      404,
      'ResourceNotFoundException',
      `Cannot find alias arn: ${arnOf(name, ':none')}`,
    ]);
    await refused(lambda('CreateAlias', { FunctionName: name, Name: 'a', FunctionVersion: '7' }), [
      404,
      'ResourceNotFoundException',
      `Function not found: ${arnOf(name, ':7')}`,
    ]);
    await got(lambda('CreateAlias', { FunctionName: name, Name: 'a', FunctionVersion: '$LATEST' }));
    await refused(
      lambda('CreateAlias', { FunctionName: name, Name: 'a', FunctionVersion: '$LATEST' }),
      [409, 'ResourceConflictException', `Alias already exists: ${arnOf(name, ':a')}`],
    );
    await refused(lambda('PublishVersion', { FunctionName: name, CodeSha256: 'x' }), [
      400,
      'InvalidParameterValueException',
      /^CodeSHA256 \(x\) is different from current CodeSHA256 in \$LATEST/,
    ]);
  });
});

describe('tags and limits', () => {
  test('tags are put on, listed, taken off, and decided on', async () => {
    const name = await newFunction(echo, { Tags: { team: 'a', stage: 'b' } });
    const Resource = arnOf(name);
    await got(lambda('TagResource', { Resource, Tags: { stage: 'c', cost: '1' } }));
    await got(lambda('UntagResource', { Resource, TagKeys: ['team', 'none'] }));
    assert.deepEqual((await got(lambda('ListTags', { Resource }))).Tags, { stage: 'c', cost: '1' });
    const policy = allowing('lambda:InvokeFunction', {
      Condition: { StringEquals: { 'aws:ResourceTag/stage': 'c' } },
    });
    const user = lambdaOf((await newUser(server, 'by-tag', policy)).credentials);
    assert.equal((await user('Invoke', { FunctionName: name })).status, 200);
    await got(lambda('TagResource', { Resource, Tags: { stage: 'd' } }));
    assert.equal((await user('Invoke', { FunctionName: name })).status, 403);
  });
  test('a function runs as often at once as is reserved for it', async () => {
    const name = await newFunction(
      'export const handler = () => new Promise((r) => setTimeout(r, 800));',
    );
    const limit = { FunctionName: name, ReservedConcurrentExecutions: 1 };
    assert.deepEqual(await got(lambda('PutFunctionConcurrency', limit)), {
      ReservedConcurrentExecutions: 1,
    });
    const statuses = (await Promise.all([invoke(name), invoke(name)])).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [200, 429]);
    await got(lambda('PutFunctionConcurrency', { ...limit, ReservedConcurrentExecutions: 0 }));
    await refused(invoke(name), [429, 'TooManyRequestsException', 'Rate Exceeded.']);
    await got(lambda('DeleteFunctionConcurrency', { FunctionName: name }));
    assert.equal((await invoke(name)).status, 200);
    const settings = await got(lambda('GetAccountSettings'));
    assert.ok((settings.AccountUsage as { FunctionCount: number }).FunctionCount > 0);
  });
});

describe('an archive of many megabytes', () => {
  test('is taken, kept sealed, and run', async () => {
    const ballast = Buffer.alloc(6_000_000);
    for (let i = 0; i < ballast.length; i += 4) ballast.writeUInt32LE((i * 2654435761) >>> 0, i);
    const { zipOf } = await import('../zip-of.ts');
    const ZipFile = zipOf([
      { name: 'ballast', content: ballast, stored: true },
      {
        name: 'index.mjs',
        content:
          'import { statSync } from "node:fs"; export const handler = async () => statSync("ballast").size;',
      },
    ]);
    const name = newName();
    await got(lambda('CreateFunction', creation(name, role, '', { Code: { ZipFile } })));
    assert.equal((await invoke(name)).text, '6000000');
  });
});

describe('a caller', () => {
  test('is told no more than AWS tells', async () => {
    const { credentials } = await newUser(server, 'nobody-special', allowing('kms:ListKeys'));
    const nobody = lambdaOf(credentials);
    const name = await newFunction(echo);
    for (const FunctionName of [name, 'there-is-none'])
      await refused(nobody('Invoke', { FunctionName }), [
        403,
        'AccessDeniedException',
        new RegExp(
          `^User: .*nobody-special is not authorized to perform: lambda:InvokeFunction on resource: ${arnOf(FunctionName)} because`,
        ),
      ]);
    assert.equal((await ask(server)('ListKeys')).status, 200);
  });
});
