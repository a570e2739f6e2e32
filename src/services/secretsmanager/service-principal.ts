/** Who Secrets Manager is when it calls by itself. */
import type { Principal } from '../../operation.ts';

export const serviceName = 'secretsmanager.amazonaws.com';

const principals = new Map<string, Principal>();
const maxPrincipals = 1_000;

/** It has no account of its own; `account` is the one that it acts for. */
export function servicePrincipal(account: string): Principal {
  const known = principals.get(account);
  if (known !== undefined) return known;
  if (principals.size >= maxPrincipals) principals.clear();
  const made: Principal = {
    type: 'AWSService',
    account,
    arn: serviceName,
    principalId: serviceName,
    accessKeyId: '',
    serviceName,
  };
  principals.set(account, made);
  return made;
}
