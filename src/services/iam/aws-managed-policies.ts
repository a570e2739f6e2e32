/**
 * The managed policies that AWS keeps for everyone, as far as this server has them. Data: the
 * documents are AWS's, from the AWS Managed Policy Reference.
 * (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/)
 */

export interface AwsManagedPolicy {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly policyId: string;
  readonly description: string;
  /** ms since 1970 */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Of the only version that this server has: `v1`. */
  readonly version: string;
  readonly document: string;
}

const everything: AwsManagedPolicy = {
  name: 'AdministratorAccess',
  path: '/',
  policyId: 'ANPAIWMBCKSKIEE64ZLYK',
  description: 'Provides full access to AWS services and resources.',
  createdAt: Date.UTC(2015, 1, 6, 18, 39, 46),
  updatedAt: Date.UTC(2015, 1, 6, 18, 39, 46),
  version: 'v1',
  document: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  }),
};

/** In the order of their names. */
export const awsManagedPolicies: readonly AwsManagedPolicy[] = [everything];

const byResource: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  awsManagedPolicies.map((policy) => [`policy${policy.path}${policy.name}`, policy]),
);

/** The policy of an ARN like `arn:aws:iam::aws:policy/AdministratorAccess`, in any partition. */
export function awsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  const resource = /^arn:aws[a-z-]*:iam::aws:(policy\/.+)$/.exec(arn)?.[1];
  return resource === undefined ? undefined : byResource.get(resource);
}
