/** Decisions over all types of policies, case by case, with the reason of each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller, PolicySet } from '../../src/policy/evaluate.ts';
import {
  abroad,
  account,
  allow,
  anonymous,
  bo,
  deny,
  fay,
  named,
  none,
  ops,
  otherAccount,
  rootUser,
  type Statement,
  service,
  verdict,
  webUser,
} from './deciding.ts';

const roleArn = `arn:aws:iam::${account}:role/work/Ops`;

interface Decision {
  readonly name: string;
  readonly caller?: Caller;
  readonly owner?: string;
  readonly policies: Partial<PolicySet>;
  readonly verdict: string;
}

const identity = [named('identity', allow())];
const noIdentity = [named('identity', allow({ Action: 's3:*' }))];
const boundary = named('boundary', allow({ Action: 's3:*' }));
const session = [named('session', allow({ Action: 's3:*' }))];
const resourceOf = (
  principal: unknown,
  rule: 'ordinary' | 'required' = 'ordinary',
  type: 'resource' | 'trust' = 'resource',
) => ({ policy: named(type, allow({ Principal: principal })), rule });
const denying = (type: 'resource' | 'trust', members: Statement) => ({
  policy: named(type, allow({ Principal: '*' }), deny(members)),
  rule: 'ordinary' as const,
});
const grant = () => ({ id: 'g1' });

const decisions: readonly Decision[] = [
  { name: 'nothing at all', policies: {}, verdict: 'no allow: identity' },
  { name: 'an identity policy', policies: { identity }, verdict: 'identity-policy' },
  {
    name: 'an identity policy for something else',
    policies: { identity: noIdentity },
    verdict: 'no allow: identity',
  },
  {
    name: 'one of several identity policies',
    policies: { identity: [...noIdentity, ...identity] },
    verdict: 'identity-policy',
  },
  {
    name: 'a Deny beside an Allow',
    policies: { identity: [...identity, named('identity', deny({ Action: 'kms:*' }))] },
    verdict: 'explicit deny: identity',
  },
  {
    name: 'a Deny for something else',
    policies: { identity: [...identity, named('identity', deny({ Action: 's3:*' }))] },
    verdict: 'identity-policy',
  },
  {
    name: 'a boundary that allows it',
    policies: { identity, boundary: named('boundary', allow()) },
    verdict: 'identity-policy',
  },
  {
    name: 'a boundary that lacks it',
    policies: { identity, boundary },
    verdict: 'no allow: boundary',
  },
  {
    name: 'a boundary alone',
    policies: { boundary: named('boundary', allow()) },
    verdict: 'no allow: identity',
  },
  {
    name: 'a boundary that denies',
    policies: { identity, boundary: named('boundary', allow(), deny()) },
    verdict: 'explicit deny: boundary',
  },
  {
    name: 'a session policy that allows it',
    caller: ops,
    policies: { identity, session: [named('session', allow())] },
    verdict: 'identity-policy',
  },
  {
    name: 'one of two session policies',
    caller: ops,
    policies: { identity, session: [...session, named('session', allow())] },
    verdict: 'identity-policy',
  },
  {
    name: 'a session policy that lacks it',
    caller: ops,
    policies: { identity, session },
    verdict: 'no allow: session',
  },
  {
    name: 'a session policy alone',
    caller: ops,
    policies: { session: [named('session', allow())] },
    verdict: 'no allow: identity',
  },
  {
    name: 'a session policy that denies',
    caller: ops,
    policies: { identity, session: [named('session', allow(), deny())] },
    verdict: 'explicit deny: session',
  },
  {
    name: 'a federated session without session policies',
    caller: fay,
    policies: { identity, session: [] },
    verdict: 'no allow: session',
  },
  {
    name: 'a federated session that the resource names',
    caller: fay,
    policies: { session: [], resource: resourceOf({ AWS: fay.arn }) },
    verdict: 'resource-policy',
  },
  {
    name: 'every level of service control policies',
    policies: {
      identity,
      serviceControl: [[named('service-control', allow())], [named('service-control', allow())]],
    },
    verdict: 'identity-policy',
  },
  {
    name: 'a level of service control policies without an Allow',
    policies: { identity, serviceControl: [[named('service-control', allow())], []] },
    verdict: 'no allow: service-control',
  },
  {
    name: 'a service control policy that denies',
    policies: { identity, serviceControl: [[named('service-control', allow(), deny())]] },
    verdict: 'explicit deny: service-control',
  },
  {
    name: 'service control policies alone',
    policies: { serviceControl: [[named('service-control', allow())]] },
    verdict: 'no allow: identity',
  },
  {
    name: 'a resource control policy that lacks it',
    policies: {
      identity,
      resourceControl: [[named('resource-control', allow({ Principal: '*', Action: 's3:*' }))]],
    },
    verdict: 'no allow: resource-control',
  },
  {
    name: 'a resource control policy that names nobody',
    policies: { identity, resourceControl: [[named('resource-control', allow())]] },
    verdict: 'no allow: resource-control',
  },
  {
    name: 'a resource control policy that denies a service',
    caller: service,
    policies: {
      resource: resourceOf({ Service: 'lambda.amazonaws.com' }),
      resourceControl: [
        [named('resource-control', allow({ Principal: '*' }), deny({ Principal: '*' }))],
      ],
    },
    verdict: 'explicit deny: resource-control',
  },
  {
    name: 'a resource control policy that lets everyone through',
    caller: service,
    policies: {
      resource: resourceOf({ Service: 'lambda.amazonaws.com' }),
      resourceControl: [[named('resource-control', allow({ Principal: '*' }))]],
    },
    verdict: 'resource-policy',
  },
  {
    name: 'an endpoint policy that lacks it',
    policies: {
      identity,
      vpcEndpoint: named('vpc-endpoint', allow({ Principal: { AWS: ops.arn } })),
    },
    verdict: 'no allow: vpc-endpoint',
  },
  {
    name: 'an endpoint policy that denies',
    policies: {
      identity,
      vpcEndpoint: named('vpc-endpoint', allow({ Principal: '*' }), deny({ Principal: '*' })),
    },
    verdict: 'explicit deny: vpc-endpoint',
  },
  // Root users.
  { name: 'the root user', caller: rootUser, policies: {}, verdict: 'root-user' },
  {
    name: 'the root user, denied by the resource',
    caller: rootUser,
    policies: { resource: denying('resource', { Principal: '*' }) },
    verdict: 'explicit deny: resource',
  },
  {
    name: 'the root user, denied as its account',
    caller: rootUser,
    policies: { resource: denying('resource', { Principal: { AWS: account } }) },
    verdict: 'explicit deny: resource',
  },
  {
    name: 'the root user, denied by a service control policy',
    caller: rootUser,
    policies: { serviceControl: [[named('service-control', deny())]] },
    verdict: 'explicit deny: service-control',
  },
  {
    name: 'the root user without a service control policy that allows',
    caller: rootUser,
    policies: { serviceControl: [[]] },
    verdict: 'no allow: service-control',
  },
  {
    name: 'the root user where the key policy names a user only',
    caller: rootUser,
    policies: { resource: resourceOf({ AWS: bo.arn }, 'required') },
    verdict: 'no allow: resource',
  },
  {
    name: 'the root user where the key policy delegates',
    caller: rootUser,
    policies: { resource: resourceOf({ AWS: account }, 'required') },
    verdict: 'root-user',
  },
  {
    name: 'a root user abroad',
    caller: abroad(rootUser),
    policies: {},
    verdict: 'no allow: resource',
  },
  {
    name: 'a root user abroad whose account is let in',
    caller: abroad(rootUser),
    policies: { resource: resourceOf({ AWS: otherAccount }) },
    verdict: 'root-user',
  },
  {
    name: 'the root user of a session that is limited',
    caller: rootUser,
    policies: { session },
    verdict: 'no allow: session',
  },
  // Resource policies within the account.
  {
    name: 'a user that an ordinary resource policy names',
    policies: { boundary, session, resource: resourceOf({ AWS: bo.arn }) },
    verdict: 'resource-policy',
  },
  {
    name: 'a role that an ordinary resource policy names, and a boundary',
    caller: ops,
    policies: { boundary, resource: resourceOf({ AWS: roleArn }) },
    verdict: 'no allow: boundary',
  },
  {
    name: 'a role that an ordinary resource policy names, and a session policy',
    caller: ops,
    policies: { session, resource: resourceOf({ AWS: roleArn }) },
    verdict: 'no allow: session',
  },
  {
    name: 'the account that an ordinary resource policy names',
    policies: { resource: resourceOf({ AWS: account }) },
    verdict: 'no allow: identity',
  },
  {
    name: 'an identity policy and an ordinary resource policy for others',
    policies: { identity, resource: resourceOf({ AWS: ops.arn }) },
    verdict: 'identity-policy',
  },
  {
    name: 'an identity policy and a key policy for others',
    policies: { identity, resource: resourceOf({ AWS: ops.arn }, 'required') },
    verdict: 'no allow: resource',
  },
  {
    name: 'an identity policy where the key policy delegates something else',
    policies: {
      identity,
      resource: {
        policy: named('resource', allow({ Principal: { AWS: account }, Action: 'kms:Decrypt' })),
        rule: 'required',
      },
    },
    verdict: 'no allow: resource',
  },
  {
    name: 'a key policy that delegates, without an identity policy',
    policies: { resource: resourceOf({ AWS: account }, 'required') },
    verdict: 'no allow: identity',
  },
  {
    name: 'an identity policy that denies what the key policy allows',
    policies: { identity: [named('identity', deny())], resource: resourceOf({ AWS: bo.arn }) },
    verdict: 'explicit deny: identity',
  },
  {
    name: 'a boundary that denies what the key policy allows',
    policies: { boundary: named('boundary', deny()), resource: resourceOf({ AWS: bo.arn }) },
    verdict: 'explicit deny: boundary',
  },
  // Trust policies.
  {
    name: 'a trust policy that names the user',
    policies: { resource: resourceOf({ AWS: bo.arn }, 'required', 'trust') },
    verdict: 'resource-policy',
  },
  {
    name: 'a trust policy that names the account',
    policies: { resource: resourceOf({ AWS: account }, 'required', 'trust') },
    verdict: 'no allow: identity',
  },
  {
    name: 'a trust policy that names the account, and an identity policy',
    policies: { identity, resource: resourceOf({ AWS: account }, 'required', 'trust') },
    verdict: 'identity-policy',
  },
  {
    name: 'an identity policy and a trust policy for others',
    policies: { identity, resource: resourceOf({ AWS: ops.arn }, 'required', 'trust') },
    verdict: 'no allow: trust',
  },
  {
    name: 'a trust policy without resources, as all are',
    policies: {
      resource: {
        policy: named('trust', allow({ Principal: { AWS: bo.arn }, Resource: undefined })),
        rule: 'required',
      },
    },
    verdict: 'resource-policy',
  },
  {
    name: 'a web identity that the trust policy names by its provider',
    caller: webUser,
    policies: { resource: resourceOf({ Federated: 'accounts.google.com' }, 'required', 'trust') },
    verdict: 'resource-policy',
  },
  {
    name: 'a web identity, and a trust policy for everyone',
    caller: webUser,
    policies: { resource: resourceOf('*', 'required', 'trust') },
    verdict: 'no allow: trust',
  },
  // Across accounts.
  ...['*', { AWS: otherAccount }, { AWS: abroad(bo).arn }].flatMap((principal): Decision[] => [
    {
      name: `a user abroad, let in as ${JSON.stringify(principal)}`,
      caller: abroad(bo),
      policies: { resource: resourceOf(principal) },
      verdict: 'no allow: identity',
    },
    {
      name: `a user abroad, let in as ${JSON.stringify(principal)}, with an identity policy`,
      caller: abroad(bo),
      policies: { identity, resource: resourceOf(principal) },
      verdict: 'identity-policy',
    },
    {
      name: `a user abroad, let in as ${JSON.stringify(principal)}, with a boundary`,
      caller: abroad(bo),
      policies: { identity, boundary, resource: resourceOf(principal) },
      verdict: 'no allow: boundary',
    },
  ]),
  {
    name: 'a session abroad, let in by name, with a session policy',
    caller: abroad(ops),
    policies: { identity, session, resource: resourceOf({ AWS: abroad(ops).arn }) },
    verdict: 'no allow: session',
  },
  {
    name: 'a user abroad, not let in',
    caller: abroad(bo),
    policies: { identity, resource: resourceOf({ AWS: account }) },
    verdict: 'no allow: resource',
  },
  {
    name: 'a resource abroad without a policy',
    owner: otherAccount,
    policies: { identity },
    verdict: 'no allow: resource',
  },
  // Grants.
  { name: 'a grant', policies: { grant }, verdict: 'grant' },
  { name: 'no grant', policies: { grant: () => undefined }, verdict: 'no allow: identity' },
  { name: 'a grant abroad', caller: abroad(bo), policies: { grant }, verdict: 'grant' },
  { name: 'a grant to a service', caller: service, policies: { grant }, verdict: 'grant' },
  {
    name: 'a grant to no one',
    caller: anonymous,
    policies: { grant },
    verdict: 'no allow: resource',
  },
  { name: 'a grant and a boundary', policies: { grant, boundary }, verdict: 'no allow: boundary' },
  {
    name: 'a grant and a session policy',
    policies: { grant, session },
    verdict: 'no allow: session',
  },
  {
    name: 'a grant and a Deny',
    policies: { grant, identity: [named('identity', deny())] },
    verdict: 'explicit deny: identity',
  },
  {
    name: 'a grant and a service control policy',
    policies: { grant, serviceControl: [[]] },
    verdict: 'no allow: service-control',
  },
  {
    name: 'a grant to the account, without an identity policy',
    policies: {
      grant: () => ({ id: 'g', needsIdentityPolicy: true }),
      resource: resourceOf({ AWS: ops.arn }, 'required'),
    },
    verdict: 'no allow: identity',
  },
  {
    name: 'a grant to the account, and an identity policy',
    policies: {
      identity,
      grant: () => ({ id: 'g', needsIdentityPolicy: true }),
      resource: resourceOf({ AWS: ops.arn }, 'required'),
    },
    verdict: 'grant',
  },
  // Services and the anonymous.
  {
    name: 'a service, and everyone let in',
    caller: service,
    policies: { resource: resourceOf('*') },
    verdict: 'no allow: resource',
  },
  {
    name: 'a service, and everyone denied',
    caller: service,
    policies: {
      resource: {
        policy: named(
          'resource',
          allow({ Principal: { Service: 'lambda.amazonaws.com' } }),
          deny({ Principal: '*' }),
        ),
        rule: 'ordinary',
      },
    },
    verdict: 'explicit deny: resource',
  },
  {
    name: 'the anonymous, and an account let in',
    caller: anonymous,
    policies: { resource: resourceOf({ AWS: account }) },
    verdict: 'no allow: resource',
  },
];

describe('the decision', () => {
  for (const { name, caller = bo, owner = account, policies, verdict: wanted } of decisions)
    test(`${name}: ${wanted}`, () =>
      assert.equal(verdict({ caller, owner }, { ...none, ...policies }), wanted));

  test('asks for a grant only when nothing else allows and nothing denies', () => {
    const never = () => assert.fail('asked');
    assert.equal(verdict({}, { identity, grant: never }), 'identity-policy');
    assert.equal(
      verdict({}, { identity: [named('identity', deny())], grant: never }),
      'explicit deny: identity',
    );
    assert.equal(verdict({}, { identity, boundary, grant: never }), 'no allow: boundary');
  });
});
