/** The policy language row by row, through documents and decisions: what a statement reaches. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller, PolicySet } from '../../src/policy/evaluate.ts';
import {
  account,
  allow,
  anonymous,
  applies,
  bo,
  deny,
  fay,
  keyArn,
  named,
  ops,
  otherAccount,
  rootUser,
  type Statement,
  service,
  verdict,
  webUser,
} from './deciding.ts';

const v = (inside: string): string => `\${${inside}}`;
const roleArn = `arn:aws:iam::${account}:role/work/Ops`;

describe('Action and Resource', () => {
  const actions: readonly (readonly [members: Statement, is: boolean])[] = [
    [{ Action: '*' }, true],
    [{ Action: '*:*' }, true],
    [{ Action: 'kms:Encrypt' }, true],
    [{ Action: 'KMS:eNCRYPT' }, true],
    [{ Action: 'kms:En*' }, true],
    [{ Action: 'kms:*crypt' }, true],
    [{ Action: 'kms:?ncryp?' }, true],
    [{ Action: 'kms:*n*r*t' }, true],
    [{ Action: ['s3:*', 'kms:Encrypt'] }, true],
    [{ Action: 'kms:Encrypt?' }, false],
    [{ Action: 'kms:' }, false],
    [{ Action: 's3:*' }, false],
    [{ Action: 'kmss:*' }, false],
    [{ Action: [] }, false],
    [{ Action: undefined }, false],
    [{ Action: undefined, NotAction: 'kms:Encrypt' }, false],
    [{ Action: undefined, NotAction: 'kms:e*' }, false],
    [{ Action: undefined, NotAction: ['kms:Decrypt', 's3:*'] }, true],
    [{ Action: undefined, NotAction: [] }, false],
  ];
  for (const [members, is] of actions)
    test(`${JSON.stringify(members)} ${is ? 'holds' : "doesn't hold"} kms:Encrypt`, () =>
      assert.equal(applies(members), is));

  const resources: readonly (readonly [members: Statement, is: boolean])[] = [
    [{ Resource: keyArn }, true],
    [{ Resource: keyArn.replace('key/', 'Key/') }, false],
    [{ Resource: [`${keyArn}x`, `arn:aws:kms:*:${account}:key/*`] }, true],
    [{ Resource: 'arn:aws:kms:*' }, true],
    [{ Resource: 'arn:aws:kms:*:key/*' }, false],
    [{ Resource: [] }, false],
    [{ Resource: undefined }, false],
    [{ Resource: undefined, NotResource: 'arn:aws:s3:::*' }, true],
    [{ Resource: undefined, NotResource: 'arn:aws:kms:*' }, false],
    [{ Resource: undefined, NotResource: [] }, false],
  ];
  for (const [members, is] of resources)
    test(`${JSON.stringify(members)} ${is ? 'holds' : "doesn't hold"} the key`, () =>
      assert.equal(applies(members), is));

  test('an action without a resource takes stars alone, and what excludes others', () => {
    const asking = { action: 'kms:CreateKey', resource: '*' };
    assert.equal(applies({ Resource: '*' }, asking), true);
    assert.equal(applies({ Resource: 'arn:aws:kms:*' }, asking), false);
    assert.equal(applies({ Resource: undefined, NotResource: 'arn:aws:kms:*' }, asking), true);
  });
});

describe('Variables', () => {
  const keys = { 'aws:username': 'bo', 'aws:tagkeys': ['bo'] };
  const asking = { resource: `arn:aws:kms:us-east-1:${account}:key/bo`, keys };
  const key = (name: string): string => `arn:aws:kms:*:*:key/${name}`;
  const rows: readonly (readonly [resource: string, version: string, is: boolean])[] = [
    [key(v('aws:username')), '2012-10-17', true],
    [key(v('AWS:UserName')), '2012-10-17', true],
    [key(v('aws:username')), '2008-10-17', false],
    [key(v("aws:nobody, 'bo'")), '2012-10-17', true],
    [key(v('aws:nobody')), '2012-10-17', false],
    [key(v('aws:TagKeys')), '2012-10-17', false],
    [key(`b${v('*')}`), '2012-10-17', false],
    [`arn:aws:kms:${v("a:b, 'us-east-1'")}:*:key/bo`, '2012-10-17', false],
  ];
  for (const [resource, version, is] of rows)
    test(`${resource} in ${version}: ${is}`, () =>
      assert.equal(applies({ Resource: resource }, asking, version), is));

  test('without a value in NotResource keep an Allow from applying', () => {
    const members = { Resource: undefined, NotResource: key(v('aws:nobody')) };
    assert.equal(applies(members, asking), false);
  });
});

/**
 * What a resource policy with this principal does for callers of its account, where it is required:
 * `final` needs nothing else and is limited by nothing, `limited` needs nothing else, `delegated`
 * needs an identity policy.
 */
