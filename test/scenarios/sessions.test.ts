/**
 * Who may use a key by temporary credentials, row by row, through the wire: real sessions of roles,
 * users and federated users sign real requests, and each row says what all the policies are.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html)
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import * as sts from '@aws-sdk/client-sts';
import { kms as model } from '../../src/model/kms.generated.ts';
import { allowing, type Credentials, newUser, putUserPolicy, type User } from '../identities.ts';
import { type RunningServer, startServer } from '../running-server.ts';
import { callOperation, type Told } from '../service-call.ts';
import {
  account,
  assume,
  credentialsIn,
  otherAccount,
  roleWith,
  rootOf,
  send,
  sendIam,
  trusting,
  whoAmI,
} from '../sts.ts';

let server: RunningServer;
let root: Credentials;
let other: Credentials;
/** May assume every role that lets its account in. */
let ann: User;
/** The same in the other account. */
let bea: User;

before(async () => {
  server = await startServer({ mode: 'dev' });
  root = rootOf(server, account);
  other = rootOf(server, otherAccount);
  ann = await newUser(root, 'ann', allowing('sts:*'));
  bea = await newUser(other, 'bea', allowing('sts:*'));
});
after(() => server?.stop());

type Statement = Readonly<Record<string, unknown>>;
const policy = (...statements: readonly Statement[]) => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({ Resource: '*', ...statement })),
});
const allow = (Action: string, rest: Statement = {}): Statement => ({
  ...{ Effect: 'Allow', Action },
  ...rest,
});
const deny = (Action: string, rest: Statement = {}): Statement => ({
  ...allow(Action, rest),
  Effect: 'Deny',
});
const to = (...AWS: string[]): Statement => ({ Principal: { AWS } });
const unless = (...AWS: string[]): Statement => ({ NotPrincipal: { AWS } });
const when = (operator: string, key: string, value: string): Statement => ({
  Condition: { [operator]: { [key]: value } },
});
const delegating: Statement = allow('kms:*', to(account));
const encrypt = 'kms:Encrypt';

const missing = (type: string) => new RegExp(`because no ${type} allows the kms:\\w+ action`);
const explicit = (type: string) => new RegExp(`with an explicit deny in ${type}`);
const noIdentity = missing('identity-based policy');
const noSession = missing('session policy');
const noBoundary = missing('permissions boundary');
const concealed = /on this resource because the resource does not exist in this Region/;

/** What is known once the session's owner is there. */
interface Names {
  /** Of the role or the user. */
  readonly arn: string;
  readonly id: string;
  /** Of the session. */
  readonly session: string;
}

interface Row {
  /** Of the key; the delegation to its account unless told. */
  readonly key?: (names: Names) => readonly Statement[];
  /** Of the role or the user. */
  readonly identity?: readonly Statement[];
  readonly boundary?: readonly Statement[];
  /** Passed with the session. */
  readonly session?: readonly Statement[];
  /** As a managed policy. */
  readonly managed?: readonly Statement[];
  readonly grant?: (names: Names) => string;
  readonly expect: 'allowed' | RegExp;
}
interface RoleRow extends Row {
  readonly isOfOther?: true;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sessionTags?: Readonly<Record<string, string>>;
}

const variable = (name: string): string => `$${`{${name}}`}`;
const everything = [allow('*')];
const sameTeam = when('StringEquals', 'aws:PrincipalTag/team', 'red');

