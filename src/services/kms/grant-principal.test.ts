import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type GrantCaller,
  grantCaller,
  indexName,
  indexNamesOf,
  isPrincipal,
  parseGrantPrincipal,
} from './grant-principal.ts';

const account = '111122223333';
const iam = `arn:aws:iam::${account}:`;
const sts = `arn:aws:sts::${account}:`;

/** What parses, as what. */
const forms: readonly (readonly [name: string, kind: string])[] = [
  [`${iam}root`, 'account'],
  [`${iam}user/alice`, 'user'],
  [`${iam}user/a/b/alice`, 'user'],
  [`${iam}role/app`, 'role'],
  [`${iam}role/aws-service-role/x.amazonaws.com/App`, 'role'],
  [`${sts}assumed-role/app/session@1`, 'session'],
  [`${sts}federated-user/bob`, 'federated-user'],
];
const noPrincipals = [
  'alice',
  account,
  'dynamodb.amazonaws.com',
  `${iam}group/admins`,
  `${iam}policy/p`,
  `${iam}user/`,
  `${iam}user//alice`,
  `${iam}role/app/`,
  `${iam}role/a:b`,
  `${iam}Root`,
  `${sts}assumed-role/app`,
  `${sts}assumed-role/app/session/more`,
  `${sts}federated-user/a/b`,
  'arn:aws:iam::1111:root',
  'arn:aws:iam:eu-central-1:111122223333:root',
  'arn:aws-cn:iam::111122223333:root',
  'arn:aws:sts::111122223333:root',
  ` ${iam}root`,
];

const caller = (name: string, rest: Partial<GrantCaller> = {}): GrantCaller => ({
  kind: name.endsWith(':root') ? 'root' : 'other',
  account: name.split(':')[4] ?? '',
  name,
  identityAllows: false,
  ...rest,
});
const alice = caller(`${iam}user/alice`);
const session = caller(`${sts}assumed-role/app/s1`);
const root = caller(`${iam}root`);
const service = caller('dynamodb.amazonaws.com', { kind: 'service', account: '' });

describe('the principal of a grant', () => {
  test('is an account, a user, a role, a session or a federated user', () => {
    for (const [name, kind] of forms)
      assert.deepEqual(parseGrantPrincipal(name, 'aws'), { kind, account, name });
  });

  test('is nothing else, and of the partition of the request', () => {
    for (const name of noPrincipals)
      assert.equal(parseGrantPrincipal(name, 'aws'), undefined, name);
    assert.equal(parseGrantPrincipal(`${iam}root`, 'aws-cn'), undefined);
  });

  const matches: readonly (readonly [principal: string, who: GrantCaller, is: boolean])[] = [
    [`${iam}user/alice`, alice, true],
    [`${iam}user/alice`, caller(`${iam}user/Alice`), false],
    [`${iam}user/alice`, root, false],
    [`${iam}user/alice`, caller('arn:aws:iam::999999999999:user/alice'), false],
    [`${iam}role/app`, session, true],
    [`${iam}role/team/app`, session, true],
    [`${iam}role/ap`, session, false],
    [`${iam}role/app`, caller('arn:aws:sts::999999999999:assumed-role/app/s1'), false],
    [`${iam}role/app`, caller(`${iam}user/app`), false],
    [`${sts}assumed-role/app/s1`, session, true],
    [`${sts}assumed-role/app/s2`, session, false],
    [`${sts}federated-user/bob`, caller(`${sts}federated-user/bob`), true],
    [`${iam}root`, root, true],
    [`${iam}root`, alice, false],
    [`${iam}root`, caller(alice.name, { identityAllows: true }), true],
    [`${iam}root`, caller('arn:aws:iam::999999999999:root'), false],
    [`${iam}root`, caller('arn:aws:iam::999999999999:user/eve', { identityAllows: true }), false],
    [`${iam}root`, caller('x.amazonaws.com', { kind: 'service', account }), false],
  ];
  for (const [name, who, is] of matches)
    test(`${name} ${is ? 'is' : 'is not'} ${who.name}${who.identityAllows ? ', allowed' : ''}`, () => {
      const principal = parseGrantPrincipal(name, 'aws');
      assert.ok(principal);
      assert.equal(isPrincipal(principal, who), is);
    });

  test('whose id is known is whoever has it, under any name', () => {
    const named = (name: string, id: string) => {
      const principal = parseGrantPrincipal(name, 'aws');
      assert.ok(principal && principal.kind !== 'service');
      return { ...principal, id };
    };
    const was = named(`${iam}user/alice`, 'AIDAALICE');
    const renamed = caller(`${iam}user/alicia`, { id: 'AIDAALICE' });
    assert.equal(isPrincipal(was, renamed), true);
    assert.equal(isPrincipal(was, caller(`${iam}user/alice`, { id: 'AIDANEW' })), false);
    assert.equal(isPrincipal(was, caller(`${iam}user/alice`)), false);
    assert.ok(indexNamesOf(renamed).includes(indexName(was)));
    const role = named(`${iam}role/app`, 'AROAAPP');
    assert.equal(isPrincipal(role, { ...session, id: 'AROAAPP' }), true);
    assert.equal(isPrincipal(role, { ...session, id: 'AROANEW' }), false);
  });

  test('that is a service is that service and no caller who calls itself so', () => {
    const principal = { kind: 'service', name: 'dynamodb.amazonaws.com' } as const;
    assert.equal(isPrincipal(principal, service), true);
    assert.equal(isPrincipal(principal, { ...service, kind: 'other' }), false);
    assert.equal(isPrincipal(principal, { ...service, name: 'sqs.amazonaws.com' }), false);
  });

  test('is found under one of the names of everyone whom it matches', () => {
    for (const [name, who, is] of matches) {
      const principal = parseGrantPrincipal(name, 'aws');
      assert.ok(principal);
      if (is) assert.ok(indexNamesOf(who).includes(indexName(principal)), name);
    }
    assert.deepEqual(indexNamesOf(service), ['dynamodb.amazonaws.com']);
    assert.deepEqual(indexNamesOf(root), [`${iam}root`]);
  });

  test('is compared with callers as requests have them', () => {
    const base = { account, accessKeyId: 'AKIA', principalId: account };
    assert.deepEqual(grantCaller({ ...base, type: 'Root', arn: root.name }, false), root);
    assert.deepEqual(grantCaller({ ...base, type: 'IAMUser', arn: alice.name }, true), {
      ...alice,
      id: base.principalId,
      identityAllows: true,
    });
    const sqs = { ...base, type: 'AWSService', arn: '', principalId: 'sqs.amazonaws.com' } as const;
    assert.equal(grantCaller(sqs, true).name, 'sqs.amazonaws.com');
  });
});
