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
const other = '444455556666';
const third = '777788889999';
const arnOf = (path: string) => `arn:aws:ssm:${region}:${account}:parameter/${path}`;
const reading = [
  'ssm:DescribeParameters',
  'ssm:GetParameter',
  'ssm:GetParameters',
  'ssm:GetParameterHistory',
];

const sharing = (path: string, rest: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: [other] },
        Action: reading,
        Resource: arnOf(path),
        ...rest,
      },
    ],
  });

before(async () => {
  ssm = await openParameters();
  for (const Name of ['/share/a', '/share/b', '/share/c', '/share/d'])
    await ssm.ask('PutParameter', { Name, Value: Name, Type: 'String', Tier: 'Advanced' });
  await ssm.ask('PutParameter', { Name: '/share/standard', Value: 'v', Type: 'String' });
});
after(() => ssm.close());

const share = (path: string, Policy = sharing(path), rest: object = {}) =>
  ssm.ask('PutResourcePolicy', { ResourceArn: arnOf(path), Policy, ...rest });
const listed = async (caller: object, rest: object = {}) =>
  (await ssm.ask('DescribeParameters', { Shared: true, ...rest }, caller)).Parameters?.map(
    ({ ARN }) => ARN,
  );

describe('sharing', () => {
  test('lets the other account read by ARN, and no one else', async () => {
    const read = (caller: object) => ssm.ask('GetParameter', { Name: arnOf('share/a') }, caller);
    await assert.rejects(read({ account: other }), refusal('AccessDeniedException'));
    const { PolicyId, PolicyHash } = await share('share/a');
    assert.equal((await read({ account: other })).Parameter?.Value, '/share/a');
    await assert.rejects(read({ account: third }), refusal('AccessDeniedException'));
    const many = await ssm.ask('GetParameters', { Names: [arnOf('share/a')] }, { account: other });
    assert.equal(many.Parameters?.[0]?.Name, '/share/a');
    const history = await ssm.ask(
      'GetParameterHistory',
      { Name: arnOf('share/a') },
      { account: other },
    );
    assert.equal(history.Parameters?.length, 1);
    const ResourceArn = arnOf('share/a');
    const Delete = { ResourceArn, PolicyId: `${PolicyId}`, PolicyHash: `${PolicyHash}` };
    await ssm.ask('DeleteResourcePolicy', Delete);
    await assert.rejects(read({ account: other }), refusal('AccessDeniedException'));
    assert.deepEqual(await ssm.ask('GetResourcePolicies', { ResourceArn }), { Policies: [] });
  });

  test("needs the other account's own policies too", async () => {
    await share('share/b');
    const Statement = [{ Effect: 'Allow', Action: 'ssm:GetParameter', Resource: arnOf('share/b') }];
    await ssm.newUser('reader', { Version: '2012-10-17', Statement }, other);
    await ssm.newUser('nobody', { Version: '2012-10-17', Statement: [] }, other);
    const read = (user: string) =>
      ssm.ask('GetParameter', { Name: arnOf('share/b') }, { account: other, user });
    assert.equal((await read('reader')).Parameter?.Value, '/share/b');
    await assert.rejects(read('nobody'), refusal('AccessDeniedException'));
  });

  test('a name that is missing or not shared looks the same from another account', async () => {
    const said = (path: string) =>
      ssm.ask('GetParameter', { Name: arnOf(path) }, { account: third }).then(
        () => 'taken',
        (error: { readonly text?: string }) => error.text,
      );
    assert.match(String(await said('share/z')), /ssm:GetParameter on this resource because the/);
    assert.equal(await said('share/b'), await said('share/z'));
    assert.equal(await said('share/standard'), await said('share/z'));
  });

  test('lists what is shared with an account, in pages', async () => {
    await share('share/c');
    await share('share/d', sharing('share/d', { Principal: { AWS: [other, third] } }));
    const all = ['share/b', 'share/c', 'share/d'].map(arnOf);
    assert.deepEqual(await listed({ account: other }), all);
    assert.deepEqual(await listed({ account: third }), [arnOf('share/d')]);
    assert.deepEqual(await listed({}), []);
    assert.deepEqual(await listed({ account: other, region: 'us-east-1' }), []);
    const first = await ssm.ask(
      'DescribeParameters',
      { Shared: true, MaxResults: 2 },
      { account: other },
    );
    const rest = await listed({ account: other }, { MaxResults: 2, NextToken: first.NextToken });
    assert.deepEqual([...(first.Parameters ?? []).map(({ ARN }) => ARN), ...(rest ?? [])], all);
    await ssm.ask('DeleteParameter', { Name: '/share/d' });
    assert.deepEqual(await listed({ account: third }), []);
  });

  test('is not listed where the policy does not say so, or only on a condition', async () => {
    await ssm.ask('PutParameter', { Name: '/hid/a', Value: 'v', Type: 'String', Tier: 'Advanced' });
    const { PolicyId, PolicyHash } = await share(
      'hid/a',
      sharing('hid/a', { Principal: { AWS: third }, Action: 'ssm:GetParameter' }),
    );
    assert.deepEqual(await listed({ account: third }), []);
    const Condition = { StringEquals: { 'aws:PrincipalArn': 'x' } };
    await share('hid/a', sharing('hid/a', { Principal: { AWS: third }, Condition }), {
      PolicyId,
      PolicyHash,
    });
    assert.deepEqual(await listed({ account: third }), []);
  });

  test('a policy is replaced by who knows its hash', async () => {
    await ssm.ask('PutParameter', {
      Name: '/hash/a',
      Value: 'v',
      Type: 'String',
      Tier: 'Advanced',
    });
    const first = await share('hash/a');
    await assert.rejects(share('hash/a'), refusal('ResourcePolicyLimitExceededException'));
    const second = await share('hash/a', sharing('hash/a', { Sid: 'x' }), first);
    assert.equal(second.PolicyId, first.PolicyId);
    assert.notEqual(second.PolicyHash, first.PolicyHash);
    await assert.rejects(
      share('hash/a', sharing('hash/a'), first),
      refusal('ResourcePolicyConflictException'),
    );
    await assert.rejects(
      share('hash/a', sharing('hash/a'), { ...second, PolicyId: 'x' }),
      refusal('ResourcePolicyNotFoundException'),
    );
    const ResourceArn = arnOf('hash/a');
    const { Policies } = await ssm.ask('GetResourcePolicies', { ResourceArn });
    assert.deepEqual(Policies, [{ ...second, Policy: sharing('hash/a', { Sid: 'x' }) }]);
  });

  for (const [why, path, rest, code] of [
    ['a standard parameter', 'share/standard', {}, 'ResourcePolicyInvalidParameterException'],
    ['what is not there', 'share/none', {}, 'ResourceNotFoundException'],
    ['with everyone', 'share/a', { Principal: '*' }, 'MalformedResourcePolicyDocumentException'],
    [
      'with everyone else',
      'share/a',
      { Principal: { AWS: '*' } },
      'MalformedResourcePolicyDocumentException',
    ],
    [
      'with a service',
      'share/a',
      { Principal: { Service: 'x.amazonaws.com' } },
      'MalformedResourcePolicyDocumentException',
    ],
    [
      'for writing',
      'share/a',
      { Action: 'ssm:PutParameter' },
      'MalformedResourcePolicyDocumentException',
    ],
    ['for everything', 'share/a', { Action: 'ssm:*' }, 'MalformedResourcePolicyDocumentException'],
    [
      'all but some actions',
      'share/a',
      { Action: undefined, NotAction: 'ssm:PutParameter' },
      'MalformedResourcePolicyDocumentException',
    ],
    [
      'another parameter',
      'share/a',
      { Resource: arnOf('share/b') },
      'MalformedResourcePolicyDocumentException',
    ],
    ['every parameter', 'share/a', { Resource: '*' }, 'MalformedResourcePolicyDocumentException'],
    ['by a denial', 'share/a', { Effect: 'Deny' }, 'MalformedResourcePolicyDocumentException'],
    [
      'with a user who is not there',
      'share/a',
      { Principal: { AWS: `arn:aws:iam::${other}:user/gone` } },
      'MalformedResourcePolicyDocumentException',
    ],
  ] as const)
    test(`refuses to share ${why}`, () =>
      assert.rejects(share(path, sharing(path, rest)), refusal(code)));

  test('refuses what is no policy, and no ARN of a parameter', async () => {
    for (const Policy of ['x', '{}', '[]', '{"Version":"2012-10-17","Statement":[]}'])
      await assert.rejects(
        share('share/a', Policy),
        refusal('MalformedResourcePolicyDocumentException'),
      );
    for (const ResourceArn of [
      `${arnOf('share/a')}:1`,
      'arn:aws:ssm:eu-central-1:111122223333:x/y',
    ])
      await assert.rejects(
        ssm.ask('PutResourcePolicy', { ResourceArn, Policy: sharing('share/a') }),
        refusal('ResourcePolicyInvalidParameterException'),
      );
  });

  test("SecureStrings under a shared key can be read, those under the account's key not", async () => {
    const { KeyMetadata } = await ssm.kms('CreateKey', {
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [account, other].map((AWS) => ({
          Effect: 'Allow',
          Principal: { AWS },
          Action: 'kms:*',
          Resource: '*',
        })),
      }),
    });
    const put = { Value: 'hush', Type: 'SecureString', Tier: 'Advanced' } as const;
    await ssm.ask('PutParameter', { ...put, Name: '/sec/own', KeyId: `${KeyMetadata?.Arn}` });
    await ssm.ask('PutParameter', { ...put, Name: '/sec/aws' });
    for (const path of ['sec/own', 'sec/aws']) await share(path);
    const read = (path: string) =>
      ssm.ask('GetParameter', { Name: arnOf(path), WithDecryption: true }, { account: other });
    assert.equal((await read('sec/own')).Parameter?.Value, 'hush');
    await assert.rejects(read('sec/aws'), refusal('AccessDeniedException', /kms:Decrypt/));
  });
});
