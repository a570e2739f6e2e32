import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  account,
  allow,
  bo,
  deny,
  keyArn,
  named,
  none,
  ops,
  questionOf,
} from '../../test/policy/deciding.ts';
import { type Caller, denialText, evaluate, type PolicySet, type PolicyType } from './evaluate.ts';

function textOf(policies: Partial<PolicySet>, caller: Caller = bo): string {
  const question = questionOf({ caller });
  const decision = evaluate(question, { ...none, ...policies });
  assert.ok(!decision.allowed);
  return denialText(question, decision);
}

const user = `User: arn:aws:iam::${account}:user/bo is not authorized to perform: kms:Encrypt on resource: ${keyArn}`;
const identity = [named('identity', allow())];
const without = (type: PolicyType) => named(type, allow({ Action: 's3:*' }));
const denying = (type: PolicyType) =>
  named(type, allow({ Principal: '*' }), deny({ Principal: '*' }));
const resource = (type: 'resource' | 'trust') =>
  ({ policy: named(type, allow({ Action: 's3:*' })), rule: 'required' }) as const;
const managed = `arn:aws:iam::${account}:policy/no-keys`;
const serviceControl = 'arn:aws:organizations::1:policy/o-1/service_control_policy/p-1';

/** AWS's sentences, behind the caller, the action and the resource. */
const rows: readonly (readonly [text: string, policies: Partial<PolicySet>])[] = [
  ['because no identity-based policy allows the kms:Encrypt action', {}],
  [
    'because no resource-based policy allows the kms:Encrypt action',
    { identity, resource: resource('resource') },
  ],
  [
    'because no role trust policy allows the kms:Encrypt action',
    { identity, resource: resource('trust') },
  ],
  [
    'because no permissions boundary allows the kms:Encrypt action',
    { identity, boundary: without('boundary') },
  ],
  [
    'because no session policy allows the kms:Encrypt action',
    { identity, session: [without('session')] },
  ],
  [
    'because no service control policy allows the kms:Encrypt action',
    { identity, serviceControl: [[without('service-control')]] },
  ],
  [
    'because no resource control policy allows the kms:Encrypt action',
    { identity, resourceControl: [[]] },
  ],
  [
    'because no VPC endpoint policy allows the kms:Encrypt action',
    { identity, vpcEndpoint: without('vpc-endpoint') },
  ],
  [
    'with an explicit deny in an identity-based policy',
    { identity: [named('identity', allow(), deny())] },
  ],
  [
    `with an explicit deny in an identity-based policy: ${managed}`,
    { identity: [{ ...named('identity', deny()), arn: managed }] },
  ],
  [
    'with an explicit deny in a resource-based policy',
    { resource: { policy: denying('resource'), rule: 'ordinary' } },
  ],
  [
    'with an explicit deny in the role trust policy',
    { resource: { policy: denying('trust'), rule: 'required' } },
  ],
  [
    `with an explicit deny in a permissions boundary: ${managed}`,
    { identity, boundary: { ...named('boundary', deny()), arn: managed } },
  ],
  ['with an explicit deny in a session policy', { identity, session: [named('session', deny())] }],
  [
    `with an explicit deny in a service control policy: ${serviceControl}`,
    { serviceControl: [[{ ...named('service-control', deny()), arn: serviceControl }]] },
  ],
  [
    'with an explicit deny in a resource control policy',
    { resourceControl: [[denying('resource-control')]] },
  ],
  ['with an explicit deny in a VPC endpoint policy', { vpcEndpoint: denying('vpc-endpoint') }],
];

describe('a denial reads', () => {
  for (const [text, policies] of rows)
    test(text, () => assert.equal(textOf(policies), `${user} ${text}`));

  test('with the session of a role', () => {
    const who = `User: arn:aws:sts::${account}:assumed-role/Ops/s1 is not authorized`;
    assert.ok(textOf({}, ops).startsWith(who));
  });
});
