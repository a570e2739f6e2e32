import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { packedPolicySize, requirePolicies, sessionPoliciesOf } from './session-policies.ts';
import { sessionTagsOf } from './session-tags.ts';

const noTags = sessionTagsOf({});
const policy = (Action: string | string[]) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
  });
const code = (expected: string, text: RegExp) => (error: unknown) => {
  const { code: actual, message } = error as { code: string; message: string };
  return actual === expected && text.test(message);
};

describe('session policies of a request', () => {
  test('keep every character but the blanks between the words', () => {
    const Policy = `{ "Version" : "2012-10-17",\n\t"Statement": [ { "Sid": "a", "Effect": "Deny",
      "Action": "*", "Resource": "arn:aws:s3:::a  b", "Condition":
      { "StringEquals" : { "aws:PrincipalTag/a\\" b" : [ 1.0 , true ] } } } ] }`;
    const { policies = [] } = sessionPoliciesOf({ Policy });
    assert.equal(
      policies[0],
      '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","Action":"*","Resource":' +
        '"arn:aws:s3:::a  b","Condition":{"StringEquals":{"aws:PrincipalTag/a\\" b":[1.0,true]}}}]}',
    );
  });

  test('are what identities may have, and at most ten managed ones beside an inline one', () => {
    assert.deepEqual(sessionPoliciesOf({}), {});
    assert.deepEqual(sessionPoliciesOf({ PolicyArns: [] }), {});
    const arn = 'arn:aws:iam::111122223333:policy/a/b';
    const ten = Array.from({ length: 10 }, () => ({ arn }));
    assert.equal(sessionPoliciesOf({ PolicyArns: ten }).policyArns?.length, 10);
    assert.throws(
      () => sessionPoliciesOf({ PolicyArns: [...ten, { arn }] }),
      code('ValidationError', /'policyArns'.*less than or equal to 10$/),
    );
    for (const other of [undefined, '', 'arn:aws:iam::111122223333:role/a', `${arn}/`, `${arn} x`])
      assert.throws(
        () => sessionPoliciesOf({ PolicyArns: [other === undefined ? {} : { arn: other }] }),
        code('ValidationError', / is invalid$/),
      );
    for (const Policy of ['', '{}', '[]', policy([]), `${policy('*')}x`])
      assert.throws(() => sessionPoliciesOf({ Policy }), code('MalformedPolicyDocument', /./));
  });

  test('must be there, in the account or in AWS', async () => {
    const here = ['arn:aws:iam::111122223333:policy/a', 'arn:aws:iam::aws:policy/b'];
    const foreign = 'arn:aws:iam::444455556666:policy/c';
    const ports = { hasPolicy: async (arn: string) => [...here, foreign].includes(arn) };
    await requirePolicies(ports, { policyArns: here }, '111122223333');
    await requirePolicies(ports, {}, '111122223333');
    for (const arn of [foreign, 'arn:aws:iam::111122223333:policy/none'])
      await assert.rejects(
        requirePolicies(ports, { policyArns: [arn] }, '111122223333'),
        code('ValidationError', /does not exist or is not attachable\.$/),
      );
  });
});

describe('the packed size', () => {
  test('is none where nothing is packed, and what AWS was measured to say', () => {
    assert.equal(packedPolicySize({}, noTags), undefined);
    const statement = { Sid: 'Stmt1', Effect: 'Allow', Action: 's3:ListAllMyBuckets' };
    const example = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ ...statement, Resource: '*' }],
    });
    assert.equal(packedPolicySize({ policies: [example] }, noTags), 6);
    const nine = Array.from({ length: 9 }, (_, i) => ({
      Key: `T${i + 1}`,
      Value: 'a'.repeat(250),
    }));
    assert.throws(
      () => packedPolicySize({}, sessionTagsOf({ Tags: nine })),
      code(
        'PackedPolicyTooLarge',
        /^Packed size of session tags consumes 498% of allotted space\.$/,
      ),
    );
  });

  test('goes up to a hundred percent, inherited tags included', () => {
    const value = (size: number) => [{ Key: 'a', Value: 'x'.repeat(size) }];
    const full = sessionTagsOf({ Tags: value(256) });
    assert.equal(packedPolicySize({}, full), 56);
    const inherited = {
      tags: { b: 'x'.repeat(196) },
      transitiveTagKeys: ['b'],
      createdAt: 0,
      expiresAt: 0,
    };
    const both = sessionTagsOf({ Tags: value(256) }, inherited);
    assert.equal(packedPolicySize({}, both), 100);
    const arn = `arn:aws:iam::aws:policy/${'p'.repeat(40)}`;
    assert.throws(
      () => packedPolicySize({ policyArns: [arn] }, both),
      code('PackedPolicyTooLarge', /^Packed policy consumes 103% of allotted space, please use/),
    );
  });
});
