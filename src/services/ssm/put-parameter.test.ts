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
  ssm = await openParameters({ limits: { standard: 60, advanced: 40 } });
});
after(() => ssm.close());

const put = (Name: string, rest: object = {}) =>
  ssm.ask('PutParameter', { Name, Value: 'v', Type: 'String', ...rest } as never);
const described = async (name: string) =>
  (
    await ssm.ask('DescribeParameters', {
      ParameterFilters: [{ Key: 'Name', Values: [name] }],
    })
  ).Parameters?.[0];

describe('PutParameter', () => {
  test('makes version 1, and a version more with each overwrite, of the same value too', async () => {
    assert.deepEqual(await put('/put/a'), { Version: 1, Tier: 'Standard' });
    await assert.rejects(put('/put/a'), refusal('ParameterAlreadyExists', /set the overwrite/));
    assert.equal((await put('/put/a', { Overwrite: true })).Version, 2);
    assert.equal((await put('/put/a', { Overwrite: true })).Version, 3);
    await ssm.ask('DeleteParameter', { Name: '/put/a' });
    assert.equal((await put('/put/a', { Overwrite: true })).Version, 1);
  });

  test('x and /x are one parameter', async () => {
    await put('one-level');
    await assert.rejects(put('/one-level'), refusal('ParameterAlreadyExists'));
    const { Parameter } = await ssm.ask('GetParameter', { Name: '/one-level' });
    assert.deepEqual(
      [Parameter?.Name, Parameter?.ARN],
      ['/one-level', `arn:aws:ssm:${region}:${account}:parameter/one-level`],
    );
  });

  test('an overwrite keeps what it leaves out', async () => {
    await put('/put/kept', {
      Description: 'text',
      AllowedPattern: '[a-z]+',
      DataType: 'text',
      Value: 'abc',
    });
    await ssm.ask('PutParameter', { Name: '/put/kept', Value: 'def', Overwrite: true });
    const shown = await described('/put/kept');
    assert.deepEqual(
      [shown?.Version, shown?.Type, shown?.Description, shown?.AllowedPattern],
      [2, 'String', 'text', '[a-z]+'],
    );
    await assert.rejects(
      ssm.ask('PutParameter', { Name: '/put/kept', Value: '1', Overwrite: true }),
      refusal(
        'ParameterPatternMismatchException',
        'Parameter value, cannot be validated against allowedPattern: [a-z]+',
      ),
    );
    await put('/put/kept', { Value: '1', Overwrite: true, AllowedPattern: '' });
    assert.equal((await described('/put/kept'))?.AllowedPattern, undefined);
  });

  for (const [why, name, rest, code, text] of [
    ['no type', '/put/n', { Type: undefined }, 'ValidationException', /^A parameter type is req/],
    [
      'tags in an overwrite',
      '/put/n',
      { Overwrite: true, Tags: [{ Key: 'k', Value: 'v' }] },
      'ValidationException',
      /^Invalid request: tags and overwrite/,
    ],
    ['a key for plain text', '/put/n', { KeyId: 'alias/x' }, 'ValidationException', /^KeyId is/],
    [
      'an empty value',
      '/put/n',
      { Value: '' },
      'ValidationException',
      /greater than or equal to 1/,
    ],
    [
      'a value of 4 KB and one',
      '/put/n',
      { Value: 'x'.repeat(4097) },
      'ValidationException',
      /^Standard tier parameters support a maximum parameter value of 4096/,
    ],
    [
      '4,096 characters of two bytes',
      '/put/n',
      { Value: 'é'.repeat(4096) },
      'ValidationException',
      /^Standard tier parameters/,
    ],
    [
      'a value of 8 KB and one',
      '/put/n',
      { Value: 'x'.repeat(8193), Tier: 'Advanced' },
      'ValidationException',
      /^The specified parameter value is too large/,
    ],
    [
      'policies in the standard tier',
      '/put/n',
      { Policies: policyText() },
      'ValidationException',
      /advanced-parameter tier only/,
    ],
    [
      'json in the standard tier',
      '/put/n',
      { DataType: 'json', Value: '{}' },
      'ValidationException',
      /data type json can be used/,
    ],
    [
      'an unknown data type',
      '/put/n',
      { DataType: 'Integer' },
      'ValidationException',
      /^The following data type is not supported: Integer /,
    ],
    [
      'a value of another data type',
      '/put/n',
      { DataType: 'integer' },
      'ValidationException',
      /isn't valid for the data type integer/,
    ],
    [
      '51 tags',
      '/put/n',
      { Tags: Array.from({ length: 51 }, (_, i) => ({ Key: `${i}`, Value: '' })) },
      'TooManyTagsError',
      /too many tags/,
    ],
    [
      'an aws: tag',
      '/put/n',
      { Tags: [{ Key: 'aws:x', Value: '' }] },
      'ValidationException',
      /aws:/,
    ],
    [
      'a name of AWS',
      '/aws/x',
      {},
      'AccessDeniedException',
      'No access to reserved parameter name: /aws/x.',
    ],
  ] as const)
    test(`refuses ${why}`, async () => {
      await assert.rejects(put(name, rest), refusal(code, text));
      await assert.rejects(
        ssm.ask('GetParameter', { Name: '/put/n' }),
        refusal('ParameterNotFound'),
      );
    });

  test('data types can be changed, but not to and from two of them', async () => {
    await put('/put/type', { Value: '1' });
    await put('/put/type', { Value: '2', DataType: 'integer', Overwrite: true });
    await put('/put/type', { Value: '2.5', DataType: 'float', Overwrite: true });
    const image = { Value: 'ami-12345678', DataType: 'aws:ec2:image' };
    await assert.rejects(
      put('/put/type', { ...image, Overwrite: true }),
      refusal('ValidationException', /can't be changed from float to aws:ec2:image/),
    );
    await put('/put/image', image);
    await assert.rejects(
      put('/put/image', { DataType: 'text', Overwrite: true }),
      refusal('ValidationException', /can't be changed/),
    );
  });

  test('100 versions are kept, the oldest goes, unless it has a label', async () => {
    await put('/put/many');
    for (let i = 0; i < 100; i++) await put('/put/many', { Value: `v${i}`, Overwrite: true });
    const first = (await ssm.ask('GetParameterHistory', { Name: '/put/many', MaxResults: 1 }))
      .Parameters?.[0];
    assert.equal(first?.Version, 2);
    await assert.rejects(
      ssm.ask('GetParameter', { Name: '/put/many:1' }),
      refusal('ParameterVersionNotFound', /could not find version 1 of \/put\/many/),
    );
    await ssm.ask('LabelParameterVersion', {
      Name: '/put/many',
      ParameterVersion: 2,
      Labels: ['keep'],
    });
    await assert.rejects(
      put('/put/many', { Overwrite: true }),
      refusal('ParameterMaxVersionLimitExceeded', /^You attempted .* Version 2, the oldest/),
    );
    await ssm.ask('LabelParameterVersion', { Name: '/put/many', Labels: ['keep'] });
    assert.equal((await put('/put/many', { Overwrite: true })).Version, 102);
    await ssm.ask('DeleteParameter', { Name: '/put/many' });
    const left = await ssm.engine.scan({ prefix: 'ssm/history/', limit: 1000 });
    assert.ok(left.every(({ path }) => !path.includes('/put/many')));
  });

  test('of two overwrites at one moment each makes a version of its own', async () => {
    await put('/put/race');
    const versions = await Promise.all(
      Array.from({ length: 8 }, (_, i) => put('/put/race', { Value: `${i}`, Overwrite: true })),
    );
    assert.deepEqual(
      versions.map(({ Version }) => Version).sort((a, b) => Number(a) - Number(b)),
      [2, 3, 4, 5, 6, 7, 8, 9],
    );
  });

  test('tells EventBridge of creations and updates', async () => {
    await put('/put/told', { Description: 'd' });
    await put('/put/told', { Overwrite: true });
    const events = (await ssm.events()).filter(({ detail }) => detail.name === '/put/told');
    assert.deepEqual(
      events.map(({ detailType, detail }) => [detailType, detail]),
      ['Create', 'Update'].map((operation) => [
        'Parameter Store Change',
        { operation, name: '/put/told', type: 'String', description: 'd' },
      ]),
    );
    assert.deepEqual(events[0]?.resources, [`arn:aws:ssm:${region}:${account}:parameter/put/told`]);
  });
});

function policyText(): string {
  const Attributes = { After: '1', Unit: 'Days' };
  return JSON.stringify([{ Type: 'NoChangeNotification', Version: '1.0', Attributes }]);
}

describe('tiers', () => {
  test('an advanced parameter stays advanced', async () => {
    assert.equal((await put('/tier/a', { Tier: 'Advanced' })).Tier, 'Advanced');
    assert.equal((await put('/tier/a', { Overwrite: true })).Tier, 'Advanced');
    await assert.rejects(
      put('/tier/a', { Tier: 'Standard', Overwrite: true }),
      refusal('ValidationException', /^This parameter uses the advanced-parameter tier/),
    );
    const intelligent = { Tier: 'Intelligent-Tiering', Overwrite: true };
    assert.equal((await put('/tier/a', intelligent)).Tier, 'Advanced');
  });

  test('a standard one can be upgraded', async () => {
    await put('/tier/b');
    const { Tier } = await put('/tier/b', { Tier: 'Advanced', Overwrite: true });
    assert.equal(Tier, 'Advanced');
  });

  test('Intelligent-Tiering takes the advanced tier only for what needs it', async () => {
    const intelligent = (name: string, rest: object) =>
      put(name, { Tier: 'Intelligent-Tiering', ...rest });
    assert.equal((await intelligent('/tier/i1', {})).Tier, 'Standard');
    assert.equal((await intelligent('/tier/i1', { Overwrite: true })).Tier, 'Standard');
    const large = { Value: 'x'.repeat(5000), Overwrite: true };
    assert.equal((await intelligent('/tier/i1', large)).Tier, 'Advanced');
    assert.equal((await intelligent('/tier/i2', { Policies: policyText() })).Tier, 'Advanced');
    assert.equal(
      (await intelligent('/tier/i3', { DataType: 'json', Value: '1' })).Tier,
      'Advanced',
    );
  });

  test('the account says which tier is meant where none is named', async () => {
    const SettingId = '/ssm/parameter-store/default-parameter-tier';
    await ssm.ask('UpdateServiceSetting', { SettingId, SettingValue: 'Advanced' });
    assert.equal((await put('/tier/preset')).Tier, 'Advanced');
    assert.equal((await put('/tier/named', { Tier: 'Standard' })).Tier, 'Standard');
    await ssm.ask('ResetServiceSetting', { SettingId });
    assert.equal((await put('/tier/reset')).Tier, 'Standard');
  });
});

describe('limits', () => {
  const elsewhere = { region: 'eu-west-1' };
  const putThere = (Name: string, rest: object = {}) =>
    ssm.ask('PutParameter', { Name, Value: 'v', Type: 'String', ...rest } as never, elsewhere);

  test('an account has so many of each tier in a Region, and room again when some go', async () => {
    const all = Array.from({ length: 60 }, (_, i) => `/limit/${i}`);
    await Promise.all(all.map((name) => putThere(name)));
    await assert.rejects(
      putThere('/limit/more'),
      refusal('ParameterLimitExceeded', /at most 60 standard/),
    );
    assert.equal((await putThere('/limit/0', { Overwrite: true })).Version, 2);
    const intelligent = await putThere('/limit/smart', { Tier: 'Intelligent-Tiering' });
    assert.equal(intelligent.Tier, 'Advanced');
    await ssm.ask('DeleteParameters', { Names: all.slice(0, 2) }, elsewhere);
    await putThere('/limit/again1');
    await putThere('/limit/1', { Tier: 'Advanced' });
    await putThere('/limit/again2');
    await assert.rejects(putThere('/limit/again3'), refusal('ParameterLimitExceeded'));
    await putThere('/limit/again2', { Tier: 'Advanced', Overwrite: true });
    await putThere('/limit/again3');
  });

  test('other Regions and other processes count on', async () => {
    await put('/limit/here');
    const second = await ssm.startAgain();
    await assert.rejects(
      second.ask('PutParameter', { Name: '/limit/x', Value: 'v', Type: 'String' }, elsewhere),
      refusal('ParameterLimitExceeded'),
    );
  });
});
