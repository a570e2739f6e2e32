/** Roles: making, showing, changing and deleting them. */
import type { CreateRoleRequest, IamModel, Role } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { boundaryUse, shownBoundary } from './boundary.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, listResource, need, newResource, type Sought } from './entities.ts';
import { entityExists, inlinePoliciesLeft, policiesAttached, rolesInProfiles } from './errors.ts';
import { newUniqueId } from './ids.ts';
import { profilesOfRole } from './instance-profiles.ts';
import { pageOfAccount } from './page.ts';
import { needOwnRole } from './protected.ts';
import { requireRoom } from './quota.ts';
import { type RoleRecord, recordId } from './records.ts';
import { basicRole, listedRole, shownRole, shownRoleTags } from './shown-role.ts';
import { withTags } from './tag-rules.ts';
import { trustedBy } from './trust.ts';

const defaultSessionSeconds = 3600;

export function roleOperations(iam: IamContext, { roles }: Kinds) {
  const findRole = ({ RoleName }: { RoleName: string }, call: Call) => find(roles, RoleName, call);
  return {
    CreateRole: {
      readOnly: false,
      find: ({ RoleName, Path = '/', PermissionsBoundary, Tags }, call) => ({
        resource: newResource({ type: 'role', path: Path, name: RoleName }, call),
        subject: undefined,
        conditions: conditionsOf({ boundary: PermissionsBoundary, tags: Tags }),
      }),
      run: (input, call) => createRole(iam, input, call),
    },
    GetRole: {
      readOnly: true,
      find: findRole,
      run: async (_input, _call, sought: Sought<RoleRecord>) => ({
        Role: await shownRole(iam, need(sought).value),
      }),
    },
    ListRoles: {
      readOnly: true,
      find: ({ PathPrefix }, call) => ({
        resource: listResource('role', PathPrefix, call),
        subject: undefined,
      }),
      run: async ({ PathPrefix = '/', ...page }, { principal: { account } }) => {
        const when = ({ path }: RoleRecord): boolean => path.startsWith(PathPrefix);
        const { items, tail } = await pageOfAccount(roles.records, { account, when }, page);
        return { Roles: await Promise.all(items.map((role) => listedRole(iam, role))), ...tail };
      },
    },
    DeleteRole: {
      readOnly: false,
      find: findRole,
      run: (_input, call, sought: Sought<RoleRecord>) => deleteRole(iam, call, needOwnRole(sought)),
    },
  } satisfies Operations<IamModel, 'CreateRole' | 'GetRole' | 'ListRoles' | 'DeleteRole'>;
}

export function roleChangeOperations(iam: IamContext, { roles }: Kinds) {
  const findRole = ({ RoleName }: { RoleName: string }, call: Call) => find(roles, RoleName, call);
  const change = (
    call: Call,
    entry: Entry<RoleRecord>,
    changes: Partial<RoleRecord>,
  ): RoleRecord => {
    const changed = { ...entry.value, ...changes };
    call.stage(roles.records.replace(entry, changed));
    return changed;
  };
  return {
    UpdateRole: {
      readOnly: false,
      find: findRole,
      run: (input, call, sought: Sought<RoleRecord>) => {
        const { Description, MaxSessionDuration } = input;
        change(call, needOwnRole(sought), {
          ...(Description === undefined ? {} : { description: Description }),
          ...(MaxSessionDuration === undefined ? {} : { maxSessionSeconds: MaxSessionDuration }),
        });
        return {};
      },
    },
    UpdateRoleDescription: {
      readOnly: false,
      find: findRole,
      run: async ({ Description }, call, sought: Sought<RoleRecord>) => {
        const role = change(call, need(sought), { description: Description });
        return { Role: await basicRole(iam, role) };
      },
    },
    UpdateAssumeRolePolicy: {
      readOnly: false,
      find: findRole,
      run: async ({ PolicyDocument }, call, sought: Sought<RoleRecord>) => {
        const entry = needOwnRole(sought);
        const trusted = await trustedBy(iam.records, PolicyDocument);
        change(call, entry, { trustPolicy: PolicyDocument, trusted });
      },
    },
  } satisfies Operations<
    IamModel,
    'UpdateRole' | 'UpdateRoleDescription' | 'UpdateAssumeRolePolicy'
  >;
}

async function createRole(
  iam: IamContext,
  input: CreateRoleRequest,
  call: Call,
): Promise<{ Role: Role }> {
  const { roles } = iam.records;
  const { RoleName, Path = '/', Tags, PermissionsBoundary, Description } = input;
  const { account } = call.principal;
  const resource = newResource({ type: 'role', path: Path, name: RoleName }, call);
  if (Tags !== undefined)
    call.authorize('iam:TagRole', resource, { conditions: conditionsOf({ tags: Tags }) });
  const trustPolicy = input.AssumeRolePolicyDocument;
  const trusted = await trustedBy(iam.records, trustPolicy);
  const id = recordId(account, RoleName);
  if ((await roles.get(id)) !== undefined) throw entityExists('Role', RoleName);
  await requireRoom(roles, account, 'Roles');
  const role: RoleRecord = {
    account,
    name: RoleName,
    path: Path,
    roleId: newUniqueId('role', call.world),
    arn: resource.arn,
    createdAt: call.now,
    trustPolicy,
    trusted,
    maxSessionSeconds: input.MaxSessionDuration ?? defaultSessionSeconds,
    tags: withTags([], Tags),
    policies: {},
    attached: [],
    ...(Description === undefined ? {} : { description: Description }),
    ...(PermissionsBoundary === undefined ? {} : { boundary: PermissionsBoundary }),
  };
  call.stage(await boundaryUse(iam, PermissionsBoundary, call), roles.insert(id, role));
  const { Description: _told, ...basic } = await basicRole(iam, role);
  return { Role: { ...basic, ...shownBoundary(role.boundary), ...shownRoleTags(role) } };
}

/** Policies must have been taken away before, and the role out of its instance profiles. */
async function deleteRole(iam: IamContext, call: Call, entry: Entry<RoleRecord>): Promise<void> {
  const role = entry.value;
  if (role.attached.length > 0) throw policiesAttached();
  if (Object.keys(role.policies).length > 0) throw inlinePoliciesLeft();
  if ((await profilesOfRole(iam.records, role)).length > 0) throw rolesInProfiles();
  call.stage(iam.records.roles.remove(entry), await iam.lastUses.forgetRole(role));
}
