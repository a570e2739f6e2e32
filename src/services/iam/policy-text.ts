/** Finds what a managed policy says, the account's own ones and AWS's. */
import { awsManagedPolicy } from './aws-managed-policies.ts';
import { type IamRecords, type ManagedPolicyRecord, recordId } from './records.ts';

/**
 * What a policy says. The object stays the same as long as the policy does, so that whoever
 * compiles the text can keep the result by it.
 */
export interface PolicyText {
  /** JSON */
  readonly document: string;
}

/** The parts of `arn:aws:iam::111122223333:policy/path/name` that lead to its record. */
export interface PolicyName {
  /** `aws` for AWS's own. */
  readonly account: string;
  readonly path: string;
  readonly name: string;
}

export function parsePolicyArn(arn: string): PolicyName | undefined {
  const match = /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy(\/(?:.*\/)?)([\w+=,.@-]+)$/.exec(arn);
  if (match === null) return undefined;
  const [, account, path, name] = match as unknown as [string, string, string, string];
  return { account, path, name };
}

/**
 * The default version of the policy with this ARN; undefined when there is none. Without waiting
 * where it is cached.
 */
export function policyText(
  records: Pick<IamRecords, 'policies'>,
  arn: string,
): PolicyText | undefined | Promise<PolicyText | undefined> {
  const named = parsePolicyArn(arn);
  if (named === undefined) return undefined;
  if (named.account === 'aws') return awsManagedPolicy(arn);
  const id = recordId(named.account, named.name);
  const cached = records.policies.peek(id);
  if (cached !== undefined) return defaultText(cached.value, arn);
  return records.policies
    .get(id)
    .then((entry) => (entry === undefined ? undefined : defaultText(entry.value, arn)));
}

/** ARNs are compared whole: another path is another policy, that of before a deletion. */
function defaultText(policy: ManagedPolicyRecord, arn: string): PolicyText | undefined {
  return policy.arn === arn ? policy.versions.find(({ isDefault }) => isDefault) : undefined;
}
