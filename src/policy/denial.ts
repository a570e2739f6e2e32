/**
 * AWS's sentences for a denial
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
 */
import type { Denied, PolicyType, Question } from './question.ts';

interface Words {
  /** «because no … allows the … action» */
  readonly missing: string;
  /** «with an explicit deny in …» */
  readonly denying: string;
}

const words: Readonly<Record<PolicyType, Words>> = {
  identity: { missing: 'identity-based policy', denying: 'an identity-based policy' },
  resource: { missing: 'resource-based policy', denying: 'a resource-based policy' },
  boundary: { missing: 'permissions boundary', denying: 'a permissions boundary' },
  session: { missing: 'session policy', denying: 'a session policy' },
  'service-control': { missing: 'service control policy', denying: 'a service control policy' },
  'resource-control': { missing: 'resource control policy', denying: 'a resource control policy' },
  'vpc-endpoint': { missing: 'VPC endpoint policy', denying: 'a VPC endpoint policy' },
  trust: { missing: 'role trust policy', denying: 'the role trust policy' },
};

export function denialText({ caller, action, resource }: Question, denied: Denied): string {
  const what = `User: ${caller.arn} is not authorized to perform: ${action}`;
  const { missing, denying } = words[denied.type];
  if (!denied.explicit)
    return `${what} on resource: ${resource.arn} because no ${missing} allows the ${action} action`;
  // The policies of principals and organizations are named; those of resources have no ARN.
  const arn = denied.policy?.arn === undefined ? '' : `: ${denied.policy.arn}`;
  return `${what} on resource: ${resource.arn} with an explicit deny in ${denying}${arn}`;
}
