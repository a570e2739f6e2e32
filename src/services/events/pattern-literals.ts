/** What a pattern lets through at one place, where it says so by plain values. Pure. */
import type { EventPattern, PatternNode } from './event-pattern.ts';

/** Undefined: something else may come through, as far as the place is asked about. */
export function literalsAt(
  { alternatives }: EventPattern,
  path: readonly string[],
): readonly string[] | undefined {
  const all = new Set<string>();
  for (const alternative of alternatives) {
    const matchers = nodeAt(alternative, path)?.matchers ?? [];
    if (matchers.length === 0) return undefined;
    for (const matcher of matchers) {
      if (matcher.kind !== 'present' || typeof matcher.literal !== 'string') return undefined;
      all.add(matcher.literal);
    }
  }
  return [...all];
}

function nodeAt(node: PatternNode | undefined, path: readonly string[]): PatternNode | undefined {
  return path.reduce<PatternNode | undefined>((each, step) => each?.children.get(step), node);
}
