/**
 * The condition operators, each as a test of one value of the request against one of the policy
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
import { compileArn, matchesArn, splitArn, templateSegments } from './arn.ts';
import { type ConditionKeys, foldCase } from './context.ts';
import { compareDecimals, parseDecimal } from './decimal.ts';
import { compareInstants, parseInstant } from './instant.ts';
import { isWithin, parseAddress, parseRange } from './ip-address.ts';
import { anyText, compilePattern, matchesAll, type PatternPart } from './pattern.ts';
import {
  hasVariables,
  isVariable,
  substitute,
  type TemplatePart,
  templateParts,
} from './variables.ts';

/** undefined: the request's value isn't of the operator's kind, so nothing can be said of it. */
export type ValueTest = (value: string, keys: ConditionKeys) => boolean | undefined;

/** undefined: the policy's value isn't of the operator's kind. */
type Compile = (text: string, variables: boolean) => ValueTest | undefined;

export interface Operator {
  readonly compile: Compile;
  /** True of a request whose value passes no test. */
  readonly negated: boolean;
}

const same = (text: string): string => text;

function stringEquals(fold: (text: string) => string): Compile {
  return (text, variables) => {
    const parts = templateParts(text, { variables, wildcards: false });
    if (parts === undefined) return undefined;
    if (!hasVariables(parts)) {
      const literal = fold(parts.join(''));
      return (value) => fold(value) === literal;
    }
    return (value, keys) => {
      const resolved = substitute(parts, keys);
      return resolved !== undefined && fold(value) === fold(resolved.join(''));
    };
  };
}

const stringLike: Compile = (text, variables) => {
  const parts = templateParts(text, { variables, wildcards: true });
  if (parts === undefined) return undefined;
  if (!hasVariables(parts)) return compilePattern(parts as readonly PatternPart[]);
  return (value, keys) => {
    const resolved = substitute(parts, keys);
    return resolved !== undefined && compilePattern(resolved)(value);
  };
};

/**
 * Six segments, each with wildcards; or `*`, for any ARN; or a variable alone, whose value is
 * compared whole.
 */
const arnLike: Compile = (text, variables) => {
  const parts = templateParts(text, { variables, wildcards: true });
  if (parts === undefined) return undefined;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && isVariable(only)) return equalArn(parts);
  const segments = matchesAll(parts)
    ? Array.from({ length: 6 }, (): TemplatePart[] => [anyText])
    : templateSegments(parts);
  const pattern = compileArn(segments);
  if (pattern === undefined) return undefined;
  return (value, keys) => {
    const arn = splitArn(value);
    // A variable without a value matches nothing.
    return arn === undefined ? undefined : matchesArn(pattern, arn, keys) === true;
  };
};

function equalArn(parts: readonly TemplatePart[]): ValueTest {
  return (value, keys) => {
    if (splitArn(value) === undefined) return undefined;
    return substitute(parts, keys)?.join('') === value;
  };
}

/** An operator that reads both sides and compares what it has read. */
function reading<Policy, Request>(
  readPolicy: (text: string) => Policy | undefined,
  readRequest: (text: string) => Request | undefined,
  holds: (request: Request, policy: Policy) => boolean,
): Compile {
  return (text) => {
    const policy = readPolicy(text);
    if (policy === undefined) return undefined;
    return (value) => {
      const request = readRequest(value);
      return request === undefined ? undefined : holds(request, policy);
    };
  };
}

/**
 * Remembers the last text: the conditions of a request's policies mostly ask of the same values,
 * its address and its time.
 */
function lastRead<T>(read: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly result: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, result: read(text) };
    return last.result;
  };
}

const readNumber = lastRead(parseDecimal);
const readInstant = lastRead(parseInstant);
const readAddress = lastRead(parseAddress);

const numeric = (holds: (order: number) => boolean): Compile =>
  reading(parseDecimal, readNumber, (a, b) => holds(compareDecimals(a, b)));

const date = (holds: (order: number) => boolean): Compile =>
  reading(parseInstant, readInstant, (a, b) => holds(compareInstants(a, b)));

const ipAddress = reading(parseRange, readAddress, isWithin);

const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Base64 in the one form that encoders give: then equal bytes are equal texts. */
function parseBase64(text: string): string | undefined {
  if (!canonicalBase64.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('base64') === text ? text : undefined;
}

const binary = reading(parseBase64, parseBase64, (a, b) => a === b);

export function parseBoolean(text: string): boolean | undefined {
  const folded = foldCase(text);
  return folded === 'true' ? true : folded === 'false' ? false : undefined;
}

const bool: Compile = (text, variables) => {
  const parts = templateParts(text, { variables, wildcards: false });
  if (parts === undefined) return undefined;
  if (!hasVariables(parts)) {
    const policy = parseBoolean(text);
    return policy === undefined ? undefined : (value) => isBoolean(value, policy);
  }
  return (value, keys) => isBoolean(value, parseBoolean(substitute(parts, keys)?.join('') ?? ''));
};

function isBoolean(value: string, policy: boolean | undefined): boolean | undefined {
  const request = parseBoolean(value);
  return request === undefined ? undefined : request === policy;
}

const orders = {
  Equals: (order: number) => order === 0,
  LessThan: (order: number) => order < 0,
  LessThanEquals: (order: number) => order <= 0,
  GreaterThan: (order: number) => order > 0,
  GreaterThanEquals: (order: number) => order >= 0,
};

/** Names that compare sizes: `NumericLessThan`, …, and `NumericNotEquals`. */
function ordered(
  kind: string,
  compile: (holds: (order: number) => boolean) => Compile,
): (readonly [string, Operator])[] {
  const rows = Object.entries(orders).map(
    ([name, holds]) => [`${kind}${name}`, { compile: compile(holds), negated: false }] as const,
  );
  return [...rows, [`${kind}NotEquals`, { compile: compile(orders.Equals), negated: true }]];
}

/** All but `Null`, which asks whether there is a value. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['StringEquals', { compile: stringEquals(same), negated: false }],
  ['StringNotEquals', { compile: stringEquals(same), negated: true }],
  ['StringEqualsIgnoreCase', { compile: stringEquals(foldCase), negated: false }],
  ['StringNotEqualsIgnoreCase', { compile: stringEquals(foldCase), negated: true }],
  ['StringLike', { compile: stringLike, negated: false }],
  ['StringNotLike', { compile: stringLike, negated: true }],
  ...ordered('Numeric', numeric),
  ...ordered('Date', date),
  ['Bool', { compile: bool, negated: false }],
  ['BinaryEquals', { compile: binary, negated: false }],
  ['IpAddress', { compile: ipAddress, negated: false }],
  ['NotIpAddress', { compile: ipAddress, negated: true }],
  ['ArnEquals', { compile: arnLike, negated: false }],
  ['ArnLike', { compile: arnLike, negated: false }],
  ['ArnNotEquals', { compile: arnLike, negated: true }],
  ['ArnNotLike', { compile: arnLike, negated: true }],
]);
