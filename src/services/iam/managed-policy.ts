/** Managed policies by ARN: the account's own and AWS's. */
import type { Call, Resource } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { type AwsManagedPolicy, awsManagedPolicy } from './aws-managed-policies.ts';
import { foreignPolicyDenied, invalidPolicyArn, policyNotFound } from './errors.ts';
import { parsePolicyArn } from './policy-text.ts';
import { type IamRecords, type ManagedPolicyRecord, recordId } from './records.ts';

/** What a request names by ARN. With neither `entry` nor `aws` there is none. */
export interface SoughtPolicy {
  readonly arn: string;
  /** The last part of the ARN. */
  readonly name: string;
  /** Whose policy it would be; `aws` for AWS's own. */
  readonly account: string;
  readonly entry?: Entry<ManagedPolicyRecord>;
  readonly aws?: AwsManagedPolicy;
}

/**
 * An ARN names an account's policy whole: of one with another path it tells nothing.
 * @throws ApiError ValidationError when it is no ARN of a policy.
 */
export async function seekPolicy(
  { policies }: Pick<IamRecords, 'policies'>,
  arn: string,
  { principal }: Call,
): Promise<SoughtPolicy> {
  const named = parsePolicyArn(arn);
  if (named === undefined) throw invalidPolicyArn();
  const { name, account } = named;
  const none = { arn, name, account };
  if (account === 'aws') {
    const aws = awsManagedPolicy(arn);
    return aws === undefined ? none : { ...none, aws };
  }
  if (account !== principal.account) return none;
  const entry = await policies.get(recordId(account, name));
  return entry === undefined || entry.value.arn !== arn ? none : { ...none, entry };
}

/** AWS's own policies are there for every account. */
export function policyResource({ arn, account, entry }: SoughtPolicy, call: Call): Resource {
  return {
    arn,
    account: account === 'aws' ? call.principal.account : account,
    type: 'AWS::IAM::Policy',
    ...(entry === undefined
      ? {}
      : { tags: Object.fromEntries(entry.value.tags.map(({ key, value }) => [key, value])) }),
  };
}

/** @throws ApiError NoSuchEntity when it isn't there. */
export function needPolicy(
  sought: SoughtPolicy,
  missing: (arn: string) => Error = policyNotFound,
): SoughtPolicy {
  if (sought.entry === undefined && sought.aws === undefined) throw missing(sought.arn);
  return sought;
}

/**
 * The account's own policy, to be changed.
 * @throws ApiError AccessDenied for one of AWS's, NoSuchEntity when it isn't there.
 */
export function needOwnPolicy(
  { arn, account, entry }: SoughtPolicy,
  { principal, operation }: Call,
  missing: (arn: string) => Error = policyNotFound,
): Entry<ManagedPolicyRecord> {
  if (account === 'aws')
    throw foreignPolicyDenied({ callerArn: principal.arn, action: `iam:${operation}`, arn });
  if (entry === undefined) throw missing(arn);
  return entry;
}
