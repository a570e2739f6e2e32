/**
 * Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}` and
 * `${$}` for the characters themselves
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html). What is put
 * in is never read again: a `*` from a request is a star, not a wildcard.
 */
import { type ConditionKeys, foldCase } from './context.ts';
import { type PatternPart, wildcardParts } from './pattern.ts';

export interface Variable {
  /** As `foldCase` gives it. */
  readonly key: string;
  readonly fallback: string | undefined;
}

export type TemplatePart = PatternPart | Variable;

export interface TemplateRules {
  /** Only documents of version 2012-10-17 have variables; elsewhere `${` is text. */
  readonly variables: boolean;
  /** Whether `*` and `?` are wildcards. */
  readonly wildcards: boolean;
}

const special: ReadonlyMap<string, string> = new Map([
  ['*', '*'],
  ['?', '?'],
  ['$', '$'],
]);

/** undefined: a variable is malformed. */
export function templateParts(
  text: string,
  { variables, wildcards }: TemplateRules,
): TemplatePart[] | undefined {
  const literal = (piece: string): PatternPart[] =>
    wildcards ? wildcardParts(piece) : piece === '' ? [] : [piece];
  if (!variables) return literal(text);
  const parts: TemplatePart[] = [];
  let from = 0;
  for (;;) {
    const open = text.indexOf('${', from);
    if (open < 0) break;
    const found = readVariable(text, open + 2);
    if (found === undefined) return undefined;
    parts.push(...literal(text.slice(from, open)), found.part);
    from = found.end;
  }
  parts.push(...literal(text.slice(from)));
  return parts;
}

/** Reads from behind `${`; `end` is behind `}`. */
function readVariable(text: string, from: number): { part: TemplatePart; end: number } | undefined {
  const close = text.indexOf('}', from);
  const comma = text.indexOf(',', from);
  if (close < 0) return undefined;
  if (comma < 0 || close < comma) {
    const name = text.slice(from, close);
    const part = special.get(name) ?? variableOf(name, undefined);
    return part === undefined ? undefined : { part, end: close + 1 };
  }
  const open = skipBlanks(text, comma + 1);
  const quote = text.indexOf("'", open + 1);
  if (text[open] !== "'" || quote < 0) return undefined;
  const end = skipBlanks(text, quote + 1);
  const part = variableOf(text.slice(from, comma), text.slice(open + 1, quote));
  return text[end] !== '}' || part === undefined ? undefined : { part, end: end + 1 };
}

function variableOf(name: string, fallback: string | undefined): Variable | undefined {
  if (name === '' || name !== name.trim() || /[${}'*?]/.test(name)) return undefined;
  return { key: foldCase(name), fallback };
}

function skipBlanks(text: string, from: number): number {
  let index = from;
  while (text[index] === ' ') index++;
  return index;
}

export function isVariable(part: TemplatePart): part is Variable {
  return typeof part === 'object';
}

export function hasVariables(parts: readonly TemplatePart[]): boolean {
  return parts.some(isVariable);
}

/** undefined: a variable has no value here. Multi-valued keys never have one. */
export function substitute(
  parts: readonly TemplatePart[],
  keys: ConditionKeys,
): PatternPart[] | undefined {
  const result: PatternPart[] = [];
  let literal = '';
  for (const part of parts) {
    if (typeof part === 'symbol') {
      if (literal !== '') result.push(literal);
      literal = '';
      result.push(part);
      continue;
    }
    const value = typeof part === 'string' ? part : resolve(part, keys);
    if (value === undefined) return undefined;
    literal += value;
  }
  if (literal !== '') result.push(literal);
  return result;
}

function resolve({ key, fallback }: Variable, keys: ConditionKeys): string | undefined {
  const value = keys(key);
  if (value === undefined) return fallback;
  return typeof value === 'string' ? value : undefined;
}
