import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  account,
  openParameters,
  type ParametersUnderTest,
  refusal,
  region,
} from '../../../test/open-parameters.ts';
import type { ParameterStringFilter } from '../../model/ssm.generated.ts';

let ssm: ParametersUnderTest;
const names = ['/a', '/a/b', '/a/b/c', '/a/b/d', '/a/bc', '/a/x/y/z', '/ab/c', 'top', 'zero'];
before(async () => {
  ssm = await openParameters();
  for (const Name of names) await ssm.ask('PutParameter', { Name, Value: Name, Type: 'String' });
});
after(() => ssm.close());

/** All pages, of so many each. */
async function byPath(input: object, MaxResults = 10): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  let more: object = {};
  do {
    const asked = { MaxResults, ...input, ...more } as never;
    const page = await ssm.ask('GetParametersByPath', asked);
    found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
    more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
  } while ('NextToken' in more);
  return found;
}

async function described(
  filters: readonly ParameterStringFilter[],
  MaxResults = 50,
): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  let more: object = {};
  do {
    const asked = { MaxResults, ParameterFilters: filters, ...more };
    const page = await ssm.ask('DescribeParameters', asked);
    found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
    more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
  } while ('NextToken' in more);
  return found;
}

describe('GetParametersByPath', () => {
  for (const [Path, Recursive, expected] of [
    ['/a', false, ['/a/b', '/a/bc']],
    ['/a/', false, ['/a/b', '/a/bc']],
    ['/a', true, ['/a/b', '/a/b/c', '/a/b/d', '/a/bc', '/a/x/y/z']],
    ['/a/b', false, ['/a/b/c', '/a/b/d']],
    ['/a/x', false, []],
    ['/a/x', true, ['/a/x/y/z']],
    ['/', false, ['/a', 'top', 'zero']],
    ['/', true, names],
    ['/none', true, []],
    ['/A', true, []],
  ] as const)
    for (const size of [1, 2, 10])
      test(`${Path} ${Recursive ? 'and all below' : 'alone'}, pages of ${size}`, async () => {
        assert.deepEqual((await byPath({ Path, Recursive }, size)).sort(), [...expected].sort());
      });

  test('goes on correctly while parameters are added and deleted', async () => {
    const elsewhere = { region: 'us-west-2' };
    const put = (name: string) =>
      ssm.ask('PutParameter', { Name: name, Value: 'v', Type: 'String' }, elsewhere);
    const staying = Array.from({ length: 30 }, (_, i) => `/p/${String(i * 2).padStart(3, '0')}`);
    for (const name of staying) await put(name);
    const seen: (string | undefined)[] = [];
    let token: string | undefined;
    let turn = 0;
    do {
      const page = await ssm.ask(
        'GetParametersByPath',
        { Path: '/p', MaxResults: 4, ...(token === undefined ? {} : { NextToken: token }) },
        elsewhere,
      );
      seen.push(...(page.Parameters ?? []).map(({ Name }) => Name));
      token = page.NextToken;
      // Before and behind where the list is: new ones, and the one that the token names goes.
      await put(`/p/${String(turn).padStart(3, '0')}x`);
      await put(`/p/9${turn}`);
      if (turn === 2) await ssm.ask('DeleteParameter', { Name: String(seen.at(-1)) }, elsewhere);
      turn++;
    } while (token !== undefined && turn < 50);
    assert.equal(new Set(seen).size, seen.length, 'none twice');
    assert.deepEqual(
      staying.filter((name) => !seen.includes(name)),
      [],
    );
  });

  test('filters by type, key and label, and shows the version that has the label', async () => {
    const put = (Name: string, rest: object = {}) =>
      ssm.ask('PutParameter', { Name, Value: '1', Type: 'String', ...rest } as never);
    await put('/f/one');
    await put('/f/one', { Value: '2', Overwrite: true });
    await put('/f/list', { Type: 'StringList' });
    await put('/f/secure', { Type: 'SecureString' });
    await ssm.ask('LabelParameterVersion', { Name: '/f/one', ParameterVersion: 1, Labels: ['l'] });
    const filtered = (Key: string, Values: string[], rest: object = {}) =>
      byPath({ Path: '/f', ParameterFilters: [{ Key, Values, ...rest }] });
    assert.deepEqual(await filtered('Type', ['StringList', 'SecureString']), [
      '/f/list',
      '/f/secure',
    ]);
    assert.deepEqual(await filtered('KeyId', ['alias/aws/ssm']), ['/f/secure']);
    assert.deepEqual(await filtered('KeyId', ['alias/'], { Option: 'BeginsWith' }), ['/f/secure']);
    assert.deepEqual(await filtered('Label', ['l']), ['/f/one']);
    const labelled = await ssm.ask('GetParametersByPath', {
      Path: '/f',
      ParameterFilters: [{ Key: 'Label', Values: ['l', 'other'] }],
    });
    assert.deepEqual(
      labelled.Parameters?.map(({ Value, Version }) => [Value, Version]),
      [['1', 1]],
    );
    const decrypted = await ssm.ask('GetParametersByPath', { Path: '/f', WithDecryption: true });
    assert.deepEqual(
      decrypted.Parameters?.map(({ Value }) => Value),
      ['1', '2', '1'],
    );
  });

  for (const [why, input, code, text] of [
    ['a path without its slash', { Path: 'a' }, 'ValidationException', /must begin with a forward/],
    [
      'a filter by name',
      { Path: '/a', ParameterFilters: [{ Key: 'Name', Values: ['x'] }] },
      'InvalidFilterKey',
      'The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId].',
    ],
    ['a made-up token', { Path: '/a', NextToken: 'AAAA' }, 'InvalidNextToken', /token/],
    ['a token that is no base64url', { Path: '/a', NextToken: '***' }, 'InvalidNextToken', /token/],
    ['a path of arbitrary text', { Path: '/a/%2e%2e' }, 'ValidationException', /must begin/],
  ] as const)
    test(`refuses ${why}`, () =>
      assert.rejects(ssm.ask('GetParametersByPath', input), refusal(code, text)));

  test('a token is good for the list that gave it, and for no other', async () => {
    const list = { Path: '/', Recursive: true, MaxResults: 2 };
    const { NextToken = '' } = await ssm.ask('GetParametersByPath', list);
    assert.doesNotMatch(Buffer.from(NextToken, 'base64url').toString('latin1'), /a\/b/);
    await ssm.ask('GetParametersByPath', { ...list, MaxResults: 5, NextToken });
    await ssm.ask('GetParametersByPath', { ...list, WithDecryption: true, NextToken });
    const second = await ssm.startAgain();
    await second.ask('GetParametersByPath', { ...list, NextToken });
    for (const other of [
      { ...list, Path: '/a' },
      { ...list, Recursive: false },
      { ...list, ParameterFilters: [{ Key: 'Type', Values: ['String'] }] },
    ])
      await assert.rejects(
        ssm.ask('GetParametersByPath', { ...other, NextToken }),
        refusal('InvalidNextToken'),
      );
    for (const elsewhere of [{ region: 'us-east-1' }, { account: '444455556666' }])
      await assert.rejects(
        ssm.ask('GetParametersByPath', { ...list, NextToken }, elsewhere),
        refusal('InvalidNextToken'),
      );
    await assert.rejects(ssm.ask('DescribeParameters', { NextToken }), refusal('InvalidNextToken'));
  });

  test('is decided on by the path alone, and by whether it goes deep', async () => {
    const policy = (Condition: object) => ({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'ssm:GetParametersByPath',
          Resource: `arn:aws:ssm:${region}:${account}:parameter/a`,
          Condition,
        },
        {
          Effect: 'Deny',
          Action: 'ssm:*',
          Resource: `arn:aws:ssm:${region}:${account}:parameter/a/b`,
        },
      ],
    });
    await ssm.newUser('lister', policy({}));
    await ssm.newUser('flat', policy({ StringEquals: { 'ssm:Recursive': 'false' } }));
    const ask = (user: string, Path: string, Recursive: boolean) =>
      ssm.ask('GetParametersByPath', { Path, Recursive }, { user });
    assert.equal((await ask('lister', '/a', true)).Parameters?.length, 5);
    assert.equal((await ask('flat', '/a/', false)).Parameters?.length, 2);
    await assert.rejects(ask('flat', '/a', true), refusal('AccessDeniedException'));
    await assert.rejects(
      ask('lister', '/a/b', false),
      refusal('AccessDeniedException', /parameter\/a\/b with an explicit deny/),
    );
    await assert.rejects(ask('lister', '/', true), refusal('AccessDeniedException'));
  });
});

