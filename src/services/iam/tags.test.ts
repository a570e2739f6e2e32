import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import {
  account,
  allow,
  type IamUnderTest,
  openIam,
  policyOf,
  refused,
  trustOf,
} from '../../../test/open-iam.ts';

let under: IamUnderTest;
let root: IamUnderTest['root'];
before(async () => {
  under = await openIam();
  root = under.root;
});
after(() => under.close());

const UserName = 'tagged';
const tag = (tags: Readonly<Record<string, string>>) =>
  root.send(
    new iam.TagUserCommand({
      UserName,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
const tags = async () => {
  const { Tags } = await root.send(new iam.ListUserTagsCommand({ UserName }));
  return Tags?.map(({ Key, Value }) => `${Key}=${Value}`);
};

describe('tags of a user', () => {
  before(async () => {
    await root.send(new iam.CreateUserCommand({ UserName }));
  });

  test('are sorted by key, and a key is one whatever its case', async () => {
    assert.deepEqual(await tags(), []);
    await tag({ team: 'blue', env: 'prod' });
    await tag({ TEAM: 'red', cost: '' });
    assert.deepEqual(await tags(), ['TEAM=red', 'cost=', 'env=prod']);
    await root.send(new iam.UntagUserCommand({ UserName, TagKeys: ['Env', 'never'] }));
    assert.deepEqual(await tags(), ['TEAM=red', 'cost=']);
  });

  test('come in pages', async () => {
    const page = await root.send(new iam.ListUserTagsCommand({ UserName, MaxItems: 1 }));
    assert.deepEqual([page.Tags?.length, page.IsTruncated], [1, true]);
    const rest = await root.send(new iam.ListUserTagsCommand({ UserName, Marker: page.Marker }));
    assert.deepEqual(
      rest.Tags?.map(({ Key }) => Key),
      ['cost'],
    );
  });

  test('are refused twice in one request, in AWS’s name, and beyond fifty', async () => {
    await assert.rejects(
      tag({ a: '1', A: '2' }),
      refused(
        400,
        'InvalidInput',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      ),
    );
    await assert.rejects(tag({ 'aws:a': '1' }), /InvalidInput|reserved/);
    const many = Object.fromEntries(Array.from({ length: 48 }, (_, i) => [`k${i}`, '']));
    await tag(many);
    await assert.rejects(
      tag({ more: '' }),
      refused(409, 'LimitExceeded', 'The number of tags has reached the maximum limit.'),
    );
    await tag({ k1: 'changed' });
  });

  test('turn decisions about the user', async () => {
    await root.send(
      new iam.CreateUserCommand({ UserName: 'blue', Tags: [{ Key: 'team', Value: 'blue' }] }),
    );
    const own = under.as(
      await under.newUser('chief', {
        ...allow('iam:GetUser'),
        Condition: { StringEquals: { 'iam:ResourceTag/team': 'blue' } },
      }),
    );
    await own.send(new iam.GetUserCommand({ UserName: 'blue' }));
    await assert.rejects(own.send(new iam.GetUserCommand({ UserName })), /not authorized/);
  });

  test('given in a request turn decisions about it', async () => {
    const own = under.as(
      await under.newUser('tagger', {
        ...allow(['iam:TagUser', 'iam:UntagUser']),
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['mine'] } },
      }),
    );
    const Tags = (Key: string) => [{ Key, Value: 'x' }];
    await own.send(new iam.TagUserCommand({ UserName: 'blue', Tags: Tags('mine') }));
    await assert.rejects(
      own.send(new iam.TagUserCommand({ UserName: 'blue', Tags: Tags('team') })),
      /not authorized/,
    );
    await assert.rejects(
      own.send(new iam.UntagUserCommand({ UserName: 'blue', TagKeys: ['team'] })),
      /not authorized/,
    );
    await own.send(new iam.UntagUserCommand({ UserName: 'blue', TagKeys: ['mine'] }));
  });
});

describe('roles, policies, profiles and identity providers', () => {
  const Tags = [{ Key: 'a', Value: '1' }];

  test('have tags like users', async () => {
    const RoleName = 'r';
    const PolicyArn = `arn:aws:iam::${account}:policy/p`;
    const InstanceProfileName = 'i';
    const role = await root.send(
      new iam.CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: trustOf({ AWS: account }),
        Tags,
      }),
    );
    assert.deepEqual(role.Role?.Tags, Tags);
    const policy = await root.send(
      new iam.CreatePolicyCommand({
        PolicyName: 'p',
        PolicyDocument: policyOf(allow('kms:*')),
        Tags,
      }),
    );
    assert.deepEqual(policy.Policy?.Tags, Tags);
    const profile = await root.send(
      new iam.CreateInstanceProfileCommand({ InstanceProfileName, Tags }),
    );
    assert.deepEqual(profile.InstanceProfile?.Tags, Tags);
    const provider = await root.send(
      new iam.CreateOpenIDConnectProviderCommand({ Url: 'https://id.example.com', Tags }),
    );
    assert.deepEqual(provider.Tags, Tags);
    const { OpenIDConnectProviderArn } = provider;

    const more = { Tags: [{ Key: 'b', Value: '2' }] };
    await root.send(new iam.TagRoleCommand({ RoleName, ...more }));
    await root.send(new iam.TagPolicyCommand({ PolicyArn, ...more }));
    await root.send(new iam.TagInstanceProfileCommand({ InstanceProfileName, ...more }));
    await root.send(new iam.TagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, ...more }));
    const TagKeys = ['a'];
    await root.send(new iam.UntagRoleCommand({ RoleName, TagKeys }));
    await root.send(new iam.UntagPolicyCommand({ PolicyArn, TagKeys }));
    await root.send(new iam.UntagInstanceProfileCommand({ InstanceProfileName, TagKeys }));
    await root.send(
      new iam.UntagOpenIDConnectProviderCommand({ OpenIDConnectProviderArn, TagKeys }),
    );
    const left = [
      await root.send(new iam.ListRoleTagsCommand({ RoleName })),
      await root.send(new iam.ListPolicyTagsCommand({ PolicyArn })),
      await root.send(new iam.ListInstanceProfileTagsCommand({ InstanceProfileName })),
      await root.send(new iam.ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn })),
    ];
    for (const answer of left) {
      assert.deepEqual(answer.Tags, more.Tags);
      assert.equal(answer.IsTruncated, false);
    }
  });

  test('of AWS have none, and get none', async () => {
    const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
    const { Tags: none } = await root.send(new iam.ListPolicyTagsCommand({ PolicyArn }));
    assert.deepEqual(none, []);
    await assert.rejects(
      root.send(new iam.TagPolicyCommand({ PolicyArn, Tags })),
      (error: iam.IAMServiceException) => error.$metadata.httpStatusCode === 403,
    );
  });
});
