import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  abroad,
  account,
  allow,
  anonymous,
  bo,
  deny,
  fay,
  type Keys,
  keyArn,
  named,
  none,
  ops,
  questionOf,
  rootUser,
  type Statement,
  service,
} from '../../test/policy/deciding.ts';
import type { Caller, PolicySet } from './evaluate.ts';
import { explain, type Mismatch } from './explain.ts';

function explained(policies: Partial<PolicySet>, caller: Caller = bo, keys: Keys = {}) {
  return explain(questionOf({ caller, keys }), { ...none, ...policies });
}

function mismatchOf(statement: Statement, keys: Keys = {}): Mismatch | undefined {
  const { policies } = explained({ identity: [named('identity', statement)] }, bo, keys);
  return policies[0]?.statements[0]?.mismatch;
}

describe('a statement that does not apply says what does not fit', () => {
  const rows: readonly (readonly [statement: Statement, mismatch: Mismatch | undefined, Keys?])[] =
    [
      [allow(), undefined],
      [
        allow({ Action: ['kms:Decrypt', 's3:*'] }),
        { element: 'Action', policy: ['kms:Decrypt', 's3:*'], request: 'kms:Encrypt' },
      ],
      [
        allow({ Action: undefined, NotAction: 'kms:*' }),
        { element: 'NotAction', policy: ['kms:*'], request: 'kms:Encrypt' },
      ],
      [allow({ Action: undefined }), { element: 'Action', policy: [], request: 'kms:Encrypt' }],
      [
        allow({ Resource: 'arn:aws:s3:::*' }),
        { element: 'Resource', policy: ['arn:aws:s3:::*'], request: keyArn },
      ],
      [
        allow({
          Condition: {
            Bool: { 'aws:SecureTransport': 'true' },
            StringEquals: { 'A:b': ['c', 'd'] },
          },
        }),
        {
          element: 'Condition',
          operator: 'StringEquals',
          key: 'A:b',
          policy: ['c', 'd'],
          request: 'e',
        },
        { 'aws:securetransport': 'true', 'a:b': 'e' },
      ],
      [
        allow({ Condition: { Null: { 'A:b': 'false' } } }),
        { element: 'Condition', operator: 'Null', key: 'A:b', policy: ['false'], request: null },
      ],
      [
        allow({ Condition: { 'ForAllValues:StringEquals': { 'A:b': 'c' } } }),
        {
          element: 'Condition',
          operator: 'ForAllValues:StringEquals',
          key: 'A:b',
          policy: ['c'],
          request: ['c', 'd'],
        },
        { 'a:b': ['c', 'd'] },
      ],
      [
        allow({ Principal: '*' }),
        {
          element: 'Principal',
          policy: ['*'],
          request: bo.arn,
          note: 'A policy of this type (identity) names no principals.',
        },
      ],
    ];
  for (const [statement, mismatch, keys] of rows)
    test(JSON.stringify(statement), () => assert.deepEqual(mismatchOf(statement, keys), mismatch));

  test('and of a principal that was created again', () => {
    const policy = named('resource', allow({ Principal: { AWS: bo.arn } }));
    const principalIds = { [bo.arn]: 'AIDAOLD' };
    const { policies } = explained({ resource: { policy, rule: 'ordinary', principalIds } });
    assert.match(
      policies[0]?.statements[0]?.mismatch?.note ?? '',
      /means AIDAOLD, who had this ARN/,
    );
  });
});

test('an explanation lists all policies in the order of the decision, with where they are', () => {
  const arn = `arn:aws:iam::${account}:policy/p`;
  const { policies, decision } = explained({
    identity: [
      { ...named('identity', deny({ Action: 's3:*' }), allow()), arn, attachedTo: bo.arn },
    ],
    boundary: named('boundary', allow()),
    session: [named('session', allow())],
    serviceControl: [[named('service-control', allow())], [named('service-control', allow())]],
    resourceControl: [[named('resource-control', allow({ Principal: '*' }))]],
    vpcEndpoint: named('vpc-endpoint', allow({ Principal: '*' })),
    resource: {
      policy: named('resource', allow({ Principal: { AWS: account } })),
      rule: 'required',
    },
  });
  assert.deepEqual(decision, {
    allowed: true,
    because: 'identity-policy',
    policy: arn,
    statement: 1,
  });
  assert.deepEqual(
    policies.map(({ type, level }) => [type, level]),
    [
      ['service-control', 0],
      ['service-control', 1],
      ['resource-control', 0],
      ['vpc-endpoint', undefined],
      ['resource', undefined],
      ['identity', undefined],
      ['boundary', undefined],
      ['session', undefined],
    ],
  );
  const identity = policies.find(({ type }) => type === 'identity');
  assert.deepEqual([identity?.arn, identity?.attachedTo], [arn, bo.arn]);
  const statements = identity?.statements.map(({ matched, effect, line }) => [
    matched,
    effect,
    line,
  ]);
  assert.deepEqual(statements, [
    [false, 'Deny', 1],
    [true, 'Allow', 1],
  ]);
});

