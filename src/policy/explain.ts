/**
 * Why a decision is as it is: every policy and statement that was looked at, with the first element
 * that kept a statement from applying, and the smallest change that would allow. Plain JSON data.
 */
import { type Change, smallestChange } from './change.ts';
import { type Condition, conditionHolds } from './condition.ts';
import { evaluate } from './evaluate.ts';
import type { Element, Statement } from './policy.ts';
import { isNamed, type PrincipalIds } from './principal.ts';
import type { Decision, NamedPolicy, PolicySet, PolicyType, Question } from './question.ts';
import {
  type Asked,
  actionMatches,
  ask,
  deniesCaller,
  namesCaller,
  namesPrincipals,
  resourceMatches,
  standingOf,
  standings,
} from './statement.ts';

export type { Change, Step } from './change.ts';

export interface Explanation {
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: ExplainedDecision;
  readonly policies: readonly ExplainedPolicy[];
  /** Of a denial, where a change of policies can undo it. */
  readonly smallestChange?: Change;
}

export interface ExplainedDecision {
  readonly allowed: boolean;
  /** Of what is allowed: `identity-policy`, …; of a denial: `explicit deny`, `no allow`. */
  readonly because: string;
  /** Of a denial: the type of policy that denies, or that lacks an Allow. */
  readonly type?: PolicyType;
  readonly policy?: string;
  readonly statement?: number;
  readonly grantId?: string;
}

export interface ExplainedPolicy {
  readonly type: PolicyType;
  readonly name: string;
  readonly arn?: string;
  readonly attachedTo?: string;
  /** Of service and resource control policies: the level from the root, from 0. */
  readonly level?: number;
  readonly statements: readonly ExplainedStatement[];
}

export interface ExplainedStatement {
  readonly index: number;
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  readonly line: number;
  readonly column: number;
  /** It speaks to the question. */
  readonly matched: boolean;
  /** The first element that doesn't fit, of a statement that wasn't matched. */
  readonly mismatch?: Mismatch;
}

export interface Mismatch {
  /** `Principal`, `NotAction`, `Condition`, … */
  readonly element: string;
  /** Of a condition: `StringEquals`. */
  readonly operator?: string;
  /** Of a condition: `aws:SourceIp`. */
  readonly key?: string;
  /** What the statement has there; empty: nothing. */
  readonly policy: readonly string[];
  /** What the request has there; null: nothing. */
  readonly request: string | readonly string[] | null;
  readonly note?: string;
}

export function explain(question: Question, policies: PolicySet): Explanation {
  const decision = evaluate(question, policies);
  const asked = ask(question, policies.boundary !== undefined);
  const change = decision.allowed ? undefined : smallestChange(question, policies);
  return {
    caller: question.caller.arn,
    action: question.action,
    resource: question.resource.arn,
    decision: explainDecision(decision),
    policies: placesOf(policies).map((place) => explainPolicy(place, asked)),
    ...(change === undefined ? {} : { smallestChange: change }),
  };
}

function explainDecision(decision: Decision): ExplainedDecision {
  const { allowed, policy, statement } = decision;
  const where = {
    ...(policy === undefined ? {} : { policy: policy.arn ?? policy.name }),
    ...(statement === undefined ? {} : { statement }),
  };
  if (!decision.allowed) {
    const because = decision.explicit ? 'explicit deny' : 'no allow';
    return { allowed, because, type: decision.type, ...where };
  }
  const grant = decision.grantId === undefined ? {} : { grantId: decision.grantId };
  return { allowed, because: decision.because, ...where, ...grant };
}

interface Place {
  readonly named: NamedPolicy;
  readonly level?: number;
  readonly ids?: PrincipalIds | undefined;
}

/** In the order in which the decision asks them. */
function placesOf(policies: PolicySet): Place[] {
  const { serviceControl = [], resourceControl = [], vpcEndpoint, resource } = policies;
  const levels = (all: readonly (readonly NamedPolicy[])[]): Place[] =>
    all.flatMap((level, index) => level.map((named) => ({ named, level: index })));
  const some = (named: NamedPolicy | undefined): Place[] =>
    named === undefined ? [] : [{ named }];
  return [
    ...levels(serviceControl),
    ...levels(resourceControl),
    ...some(vpcEndpoint),
    ...(resource === undefined ? [] : [{ named: resource.policy, ids: resource.principalIds }]),
    ...policies.identity.flatMap(some),
    ...some(policies.boundary),
    ...(policies.session ?? []).flatMap(some),
  ];
}

function explainPolicy({ named, level, ids }: Place, asked: Asked): ExplainedPolicy {
  const { type, name, arn, attachedTo, policy } = named;
  return {
    type,
    name,
    ...(arn === undefined ? {} : { arn }),
    ...(attachedTo === undefined ? {} : { attachedTo }),
    ...(level === undefined ? {} : { level }),
    statements: policy.statements.map((statement) => {
      const mismatch = mismatchOf(statement, asked, type, ids);
      return {
        index: statement.index,
        ...(statement.sid === undefined ? {} : { sid: statement.sid }),
        effect: statement.effect,
        ...statement.start,
        matched: mismatch === undefined,
        ...(mismatch === undefined ? {} : { mismatch }),
      };
    }),
  };
}

function mismatchOf(
  statement: Statement,
  asked: Asked,
  type: PolicyType,
  ids: PrincipalIds | undefined,
): Mismatch | undefined {
  const { question } = asked;
  if (!isMeantForCaller(statement, asked, type, ids))
    return principalMismatch(statement, asked, type, ids);
  if (!actionMatches(statement, asked))
    return { ...elementOf('Action', statement.actions), request: question.action };
  if (!resourceMatches(statement, asked, type))
    return { ...elementOf('Resource', statement.resources), request: question.resource.arn };
  const failed = statement.conditions.find(
    (condition) => !conditionHolds(condition, question.conditions),
  );
  return failed === undefined ? undefined : conditionMismatch(failed, asked);
}

function isMeantForCaller(
  statement: Statement,
  asked: Asked,
  type: PolicyType,
  ids: PrincipalIds | undefined,
): boolean {
  if (statement.effect === 'Deny') return deniesCaller(statement, asked, type, ids);
  if (type === 'resource' || type === 'trust')
    return standingOf(statement, asked, ids) !== standings.none;
  return namesCaller(statement, asked, type, ids);
}

function elementOf(
  name: string,
  element: Element<{ readonly text: string }> | undefined,
): Pick<Mismatch, 'element' | 'policy'> {
  const policy = element?.patterns.map(({ text }) => text) ?? [];
  return { element: element?.not ? `Not${name}` : name, policy };
}

function principalMismatch(
  { principals }: Statement,
  { question: { caller } }: Asked,
  type: PolicyType,
  ids: PrincipalIds | undefined,
): Mismatch {
  const mismatch = { ...elementOf('Principal', principals), request: caller.arn };
  if (!namesPrincipals(type))
    return { ...mismatch, note: `A policy of this type (${type}) names no principals.` };
  const before = principals?.patterns.find(
    (pattern) => isNamed(pattern, caller) && !isNamed(pattern, caller, ids),
  );
  if (before === undefined) return mismatch;
  const note = `${before.text} means ${ids?.[before.text]}, who had this ARN when the policy was saved and is gone or renamed.`;
  return { ...mismatch, note };
}

function conditionMismatch(condition: Condition, { question }: Asked): Mismatch {
  const { operator, name, key, values } = condition;
  const request = question.conditions(key) ?? null;
  return { element: 'Condition', operator, key: name, policy: values, request };
}
