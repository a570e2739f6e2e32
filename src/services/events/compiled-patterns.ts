/** Patterns of rules, compiled once as long as they are in use. */
import { type EventValue, matchesEvent } from './event-match.ts';
import { compilePattern, type EventPattern } from './event-pattern.ts';

const maxPatterns = 2_000;

/** Whether a rule's pattern matches; one that doesn't compile any more matches nothing. */
export type Matches = (pattern: string, event: EventValue) => boolean;

export function compiledPatterns(): Matches {
  const kept = new Map<string, EventPattern | undefined>();
  return (text, event) => {
    let pattern = kept.get(text);
    if (pattern === undefined && !kept.has(text)) {
      const compiled = compilePattern(text);
      pattern = compiled.kind === 'pattern' ? compiled.pattern : undefined;
      if (kept.size >= maxPatterns) kept.clear();
      kept.set(text, pattern);
    }
    return pattern !== undefined && matchesEvent(pattern, event);
  };
}
