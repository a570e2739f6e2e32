/** Roles as answers show them. */
import type { Role } from '../../model/iam.generated.ts';
import { shownBoundary } from './boundary.ts';
import type { IamContext } from './context.ts';
import { encodeDocument } from './documents.ts';
import type { LastUse } from './last-uses.ts';
import type { RoleRecord } from './records.ts';
import { shownTags } from './tag-rules.ts';
import { shownTrustPolicy } from './trust.ts';

/** What all answers with roles have: CreateRole and instance profiles show no more. */
export async function basicRole({ records }: IamContext, role: RoleRecord): Promise<Role> {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodeDocument(await shownTrustPolicy(records, role)),
    ...(role.description === undefined ? {} : { Description: role.description }),
  };
}

/** As ListRoles shows it: without tags, boundary and last use, which GetRole tells. */
export async function listedRole(iam: IamContext, role: RoleRecord): Promise<Role> {
  return { ...(await basicRole(iam, role)), MaxSessionDuration: role.maxSessionSeconds };
}

export async function shownRole(iam: IamContext, role: RoleRecord): Promise<Role> {
  return {
    ...(await listedRole(iam, role)),
    ...shownBoundary(role.boundary),
    ...shownRoleTags(role),
    RoleLastUsed: shownLastUse(await iam.lastUses.ofRole(role)),
  };
}

export const shownRoleTags = ({ tags }: RoleRecord): Pick<Role, 'Tags'> =>
  tags.length === 0 ? {} : { Tags: shownTags(tags) };

export const shownLastUse = (last: LastUse | undefined): NonNullable<Role['RoleLastUsed']> =>
  last === undefined ? {} : { LastUsedDate: last.at, Region: last.region };
