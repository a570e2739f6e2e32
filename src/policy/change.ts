/**
 * The smallest change of policies that would turn a denial into an Allow: the fewest statements to
 * add or remove, each as narrow as the question. It is found by undoing one reason after the other
 * and asking again.
 */
import type { Caller } from './context.ts';
import { parsePolicy } from './document.ts';
import { evaluate } from './evaluate.ts';
import type {
  Denied,
  NamedPolicy,
  PolicySet,
  PolicyType,
  Question,
  ResourcePolicy,
} from './question.ts';

export interface Change {
  readonly text: string;
  readonly steps: readonly Step[];
}

/** One policy and what to do with it. */
export interface Step {
  readonly type: PolicyType;
  /** Name of the policy; undefined: one that doesn't exist yet. */
  readonly policy?: string;
  readonly arn?: string;
  /** What has the policy, or is to have it. */
  readonly attachedTo?: string;
  /** Of service and resource control policies: the level from the root, from 0. */
  readonly level?: number;
  /** The statement to add to it, as it stands in a document. */
  readonly add?: StatementText;
  /** Index of the statement to remove from it, or to narrow. */
  readonly remove?: number;
}

export interface StatementText {
  readonly Effect: 'Allow';
  readonly Principal?: Readonly<Record<string, string>> | '*';
  readonly Action: string;
  readonly Resource?: string;
}

/** What was tried: the step, and the policies as they would be after it. */
interface Trial {
  readonly step: Step;
  readonly policies: PolicySet;
}

const maxSteps = 100;

/** undefined: no change of policies helps (nobody knows who an anonymous caller is). */
export function smallestChange(question: Question, policies: PolicySet): Change | undefined {
  const steps: Step[] = [];
  let current = policies;
  while (steps.length < maxSteps) {
    const decision = evaluate(question, current);
    if (decision.allowed) return { text: steps.map(sentence).join(' '), steps };
    const trial = decision.explicit
      ? withoutDenial(current, decision)
      : withPermission(question, current, decision);
    if (trial === undefined) return undefined;
    steps.push(trial.step);
    current = trial.policies;
  }
  return undefined;
}

function sentence({ type, policy, arn, attachedTo, add, remove }: Step): string {
  const name = policy === undefined ? 'a new policy' : `policy ${arn ?? policy}`;
  const place = attachedTo === undefined ? '' : ` of ${attachedTo}`;
  const what =
    add === undefined ? `Remove or narrow statement ${(remove ?? 0) + 1} of` : 'Add a statement to';
  const words = add === undefined ? '' : `: ${JSON.stringify(add)}`;
  return `${what} ${name} (${type})${place}${words}.`;
}

function placeOf({ type, name, arn, attachedTo }: NamedPolicy): Step {
  return {
    type,
    policy: name,
    ...(arn === undefined ? {} : { arn }),
    ...(attachedTo === undefined ? {} : { attachedTo }),
  };
}

function withoutDenial(policies: PolicySet, denied: Denied): Trial | undefined {
  const { policy: denying, statement: remove } = denied;
  if (denying === undefined || remove === undefined) return undefined;
  const { policy } = denying;
  const denies = policy.denies.filter(({ index }) => index !== remove);
  const after = { ...denying, policy: { ...policy, denies } };
  return {
    step: { ...placeOf(denying), ...levelOf(policies, denying), remove },
    policies: replaced(policies, denying, after),
  };
}

function levelOf(policies: PolicySet, named: NamedPolicy): { level?: number } {
  const { serviceControl = [], resourceControl = [] } = policies;
  const levels = named.type === 'service-control' ? serviceControl : resourceControl;
  const level = levels.findIndex((all) => all.includes(named));
  return level < 0 ? {} : { level };
}

/** The policies with one in place of another, wherever that stands. */
function replaced(policies: PolicySet, before: NamedPolicy, after: NamedPolicy): PolicySet {
  const one = (named: NamedPolicy): NamedPolicy => (named === before ? after : named);
  const { boundary, session, serviceControl, resourceControl, vpcEndpoint, resource } = policies;
  return {
    ...policies,
    identity: policies.identity.map(one),
    ...(boundary === undefined ? {} : { boundary: one(boundary) }),
    ...(session === undefined ? {} : { session: session.map(one) }),
    ...(serviceControl === undefined
      ? {}
      : { serviceControl: serviceControl.map((level) => level.map(one)) }),
    ...(resourceControl === undefined
      ? {}
      : { resourceControl: resourceControl.map((level) => level.map(one)) }),
    ...(vpcEndpoint === undefined ? {} : { vpcEndpoint: one(vpcEndpoint) }),
    ...(resource === undefined ? {} : { resource: { ...resource, policy: one(resource.policy) } }),
  };
}

/** Adds an Allow where the decision misses one. */
function withPermission(
  question: Question,
  policies: PolicySet,
  { type }: Denied,
): Trial | undefined {
  switch (type) {
    case 'identity':
      return toIdentity(question, policies);
    case 'boundary':
    case 'session':
      return toLimit(question, policies, type);
    case 'service-control':
    case 'resource-control':
      return toLevel(question, policies, type);
    case 'vpc-endpoint':
      return policies.vpcEndpoint && extended(policies, policies.vpcEndpoint, everyone(question));
    case 'resource':
    case 'trust':
      return toResource(question, policies, type);
  }
}

