/** Policies of a simulation: texts that came with the request, and those that a principal has. */
import { foldCase } from '../../policy/context.ts';
import { type Policy, parsePolicy } from '../../policy/document.ts';
import type { NamedPolicy, PolicyType } from '../../policy/evaluate.ts';
import { invalidSimulationPolicy } from './errors.ts';

/** A policy, and its text, for the positions of its statements and the keys that it names. */
export interface SimulatedPolicy extends NamedPolicy {
  readonly text: string;
}

export interface PolicySource {
  readonly type: PolicyType;
  /** As results name it: `PolicyInputList.1`, the name of a managed policy. */
  readonly name: string;
  readonly text: string;
  /** Of a managed policy. */
  readonly arn?: string;
}

/** @throws ApiError InvalidInput when it is no policy. */
export function simulatedPolicy(source: PolicySource): SimulatedPolicy {
  const parsed = parsePolicy(source.text);
  if (parsed.kind === 'fault') throw invalidSimulationPolicy(source.name, parsed.fault.text);
  return { ...source, policy: parsed.policy };
}

/** The policies of one input list of the request. */
export const inputPolicies = (
  texts: readonly string[] | undefined,
  { type, list }: { readonly type: PolicyType; readonly list: string },
): readonly SimulatedPolicy[] =>
  (texts ?? []).map((text, index) => simulatedPolicy({ type, name: `${list}.${index + 1}`, text }));

/**
 * The condition keys that policies name, in conditions and as policy variables, each once, in the
 * spelling in which it comes first.
 */
export function contextKeysOf(policies: readonly SimulatedPolicy[]): readonly string[] {
  const found = new Map<string, string>();
  for (const { policy, text } of policies)
    for (const name of [...conditionKeysOf(policy), ...variablesOf(policy, text)])
      if (!found.has(foldCase(name))) found.set(foldCase(name), name);
  return [...found.values()];
}

const conditionKeysOf = ({ statements }: Policy): readonly string[] =>
  statements.flatMap(({ conditions }) => conditions.map(({ name }) => name));

/** `${aws:username}`; documents of 2008 have none, and `${*}`, `${?}`, `${$}` are characters. */
function variablesOf({ version }: Policy, text: string): readonly string[] {
  if (version !== '2012-10-17') return [];
  return [...text.matchAll(/\$\{([^},\s]+)[^}]*\}/g)]
    .map(([, name]) => name as string)
    .filter((name) => !/^[*?$]$/.test(name));
}
