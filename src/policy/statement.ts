/**
 * Whether a statement speaks to a question: element by element, for the decision and for its
 * explanation alike.
 */
import { speaksOf, statementsOn } from './action-index.ts';
import { type ArnSegments, type ResourceName, splitArn } from './arn.ts';
import { conditionHolds } from './condition.ts';
import { type Caller, foldCase } from './context.ts';
import type { Statement } from './policy.ts';
import { hasIdentity, isNamed, type PrincipalIds, type PrincipalPattern } from './principal.ts';
import type { NamedPolicy, PolicyType, Question } from './question.ts';

/** A question, with what is derived from it once. */
export interface Asked {
  readonly question: Question;
  /** As `foldCase` gives it. */
  readonly action: string;
  readonly resource: ResourceName;
  /** See `isSpared`. */
  readonly hasBoundary: boolean;
}

/** Many decisions never look at a segment. */
class SplitLater implements ResourceName {
  readonly text: string;
  #segments: ArnSegments | undefined | 'not split' = 'not split';

  constructor(text: string) {
    this.text = text;
  }

  get segments(): ArnSegments | undefined {
    if (this.#segments === 'not split') this.#segments = splitArn(this.text);
    return this.#segments;
  }
}

export function ask(question: Question, hasBoundary: boolean): Asked {
  const action = foldCase(question.action);
  return { question, action, resource: new SplitLater(question.resource.arn), hasBoundary };
}

/** Types whose statements name principals. */
export function namesPrincipals(type: PolicyType): boolean {
  return (
    type === 'resource' ||
    type === 'trust' ||
    type === 'resource-control' ||
    type === 'vpc-endpoint'
  );
}

export function actionMatches(statement: Statement, { action }: Asked): boolean {
  return speaksOf(statement, action);
}

export function resourceMatches(statement: Statement, asked: Asked, type: PolicyType): boolean {
  const { resources, effect } = statement;
  if (resources === undefined) return type === 'trust';
  if (resources.patterns.length === 0) return false;
  const { resource, question } = asked;
  let isOpen = false;
  for (const pattern of resources.patterns) {
    const matches = pattern.matches(resource, question.conditions);
    if (matches === true) return !resources.not;
    if (matches === undefined) isOpen = true;
  }
  // A variable without a value names no resource. Whether it excludes one is read against the
  // caller.
  return resources.not && (!isOpen || effect === 'Deny');
}

export function conditionsHold({ conditions }: Statement, { question }: Asked): boolean {
  for (const condition of conditions)
    if (!conditionHolds(condition, question.conditions)) return false;
  return true;
}

/** All but the principal. */
export function speaksTo(statement: Statement, asked: Asked, type: PolicyType): boolean {
  return actionMatches(statement, asked) && fits(statement, asked, type);
}

/** Of a statement that is known to speak of the action: all but the principal. */
export function fits(statement: Statement, asked: Asked, type: PolicyType): boolean {
  return resourceMatches(statement, asked, type) && conditionsHold(statement, asked);
}

/**
 * Whether a Deny is meant for the caller. One that names nobody, or that stands where nobody is to
 * be named, is meant for everyone.
 */
export function deniesCaller(
  { principals }: Statement,
  asked: Asked,
  type: PolicyType,
  ids?: PrincipalIds,
): boolean {
  if (principals === undefined || !namesPrincipals(type)) return true;
  const { caller } = asked.question;
  if (principals.not) return !isSpared(principals.patterns, asked, ids);
  return principals.patterns.some((pattern) => isNamed(pattern, caller, ids));
}

/**
 * NotPrincipal spares a caller only where all that the caller is stands in it: the account, the
 * role, and the session. A caller with a permissions boundary is never spared
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
 */
function isSpared(
  patterns: readonly PrincipalPattern[],
  { question: { caller }, hasBoundary }: Asked,
  ids?: PrincipalIds,
): boolean {
  if (hasBoundary) return false;
  const names = (...kinds: readonly PrincipalPattern['kind'][]): boolean =>
    patterns.some((pattern) => kinds.includes(pattern.kind) && isNamed(pattern, caller, ids));
  if (caller.type === 'AWSService') return names('service');
  if (caller.type === 'WebIdentityUser' || caller.type === 'SAMLUser') return names('provider');
  if (!hasIdentity(caller) || !names('account')) return false;
  if (caller.type === 'IAMUser') return names('user', 'user-id');
  if (caller.type === 'FederatedUser') return names('federated-user');
  if (caller.type === 'AssumedRole') return names('role', 'role-id') && names('session');
  return true;
}

/** How an Allow of a resource policy names the caller, from least to most; 0: not at all. */
export const standings = { none: 0, account: 1, limited: 2, direct: 3 } as const;
export type Standing = (typeof standings)[keyof typeof standings];

/**
 * `direct`: the caller itself or everyone; nothing of the caller's own need allow. `limited`: a role
 * and not the session of it, a user who federates, or a service. `account`: what the caller's
 * account may pass on.
 */
export function standingOf(
  { principals }: Statement,
  { question: { caller } }: Asked,
  ids?: PrincipalIds,
): Standing {
  let best: Standing = standings.none;
  if (principals === undefined || principals.not) return best;
  for (const pattern of principals.patterns) {
    if (!isNamed(pattern, caller, ids)) continue;
    const standing = standingBy(pattern, caller);
    if (standing > best) best = standing;
  }
  return best;
}

/** `*` opens a resource to principals and to anyone, not to AWS services or identity providers. */
function standingBy({ kind }: PrincipalPattern, caller: Caller): Standing {
  if (kind === 'everyone')
    return hasIdentity(caller) || caller.type === 'Anonymous' ? standings.direct : standings.none;
  if (kind === 'account') return standings.account;
  if (kind === 'session' || kind === 'federated-user') return standings.direct;
  const isUser = kind === 'user' || kind === 'user-id';
  return isUser && caller.type === 'IAMUser' ? standings.direct : standings.limited;
}

/** The first Deny of a policy that is meant for the question. */
export function denial(
  { policy, type }: NamedPolicy,
  asked: Asked,
  ids?: PrincipalIds,
): Statement | undefined {
  for (const statement of statementsOn(asked.action, policy.denies))
    if (deniesCaller(statement, asked, type, ids) && fits(statement, asked, type)) return statement;
  return undefined;
}

/** The first Allow of a policy that is meant for the question. */
export function permission({ policy, type }: NamedPolicy, asked: Asked): Statement | undefined {
  for (const statement of statementsOn(asked.action, policy.allows))
    if (permits(statement, asked, type)) return statement;
  return undefined;
}

function permits(statement: Statement, asked: Asked, type: PolicyType): boolean {
  return namesCaller(statement, asked, type) && fits(statement, asked, type);
}

/**
 * Whether an Allow is meant for the caller. Where nobody is to be named, one that names somebody is
 * meant for no one.
 */
export function namesCaller(
  { principals }: Statement,
  { question: { caller } }: Asked,
  type: PolicyType,
  ids?: PrincipalIds,
): boolean {
  if (!namesPrincipals(type)) return principals === undefined;
  if (principals === undefined || principals.not) return false;
  return principals.patterns.some((pattern) => isNamed(pattern, caller, ids));
}
