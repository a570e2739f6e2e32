/**
 * Decides: may this caller do this, given these policies? A pure function
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). Nothing
 * is allowed unless it says so below; a denial says what was missing.
 */
import { statementsOn } from './action-index.ts';
import { hasIdentity } from './principal.ts';
import type {
  Allowed,
  Decision,
  Denied,
  NamedPolicy,
  PolicySet,
  PolicyType,
  Question,
} from './question.ts';
import {
  type Asked,
  ask,
  denial,
  fits,
  permission,
  type Standing,
  standingOf,
  standings,
} from './statement.ts';

export type { Caller, ConditionKeys, ConditionValue } from './context.ts';
export { denialText } from './denial.ts';
export type {
  Allowed,
  Decision,
  Denied,
  Grant,
  NamedPolicy,
  PolicySet,
  PolicyType,
  Question,
  ResourcePolicy,
} from './question.ts';

export function evaluate(question: Question, policies: PolicySet): Decision {
  const asked = ask(question, policies.boundary !== undefined);
  return (
    explicitDenial(asked, policies) ?? missingGuardrail(asked, policies) ?? decide(asked, policies)
  );
}

function explicitDenial(asked: Asked, policies: PolicySet): Denied | undefined {
  const { serviceControl, resourceControl, vpcEndpoint, resource, boundary, session } = policies;
  return (
    denialOfLevels(serviceControl, asked) ??
    denialOfLevels(resourceControl, asked) ??
    denialOf(vpcEndpoint, asked) ??
    denialOf(resource?.policy, asked, resource?.principalIds) ??
    denialOfAny(policies.identity, asked) ??
    denialOf(boundary, asked) ??
    denialOfAny(session, asked)
  );
}

function denialOfLevels(levels: PolicySet['serviceControl'], asked: Asked): Denied | undefined {
  if (levels === undefined) return undefined;
  for (const level of levels) {
    const denied = denialOfAny(level, asked);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

function denialOfAny(
  policies: readonly NamedPolicy[] | undefined,
  asked: Asked,
): Denied | undefined {
  if (policies === undefined) return undefined;
  for (const policy of policies) {
    const denied = denialOf(policy, asked);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

function denialOf(
  policy: NamedPolicy | undefined,
  asked: Asked,
  ids?: Readonly<Record<string, string>>,
): Denied | undefined {
  if (policy === undefined) return undefined;
  const statement = denial(policy, asked, ids);
  if (statement === undefined) return undefined;
  const { index } = statement;
  return { allowed: false, explicit: true, type: policy.type, policy, statement: index };
}

function implicit(type: PolicyType): Denied {
  return { allowed: false, explicit: false, type };
}

/** What must allow whoever asks and whatever else allows. */
function missingGuardrail(asked: Asked, policies: PolicySet): Denied | undefined {
  const { serviceControl, resourceControl, vpcEndpoint } = policies;
  if (serviceControl?.some((level) => permissionIn(level, asked) === undefined))
    return implicit('service-control');
  if (resourceControl?.some((level) => permissionIn(level, asked) === undefined))
    return implicit('resource-control');
  if (vpcEndpoint !== undefined && permissionIn([vpcEndpoint], asked) === undefined)
    return implicit('vpc-endpoint');
  return undefined;
}

function permissionIn(policies: readonly NamedPolicy[], asked: Asked): Allowed | undefined {
  for (const policy of policies) {
    const statement = permission(policy, asked);
    if (statement !== undefined)
      return { allowed: true, because: 'identity-policy', policy, statement: statement.index };
  }
  return undefined;
}

/** What a resource policy gives: nothing, or how it names the caller and where. */
interface Trust {
  readonly standing: Standing;
  readonly allowed: Allowed | undefined;
}

const noTrust: Trust = { standing: standings.none, allowed: undefined };

function trustOf({ resource }: PolicySet, asked: Asked): Trust {
  if (resource === undefined) return noTrust;
  const { policy, principalIds } = resource;
  let best = noTrust;
  for (const statement of statementsOn(asked.action, policy.policy.allows)) {
    const standing = standingOf(statement, asked, principalIds);
    if (standing <= best.standing || !fits(statement, asked, policy.type)) continue;
    const { index } = statement;
    best = {
      standing,
      allowed: { allowed: true, because: 'resource-policy', policy, statement: index },
    };
    if (standing === standings.direct) return best;
  }
  return best;
}

const rootUser: Allowed = { allowed: true, because: 'root-user' };

function decide(asked: Asked, policies: PolicySet): Decision {
  const { caller } = asked.question;
  const trust = trustOf(policies, asked);
  if (!hasIdentity(caller)) return decideWithoutIdentity(asked, policies, trust);
  const isOwn = caller.account === asked.question.resource.account;
  if (isOwn && trust.standing === standings.direct && trust.allowed !== undefined)
    return trust.allowed;
  // A root user has every permission of its account that no policy takes away.
  const identity = caller.type === 'Root' ? rootUser : permissionIn(policies.identity, asked);
  const allowed = isOwn
    ? ownAccount(policies, trust, identity)
    : trust.allowed !== undefined && identity;
  if (allowed) return missingLimit(asked, policies) ?? allowed;
  return byGrant(asked, policies, identity) ?? implicit(missing(policies, trust, isOwn));
}

/** Within the account that owns the resource. */
function ownAccount(
  { resource }: PolicySet,
  trust: Trust,
  identity: Allowed | undefined,
): Allowed | undefined {
  if (trust.standing === standings.limited) return trust.allowed;
  const identityCounts = resource?.rule !== 'required' || trust.standing === standings.account;
  return identityCounts ? identity : undefined;
}

/** Boundary and session policies cap whatever isn't granted to the caller by name. */
function missingLimit(asked: Asked, { boundary, session }: PolicySet): Denied | undefined {
  if (boundary !== undefined && permissionIn([boundary], asked) === undefined)
    return implicit('boundary');
  if (session !== undefined && permissionIn(session, asked) === undefined)
    return implicit('session');
  return undefined;
}

/**
 * AWS services, identity providers' users and the anonymous: only the resource's policy speaks for
 * them, and it must name them.
 */
function decideWithoutIdentity(asked: Asked, policies: PolicySet, trust: Trust): Decision {
  if (trust.allowed !== undefined) return missingLimit(asked, policies) ?? trust.allowed;
  return byGrant(asked, policies, undefined) ?? implicit(resourceType(policies));
}

/** Grants are capped as what is granted to a role is. */
function byGrant(
  asked: Asked,
  policies: PolicySet,
  identity: Allowed | undefined,
): Decision | undefined {
  const { caller } = asked.question;
  if (policies.grant === undefined || caller.type === 'Anonymous') return undefined;
  const grant = policies.grant();
  if (grant === undefined) return undefined;
  if (grant.needsIdentityPolicy && identity === undefined)
    return hasIdentity(caller) ? implicit('identity') : undefined;
  return missingLimit(asked, policies) ?? { allowed: true, because: 'grant', grantId: grant.id };
}

function missing(policies: PolicySet, trust: Trust, isOwn: boolean): PolicyType {
  const needsTrust = !isOwn || policies.resource?.rule === 'required';
  return needsTrust && trust.standing === standings.none ? resourceType(policies) : 'identity';
}

function resourceType({ resource }: PolicySet): PolicyType {
  return resource?.policy.type ?? 'resource';
}
