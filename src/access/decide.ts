/**
 * One decision of a call: gathers who asks, what for, and every policy that has a say, and puts the
 * question to policy/.
 */
import type { Circumstances, Principal, Resource } from '../operation.ts';
import type { NamedPolicy, PolicySet, Question } from '../policy/evaluate.ts';
import type { CallerPolicies } from './caller-policies.ts';
import type { CompiledPolicies } from './compiled-policies.ts';
import { type CallFacts, conditionKeys } from './condition-keys.ts';

/** A question and all that may decide it. */
export interface Matter {
  readonly question: Question;
  readonly policies: PolicySet;
}

export interface Asked {
  readonly facts: CallFacts;
  readonly caller: CallerPolicies;
  readonly action: string;
  readonly resource: Resource;
  readonly circumstances: Circumstances;
}

export function matterOf(asked: Asked, compiled: CompiledPolicies): Matter {
  const { facts, caller, action, resource, circumstances } = asked;
  return {
    question: {
      caller: caller.caller,
      action,
      resource,
      conditions: conditionKeys(facts, resource, circumstances),
    },
    policies:
      resource.policy === undefined
        ? caller.policies
        : { ...caller.policies, resource: namedResourcePolicy(resource, compiled) },
  };
}

function namedResourcePolicy(
  resource: Resource,
  compiled: CompiledPolicies,
): NonNullable<PolicySet['resource']> {
  const {
    text,
    type = 'resource',
    name,
    rule,
    principalIds,
  } = resource.policy as NonNullable<Resource['policy']>;
  const policy: NamedPolicy = {
    policy: compiled.of(text),
    type,
    name,
    attachedTo: resource.arn,
  };
  return principalIds === undefined ? { policy, rule } : { policy, rule, principalIds };
}

/** What a denial says where it must not tell whether a resource of another account exists. */
export function concealedDenial(
  { principal, action }: { readonly principal: Principal; readonly action: string },
  concealedAs: string,
): string {
  return (
    `User: ${principal.arn} is not authorized to perform: ${action} on ${concealedAs} because the ` +
    'resource does not exist in this Region, no resource-based policies allow access, or a ' +
    'resource-based policy explicitly denies access'
  );
}
