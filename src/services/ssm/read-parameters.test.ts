import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  openParameters,
  type ParametersUnderTest,
  refusal,
  region,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
before(async () => {
  ssm = await openParameters();
  for (const Name of ['/r/a', '/r/b', '/r/c', 'plain'])
    await ssm.ask('PutParameter', { Name, Value: `value of ${Name}`, Type: 'String' });
  await ssm.ask('PutParameter', { Name: '/r/a', Value: 'second', Overwrite: true });
  await ssm.ask('LabelParameterVersion', { Name: '/r/a', ParameterVersion: 1, Labels: ['old'] });
});
after(() => ssm.close());

const arn = (path: string) => `arn:aws:ssm:${region}:${account}:parameter/${path}`;
const get = async (Name: string) => (await ssm.ask('GetParameter', { Name })).Parameter;

describe('GetParameter', () => {
  test('shows a plain parameter as AWS does', async () => {
    assert.deepEqual(await get('/r/b'), {
      Name: '/r/b',
      Type: 'String',
      Value: 'value of /r/b',
      Version: 1,
      LastModifiedDate: ssm.clock.now,
      ARN: arn('r/b'),
      DataType: 'text',
    });
  });

  test('finds by version, by label and by ARN, and says by what', async () => {
    const shown = async (name: string) => {
      const found = await get(name);
      return [found?.Name, found?.Value, found?.Version, found?.Selector];
    };
    assert.deepEqual(await shown('/r/a'), ['/r/a', 'second', 2, undefined]);
    assert.deepEqual(await shown('/r/a:1'), ['/r/a', 'value of /r/a', 1, ':1']);
    assert.deepEqual(await shown('/r/a:2'), ['/r/a', 'second', 2, ':2']);
    assert.deepEqual(await shown('/r/a:old'), ['/r/a', 'value of /r/a', 1, ':old']);
    assert.deepEqual(await shown(arn('r/a')), ['/r/a', 'second', 2, undefined]);
    assert.deepEqual(await shown(`${arn('r/a')}:old`), ['/r/a', 'value of /r/a', 1, ':old']);
    assert.deepEqual((await shown(arn('plain')))[0], 'plain');
    assert.deepEqual((await shown('/plain'))[0], '/plain');
  });

  test('finds by ARN none of another Region, so that aws:RequestedRegion holds', async () => {
    const there = { region: 'us-west-2' };
    const elsewhere = (path: string) => arn(path).replace(region, there.region);
    const put = { Name: '/there', Value: 'x', Type: 'String', Tier: 'Advanced' } as const;
    await ssm.ask('PutParameter', put, there);
    const asked = { Name: elsewhere('there') };
    assert.equal((await ssm.ask('GetParameter', asked, there)).Parameter?.Value, 'x');
    await assert.rejects(get(asked.Name), refusal('ParameterNotFound'));
    await assert.rejects(ssm.ask('GetParameterHistory', asked), refusal('ParameterNotFound'));
    const { Parameters, InvalidParameters } = await ssm.ask('GetParameters', {
      Names: [asked.Name],
    });
    assert.deepEqual([Parameters, InvalidParameters], [[], [asked.Name]]);
    const ResourceArn = asked.Name;
    await assert.rejects(
      ssm.ask('GetResourcePolicies', { ResourceArn }),
      refusal('ResourceNotFoundException'),
    );
  });

  for (const [name, code, text] of [
    ['/r/none', 'ParameterNotFound', ''],
    ['/R/a', 'ParameterNotFound', ''],
    ['/r/a:3', 'ParameterVersionNotFound', /could not find version 3 of \/r\/a\./],
    ['/r/a:0', 'ParameterVersionNotFound', /version 0/],
    ['/r/a:new', 'ParameterVersionNotFound', /could not find label new/],
    ['/r/a:__proto__', 'ParameterVersionNotFound', /label __proto__/],
    ['r/a', 'ValidationException', /sub-paths divided by slash symbol/],
    ['/r//a', 'ValidationException', /sub-paths divided by slash symbol/],
    [`arn:aws:ssm:us-east-1:${account}:parameter/r/a`, 'ParameterNotFound', ''],
    ['/aws/reference/secretsmanager/x', 'ValidationException', /^WithDecryption flag must be True/],
  ] as const)
    test(`${name}: ${code}`, () => assert.rejects(get(name), refusal(code, text)));

  test('answers at once when all is in caches', async () => {
    // A promise on the way would cost the hot path more than its work.
    await ssm.ask('PutParameter', { Name: '/r/s', Value: 'hush', Type: 'SecureString' });
    const row = ssm.ssm.operations.get('GetParameter');
    await get('/r/s');
    const call = { principal: { account }, region, partition: 'aws' } as never;
    const found = row?.find?.({ Name: '/r/s' }, call);
    assert.ok(!(found instanceof Promise));
    const output = row?.run({ Name: '/r/s' }, call, (found as { subject: unknown }).subject);
    assert.ok(!(output instanceof Promise));
  });
});

