import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { validateIdentityPolicy, validateResourcePolicy, validateTrustPolicy } from './validate.ts';

const syntax = 'Syntax errors in policy.';
const legacy = 'The policy failed legacy parsing';
const vendor = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
const iamPath =
  'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.';

type Statement = Readonly<Record<string, unknown>>;
const good = { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::bucket' };
const document = (...statements: readonly Statement[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const resource = (Resource: unknown): string => document({ ...good, Resource });
const action = (Action: unknown): string => document({ ...good, Action });
const without = (name: string, statement: Statement = good): Statement =>
  Object.fromEntries(Object.entries(statement).filter(([member]) => member !== name));

const identityFaults: readonly (readonly [document: string, message: string])[] = [
  ['not JSON', syntax],
  [JSON.stringify({ Version: '2013-10-17', Statement: good }), syntax],
  [JSON.stringify({ Version: '2012-10-17' }), syntax],
  [JSON.stringify({ Version: '2012-10-17', Statement: [] }), syntax],
  [document({ ...good, Extra: 1 }), syntax],
  [document({ ...good, Effect: 'Permit' }), syntax],
  [document({ ...good, NotAction: 's3:*' }), syntax],
  [document({ ...good, Condition: { x: { a: '1' } } }), syntax],
  [JSON.stringify({ Statement: good }), 'Policy document must be version 2012-10-17 or greater.'],
  [
    JSON.stringify({ Version: '2008-10-17', Statement: good }),
    'Policy document must be version 2012-10-17 or greater.',
  ],
  [document({ ...good, Principal: '*' }), 'Policy document should not specify a principal.'],
  [
    document({ ...good, Principal: { AWS: 'x' } }),
    'Policy document should not specify a principal.',
  ],
  [document({ ...good, Effect: 'allow' }), legacy],
  [document({ ...good, Condition: { DateLessThan: { 'a:b': 'soon' } } }), legacy],
  [resource('arn:aws:s3::bucket'), legacy],
  [resource('arn:aws::fdsasf'), legacy],
  [resource('arn:aws::::bucket'), legacy],
  [
    document({ ...good, Sid: 'a' }, { ...good, Sid: 'a' }),
    'Statement IDs (SID) in a single policy must be unique.',
  ],
  [
    document({ ...good, Sid: 'a b' }),
    'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
  ],
  [document(without('Action')), 'Policy statement must contain actions.'],
  [action([]), 'Policy statement must contain actions.'],
  [document({ Effect: 'Deny' }, good), 'Policy statement must contain actions.'],
  [document(without('Resource')), 'Policy statement must contain resources.'],
  [resource([]), 'Policy statement must contain resources.'],
  [resource('bucket'), 'Resource bucket must be in ARN format or "*".'],
  [resource(''), 'Resource  must be in ARN format or "*".'],
  [resource('a:b'), 'Partition "b" is not valid for resource "arn:b:*:*:*:*".'],
  [resource('aws:s3:::bucket'), 'Partition "s3" is not valid for resource "arn:s3:::bucket:*".'],
  [resource('a:b:c:d:e:f:g:h'), 'Partition "b" is not valid for resource "arn:b:c:d:e:f:g:h".'],
  [resource('arn:aws'), 'Resource vendor must be fully qualified and cannot contain regexes.'],
  [
    resource('arn:aws:s*:::bucket'),
    'Resource vendor must be fully qualified and cannot contain regexes.',
  ],
  [
    resource('arn:aws:iam:us-east-1:1:user/x'),
    'IAM resource arn:aws:iam:us-east-1:1:user/x cannot contain region information.',
  ],
  [
    resource('arn:aws:s3:us-east-1::bucket'),
    'Resource arn:aws:s3:us-east-1::bucket can not contain region information.',
  ],
  [resource('arn:aws:iam:::bucket'), iamPath],
  [action('invalid'), vendor],
  [document({ ...without('Action'), NotAction: '' }), vendor],
  [action('a a:ListBucket'), 'Vendor a a is not valid'],
  [action('s3:List:Bucket'), 'Actions/Condition can contain only one colon.'],
  // The order does not depend on where the faults stand.
  [
    document({ ...good, Action: 'invalid' }, without('Action')),
    'Policy statement must contain actions.',
  ],
  [
    document({ ...good, Action: 'invalid', Resource: 'bucket' }),
    'Resource bucket must be in ARN format or "*".',
  ],
  [document({ ...good, Resource: 'bucket' }, { ...good, Effect: 'denY' }), legacy],
  [
    JSON.stringify({ Statement: { ...good, Effect: 'denY' } }),
    'Policy document must be version 2012-10-17 or greater.',
  ],
];

describe('IAM refuses an identity policy', () => {
  for (const [text, message] of identityFaults)
    test(`${text.slice(0, 150)}: ${message.slice(0, 60)}`, () =>
      assert.equal(validateIdentityPolicy(text), message));
});

describe('IAM takes an identity policy', () => {
  const taken: readonly string[] = [
    document(good),
    document(good, good),
    document({ ...good, Sid: 'a1' }, { ...good, Sid: 'A1' }, { ...good, Sid: '' }, good),
    JSON.stringify({ Version: '2012-10-17', Id: 'x', Statement: good }),
    action('*'),
    action('*:*'),
    action('iam: any name '),
    action('s3-s:x'),
    resource('*'),
    resource(['*', 'arn:aws:s3:::b/*']),
    resource('arn:*:s3:::b'),
    resource('arn:aws-cn:s3:::b'),
    resource('arn:aws:fdsasf'),
    resource('arn:aws:iam::*:user/$(aws:username)'.replace('(', '{').replace(')', '}')),
    resource('arn:aws:iam::1:*'),
    resource('arn:aws:kms:us-east-1:1:key/*'),
    document({ ...without('Resource'), NotResource: 'arn:aws:s3:::b' }),
    document({ ...good, Condition: {} }),
    document({ ...good, Condition: { x: {} } }),
    document({ ...good, Condition: { DateGreaterThan: { 'a:b': [] } } }),
    document({ ...good, Condition: { 'ForAnyValue:StringEqualsIfExists': { a: 'b' } } }),
  ];
  for (const text of taken)
    test(text.slice(0, 150), () => assert.equal(validateIdentityPolicy(text), undefined));
});

const trusting = {
  Effect: 'Allow',
  Principal: { AWS: '111122223333' },
  Action: 'sts:AssumeRole',
};
const actionsOnly = 'AssumeRole policy may only specify STS AssumeRole actions.';

describe('a trust policy', () => {
  const faults: readonly (readonly [document: string, message: string])[] = [
    ['not JSON', 'This policy contains invalid Json'],
    ['{"Statement":{},"Statement":{}}', 'This policy contains invalid Json'],
    ['{}', syntax],
    [document(), syntax],
    [document({ ...trusting, Resource: '*' }), 'Has prohibited field Resource'],
    [document({ ...trusting, Resource: [] }), 'Has prohibited field Resource'],
    [document({ ...trusting, NotResource: '*' }), 'Has prohibited field Resource'],
    [document(without('Principal', trusting)), 'Missing required field Principal'],
    [
      document({
        ...without('Principal', trusting),
        Effect: 'Deny',
        NotPrincipal: { AWS: '111122223333' },
      }),
      'Has prohibited field NotPrincipal',
    ],
    [
      document({ ...trusting, Principal: { AWS: 'arn:aws:iam::111122223333:group/g' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/g"',
    ],
    [document({ ...trusting, Action: 'kms:Encrypt' }), actionsOnly],
    [document({ ...trusting, Action: 'sts:GetCallerIdentity' }), actionsOnly],
    [document({ ...trusting, Action: ['sts:AssumeRole', 's3:*'] }), actionsOnly],
    [document({ ...trusting, Action: '*' }), actionsOnly],
    [document({ ...trusting, Action: [] }), actionsOnly],
    [document({ ...without('Action', trusting), NotAction: 'sts:AssumeRole' }), actionsOnly],
  ];
  for (const [text, message] of faults)
    test(`is refused: ${text.slice(0, 150)}`, () =>
      assert.equal(validateTrustPolicy(text), message));

  const taken: readonly string[] = [
    document(trusting),
    JSON.stringify({ Version: '2008-10-17', Statement: trusting }),
    JSON.stringify({ Statement: trusting }),
    document({
      ...trusting,
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    }),
    document({ ...trusting, Action: 'STS:assumeRole*' }),
    document({
      ...trusting,
      Principal: { Federated: 'accounts.google.com' },
      Action: 'sts:AssumeRoleWithWebIdentity',
    }),
    document({
      ...trusting,
      Principal: { Service: ['ec2.amazonaws.com', 'lambda.amazonaws.com'] },
    }),
    document({ ...trusting, Principal: '*' }),
  ];
  for (const text of taken)
    test(`is taken: ${text.slice(0, 150)}`, () =>
      assert.equal(validateTrustPolicy(text), undefined));
});

describe('a resource policy', () => {
  test('says for whom each statement is', () => {
    assert.equal(validateResourcePolicy(document({ ...good, Principal: '*' })), undefined);
    assert.deepEqual(validateResourcePolicy(document({ ...good, Principal: '*' }, good)), {
      code: 'principal',
      text: 'Missing required field Principal',
    });
  });
  test('may lack actions and resources', () => {
    assert.equal(validateResourcePolicy(document({ Effect: 'Allow', Principal: '*' })), undefined);
  });
  test('is read as every document is', () => {
    assert.equal(validateResourcePolicy('[]')?.code, 'syntax');
    assert.equal(validateResourcePolicy('')?.code, 'json');
    const group = { ...good, Principal: { AWS: 'arn:aws:iam::111122223333:group/g' } };
    assert.equal(validateResourcePolicy(document(group))?.code, 'principal');
  });
});