const roleRows: Readonly<Record<string, RoleRow>> = {
  'what the role may': { identity: [allow(encrypt)], expect: 'allowed' },
  'what the role may not': { identity: [allow('kms:Decrypt')], expect: noIdentity },
  'what the role may, less what the session policy leaves out': {
    ...{ identity: everything, session: [allow('kms:Decrypt')] },
    expect: noSession,
  },
  'nothing more by a session policy': { session: everything, expect: noIdentity },
  'what a managed session policy denies': {
    ...{ identity: everything, session: everything, managed: [allow('*'), deny(encrypt)] },
    expect: explicit('a session policy'),
  },
  'what one of two session policies allows': {
    ...{ identity: everything, session: [allow('kms:Decrypt')], managed: [allow(encrypt)] },
    expect: 'allowed',
  },
  'what the boundary of the role leaves out': {
    ...{ identity: everything, boundary: [allow('kms:Decrypt')] },
    expect: noBoundary,
  },
  'a key policy that names the role': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    expect: 'allowed',
  },
  'a key policy that names the role by its id': {
    key: ({ id }) => [delegating, allow(encrypt, to(id))],
    expect: 'allowed',
  },
  'a key policy that names the role, less the session policy': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    session: [allow('kms:Decrypt')],
    expect: noSession,
  },
  'a key policy that names the role, less the boundary': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    boundary: [allow('kms:Decrypt')],
    expect: noBoundary,
  },
  'a key policy that names the session, whatever boundary and session policy lack': {
    key: ({ session }) => [delegating, allow(encrypt, to(session))],
    boundary: [allow('kms:Decrypt')],
    session: [allow('kms:Decrypt')],
    expect: 'allowed',
  },
  'a key policy that names the session, less what the session policy denies': {
    key: ({ session }) => [delegating, allow(encrypt, to(session))],
    session: [allow('*'), deny(encrypt)],
    expect: explicit('a session policy'),
  },
  'a key policy that names another session of the role': {
    key: ({ session }) => [delegating, allow(encrypt, to(`${session}2`))],
    expect: noIdentity,
  },
  'a key policy that denies the role': {
    key: ({ arn }) => [delegating, deny(encrypt, to(arn))],
    identity: everything,
    expect: explicit('a resource-based policy'),
  },
  'a key policy that denies the session': {
    key: ({ session }) => [delegating, deny(encrypt, to(session))],
    identity: everything,
    expect: explicit('a resource-based policy'),
  },
  'a key policy that spares account, role and session': {
    key: ({ arn, session }) => [delegating, deny(encrypt, unless(account, arn, session))],
    identity: everything,
    expect: 'allowed',
  },
  'a key policy that spares account and role only': {
    key: ({ arn }) => [delegating, deny(encrypt, unless(account, arn))],
    identity: everything,
    expect: explicit('a resource-based policy'),
  },
  'a key policy that spares role and session only': {
    key: ({ arn, session }) => [delegating, deny(encrypt, unless(arn, session))],
    identity: everything,
    expect: explicit('a resource-based policy'),
  },
  'everyone whose aws:PrincipalArn is the role': {
    key: ({ arn }) => [
      allow(encrypt, { ...to('*'), ...when('ArnEquals', 'aws:PrincipalArn', arn) }),
    ],
    expect: 'allowed',
  },
  'everyone whose aws:PrincipalArn is the session, which nobody`s is': {
    key: ({ session }) => [
      delegating,
      allow(encrypt, { ...to('*'), ...when('ArnEquals', 'aws:PrincipalArn', session) }),
    ],
    expect: noIdentity,
  },
  'everyone whose aws:userid is of role and session': {
    key: ({ id }) => [
      allow(encrypt, { ...to('*'), ...when('StringEquals', 'aws:userid', `${id}:session`) }),
    ],
    expect: 'allowed',
  },
  'what a user name decides, which a role session has none of': {
    identity: [allow(encrypt, when('StringLike', 'aws:username', '*'))],
    expect: noIdentity,
  },
  'the tags of the role': {
    ...{ tags: { team: 'red' }, identity: [allow(encrypt, sameTeam)], expect: 'allowed' },
  },
  'the tags of the session before those of the role': {
    ...{ tags: { team: 'red' }, sessionTags: { team: 'blue' } },
    ...{ identity: [allow(encrypt, sameTeam)], expect: noIdentity },
  },
  'the tags of the session, also in other case than those of the role': {
    ...{ tags: { TEAM: 'blue' }, sessionTags: { Team: 'red' } },
    ...{ identity: [allow(encrypt, sameTeam)], expect: 'allowed' },
  },
  'a grant to the role': { grant: ({ arn }) => arn, expect: 'allowed' },
  'a grant to the session': { grant: ({ session }) => session, expect: 'allowed' },
  'no grant to another session': { grant: ({ session }) => `${session}2`, expect: noIdentity },
  'a grant to the role, less the session policy': {
    ...{ grant: ({ arn }) => arn, session: [allow('kms:Decrypt')], expect: noSession },
  },
  'a grant to the role, less the boundary': {
    ...{ grant: ({ arn }) => arn, boundary: [allow('kms:Decrypt')], expect: noBoundary },
  },
  'another account`s key that lets the account in': {
    isOfOther: true,
    key: () => [delegating, allow(encrypt, to(otherAccount))],
    identity: [allow(encrypt)],
    expect: 'allowed',
  },
  'another account`s key that lets the role in, less what the role itself may': {
    isOfOther: true,
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    expect: concealed,
  },
  'another account`s key that names the session, less the session policy': {
    isOfOther: true,
    key: ({ session }) => [delegating, allow(encrypt, to(session))],
    identity: everything,
    session: [allow('kms:Decrypt')],
    expect: concealed,
  },
  'another account`s key whose policy is silent': {
    ...{ isOfOther: true, identity: everything, expect: concealed },
  },
  'another account`s grant to the role': {
    ...{ isOfOther: true, grant: ({ arn }) => arn, expect: 'allowed' },
  },
};

