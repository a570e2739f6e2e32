/**
 * The resource policies of a secret as one: the one that users write, and beside it the one that
 * Secrets Manager puts on a replica in another account. Pure.
 */
import type { Secret } from './secret.ts';

export const defaultPolicyName = 'default';
export const managedPolicyName = 'cross-account-replication';

/** Lets the owner of the primary associate the replica, and nothing else. */
export function managedPolicy({
  arn,
  crossAccountPrimary,
}: Pick<Secret, 'arn' | 'crossAccountPrimary'>): string | undefined {
  const primary = crossAccountPrimary?.arn;
  if (primary === undefined) return undefined;
  const [, partition, , , account] = primary.split(':');
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: 'secretsmanager:AcceptCrossAccountReplication',
        Resource: arn,
      },
    ],
  });
}

interface Document {
  readonly Statement: unknown;
}

const statementsOf = (text: string): readonly unknown[] => {
  const { Statement } = JSON.parse(text) as Document;
  return Array.isArray(Statement) ? Statement : [Statement];
};

/** Undefined: it has none. The same text each time. */
export function allPoliciesOf(secret: Secret): string | undefined {
  const managed = managedPolicy(secret);
  if (managed === undefined || secret.policy === undefined) return managed ?? secret.policy;
  // The managed statement means the same in each version of the language.
  const own = JSON.parse(secret.policy) as Document;
  return JSON.stringify({
    ...own,
    Statement: [...statementsOf(secret.policy), ...statementsOf(managed)],
  });
}