const principalRows: readonly (readonly [
  principal: unknown,
  outcomes: Readonly<Record<string, 'final' | 'limited' | 'delegated'>>,
])[] = [
  ['*', { bo: 'final', ops: 'final', fay: 'final', root: 'final', anonymous: 'limited' }],
  [{ AWS: '*' }, { bo: 'final', ops: 'final', fay: 'final', root: 'final', anonymous: 'limited' }],
  [{ AWS: account }, { bo: 'delegated', ops: 'delegated', fay: 'delegated', root: 'limited' }],
  [{ AWS: rootUser.arn }, { bo: 'delegated', ops: 'delegated', fay: 'delegated', root: 'limited' }],
  [{ AWS: bo.arn }, { bo: 'final' }],
  [{ AWS: bo.principalId }, { bo: 'final' }],
  [{ AWS: roleArn }, { ops: 'limited' }],
  [{ AWS: 'AROAOPSOPSOPSOPSOPSO' }, { ops: 'limited' }],
  [{ AWS: ops.arn }, { ops: 'final' }],
  [{ AWS: fay.arn }, { fay: 'final' }],
  [{ AWS: [bo.arn, ops.arn] }, { bo: 'final', ops: 'final' }],
  [{ AWS: [roleArn, ops.arn] }, { ops: 'final' }],
  [
    { AWS: [account, roleArn] },
    { bo: 'delegated', ops: 'limited', fay: 'delegated', root: 'limited' },
  ],
  [{ Service: 'lambda.amazonaws.com' }, { service: 'limited' }],
  [{ Federated: 'accounts.google.com' }, { webUser: 'limited' }],
  [{ AWS: otherAccount }, {}],
];

/** Allowed with nothing else; with an identity policy; with one, a boundary, a session policy. */
const trials = {
  final: [true, true, true],
  limited: [true, true, false],
  delegated: [false, true, false],
  none: [false, false, false],
};

describe('Principal', () => {
  const callers = { bo, ops, fay, service, webUser, anonymous, root: rootUser };
  const identity = [named('identity', allow())];
  const limits = { boundary: named('boundary'), session: [named('session')] };
  for (const [principal, outcomes] of principalRows)
    for (const [name, caller] of Object.entries(callers))
      test(`${JSON.stringify(principal)}: ${name} ${outcomes[name] ?? 'none'}`, () => {
        const policy = named('resource', allow({ Principal: principal }));
        const resource = { policy, rule: 'required' } as const;
        const asked = (more: Partial<PolicySet>): boolean =>
          !verdict({ caller }, { resource, ...more }).includes(':');
        const found = [asked({}), asked({ identity }), asked({ identity, ...limits })];
        assert.deepEqual(found, trials[outcomes[name] ?? 'none']);
      });
});

describe('NotPrincipal', () => {
  const spares = (
    names: readonly string[],
    caller: Caller,
    more: Partial<PolicySet> = {},
  ): boolean => {
    const statement = deny({ NotPrincipal: { AWS: names } });
    const policy = named('resource', allow({ Principal: '*' }), statement);
    const identity = [named('identity', allow())];
    const asked = verdict(
      { caller },
      { identity, resource: { policy, rule: 'ordinary' }, ...more },
    );
    return asked !== 'explicit deny: resource';
  };
  test('spares a user that it names with its account', () => {
    assert.equal(spares([bo.arn, account], bo), true);
    assert.equal(spares([bo.principalId, rootUser.arn], bo), true);
    assert.equal(spares([bo.arn], bo), false);
    assert.equal(spares([account], bo), false);
    assert.equal(spares([bo.arn, otherAccount], bo), false);
  });
  test('spares a session that it names with its role and account', () => {
    assert.equal(spares([ops.arn, roleArn, account], ops), true);
    assert.equal(spares([ops.arn, roleArn], ops), false);
    assert.equal(spares([ops.arn, account], ops), false);
    assert.equal(spares([roleArn, account], ops), false);
  });
  test('spares the root user as its account', () => {
    assert.equal(spares([account], rootUser), true);
    assert.equal(spares([bo.arn], rootUser), false);
  });
  test('spares no one who has a permissions boundary', () => {
    assert.equal(spares([bo.arn, account], bo, { boundary: named('boundary', allow()) }), false);
  });
  test('spares neither services nor the anonymous', () => {
    assert.equal(spares([account], service), false);
    assert.equal(spares([account], anonymous), false);
  });
});
