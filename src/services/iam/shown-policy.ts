/** Managed policies as answers show them, the account's own and AWS's alike. */
import type { Policy, PolicyVersion as ShownVersion } from '../../model/iam.generated.ts';
import type { AwsManagedPolicy } from './aws-managed-policies.ts';
import { encodeDocument } from './documents.ts';
import type { UseCount } from './policy-uses.ts';
import type { ManagedPolicyRecord, PolicyVersion } from './records.ts';

/** Without description and tags, which GetPolicy tells. */
export const listedPolicy = (policy: ManagedPolicyRecord, uses: UseCount | undefined): Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.policyId,
  Arn: policy.arn,
  Path: policy.path,
  DefaultVersionId: defaultVersion(policy).id,
  ...shownUses(uses),
  IsAttachable: true,
  CreateDate: policy.createdAt,
  UpdateDate: policy.updatedAt,
});

export const listedAwsPolicy = (
  { arn, policy }: { readonly arn: string; readonly policy: AwsManagedPolicy },
  uses: UseCount | undefined,
): Policy => ({
  PolicyName: policy.name,
  PolicyId: policy.policyId,
  Arn: arn,
  Path: policy.path,
  DefaultVersionId: policy.version,
  ...shownUses(uses),
  IsAttachable: true,
  CreateDate: policy.createdAt,
  UpdateDate: policy.updatedAt,
});

const shownUses = ({ attached, bounded }: UseCount = { attached: 0, bounded: 0 }) => ({
  AttachmentCount: attached,
  PermissionsBoundaryUsageCount: bounded,
});

export function defaultVersion({ arn, versions }: ManagedPolicyRecord): PolicyVersion {
  const version = versions.find(({ isDefault }) => isDefault);
  if (version === undefined) throw new Error(`${arn} has no default version`);
  return version;
}

/** Without the document, which GetPolicyVersion tells. */
export const listedVersion = ({ id, isDefault, createdAt }: PolicyVersion): ShownVersion => ({
  VersionId: id,
  IsDefaultVersion: isDefault,
  CreateDate: createdAt,
});

export const shownVersion = (version: PolicyVersion): ShownVersion => ({
  Document: encodeDocument(version.document),
  ...listedVersion(version),
});

/** The one version of an AWS managed policy that this server has. */
export const awsVersion = ({ version, document, updatedAt }: AwsManagedPolicy): PolicyVersion => ({
  id: version,
  document,
  createdAt: updatedAt,
  isDefault: true,
});