describe('by a role`s session one has', () => {
  for (const [name, row] of Object.entries(roleRows)) test(name, () => byRole(row));
});

async function byRole(row: RoleRow): Promise<void> {
  const [owner, who] = row.isOfOther === true ? [other, bea] : [root, ann];
  const name = `role-${++made}`;
  const trust = trusting({ AWS: who.arn }, undefined, ['sts:AssumeRole', 'sts:TagSession']);
  const arn = await roleWith(owner, name, {
    ...{ trust, policy: policy(...(row.identity ?? nothing)), path: '/work/' },
    ...(row.tags === undefined ? {} : { tags: row.tags }),
  });
  if (row.boundary !== undefined) {
    const PermissionsBoundary = await managed(owner, row.boundary);
    await sendIam(
      owner,
      new iam.PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary }),
    );
  }
  const tags = Object.entries(row.sessionTags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  const session = await assume(who.credentials, arn, {
    ...(await passed(owner, row)),
    ...(tags.length === 0 ? {} : { Tags: tags }),
  });
  const { Arn = '', UserId = '' } = await whoAmI(session);
  await decided(row, session, { arn, id: UserId.split(':')[0] ?? '', session: Arn });
}

const federation = allow('sts:GetFederationToken');

const federatedRows: Readonly<Record<string, Row>> = {
  'nothing without a session policy': { identity: everything, expect: noSession },
  'what both the user and the session policy allow': {
    ...{ identity: [allow(encrypt)], session: [allow(encrypt)], expect: 'allowed' },
  },
  'nothing more by a session policy': { session: everything, expect: noIdentity },
  'a key policy that names the federated user, without any other': {
    key: ({ session }) => [delegating, allow(encrypt, to(session))],
    expect: 'allowed',
  },
  'a key policy that names its user, as far as the session policy lets it': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    session: [allow(encrypt)],
    expect: 'allowed',
  },
  'a key policy that names its user, not without a session policy': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    expect: noSession,
  },
  'a key policy that denies its user, whom federation does not help': {
    key: ({ arn }) => [delegating, deny(encrypt, to(arn))],
    ...{ identity: everything, session: everything },
    expect: explicit('a resource-based policy'),
  },
  'what a boundary of its user leaves out': {
    ...{ identity: everything, session: everything, boundary: [allow('sts:*')] },
    expect: noBoundary,
  },
  'no grant to its user': { grant: ({ arn }) => arn, session: everything, expect: noIdentity },
  'what its aws:userid decides': {
    identity: [allow(encrypt, when('StringEquals', 'aws:userid', `${account}:fay`))],
    ...{ session: everything, expect: 'allowed' },
  },
};

describe('as a federated user one has', () => {
  for (const [name, row] of Object.entries(federatedRows))
    test(name, () =>
      byUser(row, async (user, wish) => {
        const command = new sts.GetFederationTokenCommand({ Name: 'fay', ...wish });
        return credentialsIn(root, await send(user.credentials, command));
      }),
    );
});

const tokenRows: Readonly<Record<string, Row>> = {
  'what the user may': { identity: [allow(encrypt)], expect: 'allowed' },
  'what the user may not': { expect: noIdentity },
  'a key policy that names the user, whatever the boundary lacks': {
    key: ({ arn }) => [delegating, allow(encrypt, to(arn))],
    ...{ boundary: [allow('sts:*')], expect: 'allowed' },
  },
  'a key policy that denies the user': {
    key: ({ arn }) => [delegating, deny(encrypt, to(arn))],
    ...{ identity: everything, expect: explicit('a resource-based policy') },
  },
  'the user`s name': {
    identity: [
      allow(
        encrypt,
        when('ArnLike', 'aws:PrincipalArn', `arn:aws:iam::*:user/${variable('aws:username')}`),
      ),
    ],
    expect: 'allowed',
  },
  'a grant to the user': { grant: ({ arn }) => arn, expect: 'allowed' },
};

