/** Session tags and source identities over the wire, down a chain of roles. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { allowing, type Credentials, newUser, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import {
  account,
  assume,
  assumeRole,
  credentialsIn,
  notAuthorized,
  refused,
  roleWith,
  rootOf,
  sendIam,
  trusting,
  useKms,
  whoAmI,
} from '../sts.ts';

let server: RunningServer;
let root: Credentials;
/** May do everything in its account, and in the other one what that lets it. */
let admin: User;

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  admin = await newUser(root, 'admin', allowing('*'));
});
after(() => server?.stop());

const everything = allowing('*');
const denied = (arn: string, role: string, action = 'sts:AssumeRole'): string =>
  notAuthorized(arn, action, role);
const withTags = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

describe('session tags', () => {
  const trust = trusting({ AWS: account }, undefined, withTags);
  const isTeam = (value: string) =>
    allowing('kms:GenerateRandom', {
      Condition: { StringEquals: { 'aws:PrincipalTag/Team': value } },
    });

  test('need sts:TagSession of the trust policy, too', async () => {
    const role = await roleWith(root, 'untagged', { trust: trusting({ AWS: admin.arn }) });
    await assume(admin.credentials, role);
    const tagged = assume(admin.credentials, role, { Tags: [{ Key: 'a', Value: 'b' }] });
    await refused(tagged, 'AccessDenied', denied(admin.arn, role, 'sts:TagSession'));
  });

  test("stand above the role's tags, whatever the case of their keys", async () => {
    const tags = { team: 'blue' };
    const role = await roleWith(root, 'team', { trust, tags, policy: isTeam('red') });
    await refused(
      useKms(await assume(admin.credentials, role)),
      'AccessDeniedException',
      /no identity-based policy/,
    );
    const Tags = [{ Key: 'TEAM', Value: 'red' }];
    const answer = await assumeRole(admin.credentials, role, { Tags });
    assert.equal(answer.PackedPolicySize, 2);
    await useKms(credentialsIn(root, answer));
  });

  test('can be asked for by key and value', async () => {
    const condition = {
      StringEquals: { 'aws:RequestTag/team': ['red', 'blue'] },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'cost'] },
    };
    const role = await roleWith(root, 'asking', {
      trust: trusting({ AWS: account }, condition, withTags),
    });
    const team = { Key: 'team', Value: 'red' };
    await assume(admin.credentials, role, { Tags: [team, { Key: 'cost', Value: '1' }] });
    for (const Tags of [undefined, [{ Key: 'team', Value: 'x' }], [team, { Key: 'x', Value: '' }]])
      await refused(
        assume(admin.credentials, role, { Tags }),
        'AccessDenied',
        denied(admin.arn, role),
      );
  });

  test('that are transitive go down the chain and cannot be overridden; others stay behind', async () => {
    const first = await roleWith(root, 'tags-1', { trust, policy: everything });
    const second = await roleWith(root, 'tags-2', { trust, policy: isTeam('red') });
    const third = await roleWith(root, 'tags-3', { trust, policy: isTeam('red') });
    const wish = {
      Tags: [
        { Key: 'Team', Value: 'red' },
        { Key: 'Cost', Value: '1' },
      ],
    };
    const plain = await assume(admin.credentials, first, wish);
    await refused(useKms(await assume(plain, second)), 'AccessDeniedException', /no identity/);
    const passing = await assume(admin.credentials, first, {
      ...wish,
      TransitiveTagKeys: ['Team'],
    });
    await useKms(await assume(passing, second));
    await sendIam(
      root,
      new PutRolePolicyCommand({
        RoleName: 'tags-2',
        PolicyName: 'on',
        PolicyDocument: JSON.stringify(allowing(withTags)),
      }),
    );
    await useKms(await assume(await assume(passing, second), third));
    for (const Key of ['Team', 'tEAM'])
      await refused(
        assume(passing, second, { Tags: [{ Key, Value: 'blue' }] }),
        'InvalidParameterValue',
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
      );
  });

  test('that are passed on need sts:TagSession of the next role', async () => {
    const first = await roleWith(root, 'next-1', { trust, policy: everything });
    const second = await roleWith(root, 'next-2', { trust: trusting({ AWS: account }) });
    const Tags = [{ Key: 'Team', Value: 'red' }];
    const passing = await assume(admin.credentials, first, { Tags, TransitiveTagKeys: ['Team'] });
    const { Arn = '' } = await whoAmI(passing);
    await refused(assume(passing, second), 'AccessDenied', denied(Arn, second, 'sts:TagSession'));
  });

  test('and policies take the room that AWS gives them', async () => {
    const role = await roleWith(root, 'large', { trust });
    const nine = Array.from({ length: 9 }, (_, i) => ({
      Key: `T${i + 1}`,
      Value: 'a'.repeat(250),
    }));
    await refused(
      assume(admin.credentials, role, { Tags: nine }),
      'PackedPolicyTooLarge',
      'Packed size of session tags consumes 498% of allotted space.',
    );
    const long = allowing(Array.from({ length: 100 }, (_, i) => `service:SomeAction${i}`));
    await refused(
      assume(admin.credentials, role, { Policy: JSON.stringify(long) }),
      'PackedPolicyTooLarge',
      /^Packed policy consumes \d{3}% of allotted space, please use smaller policy\.$/,
    );
  });
});

describe('a source identity', () => {
  const trust = trusting({ AWS: account }, undefined, withTags);

  test('needs sts:SetSourceIdentity, goes down the chain and stays what it is', async () => {
    const closed = await roleWith(root, 'nameless', { trust: trusting({ AWS: account }) });
    const first = await roleWith(root, 'named-1', { trust, policy: everything });
    const second = await roleWith(root, 'named-2', {
      trust,
      policy: allowing('kms:GenerateRandom', {
        Condition: { StringEquals: { 'aws:SourceIdentity': 'alice' } },
      }),
    });
    const alice = { SourceIdentity: 'alice' };
    await refused(
      assume(admin.credentials, closed, alice),
      'AccessDenied',
      denied(admin.arn, closed, 'sts:SetSourceIdentity'),
    );
    const session = await assume(admin.credentials, first, alice);
    const answer = await assumeRole(session, second);
    assert.equal(answer.SourceIdentity, 'alice');
    await useKms(credentialsIn(root, answer));
    await assume(session, second, alice);
    const other = assume(session, second, { SourceIdentity: 'bob' });
    await refused(other, 'AccessDenied', /^The source identity/);
    const { Arn = '' } = await whoAmI(session);
    await refused(
      assume(session, closed),
      'AccessDenied',
      denied(Arn, closed, 'sts:SetSourceIdentity'),
    );
  });
});
