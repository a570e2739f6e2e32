import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import { checkedPolicy, defaultPolicy, printPolicy } from './policy-document.ts';

const account = '111122223333';
const keyArn = `arn:aws:kms:eu-central-1:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const callerArn = `arn:aws:iam::${account}:user/ann`;
const check = { bypassLockoutCheck: false, keepsControl: () => true };
const root = `arn:aws:iam::${account}:root`;
const allow = { Effect: 'Allow', Principal: { AWS: root }, Action: 'kms:*', Resource: '*' };

const put = (policy: unknown, options = {}) =>
  checkedPolicy(typeof policy === 'string' ? policy : JSON.stringify(policy), {
    ...check,
    ...options,
  });
const statements = (...list: object[]) => ({ Version: '2012-10-17', Statement: list });

describe('the default key policy', () => {
  test("is printed as AWS prints it, and passes AWS's own check", () => {
    const text = defaultPolicy({ account, partition: 'aws' });
    const lines = [
      '{',
      '  "Version" : "2012-10-17",',
      '  "Id" : "key-default-1",',
      '  "Statement" : [ {',
      '    "Sid" : "Enable IAM User Permissions",',
      '    "Effect" : "Allow",',
      '    "Principal" : {',
      '      "AWS" : "arn:aws:iam::111122223333:root"',
      '    },',
      '    "Action" : "kms:*",',
      '    "Resource" : "*"',
      '  } ]',
      '}',
    ];
    assert.equal(text, lines.join('\n'));
    assert.equal(put(text), text);
  });
  test('printing changes nothing that JSON says', () => {
    const policy = statements(allow, {
      ...allow,
      Sid: 'quote " and \\ and ü',
      Action: [],
      Condition: { Bool: { 'kms:GrantIsForAWSResource': true }, StringEquals: {} },
    });
    assert.deepEqual(JSON.parse(printPolicy(policy)), policy);
  });
});

describe('a key policy is accepted', () => {
  const accepted: Record<string, object> = {
    'with the root of the account': statements(allow),
    'with a statement that is not in a list': { Statement: allow },
    'with the account as a number in digits': statements({ ...allow, Principal: { AWS: account } }),
    'with the caller itself': statements({ ...allow, Principal: { AWS: callerArn } }),
    'with everyone': statements({ ...allow, Principal: '*' }),
    'with the action by wildcard': statements({ ...allow, Action: ['kms:Get*', 'kms:P?tKey*'] }),
    'with the action in other letter case': statements({ ...allow, Action: 'KMS:putkeypolicy' }),
    'with the key by ARN': statements({ ...allow, Resource: keyArn }),
    'with statements that lack action or resource beside': statements(allow, {
      Effect: 'Allow',
      Principal: { Service: 'logs.amazonaws.com' },
    }),
    'with roles, sessions, federated users and unique ids': statements(allow, {
      ...allow,
      Principal: {
        AWS: [
          `arn:aws:iam::${account}:role/path/r`,
          `arn:aws:sts::${account}:assumed-role/r/s`,
          `arn:aws:sts::${account}:federated-user/f`,
          'AROAEXAMPLEEXAMPLE123',
        ],
      },
    }),
    'with a Deny that another principal meets': statements(allow, {
      ...allow,
      Effect: 'Deny',
      Principal: { AWS: `arn:aws:iam::${account}:user/bob` },
    }),
  };
  for (const [how, policy] of Object.entries(accepted))
    test(how, () => assert.deepEqual(JSON.parse(put(policy)), policy));
});

describe('a key policy is refused', () => {
  const malformed = (text?: string) => refusal('MalformedPolicyDocumentException', text);
  const principals = malformed('Policy contains a statement with one or more invalid principals.');
  const badArn = refusal('InvalidArnException', 'An ARN in the specified key policy is invalid.');

  test('without text when it is not a JSON object', () => {
    for (const text of ['', 'x', '[]', 'null', '"a"', '{'])
      assert.throws(() => put(text), malformed(), text);
  });
  test('when it is longer than 32 KB in bytes, not in characters', () => {
    const padded = (length: number, pad: string) =>
      JSON.stringify({ Id: '', ...statements(allow) }).replace('""', `"${pad.repeat(length)}"`);
    const base = Buffer.byteLength(padded(0, 'a'));
    assert.ok(put(padded(32_768 - base, 'a')));
    const limit = refusal(
      'LimitExceededException',
      'The key policy is longer than the limit of 32768 bytes.',
    );
    assert.throws(() => put(padded(32_769 - base, 'a')), limit);
    assert.throws(() => put(padded(20_000, 'é')), limit);
  });
  test('when a statement has no principal, or none that can be one', () => {
    const { Principal: _, ...without } = allow;
    const wrong = [
      {},
      [],
      1,
      'arn:aws:iam::111122223333:root',
      { AWS: [] },
      { AWS: 'ann' },
      { AWS: 1 },
      { Nobody: 'x' },
      { AWS: '' },
    ];
    for (const Principal of wrong)
      assert.throws(
        () => put(statements(allow, { ...allow, Principal })),
        principals,
        JSON.stringify(Principal),
      );
    assert.throws(() => put(statements(without)), principals);
    assert.throws(() => put(statements({ ...allow, NotPrincipal: '*' })), principals);
  });
  test('for ARNs that are malformed or name groups', () => {
    for (const AWS of [
      `arn:aws:iam::${account}:group/g`,
      'arn:aws:iam::1:root',
      'arn:aws:s3:::b',
      `arn:aws:iam::${account}:rootx`,
    ])
      assert.throws(() => put(statements(allow, { ...allow, Principal: { AWS } })), badArn, AWS);
  });
  test('when it is no policy', () => {
    const wrong: object[] = [
      {},
      { Statement: [] },
      { Statement: [1] },
      { Statement: allow, Version: '2020-01-01' },
      { Statement: allow, Id: 1 },
      { Statement: allow, Extra: 1 },
      statements({ ...allow, Effect: 'allow' }),
      statements({ ...allow, Sid: 1 }),
      statements({ ...allow, Action: 1 }),
      statements({ ...allow, Resource: [[]] }),
      statements({ ...allow, NotAction: 'kms:*' }),
      statements({ ...allow, Condition: [] }),
      statements({ ...allow, Condition: { StringEquals: 'x' } }),
      statements({ ...allow, Condition: { StringEquals: { a: { b: 'c' } } } }),
      statements({ ...allow, Grantee: 'x' }),
    ];
    for (const policy of wrong)
      assert.throws(
        () => put(policy),
        (error: { code?: string; text?: string }) =>
          error.code === 'MalformedPolicyDocumentException' &&
          /^Syntax error in policy: /.test(error.text ?? ''),
        JSON.stringify(policy),
      );
  });
  test('for ForAllValues on a key that has one value in a request', () => {
    const Condition = { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:app': 'a' } };
    assert.throws(() => put(statements(allow, { ...allow, Condition })), {
      code: 'MalformedPolicyDocumentException',
      text: /^OverlyPermissiveCondition: /,
    });
  });
});
