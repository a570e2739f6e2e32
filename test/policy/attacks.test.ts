/**
 * Attacks on the policy language, each by its name: what somebody might send or write to be allowed
 * what isn't meant for them. Other implementations have fallen for most of these.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foldCase } from '../../src/policy/context.ts';
import { parsePolicy } from '../../src/policy/document.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import {
  account,
  allow,
  applies,
  bo,
  denies,
  named,
  none,
  ops,
  otherAccount,
  policyOf,
  questionOf,
  type Statement,
  verdict,
} from './deciding.ts';

const v = (inside: string): string => `\${${inside}}`;
const key = (name: string): string => `arn:aws:kms:us-east-1:${account}:key/${name}`;
const refused = (...statements: readonly Statement[]): boolean =>
  parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements })).kind === 'fault';
const whenEqual = (name: string, value: unknown): Statement => ({
  Condition: { StringEquals: { [name]: value } },
});

describe('wildcards', () => {
  test('a user named * is no wildcard in Resource', () => {
    const members = { Resource: key(v('aws:username')) };
    assert.equal(applies(members, { resource: key('1234'), keys: { 'aws:username': '*' } }), false);
    assert.equal(applies(members, { resource: key('*'), keys: { 'aws:username': '*' } }), true);
    assert.equal(applies(members, { resource: key('x'), keys: { 'aws:username': '?' } }), false);
  });
  test('nor in a condition', () => {
    const members = { Condition: { StringLike: { 'a:b': `x/${v('aws:username')}` } } };
    assert.equal(applies(members, { keys: { 'aws:username': '*', 'a:b': 'x/y' } }), false);
    const arn = `arn:aws:s3:::${v('aws:username')}`;
    const keys = { 'aws:username': '*', 'aws:sourcearn': 'arn:aws:s3:::theirs' };
    assert.equal(applies({ Condition: { ArnLike: { 'aws:SourceArn': arn } } }, { keys }), false);
  });
  test('a tag cannot bring a colon that moves the segments of an ARN', () => {
    const members = { Resource: `arn:aws:kms:us-east-1:${account}:${v('aws:PrincipalTag/t')}` };
    const stolen = `arn:aws:kms:us-east-1:${account}:key/1`;
    const keys = { 'aws:principaltag/t': `${otherAccount}:key/1` };
    assert.equal(applies(members, { resource: stolen, keys }), false);
  });
  test('a tag cannot bring a variable, nor a default end one', () => {
    const members = { Resource: key(v('aws:PrincipalTag/t')) };
    const keys = { 'aws:principaltag/t': v('aws:username'), 'aws:username': 'bo' };
    assert.equal(applies(members, { resource: key('bo'), keys }), false);
    assert.equal(applies({ Resource: key(v("a:b, '*'")) }, { resource: key('x') }), false);
  });
  test("a resource's own star matches no more than a star", () => {
    assert.equal(applies({ Resource: key('a') }, { resource: key('*') }), false);
    assert.equal(applies({ Resource: key('*') }, { resource: key('*') }), true);
  });
  test('a star stays within its account and Region in an Allow, and reaches on in a Deny', () => {
    const forgotten = { Resource: 'arn:aws:kms:*:key/*' };
    assert.equal(applies(forgotten, { resource: key('1') }), false);
    assert.equal(denies(forgotten, { resource: key('1') }), true);
  });
  test('an action without a resource is not allowed by a pattern that could match anything', () => {
    for (const Resource of ['arn:*', '?', '*?', 'arn:aws:kms:*:*:*', v("a:b, '*'")])
      assert.equal(applies({ Resource }, { resource: '*' }), false, Resource);
  });
  test('a thousand stars take no time', () => {
    const Resource = key('*a'.repeat(1_000));
    const policy = policyOf([allow({ Resource })]);
    const identity = [{ policy, type: 'identity', name: 'stars' }] as const;
    const question = questionOf({ resource: key('a'.repeat(999)) });
    const begin = performance.now();
    assert.equal(evaluate(question, { ...none, identity }).allowed, false);
    assert.ok(performance.now() - begin < 500);
  });
  test('are refused in principals and in the vendor of an action', () => {
    assert.ok(refused(allow({ Principal: { AWS: `arn:aws:iam::${account}:user/*` } })));
    assert.ok(refused(allow({ Principal: { AWS: `arn:aws:iam::*:root` } })));
    assert.ok(refused(allow({ Principal: { Service: '*' } })));
    assert.ok(refused(allow({ Action: 'k*:Decrypt' })));
  });
});

describe('case', () => {
  test('of a user in a principal counts', () => {
    const policy = named('resource', allow({ Principal: { AWS: bo.arn } }));
    const resource = { policy, rule: 'required' } as const;
    const impostor = { ...bo, arn: bo.arn.replace('/bo', '/BO'), principalId: 'AIDAIMPOSTOR' };
    assert.equal(verdict({ caller: impostor }, { resource }), 'no allow: resource');
  });
  test('of values counts, of key names it does not', () => {
    assert.equal(
      applies(whenEqual('AWS:UserName', 'bo'), { keys: { 'aws:username': 'bo' } }),
      true,
    );
    assert.equal(
      applies(whenEqual('aws:username', 'BO'), { keys: { 'aws:username': 'bo' } }),
      false,
    );
  });
  test('of a key name does not hide a condition', () => {
    const both = { Condition: { StringEquals: { 'aws:username': 'bo', 'AWS:USERNAME': 'al' } } };
    assert.equal(applies(both, { keys: { 'aws:username': 'bo' } }), false);
  });
  test('of Unicode brings no foreign letter to an ASCII one', () => {
    const kelvin = '\u212A';
    assert.ok(refused(allow({ Action: `${kelvin}ms:Encrypt` })));
    assert.equal(applies({ Action: 'kms:*' }, { action: `${kelvin}ms:Encrypt` }), false);
    const ignoring = { Condition: { StringEqualsIgnoreCase: { 'a:b': 'kate' } } };
    assert.equal(applies(ignoring, { keys: { 'a:b': `${kelvin}ATE` } }), false);
    assert.equal(applies(ignoring, { keys: { 'a:b': 'KATE' } }), true);
    const sharp = { Condition: { StringEqualsIgnoreCase: { 'a:b': 'STRASSE' } } };
    assert.equal(applies(sharp, { keys: { 'a:b': 'straße' } }), false);
    // A tag key with a Kelvin sign is another key than one with a k.
    const keys = { [foldCase(`aws:RequestTag/${kelvin}ey`)]: 'yes' };
    assert.equal(applies(whenEqual('aws:RequestTag/Key', 'yes'), { keys }), false);
  });
  test('of elements and effects is not forgiven', () => {
    assert.ok(refused({ ...allow(), effect: 'Deny' }));
    assert.ok(refused({ ...allow(), Effect: 'ALLOW' }));
    assert.ok(refused(allow({ Condition: { stringequals: { 'a:b': 'c' } } })));
    assert.ok(refused(allow({ Principal: { aws: '*' } })));
  });
});

describe('the context of a request', () => {
  test('a tag named like a longer key is only that key', () => {
    const members = whenEqual('aws:RequestTag/a', 'yes');
    for (const name of [
      'aws:requesttag/a/b',
      'aws:requesttag/',
      'aws:requesttag',
      'a',
      'requesttag/a',
    ])
      assert.equal(applies(members, { keys: { [name]: 'yes' } }), false, name);
  });
  test('a tag cannot stand in for a global key', () => {
    const members = whenEqual('aws:PrincipalAccount', account);
    const keys = { 'aws:requesttag/aws:principalaccount': account, principalaccount: account };
    assert.equal(applies(members, { keys }), false);
  });
  test('names that every object has are keys without a value', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'aws:__proto__'])
      for (const value of [
        '',
        'undefined',
        'function Object() { [native code] }',
        '[object Object]',
      ]) {
        assert.equal(applies(whenEqual(name, value)), false, name);
        assert.equal(applies({ Resource: `${key('')}${v(name)}*` }), false, name);
      }
    assert.equal(applies({ Condition: { Null: { __proto__: 'false' } } }), true, 'an empty map');
    assert.equal(applies({ Condition: { Null: { ['__proto__']: 'false' } } }), false);
  });
  test('a principal is not taken from the prototype of the saved ids', () => {
    const role = ops.role?.arn ?? '';
    const policy = named('resource', allow({ Principal: { AWS: role } }));
    const of = (principalIds: Record<string, string>) =>
      verdict({ caller: ops }, { resource: { policy, rule: 'required', principalIds } });
    assert.equal(of(Object.create({ [role]: 'AROAOTHER' })), 'resource-policy');
    assert.equal(of({ [role]: 'AROAOTHER' }), 'no allow: resource');
  });
  test('a value cannot pretend to be several', () => {
    const members = { Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'admin' } } };
    for (const given of ['["admin"]', 'a,admin', 'admin,', ' admin'])
      assert.equal(applies(members, { keys: { 'aws:tagkeys': given } }), false, given);
  });
  test('ForAllValues on an absent key is true, as AWS has it; Null closes the gap', () => {
    const all = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } };
    assert.equal(applies({ Condition: all }), true);
    assert.equal(applies({ Condition: all }, { keys: { 'aws:tagkeys': [] } }), true);
    const closed = { Condition: { ...all, Null: { 'aws:TagKeys': 'false' } } };
    assert.equal(applies(closed), false);
    assert.equal(applies(closed, { keys: { 'aws:tagkeys': [] } }), false);
    assert.equal(applies(closed, { keys: { 'aws:tagkeys': ['team', 'admin'] } }), false);
    assert.equal(applies(closed, { keys: { 'aws:tagkeys': ['team'] } }), true);
  });
  test('one harmless value among several does not carry the others through', () => {
    const members = whenEqual('aws:TagKeys', 'team');
    assert.equal(applies(members, { keys: { 'aws:tagkeys': ['team', 'admin'] } }), false);
    assert.equal(denies(members, { keys: { 'aws:tagkeys': ['team', 'admin'] } }), true);
  });
  test('what cannot be read helps nobody', () => {
    const outside = { Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } };
    const keys = { 'aws:sourceip': '10.0.0.1, 1.2.3.4' };
    assert.equal(applies(outside, { keys }), false);
    assert.equal(denies(outside, { keys }), true);
  });
  test('an IPv4 address in the form of IPv6 is within its range', () => {
    const inside = { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } };
    assert.equal(denies(inside, { keys: { 'aws:sourceip': '::ffff:10.0.0.1' } }), true);
    assert.equal(applies(inside, { keys: { 'aws:sourceip': '010.0.0.1' } }), false);
  });
  test('an evaluator that fails to read its keys allows nothing', () => {
    const policy = named('identity', allow(whenEqual('a:b', 'c')));
    const broken = {
      ...questionOf(),
      conditions: () => {
        throw new Error('no key');
      },
    };
    assert.throws(() => evaluate(broken, { ...none, identity: [policy] }), /no key/);
  });
});

describe('documents', () => {
  test('a second Effect, Condition or Statement is refused, not the last one taken', () => {
    for (const text of [
      '{"Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}',
      '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"true"}},"Condition":{}}}',
      '{"Statement":[],"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
      '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"true"},"Bool":{}}}}',
      '{"Statement":{"Effect":"Allow","\\u0041ction":"s3:*","Action":"*","Resource":"*"}}',
    ])
      assert.equal(parsePolicy(text).kind, 'fault', text);
  });
  test('an unknown element or operator is refused, not skipped', () => {
    assert.ok(refused(allow({ Conditions: { Bool: { 'a:b': 'true' } } })));
    assert.ok(refused(allow({ Condition: { StringEqualsIfExist: { 'a:b': 'c' } } })));
    assert.ok(refused(allow({ Condition: { constructor: { 'a:b': 'c' } } })));
  });
  test('a misspelt Deny is refused, not read as something else', () => {
    for (const Effect of ['deny', 'Deny ', 'DENY', 'Denied', '', null, ['Deny']])
      assert.ok(refused({ ...allow(), Effect }), JSON.stringify(Effect));
  });
  test('a Deny with an empty list of exceptions does nothing, as it names nothing', () => {
    assert.equal(applies({ Action: undefined, NotAction: [] }), false);
    assert.equal(applies({ Resource: undefined, NotResource: [] }), false);
  });
  test('an Allow in an identity policy that names a principal is void', () => {
    assert.equal(applies({ Principal: '*' }), false);
    assert.equal(denies({ Principal: { AWS: otherAccount } }), true);
  });
  test('NotPrincipal cannot let everyone else in', () => {
    assert.ok(refused(allow({ NotPrincipal: { AWS: otherAccount } })));
  });
  test('variables in a document of 2008 are text', () => {
    const members = { Resource: key(v('aws:username')) };
    const asking = { resource: key('bo'), keys: { 'aws:username': 'bo' } };
    assert.equal(applies(members, asking, '2008-10-17'), false);
    assert.equal(applies(members, asking), true);
  });
  test('a policy cannot be changed after it was compiled', () => {
    const policy = policyOf([allow({ Action: 's3:*' })]);
    assert.throws(() => (policy.statements as unknown[]).push(allow()), TypeError);
    assert.throws(() => Object.assign(policy, { allows: [] }), TypeError);
    const [statement] = policy.statements;
    assert.throws(() => Object.assign(statement as object, { effect: 'Allow' }), TypeError);
  });
});
