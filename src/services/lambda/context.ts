/** What Lambda's operations share: the records, the ports, and how a function is found. */
import type { Call, ConditionKeys, Found } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import { functionNotFound } from './errors.ts';
import { functionArn, isVersion, type NamedFunction, namedArn, namedFunction } from './names.ts';
import type { LambdaPorts } from './ports.ts';
import {
  aliasId,
  type FunctionEntry,
  type FunctionRecord,
  functionId,
  type LambdaRecords,
  type VersionRecord,
  versionId,
} from './records.ts';

export interface LambdaContext {
  readonly records: LambdaRecords;
  readonly ports: LambdaPorts;
}

/** What an operation on one function gets: it may be that there is none. */
export interface Subject {
  readonly named: NamedFunction;
  readonly entry: FunctionEntry | undefined;
}

interface Given {
  readonly FunctionName: string;
  readonly Qualifier?: string | undefined;
}

/**
 * Whether the function exists is not looked at here: who may not act on it is denied either way.
 * `action`: as IAM calls it, where that is not the operation's name.
 */
export async function findFunction(
  { records }: LambdaContext,
  input: Given,
  call: Call,
  options: { readonly action?: string; readonly conditions?: ConditionKeys } = {},
): Promise<Found<Subject>> {
  const { region, partition, principal } = call;
  const named = namedFunction(input, { account: principal.account, region, partition });
  const entry = await records.functions.get(functionId(named, named.name));
  const policy = entry?.value.policies[named.qualifier ?? ''];
  const { action, conditions } = options;
  return {
    resource: {
      arn: namedArn(named),
      account: named.account,
      type: 'AWS::Lambda::Function',
      ...(entry === undefined ? {} : { tags: entry.value.tags }),
      ...(policy === undefined
        ? {}
        : {
            policy: {
              text: policy.text,
              rule: 'ordinary',
              name: 'default',
              principalIds: policy.principalIds,
            },
          }),
    },
    subject: { named, entry },
    ...(action === undefined ? {} : { action }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** @throws ApiError ResourceNotFoundException */
export function requireFunction({ named, entry }: Subject): FunctionEntry {
  if (entry === undefined) throw functionNotFound(namedArn(named));
  return entry;
}

/** What a qualifier leads to: a version, by itself or through an alias. */
export interface Resolved {
  readonly version: VersionRecord;
  /** Whether an alias led here. */
  readonly isAlias: boolean;
}

/**
 * `chance`: 0 to 1, for an alias that divides its invocations. Undefined when there is no such
 * version or alias.
 */
export async function resolveQualifier(
  context: LambdaContext,
  record: FunctionRecord,
  qualifier: string | undefined,
  chance: () => number = () => 1,
): Promise<Resolved | undefined> {
  if (qualifier === undefined || isVersion(qualifier)) {
    const version = await versionOf(context, record, qualifier ?? '$LATEST');
    return version && { version, isAlias: false };
  }
  const alias = await context.records.aliases.get(aliasId(record, qualifier));
  if (alias === undefined) return undefined;
  const [other] = Object.entries(alias.value.routing);
  const number = other !== undefined && chance() < other[1] ? other[0] : alias.value.version;
  const version = await versionOf(context, record, number);
  return version && { version, isAlias: true };
}

export async function versionOf(
  { records }: LambdaContext,
  record: FunctionRecord,
  version: string,
): Promise<VersionRecord | undefined> {
  if (version === '$LATEST') return record.latest;
  return (await records.versions.get(versionId(record, version)))?.value;
}

/** @throws ApiError ResourceNotFoundException */
export async function requireQualified(
  context: LambdaContext,
  subject: Subject,
): Promise<Resolved & { readonly record: FunctionRecord }> {
  const { value: record } = requireFunction(subject);
  const resolved = await resolveQualifier(context, record, subject.named.qualifier);
  if (resolved === undefined) throw functionNotFound(namedArn(subject.named));
  return { ...resolved, record };
}

/** Condition keys of the tags that a request brings. Those that differ by case only count all. */
export function tagConditions(
  tags: Readonly<Record<string, string>>,
  keys: readonly string[] = Object.keys(tags),
): ConditionKeys {
  const values = new Map<string, string[]>();
  for (const [key, value] of Object.entries(tags)) {
    const name = `aws:requesttag/${foldCase(key)}`;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return (name) => {
    if (name === 'aws:tagkeys') return keys.length === 0 ? undefined : keys;
    const found = values.get(name);
    return found !== undefined && found.length > 1 ? found : found?.[0];
  };
}

/** An action that has no one function. */
export const findNothing = (_input: unknown, call: Call): Found<undefined> => ({
  resource: { arn: '*', account: call.principal.account },
  subject: undefined,
});

/** A function that is yet to be. */
export function placeOf(call: Call): { account: string; region: string; partition: string } {
  const { region, partition, principal } = call;
  return { account: principal.account, region, partition };
}

export const unqualifiedArn = (named: NamedFunction): string => functionArn(named, named.name);
