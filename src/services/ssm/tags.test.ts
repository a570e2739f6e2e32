import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  openParameters,
  type ParametersUnderTest,
  refusal,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
before(async () => {
  ssm = await openParameters();
});
after(() => ssm.close());

const of = (ResourceId: string) => ({ ResourceType: 'Parameter', ResourceId }) as const;
const tagsOf = async (name: string) =>
  (await ssm.ask('ListTagsForResource', of(name))).TagList?.map(({ Key, Value }) => [Key, Value]);

describe('tags of parameters', () => {
  test('are given with the parameter, added, changed and removed', async () => {
    const Tags = [{ Key: 'a', Value: '1' }];
    await ssm.ask('PutParameter', { Name: 'tagged', Value: 'v', Type: 'String', Tags });
    await ssm.ask('AddTagsToResource', {
      ...of('/tagged'),
      Tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '3' },
      ],
    });
    assert.deepEqual(await tagsOf('tagged'), [
      ['b', '2'],
      ['a', '3'],
    ]);
    await ssm.ask('RemoveTagsFromResource', { ...of('tagged'), TagKeys: ['a', 'none'] });
    assert.deepEqual(await tagsOf('/tagged'), [['b', '2']]);
    await ssm.ask('PutParameter', { Name: 'tagged', Value: 'w', Overwrite: true });
    assert.deepEqual(await tagsOf('tagged'), [['b', '2']]);
  });

  test('are fifty at most', async () => {
    const tags = (count: number, start = 0) =>
      Array.from({ length: count }, (_, i) => ({ Key: `k${start + i}`, Value: '' }));
    const put = { Name: '/many', Value: 'v', Type: 'String', Tags: tags(50) } as const;
    await ssm.ask('PutParameter', put);
    await ssm.ask('AddTagsToResource', { ...of('/many'), Tags: tags(50) });
    await assert.rejects(
      ssm.ask('AddTagsToResource', { ...of('/many'), Tags: tags(1, 99) }),
      refusal('TooManyTagsError'),
    );
  });

  for (const [resource, code] of [
    [of('/none'), 'InvalidResourceId'],
    [of('a/b'), 'InvalidResourceId'],
    [of(''), 'InvalidResourceId'],
    [{ ResourceType: 'Document', ResourceId: 'x' }, 'InvalidResourceId'],
  ] as const)
    test(`${JSON.stringify(resource)}: ${code}`, async () => {
      await assert.rejects(ssm.ask('ListTagsForResource', resource), refusal(code));
      const add = { ...resource, Tags: [{ Key: 'a', Value: '' }] };
      await assert.rejects(ssm.ask('AddTagsToResource', add), refusal(code));
    });

  test('decide who may do what', async () => {
    const tagged = { StringEquals: { 'aws:ResourceTag/team': 'red' } };
    const Resource = `arn:aws:ssm:*:${account}:parameter/*`;
    await ssm.newUser('red', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'ssm:GetParameter*', Resource, Condition: tagged },
        {
          Effect: 'Allow',
          Action: 'ssm:DeleteParameter',
          Resource,
          Condition: { StringEquals: { 'ssm:resourceTag/team': 'red' } },
        },
        {
          Effect: 'Allow',
          Action: ['ssm:PutParameter', 'ssm:AddTagsToResource'],
          Resource,
          Condition: {
            StringEquals: { 'aws:RequestTag/team': 'red' },
            'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] },
          },
        },
      ],
    });
    const as = { user: 'red' };
    const put = (Name: string, tags: Record<string, string>) =>
      ssm.ask(
        'PutParameter',
        {
          Name,
          Value: 'v',
          Type: 'String',
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        },
        as,
      );
    await put('/red', { team: 'red' });
    await assert.rejects(put('/blue', { team: 'blue' }), refusal('AccessDeniedException'));
    await assert.rejects(put('/x', { team: 'red', a: '1' }), refusal('AccessDeniedException'));
    await assert.rejects(put('/x', {}), refusal('AccessDeniedException'));
    await ssm.ask('PutParameter', {
      Name: '/blue',
      Value: 'v',
      Type: 'String',
      Tags: [{ Key: 'team', Value: 'blue' }],
    });
    assert.equal((await ssm.ask('GetParameter', { Name: '/red' }, as)).Parameter?.Value, 'v');
    for (const Name of ['/blue', '/none']) {
      await assert.rejects(ssm.ask('GetParameter', { Name }, as), refusal('AccessDeniedException'));
      await assert.rejects(
        ssm.ask('DeleteParameter', { Name }, as),
        refusal('AccessDeniedException'),
      );
    }
    await ssm.ask('DeleteParameter', { Name: '/red' }, as);
  });

  test('of a new parameter need the right to tag', async () => {
    await ssm.newUser('untagging', {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'ssm:PutParameter', Resource: '*' }],
    });
    const put = (rest: object) =>
      ssm.ask(
        'PutParameter',
        { Name: '/u', Value: 'v', Type: 'String', ...rest },
        { user: 'untagging' },
      );
    await assert.rejects(
      put({ Tags: [{ Key: 'a', Value: '' }] }),
      refusal('AccessDeniedException', /ssm:AddTagsToResource/),
    );
    await put({});
  });

  test('whether a parameter may be overwritten, and have policies, is a condition', async () => {
    await ssm.newUser('careful', {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'ssm:PutParameter',
          Resource: '*',
          Condition: { StringEquals: { 'ssm:Overwrite': 'false', 'ssm:Policies': 'false' } },
        },
      ],
    });
    const put = (rest: object) =>
      ssm.ask(
        'PutParameter',
        { Name: '/c', Value: 'v', Type: 'String', ...rest },
        { user: 'careful' },
      );
    await put({});
    await assert.rejects(put({ Overwrite: true }), refusal('AccessDeniedException'));
    await assert.rejects(
      put({ Tier: 'Advanced', Policies: '[]' }),
      refusal('AccessDeniedException'),
    );
  });
});
