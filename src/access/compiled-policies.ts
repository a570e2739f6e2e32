/**
 * Policies by their text, compiled once. Records hold texts; what a text compiles to is kept here,
 * bounded, for all who have the same.
 */
import { type Policy, parsePolicy } from '../policy/document.ts';

/** How many texts are kept compiled; each of a few hundred bytes to a few thousand. */
const keptPolicies = 20_000;

export interface CompiledPolicies {
  /**
   * Throws an Error for a text that is no policy: it passed a check when it was stored, and a
   * policy that can't be read could have denied what is asked.
   */
  of(text: string): Policy;
  /** The text that a policy was compiled from. */
  textOf(policy: Policy): string;
}

/** In two generations: what was used since the last turn survives the next. */
export function compiledPolicies(): CompiledPolicies {
  let young = new Map<string, Policy>();
  let old = new Map<string, Policy>();
  const texts = new WeakMap<Policy, string>();
  const keep = (text: string, policy: Policy): Policy => {
    if (young.size >= keptPolicies / 2) {
      old = young;
      young = new Map();
    }
    young.set(text, policy);
    texts.set(policy, text);
    return policy;
  };
  return {
    of: (text) => {
      const known = young.get(text);
      if (known !== undefined) return known;
      return keep(text, old.get(text) ?? compile(text));
    },
    textOf: (policy) => texts.get(policy) ?? '',
  };
}

function compile(text: string): Policy {
  const parsed = parsePolicy(text);
  if (parsed.kind === 'policy') return parsed.policy;
  throw new Error(`A stored policy can't be read: ${parsed.fault.text}`);
}
