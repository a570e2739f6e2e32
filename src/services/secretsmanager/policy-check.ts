/**
 * What Secrets Manager demands of a resource policy before it takes it, and whether one opens a
 * secret to the public. Pure.
 */
import { type Policy, parsePolicy, type Statement } from '../../policy/document.ts';

/** What is wrong with a document; undefined: nothing. */
export type PolicyFault = 'syntax' | 'principal';

export function policyFault(text: string): PolicyFault | undefined {
  const parsed = parsePolicy(text);
  if (parsed.kind === 'fault') return parsed.fault.code === 'principal' ? 'principal' : 'syntax';
  const { statements } = parsed.policy;
  if (statements.length === 0) return 'syntax';
  return statements.every(isWhole) ? undefined : 'syntax';
}

/** For whom it is, what it is about, and which actions. */
const isWhole = ({ principals, actions, resources }: Statement): boolean =>
  principals !== undefined &&
  (actions?.patterns.length ?? 0) > 0 &&
  (resources?.patterns.length ?? 0) > 0;

/** The users and roles that a policy names by their ARNs. */
export function namedPrincipals(text: string): readonly string[] {
  const parsed = parsePolicy(text);
  if (parsed.kind === 'fault') return [];
  const named = parsed.policy.statements.flatMap(({ principals }) => principals?.patterns ?? []);
  const arns = named.flatMap(({ kind, text: arn }) =>
    kind === 'user' || kind === 'role' ? [arn] : [],
  );
  return [...new Set(arns)];
}

/** Condition keys that pin a caller down when they are compared with a fixed value. */
const limiting = [
  /^aws:(principalarn|principalaccount|principalorgid|principalorgpaths|userid|username)$/,
  /^aws:(sourceaccount|sourcearn|sourceorgid|sourceowner)$/,
  /^aws:(sourcevpc|sourcevpce|sourceip|vpcsourceip)$/,
  /^aws:(calledvia|viaawsservice)$/,
];

/** Whether some statement allows everyone, with no condition that limits who. */
export function isPublic(text: string): boolean {
  const parsed = parsePolicy(text);
  return parsed.kind === 'policy' && opensToAll(parsed.policy);
}

function opensToAll({ allows }: Policy): boolean {
  return allows.some((statement) => namesEveryone(statement) && !isLimited(statement));
}

function namesEveryone({ principals }: Statement): boolean {
  if (principals === undefined) return false;
  return principals.not || principals.patterns.some(({ kind }) => kind === 'everyone');
}

const fixing = /^(ForAnyValue:)?(String(Equals|Like|EqualsIgnoreCase)|Arn(Equals|Like)|IpAddress)$/;

/**
 * By equality with fixed values, save for the networks of the whole world. What is compared with
 * wildcards alone, or holds where the key is absent, limits nobody.
 */
function isLimited({ conditions }: Statement): boolean {
  return conditions.some(
    ({ key, operator, values }) =>
      limiting.some((form) => form.test(key)) &&
      fixing.test(operator) &&
      values.every((value) => !/^[*?:]*$/.test(value) && !/^(0\.0\.0\.0|::)\/0$/.test(value)),
  );
}
