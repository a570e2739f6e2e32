import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPublic, namedPrincipals, policyFault } from './policy-check.ts';

const statement = {
  ...{ Effect: 'Allow', Principal: { AWS: '111122223333' } },
  ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
};
const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const withCondition = (Condition: object, Principal: unknown = '*') =>
  policy({ ...statement, Principal, Condition });

describe('a resource policy', () => {
  test('is taken when it is whole', () => {
    assert.equal(policyFault(policy(statement)), undefined);
    assert.equal(policyFault(policy({ ...statement, Principal: '*' })), undefined);
  });

  const wrong: readonly (readonly [string, string, 'syntax' | 'principal'])[] = [
    ['no JSON', 'x', 'syntax'],
    ['a list', '[]', 'syntax'],
    ['without statements', policy(), 'syntax'],
    [
      'of another version',
      JSON.stringify({ Version: '2020-01-01', Statement: [statement] }),
      'syntax',
    ],
    ['without a principal', policy({ ...statement, Principal: undefined }), 'syntax'],
    ['without an action', policy({ ...statement, Action: undefined }), 'syntax'],
    ['without a resource', policy({ ...statement, Resource: undefined }), 'syntax'],
    ['with an element that is none', policy({ ...statement, Principals: '*' }), 'syntax'],
    ['with an unknown operator', withCondition({ Nope: { 'aws:x': 'y' } }), 'syntax'],
    [
      'for a principal that is none',
      policy({ ...statement, Principal: { AWS: 'nobody' } }),
      'principal',
    ],
    [
      'for a part of all',
      policy({ ...statement, Principal: { AWS: 'arn:aws:iam::1*:root' } }),
      'principal',
    ],
  ];
  for (const [what, text, fault] of wrong)
    test(`${what} is refused`, () => assert.equal(policyFault(text), fault));

  test('names the users and roles that must be there', () => {
    const user = 'arn:aws:iam::111122223333:user/u';
    const role = 'arn:aws:iam::111122223333:role/r';
    const text = policy(
      { ...statement, Principal: { AWS: [user, '111122223333'] } },
      { ...statement, Effect: 'Deny', NotPrincipal: { AWS: [role, user] }, Principal: undefined },
    );
    assert.deepEqual(namedPrincipals(text), [user, role]);
  });
});

describe('a policy is public', () => {
  test('when it lets everyone in', () => {
    assert.ok(isPublic(policy({ ...statement, Principal: '*' })));
    assert.ok(isPublic(policy({ ...statement, Principal: { AWS: ['111122223333', '*'] } })));
    assert.ok(isPublic(policy(statement, { ...statement, Principal: { AWS: '*' } })));
  });

  test('when its conditions limit nobody', () => {
    for (const condition of [
      { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } },
      { StringEqualsIfExists: { 'aws:PrincipalAccount': '111122223333' } },
      { StringNotEquals: { 'aws:PrincipalAccount': '111122223333' } },
      { StringLike: { 'aws:PrincipalArn': '*' } },
      { 'ForAllValues:StringEquals': { 'aws:PrincipalAccount': '111122223333' } },
      { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '0.0.0.0/0'] } },
      { Null: { 'aws:PrincipalArn': 'false' } },
      { Bool: { 'aws:SecureTransport': 'true' } },
    ])
      assert.ok(isPublic(withCondition(condition)), JSON.stringify(condition));
  });

  test('not when they pin callers down, nor when it only denies', () => {
    for (const condition of [
      { StringEquals: { 'aws:PrincipalAccount': '111122223333' } },
      { StringEquals: { 'AWS:PrincipalOrgID': 'o-1' } },
      { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*' } },
      { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    ])
      assert.ok(!isPublic(withCondition(condition)), JSON.stringify(condition));
    assert.ok(!isPublic(policy({ ...statement, Effect: 'Deny', Principal: '*' })));
    assert.ok(!isPublic(policy(statement)));
  });
});