function plain({ action, resource }: Question): StatementText {
  return { Effect: 'Allow', Action: action, Resource: resource.arn };
}

function everyone(question: Question): StatementText {
  return { ...plain(question), Principal: '*' };
}

/** A policy with one more statement. */
function extended(policies: PolicySet, named: NamedPolicy, add: StatementText): Trial {
  return {
    step: { ...placeOf(named), add },
    policies: replaced(policies, named, withStatement(named, add)),
  };
}

function withStatement(named: NamedPolicy, add: StatementText): NamedPolicy {
  const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement: [add] }));
  if (parsed.kind === 'fault') return named;
  const { policy } = named;
  return { ...named, policy: { ...policy, allows: [...policy.allows, ...parsed.policy.allows] } };
}

/** What a caller's own policies would be attached to. */
function identityArn({ type, arn, role }: Caller): string | undefined {
  return type === 'IAMUser' ? arn : role?.arn;
}

function newPolicy(type: PolicyType): NamedPolicy {
  const none = parsePolicy('{"Version":"2012-10-17","Statement":[]}');
  if (none.kind === 'fault') throw new Error(none.fault.text);
  return { policy: none.policy, type, name: '' };
}

function toIdentity(question: Question, policies: PolicySet): Trial {
  const add = plain(question);
  const own = identityArn(question.caller);
  const isOwn = ({ attachedTo, arn }: NamedPolicy): boolean =>
    arn === undefined && attachedTo !== undefined && attachedTo === own;
  const inline = policies.identity.find(isOwn);
  if (inline !== undefined) return extended(policies, inline, add);
  const created = withStatement(newPolicy('identity'), add);
  return {
    step: { type: 'identity', ...(own === undefined ? {} : { attachedTo: own }), add },
    policies: { ...policies, identity: [...policies.identity, created] },
  };
}

function toLimit(
  question: Question,
  policies: PolicySet,
  type: 'boundary' | 'session',
): Trial | undefined {
  const add = plain(question);
  const named = type === 'boundary' ? policies.boundary : policies.session?.[0];
  if (named !== undefined) return extended(policies, named, add);
  const created = withStatement(newPolicy(type), add);
  const step: Step = { type, attachedTo: question.caller.arn, add };
  return { step, policies: { ...policies, [type]: type === 'session' ? [created] : created } };
}

/** To the first policy of the first level that has no Allow. */
function toLevel(
  question: Question,
  policies: PolicySet,
  type: 'service-control' | 'resource-control',
): Trial | undefined {
  const member = type === 'service-control' ? 'serviceControl' : 'resourceControl';
  const levels = policies[member] ?? [];
  const add = type === 'service-control' ? plain(question) : everyone(question);
  const index = levels.findIndex((level) => {
    const none = { serviceControl: [], resourceControl: [] };
    const alone = evaluate(question, { ...policies, ...none, [member]: [level] });
    return !alone.allowed && alone.type === type;
  });
  const level = levels[index];
  if (level === undefined) return undefined;
  const [first] = level;
  const named = first ?? newPolicy(type);
  const after = withStatement(named, add);
  const place = first === undefined ? { type } : placeOf(first);
  return {
    step: { ...place, level: index, add },
    policies: { ...policies, [member]: levels.with(index, [after, ...level.slice(1)]) },
  };
}

function toResource(
  question: Question,
  policies: PolicySet,
  type: 'resource' | 'trust',
): Trial | undefined {
  const Principal = principalOf(question.caller);
  if (Principal === undefined) return undefined;
  const { Resource, ...rest } = plain(question);
  const add: StatementText = { ...rest, Principal, ...(type === 'trust' ? {} : { Resource }) };
  const { resource } = policies;
  if (resource !== undefined) {
    const trial = extended(savedAnew(policies, Principal), resource.policy, add);
    const { attachedTo = question.resource.arn } = resource.policy;
    return { ...trial, step: { ...trial.step, attachedTo } };
  }
  const created: ResourcePolicy = {
    policy: withStatement(newPolicy(type), add),
    rule: 'ordinary',
  };
  const step: Step = { type, attachedTo: question.resource.arn, add };
  return { step, policies: { ...policies, resource: created } };
}

/** Saving a policy again notes the ids that those it names have now. */
function savedAnew(policies: PolicySet, named: Readonly<Record<string, string>>): PolicySet {
  const { resource } = policies;
  if (resource?.principalIds === undefined) return policies;
  const names = Object.values(named);
  const kept = Object.entries(resource.principalIds).filter(([arn]) => !names.includes(arn));
  return { ...policies, resource: { ...resource, principalIds: Object.fromEntries(kept) } };
}

/** How a resource's policy names a caller. */
function principalOf(caller: Caller): Readonly<Record<string, string>> | undefined {
  const { type, arn, role, serviceName, federatedProvider } = caller;
  if (type === 'AWSService')
    return serviceName === undefined ? undefined : { Service: serviceName };
  if (type === 'WebIdentityUser' || type === 'SAMLUser')
    return federatedProvider === undefined ? undefined : { Federated: federatedProvider };
  if (type === 'Anonymous') return undefined;
  return { AWS: role?.arn ?? arn };
}
