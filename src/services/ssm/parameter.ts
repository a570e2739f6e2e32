/**
 * What a parameter is and how it may change. Pure: each change gives a new one.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html)
 */
import type { ParameterType } from '../../model/ssm.generated.ts';
import type { ParameterPolicy } from './parameter-policy.ts';

export type Tier = 'Standard' | 'Advanced';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A label belongs to one version, and moves when it is given to another. */
export interface Label {
  readonly name: string;
  readonly version: number;
}

/** One version. It never changes, but for the states of the policies of the current one. */
export interface Version {
  /** 1, 2, 3 … */
  readonly version: number;
  readonly type: ParameterType;
  /**
   * The value; of a SecureString its ciphertext in base64: a KMS blob in the standard tier, a
   * message of the AWS Encryption SDK in the advanced one.
   */
  readonly value: string;
  readonly tier: Tier;
  readonly dataType: string;
  /** Of a SecureString, as it was given. */
  readonly keyId?: string;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly policies: readonly ParameterPolicy[];
  /** ms since 1970 */
  readonly modifiedAt: number;
  /** ARN of who wrote it. */
  readonly modifiedBy: string;
}

/** The policy by which other accounts read a parameter. */
export interface Sharing {
  readonly policyId: string;
  readonly policyHash: string;
  readonly text: string;
  /** Accounts that the policy lets list the parameter, whatever their request is like. */
  readonly listedFor: readonly string[];
  /** User or role ARN in it → the unique id that it had when the policy was put. */
  readonly principalIds: Readonly<Record<string, string>>;
}

export interface Parameter {
  readonly account: string;
  readonly region: string;
  readonly arn: string;
  /** As its creator wrote it: a single level has its slash or doesn't. */
  readonly name: string;
  /** The name without the slash before it. */
  readonly path: string;
  readonly current: Version;
  /** The oldest version that is kept; those between are kept too. */
  readonly oldestVersion: number;
  readonly labels: readonly Label[];
  readonly tags: readonly Tag[];
  readonly sharing?: Sharing;
}

/** AWS keeps so many versions of a parameter. */
export const maxVersions = 100;
/** Labels of one version. */
export const maxLabels = 10;

export const labelsOf = (parameter: Parameter, version: number): readonly string[] =>
  parameter.labels
    .filter((label) => label.version === version)
    .map(({ name }) => name)
    .sort();

export const versionLabelled = (parameter: Parameter, label: string): number | undefined =>
  parameter.labels.find(({ name }) => name === label)?.version;

/** With a further version, and without the oldest where there would be more than AWS keeps. */
export function overwritten(parameter: Parameter, current: Version): Parameter {
  const { oldestVersion } = parameter;
  const isFull = current.version - oldestVersion + 1 > maxVersions;
  return { ...parameter, current, oldestVersion: isFull ? oldestVersion + 1 : oldestVersion };
}

/** With the labels on this version, wherever they were before. */
export function labelled(
  parameter: Parameter,
  version: number,
  names: readonly string[],
): Parameter {
  const others = parameter.labels.filter(({ name }) => !names.includes(name));
  return { ...parameter, labels: [...others, ...names.map((name) => ({ name, version }))] };
}

/** Without these labels of this version. */
export function unlabelled(
  parameter: Parameter,
  version: number,
  names: readonly string[],
): Parameter {
  const labels = parameter.labels.filter(
    (label) => label.version !== version || !names.includes(label.name),
  );
  return { ...parameter, labels };
}

export function tagged(parameter: Parameter, tags: readonly Tag[]): Parameter {
  const kept = parameter.tags.filter(({ key }) => !tags.some((tag) => tag.key === key));
  return { ...parameter, tags: [...kept, ...tags] };
}

export function untagged(parameter: Parameter, keys: readonly string[]): Parameter {
  return { ...parameter, tags: parameter.tags.filter(({ key }) => !keys.includes(key)) };
}

export function shared(parameter: Parameter, sharing: Sharing): Parameter {
  return { ...parameter, sharing };
}

export function unshared({ sharing: _, ...parameter }: Parameter): Parameter {
  return parameter;
}
