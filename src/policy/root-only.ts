/**
 * Who may do what, as a pure function from facts to an explained decision. For now the facts are
 * those of an installation whose only principals are root users; policies, grants and sessions join
 * them in their own files.
 */
export interface Facts {
  readonly principal: { readonly type: string; readonly account: string; readonly arn: string };
  /** `kms:Encrypt` */
  readonly action: string;
  readonly resource: { readonly arn: string; readonly account: string };
}

export type Decision =
  | { readonly allowed: true; readonly because: 'root-user-of-the-account' }
  | {
      readonly allowed: false;
      readonly because: 'no-identity-based-policy' | 'no-resource-based-policy';
    };

const rootUser: Decision = { allowed: true, because: 'root-user-of-the-account' };

/** Closed by default: the root user of the account that owns the resource, and no one else. */
export function evaluate(facts: Facts): Decision {
  if (facts.resource.account !== facts.principal.account)
    return { allowed: false, because: 'no-resource-based-policy' };
  if (facts.principal.type === 'Root') return rootUser;
  return { allowed: false, because: 'no-identity-based-policy' };
}

/**
 * AWS's sentence for a denial
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html).
 */
export function denialText(facts: Facts, decision: Decision & { allowed: false }): string {
  const { principal, action, resource } = facts;
  const kind =
    decision.because === 'no-identity-based-policy' ? 'identity-based' : 'resource-based';
  return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource.arn} because no ${kind} policy allows the ${action} action`;
}