describe('DescribeParameters', () => {
  const filter = (Key: string, Values: string[] | undefined, Option?: string) => ({
    Key,
    ...(Values === undefined ? {} : { Values }),
    ...(Option === undefined ? {} : { Option }),
  });

  test('lists everything in pages, in the order of names', async () => {
    const all = await described([], 3);
    const paths = all.map((name) => String(name).replace(/^\//, ''));
    assert.deepEqual(paths, [...paths].sort());
    for (const name of names) assert.ok(all.includes(name), name);
  });

  for (const [filters, expected] of [
    [[filter('Name', ['/a/b', 'a', 'none'])], ['/a', '/a/b']],
    [[filter('Name', ['top'])], ['top']],
    [[filter('Name', ['/top'])], ['top']],
    [[filter('Name', ['/a/b'], 'BeginsWith')], ['/a/b', '/a/b/c', '/a/b/d', '/a/bc']],
    [[filter('Name', ['/a/b/', '/a/b'], 'BeginsWith')], ['/a/b', '/a/b/c', '/a/b/d', '/a/bc']],
    [[filter('Name', ['b/c', 'ero'], 'Contains')], ['/a/b/c', '/ab/c', 'zero']],
    [[filter('Path', ['/a'])], ['/a/b', '/a/bc']],
    [[filter('Path', ['/a', '/ab'])], ['/a/b', '/a/bc', '/ab/c']],
    [
      [filter('Path', ['/a/b', '/a'], 'Recursive')],
      ['/a/b', '/a/b/c', '/a/b/d', '/a/bc', '/a/x/y/z'],
    ],
    [
      [filter('Path', ['/a'], 'Recursive'), filter('Name', ['c'], 'Contains')],
      ['/a/b/c', '/a/bc'],
    ],
    [[filter('Path', ['/a']), filter('Name', ['/ab'], 'BeginsWith')], []],
    [[filter('Tier', ['Advanced'])], []],
  ] as const)
    for (const size of [1, 50])
      test(`${JSON.stringify(filters)}, pages of ${size}`, async () => {
        assert.deepEqual((await described(filters as never, size)).sort(), [...expected].sort());
      });

  test('filters by tag, type, key, tier and data type', async () => {
    const put = (Name: string, rest: object) =>
      ssm.ask('PutParameter', { Name, Value: '1', Type: 'String', ...rest } as never);
    await put('/d/tagged', { Tags: [{ Key: 'env', Value: 'prod' }] });
    await put('/d/other', {
      Tags: [
        { Key: 'env', Value: 'test' },
        { Key: '__proto__', Value: '' },
      ],
    });
    await put('/d/advanced', { Tier: 'Advanced' });
    await put('/d/number', { DataType: 'integer' });
    const below = filter('Path', ['/d']);
    assert.deepEqual(await described([below, filter('tag:env', undefined)]), [
      '/d/other',
      '/d/tagged',
    ]);
    assert.deepEqual(await described([below, filter('tag:env', ['prod', 'x'])]), ['/d/tagged']);
    assert.deepEqual(await described([filter('tag:env', ['pr'], 'BeginsWith')]), ['/d/tagged']);
    assert.deepEqual(await described([below, filter('tag:Env', undefined)]), []);
    assert.deepEqual(await described([below, filter('tag:constructor', undefined)]), []);
    assert.deepEqual(await described([below, filter('tag:__proto__', undefined)]), ['/d/other']);
    assert.deepEqual(await described([below, filter('Tier', ['Advanced'])]), ['/d/advanced']);
    assert.deepEqual(await described([below, filter('DataType', ['integer'])]), ['/d/number']);
  });

  test('takes the older filters, whose names match by their start', async () => {
    const found = async (Filters: object) =>
      (await ssm.ask('DescribeParameters', { Filters } as never)).Parameters?.map((p) => p.Name);
    assert.deepEqual(await found([{ Key: 'Name', Values: ['/a/b/'] }]), ['/a/b/c', '/a/b/d']);
    assert.deepEqual(await found([{ Key: 'Type', Values: ['StringList'] }]), ['/f/list']);
  });

  const both = {
    Filters: [{ Key: 'Name', Values: ['x'] }],
    ParameterFilters: [filter('Name', ['x'])],
  };
  for (const [input, code, text] of [
    [
      both,
      'ValidationException',
      'You can use either Filters or ParameterFilters in a single request.',
    ],
    [
      { ParameterFilters: [filter('Label', ['x'])] },
      'InvalidFilterKey',
      'The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier].',
    ],
    [
      { ParameterFilters: [filter('Name', undefined)] },
      'InvalidFilterValue',
      'The following filter values are missing : null for filter key Name.',
    ],
    [
      { ParameterFilters: [filter('Name', ['x']), filter('Name', ['y'])] },
      'InvalidFilterKey',
      /^The following filter is duplicated in the request: Name\./,
    ],
    [
      { ParameterFilters: [filter('Path', ['/x'], 'Equals')] },
      'InvalidFilterOption',
      'The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel].',
    ],
    [
      { ParameterFilters: [filter('Type', ['Text'])] },
      'InvalidFilterOption',
      'The following filter value is not valid: Text. Valid values include: [String, StringList, SecureString].',
    ],
    [
      { ParameterFilters: [filter('Path', ['/ssm/x'])] },
      'ValidationException',
      /^Filters for common/,
    ],
    [
      { ParameterFilters: [filter('Path', ['x y'])] },
      'ValidationException',
      /^The parameter doesn't/,
    ],
  ] as const)
    test(`refuses ${JSON.stringify(input)}`, () =>
      assert.rejects(ssm.ask('DescribeParameters', input as never), refusal(code, text)));

  test('any set of names is listed whole, each once, whatever the size of pages', async () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'a.b', 'a-b', '0'), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join('/')}`);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('/', '/a', '/a/b', '/a.b'),
        fc.boolean(),
        async (some, MaxResults, Path, Recursive) => {
          const caller = { account: String(200_000_000_000 + run++) };
          for (const Name of some)
            await ssm.ask('PutParameter', { Name, Value: 'v', Type: 'String' }, caller);
          const found: unknown[] = [];
          let more: object = {};
          do {
            const asked = { Path, Recursive, MaxResults, ...more };
            const page = await ssm.ask('GetParametersByPath', asked, caller);
            found.push(...(page.Parameters ?? []).map(({ Name }) => Name));
            more = page.NextToken === undefined ? {} : { NextToken: page.NextToken };
          } while ('NextToken' in more);
          const start = Path === '/' ? '/' : `${Path}/`;
          const expected = some.filter(
            (each) =>
              each.startsWith(start) && (Recursive || !each.slice(start.length).includes('/')),
          );
          assert.deepEqual(found.sort(), expected.sort());
        },
      ),
      { numRuns: 40 },
    );
  });
});
