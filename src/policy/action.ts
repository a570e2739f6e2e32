/** Actions: `service:Name`, compared without regard to case, with `*` and `?` as wildcards. */
import { foldCase } from './context.ts';
import { compilePattern, type Matches, wildcardParts } from './pattern.ts';

export interface ActionPattern {
  readonly text: string;
  /** Of an action as `foldCase` gives it. */
  readonly matches: Matches;
}

/** Why a text is no action. */
export type ActionFault = 'no vendor' | 'two colons' | 'bad vendor';

const vendor = /^[a-zA-Z0-9.-]+$/;

export function compileAction(text: string): ActionPattern | ActionFault {
  if (text !== '*') {
    const [service = '', name, more] = text.split(':', 3);
    if (name === undefined) return 'no vendor';
    if (more !== undefined) return 'two colons';
    if (service !== '*' && !vendor.test(service)) return 'bad vendor';
  }
  return { text, matches: compilePattern(wildcardParts(foldCase(text))) };
}
