/** The managed policies that AWS keeps for everyone, as far as this server has them. */
import { awsManagedData, type ManagedData } from './aws-managed-data.ts';

export interface AwsManagedPolicy {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly policyId: string;
  readonly description: string;
  /** ms since 1970 */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the only version that this server has, AWS's default one. */
  readonly version: string;
  /** JSON */
  readonly document: string;
}

/** In the order in which AWS made them, which is that of its lists. */
export const awsManagedPolicies: readonly AwsManagedPolicy[] = awsManagedData
  .map(policyOf)
  .sort((a, b) => a.createdAt - b.createdAt);

const byResource: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  awsManagedPolicies.map((policy) => [`policy${policy.path}${policy.name}`, policy]),
);

/** The policy of an ARN like `arn:aws:iam::aws:policy/AdministratorAccess`, in any partition. */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  const resource = /^arn:aws[a-z-]*:iam::aws:(policy\/.+)$/.exec(arn)?.[1];
  return resource === undefined ? undefined : byResource.get(resource);
}

function policyOf({ created, updated, statements, ...data }: ManagedData): AwsManagedPolicy {
  return {
    path: '/',
    ...data,
    createdAt: Date.parse(created),
    updatedAt: Date.parse(updated ?? created),
    document: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  };
}