describe('GetParameters', () => {
  test('lists what is there by name, and what is not as it was asked for', async () => {
    const { Parameters, InvalidParameters } = await ssm.ask('GetParameters', {
      Names: ['/r/c', '/none', '/r/a:old', '/r/b:9', '/r/b', '/r/b', arn('r/a')],
    });
    assert.deepEqual(
      Parameters?.map(({ Name, Value }) => [Name, Value]),
      [
        ['/r/a', 'value of /r/a'],
        ['/r/a', 'second'],
        ['/r/b', 'value of /r/b'],
        ['/r/c', 'value of /r/c'],
      ],
    );
    assert.deepEqual(InvalidParameters, ['/none', '/r/b:9']);
  });

  test('has both lists when all is found, and when nothing is', async () => {
    const all = await ssm.ask('GetParameters', { Names: ['/r/b'] });
    assert.deepEqual(all.InvalidParameters, []);
    const none = await ssm.ask('GetParameters', { Names: ['/nothing'] });
    assert.deepEqual(none, { Parameters: [], InvalidParameters: ['/nothing'] });
  });

  test('refuses malformed names, and the whole request when one name is denied', async () => {
    await assert.rejects(
      ssm.ask('GetParameters', { Names: ['/r/a', 'r/b'] }),
      refusal('ValidationException', /sub-paths divided/),
    );
    await ssm.newUser('some', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'ssm:GetParameters', Resource: arn('r/a') }],
    });
    const asked = (Names: string[]) => ssm.ask('GetParameters', { Names }, { user: 'some' });
    assert.equal((await asked(['/r/a'])).Parameters?.length, 1);
    for (const other of ['/r/b', '/none'])
      await assert.rejects(
        asked(['/r/a', other]),
        refusal('AccessDeniedException', /ssm:GetParameters on resource: .*parameter\/(r\/b|none)/),
      );
    await assert.rejects(
      ssm.ask('GetParameter', { Name: '/r/a' }, { user: 'some' }),
      refusal('AccessDeniedException', /ssm:GetParameter /),
    );
  });
});

describe('GetParameterHistory', () => {
  test('shows all versions with their labels, the oldest first, in pages', async () => {
    await ssm.ask('PutParameter', { Name: '/h/a', Value: '1', Type: 'String' });
    for (let i = 2; i <= 7; i++)
      await ssm.ask('PutParameter', { Name: '/h/a', Value: `${i}`, Overwrite: true });
    await ssm.ask('LabelParameterVersion', {
      Name: '/h/a',
      ParameterVersion: 3,
      Labels: ['b', 'a'],
    });
    const seen: unknown[] = [];
    let token: string | undefined;
    do {
      const page = await ssm.ask('GetParameterHistory', {
        Name: '/h/a',
        MaxResults: 3,
        ...(token === undefined ? {} : { NextToken: token }),
      });
      seen.push(
        ...(page.Parameters ?? []).map(({ Version, Value, Labels }) => [Version, Value, Labels]),
      );
      token = page.NextToken;
      // A version that comes between two pages stands in the last one.
      if (seen.length === 3)
        await ssm.ask('PutParameter', { Name: '/h/a', Value: '8', Overwrite: true });
    } while (token !== undefined);
    assert.deepEqual(
      seen,
      [1, 2, 3, 4, 5, 6, 7, 8].map((i) => [i, `${i}`, i === 3 ? ['a', 'b'] : []]),
    );
  });

  test('names who wrote each version', async () => {
    const arn = await ssm.newUser('writer', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'ssm:PutParameter', Resource: '*' }],
    });
    const put = { Name: '/h/b', Value: 'x', Type: 'String' } as const;
    await ssm.ask('PutParameter', put);
    await ssm.ask('PutParameter', { ...put, Overwrite: true }, { user: 'writer' });
    const { Parameters } = await ssm.ask('GetParameterHistory', { Name: '/h/b' });
    assert.deepEqual(
      Parameters?.map(({ LastModifiedUser, Policies, Tier }) => [LastModifiedUser, Policies, Tier]),
      [
        [`arn:aws:iam::${account}:root`, [], 'Standard'],
        [arn, [], 'Standard'],
      ],
    );
  });
});
