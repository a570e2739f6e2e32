import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  abroad,
  account,
  bo,
  fay,
  ops,
  rootUser,
  service,
  webUser,
} from '../../test/policy/deciding.ts';
import { isNamed, type PrincipalType, parsePrincipal } from './principal.ts';

function names(type: PrincipalType, text: string, caller = bo, ids = {}): boolean {
  const pattern = parsePrincipal(type, text);
  assert.ok(pattern !== undefined, text);
  return isNamed(pattern, caller, ids);
}

const everyone = { bo, ops, fay, rootUser, service, webUser, boAbroad: abroad(bo) };
const ofAccount = ['bo', 'ops', 'fay', 'rootUser'];

const rows: readonly (readonly [type: PrincipalType, text: string, named: readonly string[]])[] = [
  ['AWS', '*', Object.keys(everyone)],
  ['AWS', account, ofAccount],
  ['AWS', `arn:aws:iam::${account}:root`, ofAccount],
  ['AWS', `arn:aws-cn:iam::${account}:root`, []],
  ['AWS', bo.arn, ['bo']],
  ['AWS', 'AIDABOBOBOBOBOBOBOBO', ['bo']],
  ['AWS', `arn:aws:iam::${account}:user/BO`, []],
  ['AWS', `arn:aws:iam::${account}:user/team/bo`, []],
  ['AWS', `arn:aws:iam::${account}:role/work/Ops`, ['ops']],
  ['AWS', `arn:aws:iam::${account}:role/Ops`, []],
  ['AWS', 'AROAOPSOPSOPSOPSOPSO', ['ops']],
  ['AWS', ops.arn, ['ops']],
  ['AWS', `arn:aws:sts::${account}:assumed-role/Ops/s2`, []],
  ['AWS', fay.arn, ['fay']],
  ['Service', 'lambda.amazonaws.com', ['service']],
  ['Service', 'lambda.us-east-1.amazonaws.com', []],
  ['Federated', 'accounts.google.com', ['webUser']],
  ['Federated', `arn:aws:iam::${account}:saml-provider/x`, []],
];

describe('a principal', () => {
  for (const [type, text, named] of rows)
    test(`${type} ${text} names ${named.join(', ') || 'nobody here'}`, () => {
      const found = Object.entries(everyone).filter(([, caller]) => names(type, text, caller));
      assert.deepEqual(
        found.map(([name]) => name),
        named,
      );
    });

  test('of a user or role means the one that had the name when the policy was saved', () => {
    const role = `arn:aws:iam::${account}:role/work/Ops`;
    const old = { [bo.arn]: 'AIDAOLDOLDOLDOLDOLDO', [role]: 'AROAOLDOLDOLDOLDOLDO' };
    const now = { [bo.arn]: bo.principalId, [role]: 'AROAOPSOPSOPSOPSOPSO' };
    assert.equal(names('AWS', bo.arn, bo, old), false);
    assert.equal(names('AWS', bo.arn, bo, now), true);
    assert.equal(names('AWS', role, ops, old), false);
    assert.equal(names('AWS', role, ops, now), true);
    assert.equal(names('AWS', ops.arn, ops, { [ops.arn]: 'AROAOLDOLDOLDOLDOLDO' }), false);
    assert.equal(names('AWS', account, bo, old), true);
  });

  test('of a user or role means the same one under another name', () => {
    const formerly = `arn:aws:iam::${account}:user/bob`;
    const before = `arn:aws:iam::${account}:role/Ops`;
    const ids = { [formerly]: bo.principalId, [before]: 'AROAOPSOPSOPSOPSOPSO' };
    assert.equal(names('AWS', formerly, bo, ids), true);
    assert.equal(names('AWS', formerly, bo), false);
    assert.equal(names('AWS', before, ops, ids), true);
    assert.equal(names('AWS', before, bo, ids), false);
    assert.equal(
      names('AWS', formerly, { ...bo, arn: formerly, principalId: 'AIDANEW' }, ids),
      false,
    );
  });

  test('of a user means the federated users, too, that this user let in', () => {
    const user = { arn: bo.arn, id: bo.principalId };
    const ids = { [bo.arn]: 'AIDAOLDOLDOLDOLDOLDO' };
    assert.equal(names('AWS', bo.arn, { ...fay, user }), true);
    assert.equal(names('AWS', bo.principalId, { ...fay, user }), true);
    assert.equal(names('AWS', bo.arn, { ...fay, user }, ids), false);
  });

  test('looks ids up among its own entries only', () => {
    const inherited = Object.create({ [bo.arn]: 'AIDAOLDOLDOLDOLDOLDO' });
    assert.equal(names('AWS', bo.arn, bo, inherited), true);
  });

  const none: readonly (readonly [PrincipalType, string])[] = [
    ['AWS', ''],
    ['AWS', 'bo'],
    ['AWS', '1234'],
    ['AWS', `${account} `],
    ['AWS', 'arn:aws:iam::*:root'],
    ['AWS', `arn:aws:iam::${account}:*`],
    ['AWS', `arn:aws:iam::${account}:user/*`],
    ['AWS', `arn:aws:iam::${account}:user/b?`],
    ['AWS', `arn:aws:iam::${account}:user/`],
    ['AWS', `arn:aws:iam::${account}:group/g`],
    ['AWS', `arn:aws:iam::${account}:root/x`],
    ['AWS', `arn:aws:iam::${account}:User/bo`],
    ['AWS', `ARN:aws:iam::${account}:user/bo`],
    ['AWS', `arn:aws:iam:us-east-1:${account}:user/bo`],
    ['AWS', `arn:aws:sts::${account}:role/Ops`],
    ['AWS', `arn:aws:iam::${account}:assumed-role/Ops/s1`],
    ['AWS', `arn:aws:sts::${account}:assumed-role/Ops`],
    ['AWS', `arn:aws:sts::${account}:assumed-role/Ops/*`],
    ['AWS', `arn:aws:sts::${account}:assumed-role/work/Ops/s1`],
    ['AWS', `arn:aws:sts::${account}:federated-user/a/b`],
    ['AWS', 'AIDA'],
    ['AWS', 'AGPAGROUPGROUPGROUPG'],
    ['AWS', 'AROAOPSOPSOPSOPSOPSO:s1'],
    ['Service', '*'],
    ['Service', '*.amazonaws.com'],
    ['Service', 'lambda'],
    ['Service', 'Lambda.amazonaws.com'],
    ['Federated', '*'],
    ['Federated', ''],
  ];
  for (const [type, text] of none)
    test(`${type} ${JSON.stringify(text)} is none`, () =>
      assert.equal(parsePrincipal(type, text), undefined));
});
