/** AssumeRole over the wire: who may, on which conditions, and what the trail says of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { allowing, type Credentials, newUser, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import {
  account,
  assume,
  assumeRole,
  credentialsIn,
  notAuthorized,
  otherAccount,
  refusalOf,
  refused,
  roleWith,
  rootOf,
  sendIam,
  trail,
  trusting,
  useKms,
  whoAmI,
} from '../sts.ts';

let server: RunningServer;
let root: Credentials;
let otherRoot: Credentials;
/** May do everything in its account, and in the other one what that lets it. */
let admin: User;
/** May do nothing of its own. */
let guest: User;

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  otherRoot = rootOf(server, otherAccount);
  admin = await newUser(root, 'admin', allowing('*'));
  guest = await newUser(root, 'guest');
});
after(() => server?.stop());

const everything = allowing('*');
const arnOf = (name: string, owner = account): string => `arn:aws:iam::${owner}:role/${name}`;
const denied = (arn: string, role: string, action = 'sts:AssumeRole'): string =>
  notAuthorized(arn, action, role);
const withTags = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

describe('who may assume a role', () => {
  test('a user whom its trust policy names, without any policy of its own', async () => {
    const role = await roleWith(root, 'for-guest', { trust: trusting({ AWS: guest.arn }) });
    const answer = await assumeRole(guest.credentials, role, { RoleSessionName: 'mine' });
    assert.equal(
      answer.AssumedRoleUser?.Arn,
      `arn:aws:sts::${account}:assumed-role/for-guest/mine`,
    );
    assert.match(answer.AssumedRoleUser?.AssumedRoleId ?? '', /^AROA[A-Z2-7]{17}:mine$/);
    assert.equal(answer.PackedPolicySize, undefined);
    const me = await whoAmI(credentialsIn(root, answer));
    assert.equal(me.Arn, answer.AssumedRoleUser?.Arn);
    assert.equal(me.UserId, answer.AssumedRoleUser?.AssumedRoleId);
    assert.equal(me.Account, account);
  });

  test('of the account that it names, those whose own policies let them', async () => {
    const role = await roleWith(root, 'for-account', { trust: trusting({ AWS: account }) });
    await assume(admin.credentials, role);
    await refused(assume(guest.credentials, role), 'AccessDenied', denied(guest.arn, role));
  });

  test('of another account, those whom both sides let', async () => {
    const closed = await roleWith(otherRoot, 'closed', {
      trust: trusting({ AWS: otherAccount }),
    });
    await refused(assume(admin.credentials, closed), 'AccessDenied', denied(admin.arn, closed));
    const open = await roleWith(otherRoot, 'open', {
      trust: trusting({ AWS: [`arn:aws:iam::${account}:root`, guest.arn] }),
    });
    const session = await assume(admin.credentials, open);
    assert.equal((await whoAmI(session)).Account, otherAccount);
    await refused(assume(guest.credentials, open), 'AccessDenied', denied(guest.arn, open));
  });

  test('nobody a role that is not there, and the words are those of one that trusts others', async () => {
    const mine = await roleWith(root, 'here', { trust: trusting({ AWS: otherAccount }) });
    const theirs = await roleWith(otherRoot, 'here', { trust: trusting({ AWS: otherAccount }) });
    for (const [there, owner] of [
      [mine, account],
      [theirs, otherAccount],
    ] as const) {
      const gone = arnOf('gone', owner);
      const atOne = await refusalOf(assume(admin.credentials, there));
      const atNone = await refusalOf(assume(admin.credentials, gone));
      assert.deepEqual({ ...atNone, text: atNone.text.replace(gone, there) }, atOne);
      assert.equal(atOne.text, denied(admin.arn, there));
    }
    const wrongPath = mine.replace('role/', 'role/path/');
    await refused(
      assume(admin.credentials, wrongPath),
      'AccessDenied',
      denied(admin.arn, wrongPath),
    );
  });

  test('no root user', async () => {
    const role = await roleWith(root, 'for-all', { trust: trusting({ AWS: '*' }) });
    const text = 'Roles may not be assumed by root accounts.';
    await refused(assume(root, role), 'AccessDenied', text);
    await refused(assume(otherRoot, role), 'AccessDenied', text);
  });

  test('no one of the same name who came after the policy was saved', async () => {
    const temp = await newUser(root, 'temp', everything);
    const role = await roleWith(root, 'for-temp', { trust: trusting({ AWS: temp.arn }) });
    await assume(temp.credentials, role);
    await removeUser(temp);
    const again = await newUser(root, 'temp', everything);
    assert.equal(again.arn, temp.arn);
    await refused(assume(again.credentials, role), 'AccessDenied', denied(again.arn, role));
  });

  test('a role itself only when it trusts itself', async () => {
    const role = await roleWith(root, 'selfless', {
      trust: trusting({ AWS: admin.arn }),
      policy: everything,
    });
    const session = await assume(admin.credentials, role);
    const { Arn = '' } = await whoAmI(session);
    await refused(assume(session, role), 'AccessDenied', denied(Arn, role));
  });
});

