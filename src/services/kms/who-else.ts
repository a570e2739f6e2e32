/**
 * Whom a key's policy and grants let in besides the identities of its own account: a pure reading
 * of both, for those who ask who can use a key.
 */
import { foldCase } from '../../policy/context.ts';
import { parsePolicy } from '../../policy/document.ts';
import type { Grant } from './grant.ts';
import type { Key } from './key.ts';

export interface WhoElse {
  /** As the policy or the grant names it. */
  readonly principal: string;
  /** `key policy`, or `grant` and its id. */
  readonly through: string;
  readonly note?: string;
}

/** `action` as `kms:Decrypt`. */
export function whoElse(key: Key, grants: readonly Grant[], action: string): readonly WhoElse[] {
  return [...inPolicy(key, action), ...grants.flatMap((grant) => inGrant(grant, action))];
}

function inPolicy(key: Key, action: string): readonly WhoElse[] {
  const parsed = parsePolicy(key.policy);
  if (parsed.kind === 'fault') return [];
  const wanted = foldCase(action);
  const found: WhoElse[] = [];
  for (const { actions, principals, conditions } of parsed.policy.allows) {
    if (actions === undefined || principals === undefined) continue;
    if (actions.not === actions.patterns.some(({ matches }) => matches(wanted))) continue;
    for (const { text } of principals.patterns) {
      if (text.includes(key.account)) continue;
      const note = noteOf(text, conditions.length > 0);
      found.push({ principal: text, through: 'key policy', ...(note === '' ? {} : { note }) });
    }
  }
  return found;
}

function noteOf(principal: string, isConditional: boolean): string {
  const isForeign = /^(\d{12}|arn:.*)$/.test(principal);
  return [
    ...(isForeign ? ["its own account's policies must allow it as well"] : []),
    ...(isConditional ? ['under conditions'] : []),
  ].join(', ');
}

function inGrant(grant: Grant, action: string): readonly WhoElse[] {
  const operation = foldCase(action).replace(/^kms:/, '');
  if (!grant.operations.some((each) => foldCase(each) === operation)) return [];
  const isConstrained = Object.keys(grant.constraints).length > 0;
  return [
    {
      principal: grant.grantee.name,
      through: `grant ${grant.grantId}`,
      ...(isConstrained ? { note: 'under constraints' } : {}),
    },
  ];
}