describe('by a session token of a user one has', () => {
  for (const [name, row] of Object.entries(tokenRows))
    test(name, () =>
      byUser(row, async (user) =>
        credentialsIn(root, await send(user.credentials, new sts.GetSessionTokenCommand({}))),
      ),
    );
});

type Wish = Awaited<ReturnType<typeof passed>>;

async function byUser(
  row: Row,
  sessionOf: (user: User, wish: Wish) => Promise<Credentials>,
): Promise<void> {
  const user = await newUser(root, `user-${++made}`, policy(federation));
  const session = await sessionOf(user, await passed(root, row));
  await putUserPolicy(root, user.name, policy(...(row.identity ?? nothing)));
  if (row.boundary !== undefined) {
    const PermissionsBoundary = await managed(root, row.boundary);
    const UserName = user.name;
    await sendIam(
      root,
      new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }),
    );
  }
  const { Arn = '' } = await whoAmI(session);
  await decided(row, session, { arn: user.arn, id: user.userId, session: Arn });
}

let made = 0;
const nothing = [allow('none:nothing')];

async function managed(owner: Credentials, statements: readonly Statement[]): Promise<string> {
  const PolicyDocument = JSON.stringify(policy(...statements));
  const wish = { PolicyName: `managed-${++made}`, PolicyDocument };
  return (await sendIam(owner, new iam.CreatePolicyCommand(wish))).Policy?.Arn ?? '';
}

async function passed(owner: Credentials, { session, managed: named }: Row) {
  return {
    ...(session === undefined ? {} : { Policy: JSON.stringify(policy(...session)) }),
    ...(named === undefined ? {} : { PolicyArns: [{ arn: await managed(owner, named) }] }),
  };
}

const ask = (who: Credentials, operation: string, input: Record<string, unknown>): Promise<Told> =>
  callOperation(who, model, operation, input);

async function decided(row: Row, session: Credentials, names: Names): Promise<void> {
  const Policy = JSON.stringify(policy(...(row.key?.(names) ?? [delegating])));
  const key = await ask(root, 'CreateKey', { Policy, BypassPolicyLockoutSafetyCheck: true });
  assert.equal(key.status, 200, key.text);
  const KeyId = JSON.parse(key.text).KeyMetadata.Arn;
  if (row.grant !== undefined) {
    const wish = { KeyId, GranteePrincipal: row.grant(names), Operations: ['Encrypt'] };
    const granted = await ask(root, 'CreateGrant', wish);
    assert.equal(granted.status, 200, granted.text);
  }
  const Plaintext = Buffer.from('x').toString('base64');
  const { status, text } = await ask(session, 'Encrypt', { KeyId, Plaintext });
  if (row.expect === 'allowed') assert.equal(status, 200, text);
  else {
    assert.deepEqual([status, JSON.parse(text).__type], [400, 'AccessDeniedException']);
    assert.match(text, row.expect);
  }
}

test('a session of the root user as federated user has what its session policy allows', async () => {
  const wish = { Name: 'fritz', Policy: JSON.stringify(policy(allow(encrypt))) };
  const command = new sts.GetFederationTokenCommand(wish);
  const session = credentialsIn(root, await send(root, command));
  const { Arn = '' } = await whoAmI(session);
  await decided({ expect: 'allowed' }, session, { arn: '', id: '', session: Arn });
  const { status } = await ask(session, 'GenerateRandom', { NumberOfBytes: 1 });
  assert.equal(status, 400);
});

test('a chain of roles over accounts ends with what the last role may', async () => {
  const reachable = trusting({ AWS: otherAccount });
  const target = await roleWith(root, 'target', {
    ...{ trust: reachable, policy: policy(allow(encrypt)) },
  });
  const first = await roleWith(other, 'first', {
    ...{ trust: trusting({ AWS: bea.arn }), policy: policy(allow('sts:AssumeRole')) },
  });
  const session = await assume(await assume(bea.credentials, first), target);
  const { Arn = '' } = await whoAmI(session);
  const names = { arn: target, id: '', session: Arn };
  await decided({ expect: 'allowed' }, session, names);
  await decided(
    { key: () => [allow('kms:*', to(otherAccount))], expect: missing('resource-based policy') },
    ...([session, names] as const),
  );
});