interface Changing {
  readonly name: string;
  readonly caller?: Caller;
  readonly policies: Partial<PolicySet>;
  readonly steps: readonly unknown[] | undefined;
}

const add = { Effect: 'Allow', Action: 'kms:Encrypt', Resource: keyArn };
const boundary = named('boundary', allow({ Action: 's3:*' }));

const changes: readonly Changing[] = [
  {
    name: 'an identity policy is missing',
    policies: {},
    steps: [{ type: 'identity', attachedTo: bo.arn, add }],
  },
  {
    name: 'there is an inline policy to extend',
    policies: { identity: [{ ...named('identity'), name: 'inline', attachedTo: bo.arn }] },
    steps: [{ type: 'identity', policy: 'inline', attachedTo: bo.arn, add }],
  },
  {
    name: "a group's policy isn't extended",
    policies: { identity: [{ ...named('identity'), attachedTo: 'arn:aws:iam::1:group/g' }] },
    steps: [{ type: 'identity', attachedTo: bo.arn, add }],
  },
  {
    name: 'a role gets the policy, not its session',
    caller: ops,
    policies: {},
    steps: [{ type: 'identity', attachedTo: ops.role?.arn, add }],
  },
  {
    name: 'a Deny is in the way, and then a boundary',
    policies: { identity: [named('identity', allow(), deny())], boundary },
    steps: [
      { type: 'identity', policy: 'identity', remove: 1 },
      { type: 'boundary', policy: 'boundary', add },
    ],
  },
  {
    name: 'a federated user got no session policies',
    caller: fay,
    policies: { identity: [named('identity', allow())], session: [] },
    steps: [{ type: 'session', attachedTo: fay.arn, add }],
  },
  {
    name: 'the second level of service control policies lacks it',
    policies: {
      identity: [named('identity', allow())],
      serviceControl: [
        [named('service-control', allow())],
        [named('service-control', allow({ Action: 's3:*' }))],
      ],
    },
    steps: [{ type: 'service-control', policy: 'service-control', level: 1, add }],
  },
  {
    name: 'the key policy lets nobody in',
    caller: ops,
    policies: {
      identity: [named('identity', allow())],
      resource: { policy: named('resource'), rule: 'required' },
    },
    steps: [
      {
        type: 'resource',
        policy: 'resource',
        attachedTo: keyArn,
        add: { ...add, Principal: { AWS: ops.role?.arn } },
      },
    ],
  },
  {
    name: 'a trust policy names no resource',
    policies: { resource: { policy: named('trust'), rule: 'required' } },
    steps: [
      {
        type: 'trust',
        policy: 'trust',
        attachedTo: keyArn,
        add: { Effect: 'Allow', Action: 'kms:Encrypt', Principal: { AWS: bo.arn } },
      },
    ],
  },
  {
    name: 'both sides are missing across accounts',
    caller: abroad(bo),
    policies: {},
    steps: [
      {
        type: 'resource',
        attachedTo: keyArn,
        add: { ...add, Principal: { AWS: abroad(bo).arn } },
      },
      { type: 'identity', attachedTo: abroad(bo).arn, add },
    ],
  },
  {
    name: 'a service is to be named',
    caller: service,
    policies: {},
    steps: [
      {
        type: 'resource',
        attachedTo: keyArn,
        add: { ...add, Principal: { Service: 'lambda.amazonaws.com' } },
      },
    ],
  },
  { name: 'nobody knows who asks', caller: anonymous, policies: {}, steps: undefined },
  { name: 'it is allowed already', caller: rootUser, policies: {}, steps: undefined },
];

describe('the smallest change where', () => {
  for (const { name, caller = bo, policies, steps } of changes)
    test(name, () => assert.deepEqual(explained(policies, caller).smallestChange?.steps, steps));

  test('is a sentence too', () => {
    const statement = JSON.stringify({ Effect: 'Allow', Action: 'kms:Encrypt', Resource: keyArn });
    const policies = { identity: [named('identity', allow(), deny())], boundary };
    assert.equal(
      explained(policies).smallestChange?.text,
      `Remove or narrow statement 2 of policy identity (identity). Add a statement to policy boundary (boundary): ${statement}.`,
    );
    assert.equal(
      explained({}).smallestChange?.text,
      `Add a statement to a new policy (identity) of ${bo.arn}: ${statement}.`,
    );
  });
});
