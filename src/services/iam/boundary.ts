/** What a permissions boundary is: a managed policy that limits what a user or role may do. */
import type { AttachedPermissionsBoundary } from '../../model/iam.generated.ts';
import type { Call } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { IamContext } from './context.ts';
import { boundaryNotAttachable } from './errors.ts';
import { seekPolicy } from './managed-policy.ts';

/** The member of an answer; nothing where there is no boundary. */
export const shownBoundary = (
  arn: string | undefined,
): { PermissionsBoundary?: AttachedPermissionsBoundary } =>
  arn === undefined
    ? {}
    : {
        PermissionsBoundary: { PermissionsBoundaryType: boundaryType, PermissionsBoundaryArn: arn },
      };

/** AWS's answers say this, though its model knows `PermissionsBoundaryPolicy` only. */
const boundaryType = 'Policy' as 'PermissionsBoundaryPolicy';

/**
 * What is written for a policy that becomes a boundary: nothing changes in it, but it can't be
 * deleted at the same moment.
 * @throws ApiError NoSuchEntity when there is no such policy.
 */
export async function boundaryUse(
  { records }: IamContext,
  arn: string | undefined,
  call: Call,
): Promise<readonly Write[]> {
  if (arn === undefined) return [];
  const policy = await seekPolicy(records, arn, call);
  if (policy.aws !== undefined) return [];
  if (policy.entry === undefined) throw boundaryNotAttachable(arn);
  return records.policies.replace(policy.entry, policy.entry.value);
}
