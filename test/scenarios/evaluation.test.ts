/**
 * Who may use a key, row by row, through the wire: real users of two accounts sign real requests,
 * and each row says what their policies, the key's policy and its grants are.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html)
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as iam from '@aws-sdk/client-iam';
import { ask } from '../ask.ts';
import { type Credentials, iamClient, newUser, type User } from '../identities.ts';
import { withoutAuthorizationId } from '../open-kms.ts';
import { freshFolder, type RunningServer, removeFolder, startServer } from '../running-server.ts';
import { type Account, newAccount } from '../two-accounts.ts';

const data = freshFolder();
let server: RunningServer;
let a: Account;
let b: Account;
let ann: User;
let bea: User;

before(async () => {
  server = await startServer({ mode: 'start', data });
  a = newAccount(server);
  b = newAccount(server);
  ann = await newUser(a.root, 'ann');
  bea = await newUser(b.root, 'bea');
});
after(async () => {
  await server.stop();
  removeFolder(data);
});

interface Statement {
  readonly [element: string]: unknown;
}
const policy = (...statements: readonly Statement[]) => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({ Resource: '*', ...statement })),
});
const allow = (Action: string | string[], rest: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action,
  ...rest,
});
const deny = (Action: string | string[], rest: Statement = {}): Statement => ({
  Effect: 'Deny',
  Action,
  ...rest,
});
const to = (AWS: string | string[]): Statement => ({ Principal: { AWS } });
const delegating = (owner: string): Statement => allow('kms:*', to(owner));

/** A policy variable. */
const variable = (name: string): string => `$${`{${name}}`}`;

const missing = (type: string) => new RegExp(`because no ${type} allows the kms:\\w+ action$`);
const explicit = (type: string) => new RegExp(`with an explicit deny in ${type}`);
const concealed = new RegExp(
  [
    'on this resource because the resource does not exist in this Region',
    'no resource-based policies allow access',
    'or a resource-based policy explicitly denies access$',
  ].join(', '),
);

/** What a row sets up; everything left out is not there. */
interface Row {
  readonly key?: () => readonly Statement[];
  readonly identity?: () => readonly Statement[];
  readonly group?: () => readonly Statement[];
  readonly boundary?: () => readonly Statement[];
  readonly userTags?: Readonly<Record<string, string>>;
  readonly keyTags?: Readonly<Record<string, string>>;
  readonly alias?: string;
  readonly grant?: () => object;
  readonly context?: Readonly<Record<string, string>>;
  /** Who asks: ann of the key's account unless told. */
  readonly who?: () => { readonly credentials: Credentials; readonly name?: string };
  /** Names the key by its alias. */
  readonly byAlias?: true;
  /** Allowed, or the text of the denial. */
  readonly expect: 'allowed' | RegExp;
}

const asBea = () => bea;
const asRoot = () => ({ credentials: a.root });

