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
        : {
            ...caller.policies,
            resource: namedResourcePolicy(resource.policy, resource.arn, compiled),
          },
  };
}

type Named = NonNullable<PolicySet['resource']>;

/** A resource's policy object stays the same as long as the policy does. */
const named = new WeakMap<NonNullable<Resource['policy']>, Named>();

function namedResourcePolicy(
  policy: NonNullable<Resource['policy']>,
  attachedTo: string,
  compiled: CompiledPolicies,
): Named {
  let known = named.get(policy);
  if (known === undefined) {
    const { text, type = 'resource', name, rule, principalIds } = policy;
    const ofResource: NamedPolicy = { policy: compiled.of(text), type, name, attachedTo };
    known =
      principalIds === undefined
        ? { policy: ofResource, rule }
        : { policy: ofResource, rule, principalIds };
    named.set(policy, known);
  }
  return known;
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
