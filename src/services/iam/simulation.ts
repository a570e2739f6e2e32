/**
 * One simulated request: what the policy engine decides, and which statements speak to it. Pure.
 * (https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html)
 */
import type {
  PolicyEvaluationDecisionType,
  PolicySourceType,
  ResourceSpecificResult,
  Statement as ShownStatement,
} from '../../model/iam.generated.ts';
import {
  type Caller,
  type ConditionKeys,
  type ConditionValue,
  type Decision,
  evaluate,
  type PolicySet,
  type Question,
} from '../../policy/evaluate.ts';
import type { Position, Statement } from '../../policy/policy.ts';
import {
  type Asked,
  actionMatches,
  ask,
  deniesCaller,
  namesCaller,
  resourceMatches,
  speaksTo,
} from '../../policy/statement.ts';
import type { SimulatedPolicy } from './simulated-policies.ts';

export interface Simulation {
  readonly caller: Caller;
  readonly identity: readonly SimulatedPolicy[];
  readonly boundary: SimulatedPolicy | undefined;
  readonly resourcePolicy: SimulatedPolicy | undefined;
  /** Service control policies from an organization's root to the account; undefined: none. */
  readonly levels: ReadonlyArray<readonly SimulatedPolicy[]> | undefined;
  /** By lower-case name. */
  readonly keys: ReadonlyMap<string, ConditionValue>;
  /** How the policies spell the keys that they name, by lower-case name. */
  readonly spelled: ReadonlyMap<string, string>;
}

export interface SimulatedRequest {
  readonly action: string;
  readonly resource: { readonly arn: string; readonly account: string };
}

type Result = Omit<ResourceSpecificResult, 'EvalResourceName' | 'EvalResourceDecision'> & {
  readonly decision: PolicyEvaluationDecisionType;
  readonly allowedByOrganizations: boolean | undefined;
};

export function simulate(simulation: Simulation, { action, resource }: SimulatedRequest): Result {
  const { caller, boundary, levels } = simulation;
  const missing = new Set<string>();
  const conditions: ConditionKeys = (key) => {
    const value = simulation.keys.get(key);
    if (value === undefined) missing.add(key);
    return value;
  };
  const question: Question = { caller, action, resource, conditions };
  const asked = ask(question, boundary !== undefined);
  const decision = decisionOf(evaluate(question, policySetOf(simulation)));
  missing.clear();
  for (const policy of policiesOf(simulation)) askAllKeys(policy, asked);
  const names = [...missing].map((key) => simulation.spelled.get(key) ?? key);
  return {
    decision,
    MatchedStatements: matchedStatements(simulation, asked, decision),
    MissingContextValues: names,
    ...(boundary === undefined
      ? {}
      : {
          PermissionsBoundaryDecisionDetail: {
            AllowedByPermissionsBoundary: allows([boundary], asked),
          },
        }),
    ...crossAccountDetails(simulation, asked),
    allowedByOrganizations: levels?.every((level) => allows(level, asked)),
  };
}

function policySetOf({ identity, boundary, resourcePolicy, levels }: Simulation): PolicySet {
  return {
    identity,
    ...(boundary === undefined ? {} : { boundary }),
    ...(resourcePolicy === undefined
      ? {}
      : { resource: { policy: resourcePolicy, rule: 'ordinary' } }),
    ...(levels === undefined ? {} : { serviceControl: levels }),
  };
}

export const policiesOf = (simulation: Simulation): readonly SimulatedPolicy[] => [
  ...(simulation.levels ?? []).flat(),
  ...simulation.identity,
  ...[simulation.boundary, simulation.resourcePolicy].filter((policy) => policy !== undefined),
];

const decisionOf = (decision: Decision): PolicyEvaluationDecisionType =>
  decision.allowed ? 'allowed' : decision.explicit ? 'explicitDeny' : 'implicitDeny';

/** Looks up each key that a statement about this action and resource needs, so that it is noted. */
function askAllKeys({ policy, type }: SimulatedPolicy, asked: Asked): void {
  for (const statement of policy.statements) {
    if (!actionMatches(statement, asked) || !resourceMatches(statement, asked, type)) continue;
    for (const { key } of statement.conditions) asked.question.conditions(key);
  }
}

/** Whether a statement speaks to the question, and to this caller where it names principals. */
function matches(statement: Statement, type: SimulatedPolicy['type'], asked: Asked): boolean {
  const isMeant = statement.effect === 'Deny' ? deniesCaller : namesCaller;
  return isMeant(statement, asked, type) && speaksTo(statement, asked, type);
}

/** What gives the permission, or what denies; an implicit denial has neither. */
function matchedStatements(
  simulation: Simulation,
  asked: Asked,
  decision: PolicyEvaluationDecisionType,
): readonly ShownStatement[] {
  if (decision === 'implicitDeny') return [];
  const isAllowed = decision === 'allowed';
  const effect = isAllowed ? 'Allow' : 'Deny';
  const sources = policiesOf(simulation).filter(({ type }) => !isAllowed || givers.has(type));
  return sources.flatMap((source) =>
    source.policy.statements
      .filter((each) => each.effect === effect && matches(each, source.type, asked))
      .map((statement) => shownStatement(source, statement)),
  );
}

/** The others only limit. */
const givers: ReadonlySet<string> = new Set(['identity', 'resource']);

/** AWS's answers say these, which its model doesn't know. */
const sourceTypes: Readonly<Record<string, string>> = { resource: 'Resource Policy' };

function shownStatement(
  { name, type, text }: SimulatedPolicy,
  statement: Statement,
): ShownStatement {
  return {
    SourcePolicyId: name,
    SourcePolicyType: (sourceTypes[type] ?? 'IAM Policy') as PolicySourceType,
    StartPosition: shown(behindPrevious(text, statement.start)),
    EndPosition: shown(statement.end),
  };
}

const shown = ({ line, column }: Position) => ({ Line: line, Column: column });

/** AWS begins a statement right behind the character that comes before it, white space included. */
function behindPrevious(text: string, start: Position): Position {
  const lines = text.split('\n');
  let line = start.line;
  let before = (lines[line - 1] as string).slice(0, start.column - 1).trimEnd();
  while (before === '' && line > 1) {
    line--;
    before = (lines[line - 1] as string).trimEnd();
  }
  return { line, column: before.length + 1 };
}

function allows(policies: readonly SimulatedPolicy[], asked: Asked): boolean {
  const effects = new Set(
    policies.flatMap(({ policy, type }) =>
      policy.statements.filter((each) => matches(each, type, asked)).map(({ effect }) => effect),
    ),
  );
  return effects.has('Allow') && !effects.has('Deny');
}

/** Within one account AWS says nothing here; across accounts it tells what each side decides. */
function crossAccountDetails(
  { caller, identity, resourcePolicy }: Simulation,
  asked: Asked,
): Pick<ResourceSpecificResult, 'EvalDecisionDetails'> {
  const { arn, account } = asked.question.resource;
  if (arn === '*') return {};
  if (resourcePolicy === undefined || account === caller.account)
    return { EvalDecisionDetails: {} };
  return {
    EvalDecisionDetails: {
      'IAM Policy': sideOf(identity, asked),
      'Resource Policy': sideOf([resourcePolicy], asked),
    },
  };
}

function sideOf(policies: readonly SimulatedPolicy[], asked: Asked): PolicyEvaluationDecisionType {
  const denies = policies.some(({ policy, type }) =>
    policy.denies.some((each) => matches(each, type, asked)),
  );
  return denies ? 'explicitDeny' : allows(policies, asked) ? 'allowed' : 'implicitDeny';
}