const rows: Readonly<Record<string, Row>> = {
  'nothing but the delegation to the account': { expect: missing('identity-based policy') },
  'the delegation and an identity policy': {
    identity: () => [allow('kms:Encrypt')],
    expect: 'allowed',
  },
  'the delegation and a policy of a group': {
    group: () => [allow('kms:Enc*')],
    expect: 'allowed',
  },
  'an identity policy for another action': {
    identity: () => [allow('kms:Decrypt')],
    expect: missing('identity-based policy'),
  },
  'an identity policy that allows and one that denies': {
    identity: () => [allow('kms:*'), deny('kms:Encrypt')],
    expect: explicit('an identity-based policy'),
  },
  'an identity policy, and a key policy that names only somebody else': {
    key: () => [allow('kms:*', to(bea.arn))],
    identity: () => [allow('kms:*')],
    expect: missing('resource-based policy'),
  },
  'a key policy that names a user only leaves the root user out': {
    key: () => [allow('kms:*', to(ann.arn))],
    who: asRoot,
    expect: missing('resource-based policy'),
  },
  'a key policy that names the user, and nothing else': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(ann.arn))],
    expect: 'allowed',
  },
  'a key policy that names the user, and an identity policy that denies': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(ann.arn))],
    identity: () => [deny('kms:Encrypt')],
    expect: explicit('an identity-based policy'),
  },
  'a key policy that denies, and an identity policy': {
    key: () => [delegating(a.account), deny('kms:Encrypt', to(ann.arn))],
    identity: () => [allow('kms:*')],
    expect: explicit('a resource-based policy'),
  },
  'a key policy that denies everyone also denies the root user': {
    key: () => [delegating(a.account), deny('kms:Encrypt', to('*'))],
    who: asRoot,
    expect: explicit('a resource-based policy'),
  },
  'a key policy that denies all but the root user spares no user': {
    key: () => [
      delegating(a.account),
      deny('kms:Encrypt', { NotPrincipal: { AWS: `arn:aws:iam::${a.account}:root` } }),
    ],
    identity: () => [allow('kms:*')],
    expect: explicit('a resource-based policy'),
  },
  'a boundary that does not allow': {
    identity: () => [allow('kms:*')],
    boundary: () => [allow('s3:*')],
    expect: missing('permissions boundary'),
  },
  'a boundary that denies': {
    identity: () => [allow('kms:*')],
    boundary: () => [allow('*'), deny('kms:Encrypt')],
    expect: explicit('a permissions boundary'),
  },
  'a boundary alone gives nothing': {
    boundary: () => [allow('*')],
    expect: missing('identity-based policy'),
  },
  'a boundary does not cap what a key policy gives to the user by name': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(ann.arn))],
    boundary: () => [allow('s3:*')],
    expect: 'allowed',
  },
  'everyone, under the condition of the account': {
    key: () => [
      delegating(a.account),
      allow('kms:Encrypt', {
        ...to('*'),
        Condition: { StringEquals: { 'kms:CallerAccount': [a.account] } },
      }),
    ],
    expect: 'allowed',
  },
  'everyone, under the condition of another account': {
    key: () => [
      delegating(a.account),
      allow('kms:Encrypt', {
        ...to('*'),
        Condition: { StringEquals: { 'kms:CallerAccount': [b.account] } },
      }),
    ],
    expect: missing('identity-based policy'),
  },
  'everyone, through a service, by a direct call': {
    key: () => [
      delegating(a.account),
      allow('kms:Encrypt', {
        ...to('*'),
        Condition: { StringLike: { 'kms:ViaService': '*.amazonaws.com' } },
      }),
    ],
    expect: missing('identity-based policy'),
  },
  'an alias in the Resource of an identity policy matches no key': {
    alias: 'alias/mine',
    identity: () => [allow('kms:Encrypt', { Resource: `arn:aws:kms:*:${a.account}:alias/mine` })],
    byAlias: true,
    expect: missing('identity-based policy'),
  },
  'the alias in the request, by condition': {
    alias: 'alias/ann',
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'kms:RequestAlias': `alias/${variable('aws:username')}` } },
      }),
    ],
    byAlias: true,
    expect: 'allowed',
  },
  'the alias in the request, by condition, when the request names the key': {
    alias: 'alias/ann2',
    identity: () => [
      allow('kms:Encrypt', { Condition: { StringLike: { 'kms:RequestAlias': 'alias/*' } } }),
    ],
    expect: missing('identity-based policy'),
  },
  'the aliases of the key, however the request names it': {
    alias: 'alias/team-x',
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/team-*' } },
      }),
    ],
    expect: 'allowed',
  },
  'tags of user and key that are the same': {
    userTags: { team: 'red' },
    keyTags: { team: 'red' },
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'aws:ResourceTag/team': variable('aws:PrincipalTag/team') } },
      }),
    ],
    expect: 'allowed',
  },
  'tags of user and key that differ': {
    userTags: { team: 'red' },
    keyTags: { team: 'blue' },
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'aws:ResourceTag/team': variable('aws:PrincipalTag/team') } },
      }),
    ],
    expect: missing('identity-based policy'),
  },
  'no tag on either side is no match': {
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'aws:ResourceTag/team': variable('aws:PrincipalTag/team') } },
      }),
    ],
    expect: missing('identity-based policy'),
  },
  'an encryption context that the policy asks for': {
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'kms:EncryptionContext:App': 'pay' } },
      }),
    ],
    context: { app: 'pay' },
    expect: 'allowed',
  },
  'another value in the encryption context, in other case': {
    identity: () => [
      allow('kms:Encrypt', {
        Condition: { StringEquals: { 'kms:EncryptionContext:app': 'pay' } },
      }),
    ],
    context: { app: 'PAY' },
    expect: missing('identity-based policy'),
  },
  'an encryption context that names a global key changes nothing': {
    identity: () => [
      allow('kms:Encrypt', { Condition: { StringEquals: { 'aws:PrincipalTag/admin': 'yes' } } }),
    ],
    context: { 'aws:PrincipalTag/admin': 'yes', 'aws:principaltag/admin': 'yes' },
    expect: missing('identity-based policy'),
  },
  'a grant alone': {
    grant: () => ({ GranteePrincipal: ann.arn, Operations: ['Encrypt'] }),
    expect: 'allowed',
  },
  'a grant for another operation': {
    grant: () => ({ GranteePrincipal: ann.arn, Operations: ['Decrypt'] }),
    expect: missing('identity-based policy'),
  },
  'a grant whose constraint the context meets': {
    grant: () => ({
      GranteePrincipal: ann.arn,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextSubset: { app: 'pay' } },
    }),
    context: { app: 'pay', more: 'x' },
    expect: 'allowed',
  },
  'a grant whose constraint the context does not meet': {
    grant: () => ({
      GranteePrincipal: ann.arn,
      Operations: ['Encrypt'],
      Constraints: { EncryptionContextEquals: { app: 'pay' } },
    }),
    context: { app: 'pay', more: 'x' },
    expect: missing('identity-based policy'),
  },
  'a grant and an identity policy that denies': {
    grant: () => ({ GranteePrincipal: ann.arn, Operations: ['Encrypt'] }),
    identity: () => [deny('kms:Encrypt')],
    expect: explicit('an identity-based policy'),
  },
  'a grant and a boundary that does not allow': {
    grant: () => ({ GranteePrincipal: ann.arn, Operations: ['Encrypt'] }),
    boundary: () => [allow('s3:*')],
    expect: missing('permissions boundary'),
  },
  'a grant to the account, and no identity policy': {
    grant: () => ({
      GranteePrincipal: `arn:aws:iam::${a.account}:root`,
      Operations: ['Encrypt'],
    }),
    expect: missing('identity-based policy'),
  },
  'another account: identity and key policy': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(b.account))],
    identity: () => [allow('kms:Encrypt')],
    who: asBea,
    expect: 'allowed',
  },
  'another account: its identity policy alone': {
    identity: () => [allow('kms:*')],
    who: asBea,
    expect: concealed,
  },
  'another account: the key policy alone': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(b.account))],
    who: asBea,
    expect: concealed,
  },
  'another account: a key policy that names its user, without an identity policy': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(bea.arn))],
    who: asBea,
    expect: concealed,
  },
  'another account: everyone in the key policy, without an identity policy': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to('*'))],
    who: asBea,
    expect: concealed,
  },
  'another account: a grant': {
    grant: () => ({ GranteePrincipal: bea.arn, Operations: ['Encrypt'] }),
    who: asBea,
    expect: 'allowed',
  },
  'another account: its root user, whom the key policy names': {
    key: () => [delegating(a.account), allow('kms:Encrypt', to(b.account))],
    who: () => ({ credentials: b.root }),
    expect: 'allowed',
  },
  'another account: its root user, whom nothing names': {
    who: () => ({ credentials: b.root }),
    expect: concealed,
  },
};

