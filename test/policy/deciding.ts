/** What tests of decisions are written with: callers, policies from plain statements, verdicts. */
import assert from 'node:assert/strict';
import { parsePolicy } from '../../src/policy/document.ts';
import {
  type Caller,
  type ConditionValue,
  type Decision,
  evaluate,
  type NamedPolicy,
  type PolicySet,
  type PolicyType,
  type Question,
} from '../../src/policy/evaluate.ts';
import type { Policy } from '../../src/policy/policy.ts';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const keyArn = `arn:aws:kms:us-east-1:${account}:key/1234`;

export const bo: Caller = {
  type: 'IAMUser',
  account,
  arn: `arn:aws:iam::${account}:user/bo`,
  principalId: 'AIDABOBOBOBOBOBOBOBO',
};
export const ops: Caller = {
  type: 'AssumedRole',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/Ops/s1`,
  principalId: 'AROAOPSOPSOPSOPSOPSO:s1',
  role: { arn: `arn:aws:iam::${account}:role/work/Ops`, id: 'AROAOPSOPSOPSOPSOPSO' },
};
export const fay: Caller = {
  type: 'FederatedUser',
  account,
  arn: `arn:aws:sts::${account}:federated-user/fay`,
  principalId: `${account}:fay`,
};
export const rootUser: Caller = {
  type: 'Root',
  account,
  arn: `arn:aws:iam::${account}:root`,
  principalId: account,
};
export const service: Caller = {
  type: 'AWSService',
  account: '',
  arn: 'lambda.amazonaws.com',
  principalId: 'lambda.amazonaws.com',
  serviceName: 'lambda.amazonaws.com',
};
export const webUser: Caller = {
  type: 'WebIdentityUser',
  account: '',
  arn: 'accounts.google.com:1',
  principalId: 'accounts.google.com:1',
  federatedProvider: 'accounts.google.com',
};
export const anonymous: Caller = {
  type: 'Anonymous',
  account: '',
  arn: 'anonymous',
  principalId: 'anonymous',
};
/** One of the same name in another account. */
export const abroad = (caller: Caller): Caller =>
  JSON.parse(
    JSON.stringify(caller)
      .replaceAll(account, otherAccount)
      .replace(/A(IDA|ROA)../g, 'A$1XX'),
  );

export type Statement = Readonly<Record<string, unknown>>;

export function policyOf(statements: readonly Statement[], version = '2012-10-17'): Policy {
  const parsed = parsePolicy(JSON.stringify({ Version: version, Statement: statements }));
  if (parsed.kind === 'fault') assert.fail(JSON.stringify(parsed.fault));
  return parsed.policy;
}

export function named(type: PolicyType, ...statements: readonly Statement[]): NamedPolicy {
  return { policy: policyOf(statements), type, name: type };
}

/** `{ Effect: 'Allow', Action: '*', Resource: '*' }` and what is given beside or instead. */
export const allow = (more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action: '*',
  Resource: '*',
  ...more,
});
export const deny = (more: Statement = {}): Statement => ({ ...allow(more), Effect: 'Deny' });

export type Keys = Readonly<Record<string, ConditionValue>>;

export interface Asking {
  readonly caller?: Caller;
  readonly action?: string;
  readonly resource?: string;
  readonly owner?: string;
  readonly keys?: Keys;
}

/** Bo asks for kms:Encrypt with a key of his account, unless something else is said. */
export function questionOf(asking: Asking = {}): Question {
  const { caller = bo, action = 'kms:Encrypt', resource = keyArn, owner = account } = asking;
  const keys = new Map(Object.entries(asking.keys ?? {}));
  return {
    caller,
    action,
    resource: { arn: resource, account: owner },
    conditions: (key) => keys.get(key),
  };
}

export const none: PolicySet = { identity: [] };

/** `identity-policy`, …; `explicit deny: boundary`; `no allow: session`. */
export function verdict(asking: Asking, policies: Partial<PolicySet>): string {
  return words(evaluate(questionOf(asking), { ...none, ...policies }));
}

export function words(decision: Decision): string {
  if (decision.allowed) return decision.because;
  return `${decision.explicit ? 'explicit deny' : 'no allow'}: ${decision.type}`;
}

/** Whether an Allow with these members applies to the question. */
export function applies(members: Statement, asking: Asking = {}, version = '2012-10-17'): boolean {
  const policy = policyOf([allow(members)], version);
  const identity = [{ policy, type: 'identity', name: 'tested' }] as const;
  return evaluate(questionOf(asking), { identity }).allowed;
}

/** Whether a Deny with these members applies to the question. */
export function denies(members: Statement, asking: Asking = {}): boolean {
  const identity = [named('identity', allow(), deny(members))];
  return !evaluate(questionOf(asking), { identity }).allowed;
}
