/**
 * Conditions: one operator on one key of the request, with the policy's values
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html).
 * What AWS leaves open is read against the caller: an Allow doesn't apply, a Deny does.
 */
import { type ConditionKeys, foldCase } from './context.ts';
import { type Operator, operators, parseBoolean, type ValueTest } from './operators.ts';

export interface Condition {
  /** As it is written: `ForAllValues:StringLikeIfExists`. */
  readonly operator: string;
  /** As it is written. */
  readonly name: string;
  /** The name as `foldCase` gives it. */
  readonly key: string;
  /** The policy's values as they are written. */
  readonly values: readonly string[];
  readonly set: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
  readonly negated: boolean;
  readonly tests: readonly ValueTest[];
  /** Of `Null`: whether it holds without, and with, a value. */
  readonly presence: { readonly absent: boolean; readonly present: boolean } | undefined;
  /** What holds where AWS leaves open what does. */
  readonly doubt: boolean;
}

/** The operator doesn't exist, or a value isn't of its kind. */
export type ConditionFault = 'operator' | 'value' | 'date';

export interface ConditionText {
  readonly operator: string;
  readonly name: string;
  readonly values: readonly string[];
}

interface Suffixed {
  readonly set: 'all' | 'any' | undefined;
  readonly base: string;
  readonly ifExists: boolean;
}

export function isOperator(name: string): boolean {
  const { set, base, ifExists } = parseOperator(name);
  return base === 'Null' ? set === undefined && !ifExists : operators.has(base);
}

function parseOperator(name: string): Suffixed {
  const set = name.startsWith('ForAllValues:')
    ? 'all'
    : name.startsWith('ForAnyValue:')
      ? 'any'
      : undefined;
  const base = set === undefined ? name : name.slice(name.indexOf(':') + 1);
  const ifExists = base.endsWith('IfExists');
  return { set, base: ifExists ? base.slice(0, -'IfExists'.length) : base, ifExists };
}

export function compileCondition(
  written: ConditionText,
  { variables, isDeny }: { readonly variables: boolean; readonly isDeny: boolean },
): Condition | ConditionFault {
  if (!isOperator(written.operator)) return 'operator';
  const { set, base, ifExists } = parseOperator(written.operator);
  const operator = operators.get(base);
  const tests = operator === undefined ? [] : testsOf(operator, written.values, variables);
  const presence = base === 'Null' ? presenceOf(written.values) : undefined;
  if (tests === undefined) return base.startsWith('Date') ? 'date' : 'value';
  if (base === 'Null' && presence === undefined) return 'value';
  return Object.freeze({
    ...written,
    key: foldCase(written.name),
    values: Object.freeze([...written.values]),
    set,
    ifExists,
    negated: operator?.negated ?? false,
    tests: Object.freeze(tests),
    presence,
    doubt: isDeny,
  });
}

function testsOf(
  { compile }: Operator,
  values: readonly string[],
  variables: boolean,
): ValueTest[] | undefined {
  const tests = values.map((value) => compile(value, variables));
  return tests.includes(undefined) ? undefined : (tests as ValueTest[]);
}

function presenceOf(values: readonly string[]): Condition['presence'] {
  const wanted = values.map(parseBoolean);
  if (wanted.includes(undefined)) return undefined;
  return { absent: wanted.includes(true), present: wanted.includes(false) };
}

export function conditionHolds(condition: Condition, keys: ConditionKeys): boolean {
  const value = keys(condition.key);
  const isAbsent = value === undefined || (typeof value !== 'string' && value.length === 0);
  if (condition.presence !== undefined)
    return isAbsent ? condition.presence.absent : condition.presence.present;
  if (isAbsent) return holdsWithoutValue(condition);
  if (typeof value === 'string') return passes(condition, value, keys);
  // AWS asks for a set operator here. Without one an Allow needs all values, a Deny one.
  const isAny = condition.set === 'any' || (condition.set === undefined && condition.doubt);
  return isAny
    ? value.some((one) => passes(condition, one, keys))
    : value.every((one) => passes(condition, one, keys));
}

function holdsWithoutValue({ ifExists, set, negated }: Condition): boolean {
  if (ifExists || set === 'all') return true;
  return set === 'any' ? false : negated;
}

function passes({ tests, negated, doubt }: Condition, value: string, keys: ConditionKeys): boolean {
  let isOpen = tests.length === 0;
  for (const test of tests) {
    const result = test(value, keys);
    if (result === true) return !negated;
    if (result === undefined) isOpen = true;
  }
  return negated && (!isOpen || doubt);
}