describe('Encrypt with a key', () => {
  for (const [name, row] of Object.entries(rows)) test(name, () => decided(row));
});

async function decided(row: Row): Promise<void> {
  const key = await newKey(row);
  const who = row.who?.() ?? ann;
  const owner = 'name' in who && who.name === 'bea' ? b.root : a.root;
  await setUp(owner, who.name, row);
  if (row.grant !== undefined) {
    const granted = await ask(a.root)('CreateGrant', { KeyId: key.id, ...row.grant() });
    assert.equal(granted.status, 200, granted.text);
  }
  const { status, body } = await ask(who.credentials)('Encrypt', {
    KeyId: row.byAlias === true ? row.alias : key.arn,
    Plaintext: Buffer.from('x').toString('base64'),
    ...(row.context === undefined ? {} : { EncryptionContext: row.context }),
  });
  const told = withoutAuthorizationId(String(body.message ?? body.Message ?? ''));
  if (row.expect === 'allowed') assert.deepEqual([status, told], [200, '']);
  else {
    assert.deepEqual([status, body.__type], [400, 'AccessDeniedException']);
    assert.match(told ?? '', row.expect);
  }
}

async function newKey(row: Row) {
  const Policy = row.key === undefined ? undefined : JSON.stringify(policy(...row.key()));
  const { body, text } = await ask(a.root)('CreateKey', {
    ...(Policy === undefined ? {} : { Policy }),
    BypassPolicyLockoutSafetyCheck: true,
    Tags: Object.entries(row.keyTags ?? {}).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
  });
  const { KeyId, Arn } = (body.KeyMetadata ?? {}) as { KeyId?: string; Arn?: string };
  assert.ok(KeyId && Arn, text);
  if (row.alias !== undefined) {
    const aliased = await ask(a.root)('CreateAlias', { AliasName: row.alias, TargetKeyId: KeyId });
    assert.equal(aliased.status, 200, aliased.text);
  }
  return { id: KeyId, arn: Arn };
}

