/**
 * Which statements of a list speak of an action, remembered: there are few actions and many
 * statements, and most of those are for something else.
 */
import type { Statement } from './policy.ts';

/** Actions remembered for a list. Simulated calls may name any, real ones a few dozen. */
const keptActions = 128;

// Keyed by the list itself: whoever makes a policy of other statements has another list.
const remembered = new WeakMap<readonly Statement[], Map<string, readonly Statement[]>>();

/** `action` as `foldCase` gives it. The list must not change any more. */
export function statementsOn(
  action: string,
  statements: readonly Statement[],
): readonly Statement[] {
  if (statements.length === 0) return statements;
  let byAction = remembered.get(statements);
  if (byAction === undefined) {
    byAction = new Map();
    remembered.set(statements, byAction);
  }
  const known = byAction.get(action);
  if (known !== undefined) return known;
  const found = statements.filter((statement) => speaksOf(statement, action));
  if (byAction.size >= keptActions) byAction.clear();
  byAction.set(action, found);
  return found;
}

export function speaksOf({ actions }: Statement, action: string): boolean {
  if (actions === undefined || actions.patterns.length === 0) return false;
  for (const pattern of actions.patterns) if (pattern.matches(action)) return !actions.not;
  return actions.not;
}