async function removeUser({ name, credentials }: User): Promise<void> {
  await sendIam(
    root,
    new DeleteAccessKeyCommand({ UserName: name, AccessKeyId: credentials.accessKeyId }),
  );
  await sendIam(root, new DeleteUserPolicyCommand({ UserName: name, PolicyName: 'test' }));
  await sendIam(root, new DeleteUserCommand({ UserName: name }));
}

describe('conditions of a trust policy', () => {
  test('an external id keeps a deputy from being confused', async () => {
    const role = await roleWith(otherRoot, 'for-vendor', {
      trust: trusting({ AWS: account }, { StringEquals: { 'sts:ExternalId': 'customer-1' } }),
    });
    const text = denied(admin.arn, role);
    await refused(assume(admin.credentials, role), 'AccessDenied', text);
    const wrong = { ExternalId: 'customer-2' };
    await refused(assume(admin.credentials, role, wrong), 'AccessDenied', text);
    await assume(admin.credentials, role, { ExternalId: 'customer-1' });
  });

  test('a session name can be asked for', async () => {
    const role = await roleWith(root, 'by-name', {
      trust: trusting(
        { AWS: account },
        { StringEquals: { 'sts:RoleSessionName': '$' + '{aws:username}' } },
      ),
    });
    await refused(assume(admin.credentials, role), 'AccessDenied', denied(admin.arn, role));
    await assume(admin.credentials, role, { RoleSessionName: 'admin' });
  });

  test('a second factor that nobody has is not believed', async () => {
    const role = await roleWith(root, 'with-mfa', {
      trust: trusting({ AWS: account }, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    });
    await refused(assume(admin.credentials, role), 'AccessDenied', denied(admin.arn, role));
    const SerialNumber = `arn:aws:iam::${account}:mfa/admin`;
    const claimed = assume(admin.credentials, role, { SerialNumber, TokenCode: '123456' });
    await refused(claimed, 'AccessDenied', /^MultiFactorAuthentication failed/);
  });

  test('a tag of the role itself', async () => {
    const role = await roleWith(root, 'tagged', {
      trust: trusting({ AWS: account }),
      tags: { team: 'blue' },
    });
    const onlyRed = allowing('sts:AssumeRole', {
      Condition: { StringEquals: { 'aws:ResourceTag/Team': 'red' } },
    });
    const red = await newUser(root, 'red', onlyRed);
    await refused(assume(red.credentials, role), 'AccessDenied', denied(red.arn, role));
    const orBlue = allowing('sts:AssumeRole', {
      Condition: { StringEquals: { 'iam:ResourceTag/team': ['red', 'blue'] } },
    });
    const blue = await newUser(root, 'blue', orBlue);
    await assume(blue.credentials, role);
  });
});

describe('the trail', () => {
  test('says who assumed which role, and holds no secret', async () => {
    const role = await roleWith(root, 'recorded', {
      trust: trusting({ AWS: account }, undefined, withTags),
      policy: everything,
    });
    const answer = await assumeRole(admin.credentials, role, { SourceIdentity: 'alice' });
    const session = credentialsIn(root, answer);
    await useKms(session);
    const records = await trail(root);
    const text = JSON.stringify(records);
    for (const secret of [session.secretAccessKey, session.sessionToken as string])
      assert.ok(!text.includes(secret));
    const assumed = records.findLast(({ eventName }) => eventName === 'AssumeRole');
    assert.equal(assumed?.eventSource, 'sts.amazonaws.com');
    assert.equal(assumed?.readOnly, true);
    assert.equal(assumed?.recipientAccountId, account);
    assert.deepEqual(assumed?.resources, [
      { accountId: account, type: 'AWS::IAM::Role', ARN: role },
    ]);
    const response = assumed?.responseElements as Record<string, Record<string, unknown>>;
    assert.equal(response.credentials?.accessKeyId, session.accessKeyId);
    assert.deepEqual(Object.keys(response.credentials ?? {}).sort(), ['accessKeyId', 'expiration']);
    assert.equal(response.assumedRoleUser?.arn, answer.AssumedRoleUser?.Arn);
    const used = records.findLast(({ eventName }) => eventName === 'GenerateRandom');
    const identity = used?.userIdentity as Record<string, unknown>;
    assert.equal(identity.type, 'AssumedRole');
    assert.equal(identity.accessKeyId, session.accessKeyId);
    const context = identity.sessionContext as Record<string, Record<string, unknown>>;
    assert.equal(context.sessionIssuer?.arn, role);
    assert.equal(context.sessionIssuer?.userName, 'recorded');
    assert.equal(context.sourceIdentity, 'alice');
    assert.equal(context.attributes?.mfaAuthenticated, 'false');
  });

  test('has the denied ones, too, with no word about whether the role is there', async () => {
    const role = arnOf('unknown', otherAccount);
    await refused(assume(admin.credentials, role), 'AccessDenied', denied(admin.arn, role));
    const record = (await trail(root, 1))[0];
    assert.equal(record?.errorCode, 'AccessDenied');
    assert.equal(record?.errorMessage, denied(admin.arn, role));
    assert.equal(record?.recipientAccountId, account);
  });
});