/** Gives the user exactly what the row says. */
async function setUp(root: Credentials, UserName: string | undefined, row: Row): Promise<void> {
  if (UserName === undefined) return;
  const client = iamClient(root);
  const text = (statements: readonly Statement[]) => JSON.stringify(policy(...statements));
  const nothing = [allow('none:nothing')];
  const inline = { PolicyName: 'row', PolicyDocument: text(row.identity?.() ?? nothing) };
  await client.send(new iam.PutUserPolicyCommand({ UserName, ...inline }));
  await client.send(new iam.CreateGroupCommand({ GroupName: 'row' })).catch(() => {});
  await client.send(
    new iam.PutGroupPolicyCommand({
      GroupName: 'row',
      PolicyName: 'row',
      PolicyDocument: text(row.group?.() ?? nothing),
    }),
  );
  await client.send(new iam.AddUserToGroupCommand({ UserName, GroupName: 'row' }));
  await client.send(new iam.UntagUserCommand({ UserName, TagKeys: ['team'] }));
  const Tags = Object.entries(row.userTags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  if (Tags.length > 0) await client.send(new iam.TagUserCommand({ UserName, Tags }));
  if (row.boundary === undefined) {
    await client.send(new iam.DeleteUserPermissionsBoundaryCommand({ UserName })).catch(() => {});
  } else {
    const { Policy } = await client.send(
      new iam.CreatePolicyCommand({
        PolicyName: `b-${policies++}`,
        PolicyDocument: text(row.boundary()),
      }),
    );
    const PermissionsBoundary = Policy?.Arn ?? '';
    await client.send(new iam.PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }));
  }
  client.destroy();
}
let policies = 0;
