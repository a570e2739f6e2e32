/**
 * ARNs in six segments, and patterns over them. The first five segments are matched each alone; the
 * sixth, which may hold colons and slashes, as one text
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
 */
import type { ConditionKeys } from './context.ts';
import { anyText, compilePattern, type Matches, matchesAll, type PatternPart } from './pattern.ts';
import { hasVariables, isVariable, substitute, type TemplatePart } from './variables.ts';

/** `arn`, partition, service, Region, account, resource. */
export type ArnSegments = readonly string[];

const segmentCount = 6;

/** undefined: the text is no ARN. */
export function splitArn(text: string): ArnSegments | undefined {
  if (!text.startsWith('arn:')) return undefined;
  const segments: string[] = [];
  let from = 0;
  while (segments.length < segmentCount - 1) {
    const colon = text.indexOf(':', from);
    if (colon < 0) return undefined;
    segments.push(text.slice(from, colon));
    from = colon + 1;
  }
  segments.push(text.slice(from));
  return segments;
}

/**
 * Cuts a template at its first five colons. Colons within variables don't count: a value that is
 * put in can't move a boundary.
 */
export function templateSegments(parts: readonly TemplatePart[]): TemplatePart[][] {
  const segments: TemplatePart[][] = [];
  let current: TemplatePart[] = [];
  for (const part of parts) {
    let rest = part;
    while (typeof rest === 'string' && segments.length < segmentCount - 1) {
      const colon: number = rest.indexOf(':');
      if (colon < 0) break;
      if (colon > 0) current.push(rest.slice(0, colon));
      segments.push(current);
      current = [];
      rest = rest.slice(colon + 1);
    }
    if (rest !== '') current.push(rest);
  }
  segments.push(current);
  return segments;
}

/** A segment of a pattern: compiled, or, where it has variables, its parts. */
type SegmentPattern = Matches | readonly TemplatePart[];

export type ArnPattern = readonly SegmentPattern[];

/** undefined: not six segments. */
export function compileArn(segments: readonly (readonly TemplatePart[])[]): ArnPattern | undefined {
  if (segments.length !== segmentCount) return undefined;
  return segments.map((parts) =>
    hasVariables(parts) ? parts : compilePattern(parts as readonly PatternPart[]),
  );
}

/** undefined: a variable has no value, and nothing else speaks against a match. */
export function matchesArn(
  pattern: ArnPattern,
  arn: ArnSegments,
  keys: ConditionKeys,
): boolean | undefined {
  let unresolved = false;
  // The last segment tells most.
  for (let i = segmentCount - 1; i >= 0; i--) {
    const segment = pattern[i] as SegmentPattern;
    const text = arn[i] as string;
    if (typeof segment === 'function') {
      if (!segment(text)) return false;
      continue;
    }
    const parts = substitute(segment, keys);
    if (parts === undefined) unresolved = true;
    else if (!compilePattern(parts)(text)) return false;
  }
  return unresolved ? undefined : true;
}

/** What a statement is decided on: an ARN, or `*` for actions that have no resource. */
export interface ResourceName {
  readonly text: string;
  /** undefined: no ARN. */
  readonly segments: ArnSegments | undefined;
}

export interface ResourcePattern {
  readonly text: string;
  /** undefined: a variable has no value. */
  readonly matches: (name: ResourceName, keys: ConditionKeys) => boolean | undefined;
}

/**
 * How to read a pattern whose reach AWS doesn't settle: a `*` at the end of one of the first five
 * segments may run over colons, and a variable may stand in them. `narrow` takes neither, `wide`
 * takes both.
 */
export type Reading = 'narrow' | 'wide';

export function compileResource(
  text: string,
  parts: readonly TemplatePart[],
  reading: Reading,
): ResourcePattern {
  if (matchesAll(parts)) return { text, matches: () => true };
  const matches = reading === 'narrow' ? narrow(parts) : wide(parts);
  // Only a pattern of stars alone matches an action without a resource.
  return { text, matches: (name, keys) => name.text !== '*' && matches(name, keys) };
}

function narrow(parts: readonly TemplatePart[]): ResourcePattern['matches'] {
  const segments = completed(templateSegments(parts));
  const pattern = compileArn(segments);
  const isFixed = segments.slice(0, -1).every((segment) => !segment.some(isVariable));
  if (pattern === undefined || !isFixed) return () => false;
  return ({ segments: arn }, keys) => arn !== undefined && matchesArn(pattern, arn, keys);
}

/** `arn:aws:sqs:*` is `arn:aws:sqs:*:*:*`. */
function completed(segments: readonly TemplatePart[][]): readonly TemplatePart[][] {
  if (segments.at(-1)?.at(-1) !== anyText) return segments;
  const missing = Math.max(0, segmentCount - segments.length);
  return [...segments, ...Array.from({ length: missing }, (): TemplatePart[] => [anyText])];
}

function wide(parts: readonly TemplatePart[]): ResourcePattern['matches'] {
  const isShort = templateSegments(parts).length < segmentCount;
  const longer: readonly TemplatePart[] = [...parts, ':', anyText];
  const forms = isShort ? [parts, longer] : [parts];
  const fixed = hasVariables(parts)
    ? undefined
    : forms.map((form) => compilePattern(form as readonly PatternPart[]));
  return ({ text }, keys) => {
    if (fixed !== undefined) return fixed.some((matches) => matches(text));
    const resolved = forms.map((form) => substitute(form, keys));
    if (resolved.includes(undefined)) return undefined;
    return resolved.some((form) => form !== undefined && compilePattern(form)(text));
  };
}
