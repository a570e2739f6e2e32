/** ListEntitiesForPolicy: who has a managed policy, or is bounded by it. */
import type {
  IamModel,
  ListEntitiesForPolicyRequest,
  ListEntitiesForPolicyResponse,
} from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { IamContext } from './context.ts';
import { needPolicy, type SoughtPolicy } from './managed-policy.ts';
import { pageOf } from './page.ts';
import { findPolicy } from './policies.ts';
import { type Users, usesOf } from './policy-uses.ts';
import type { GroupRecord, RoleRecord, UserRecord } from './records.ts';

export function policyEntityOperations(iam: IamContext) {
  return {
    ListEntitiesForPolicy: {
      readOnly: true,
      find: (input, call) => findPolicy(iam, input, call),
      run: (input, call, sought: SoughtPolicy) => listEntities(iam, input, call, sought),
    },
  } satisfies Operations<IamModel, 'ListEntitiesForPolicy'>;
}

type Entity =
  | { readonly type: 'Group'; readonly record: GroupRecord }
  | { readonly type: 'User'; readonly record: UserRecord }
  | { readonly type: 'Role'; readonly record: RoleRecord };

async function listEntities(
  { records }: IamContext,
  input: ListEntitiesForPolicyRequest,
  { principal: { account } }: Call,
  sought: SoughtPolicy,
): Promise<ListEntitiesForPolicyResponse> {
  const { EntityFilter, PathPrefix = '/', PolicyUsageFilter } = input;
  const { arn } = needPolicy(sought);
  const { attached, bounded } = await usesOf(records, { arn, account });
  // One that has the policy both ways is listed once.
  const found = new Map<string, Entity>();
  const add = (used: Users): void => {
    for (const entity of entitiesOf(used)) {
      const { type, record } = entity;
      if (EntityFilter !== undefined && EntityFilter !== type) continue;
      if (record.path.startsWith(PathPrefix)) found.set(`${type}/${record.name}`, entity);
    }
  };
  if (PolicyUsageFilter !== 'PermissionsBoundary') add(attached);
  if (PolicyUsageFilter !== 'PermissionsPolicy') add(bounded);
  const all = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const { items, tail } = pageOf(all, ([name]) => name, input);
  return { ...shown(items.map(([, entity]) => entity)), ...tail };
}

const entitiesOf = ({ groups, users, roles }: Users): readonly Entity[] => [
  ...groups.map((record) => ({ type: 'Group' as const, record })),
  ...users.map((record) => ({ type: 'User' as const, record })),
  ...roles.map((record) => ({ type: 'Role' as const, record })),
];

function shown(entities: readonly Entity[]): ListEntitiesForPolicyResponse {
  return {
    PolicyGroups: entities.flatMap(({ type, record }) =>
      type === 'Group' ? [{ GroupName: record.name, GroupId: record.groupId }] : [],
    ),
    PolicyUsers: entities.flatMap(({ type, record }) =>
      type === 'User' ? [{ UserName: record.name, UserId: record.userId }] : [],
    ),
    PolicyRoles: entities.flatMap(({ type, record }) =>
      type === 'Role' ? [{ RoleName: record.name, RoleId: record.roleId }] : [],
    ),
  };
}
