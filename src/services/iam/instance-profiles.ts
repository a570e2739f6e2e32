/** Instance profiles: what hands a role to a machine. */
import type {
  CreateInstanceProfileRequest,
  IamModel,
  InstanceProfile,
} from '../../model/iam.generated.ts';
import type { Call, Found, Operations, Resource } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, listResource, need, type Sought, seek, tagMap } from './entities.ts';
import {
  profileExists,
  profileNotFound,
  quotaExceeded,
  roleNotInProfile,
  rolesInProfiles,
} from './errors.ts';
import { iamArn, newUniqueId } from './ids.ts';
import { pageOf, pageOfAccount } from './page.ts';
import { requireRoom } from './quota.ts';
import {
  type IamRecords,
  type InstanceProfileRecord,
  type RoleRecord,
  recordId,
  rolePrefix,
} from './records.ts';
import { basicRole } from './shown-role.ts';
import { shownTags, withTags } from './tag-rules.ts';

export function instanceProfileOperations(iam: IamContext) {
  const findProfile = ({ InstanceProfileName }: { InstanceProfileName: string }, call: Call) =>
    findInstanceProfile(iam.records, InstanceProfileName, call);
  return {
    CreateInstanceProfile: {
      readOnly: false,
      find: ({ InstanceProfileName, Path = '/', Tags }, call) => ({
        resource: profileResource({ name: InstanceProfileName, path: Path }, call),
        subject: undefined,
        conditions: conditionsOf({ tags: Tags }),
      }),
      run: (input, call) => createProfile(iam, input, call),
    },
    GetInstanceProfile: {
      readOnly: true,
      find: findProfile,
      run: async (_input, _call, sought: SoughtProfile) => {
        const profile = needProfile(sought).value;
        const shown = await listedProfile(iam, profile);
        return { InstanceProfile: { ...shown, Tags: shownTags(profile.tags) } };
      },
    },
    ListInstanceProfiles: {
      readOnly: true,
      find: ({ PathPrefix }, call) => ({
        resource: listResource('instance-profile', PathPrefix, call),
        subject: undefined,
      }),
      run: async ({ PathPrefix = '/', ...page }, { principal: { account } }) => {
        const { instanceProfiles } = iam.records;
        const when = ({ path }: InstanceProfileRecord): boolean => path.startsWith(PathPrefix);
        const { items, tail } = await pageOfAccount(instanceProfiles, { account, when }, page);
        return { InstanceProfiles: await listedProfiles(iam, items), ...tail };
      },
    },
    DeleteInstanceProfile: {
      readOnly: false,
      find: findProfile,
      run: (_input, call, sought: SoughtProfile) => {
        const entry = needProfile(sought);
        if (entry.value.roles.length > 0) throw rolesInProfiles();
        call.stage(iam.records.instanceProfiles.remove(entry));
      },
    },
  } satisfies Operations<
    IamModel,
    | 'CreateInstanceProfile'
    | 'GetInstanceProfile'
    | 'ListInstanceProfiles'
    | 'DeleteInstanceProfile'
  >;
}

/** Roles in instance profiles. */
export function profileRoleOperations(iam: IamContext, { roles }: Kinds) {
  const findProfile = ({ InstanceProfileName }: { InstanceProfileName: string }, call: Call) =>
    findInstanceProfile(iam.records, InstanceProfileName, call);
  return {
    ListInstanceProfilesForRole: {
      readOnly: true,
      find: ({ RoleName }, call) => find(roles, RoleName, call),
      run: async (input, _call, sought: Sought<RoleRecord>) => {
        const all = await profilesOfRole(iam.records, need(sought).value);
        const { items, tail } = pageOf(all, ({ name }) => name, input);
        return { InstanceProfiles: await listedProfiles(iam, items), ...tail };
      },
    },
    AddRoleToInstanceProfile: {
      readOnly: false,
      find: findProfile,
      run: (input, call, sought: SoughtProfile) => addRole(iam, { ...input, roles }, call, sought),
    },
    RemoveRoleFromInstanceProfile: {
      readOnly: false,
      find: findProfile,
      run: async ({ RoleName }, call, sought: SoughtProfile) => {
        const entry = needProfile(sought);
        const role = need(await seek(roles, RoleName, call)).value;
        if (!entry.value.roles.includes(role.name)) throw roleNotInProfile(RoleName, sought.name);
        call.stage(iam.records.instanceProfiles.replace(entry, { ...entry.value, roles: [] }));
      },
    },
  } satisfies Operations<
    IamModel,
    'ListInstanceProfilesForRole' | 'AddRoleToInstanceProfile' | 'RemoveRoleFromInstanceProfile'
  >;
}

/** What a request names, and whether it is there. */
export interface SoughtProfile {
  readonly name: string;
  readonly entry: Entry<InstanceProfileRecord> | undefined;
}

export async function findInstanceProfile(
  { instanceProfiles }: Pick<IamRecords, 'instanceProfiles'>,
  name: string,
  call: Call,
): Promise<Found<SoughtProfile>> {
  const entry = await instanceProfiles.get(recordId(call.principal.account, name));
  const resource = profileResource({ name, path: '/', ...entry?.value }, call);
  const tags = entry === undefined ? {} : { tags: tagMap(entry.value.tags) };
  return { resource: { ...resource, ...tags }, subject: { name, entry } };
}

/** @throws ApiError NoSuchEntity when it isn't there. */
export function needProfile({ name, entry }: SoughtProfile): Entry<InstanceProfileRecord> {
  if (entry === undefined) throw profileNotFound(name);
  return entry;
}

/** In the order of their names. */
export async function profilesOfRole(
  { instanceProfiles }: Pick<IamRecords, 'instanceProfiles'>,
  role: RoleRecord,
): Promise<readonly InstanceProfileRecord[]> {
  const key = rolePrefix(role);
  const all: InstanceProfileRecord[] = [];
  let after: string | undefined;
  do {
    const query = { key, ...(after === undefined ? {} : { after }), limit: 200 };
    const page = await instanceProfiles.pageBy('role', query);
    all.push(...page.entries.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return all;
}

export const listedProfiles = (
  iam: IamContext,
  profiles: readonly InstanceProfileRecord[],
): Promise<InstanceProfile[]> =>
  Promise.all(profiles.map((profile) => listedProfile(iam, profile)));

/** Without tags, which GetInstanceProfile tells. */
async function listedProfile(
  iam: IamContext,
  profile: InstanceProfileRecord,
): Promise<InstanceProfile> {
  const { account } = profile;
  const roles = await Promise.all(
    profile.roles.map((name) => iam.records.roles.get(recordId(account, name))),
  );
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.profileId,
    Arn: profile.arn,
    CreateDate: profile.createdAt,
    Roles: await Promise.all(
      roles.flatMap((role) => (role === undefined ? [] : [basicRole(iam, role.value)])),
    ),
  };
}

function profileResource(
  { name, path }: { readonly name: string; readonly path: string },
  { partition, principal: { account } }: Call,
): Resource {
  const arn = iamArn({ partition, account, type: 'instance-profile', path, name });
  return { arn, account, type: 'AWS::IAM::InstanceProfile' };
}

async function createProfile(
  iam: IamContext,
  { InstanceProfileName: name, Path: path = '/', Tags }: CreateInstanceProfileRequest,
  call: Call,
): Promise<{ InstanceProfile: InstanceProfile }> {
  const { instanceProfiles } = iam.records;
  const { account } = call.principal;
  const resource = profileResource({ name, path }, call);
  if (Tags !== undefined)
    call.authorize('iam:TagInstanceProfile', resource, {
      conditions: conditionsOf({ tags: Tags }),
    });
  const id = recordId(account, name);
  if ((await instanceProfiles.get(id)) !== undefined) throw profileExists(name);
  await requireRoom(instanceProfiles, account, 'InstanceProfiles');
  const profile: InstanceProfileRecord = {
    account,
    name,
    path,
    profileId: newUniqueId('instance-profile', call.world),
    arn: resource.arn,
    createdAt: call.now,
    roles: [],
    tags: withTags([], Tags),
  };
  call.stage(instanceProfiles.insert(id, profile));
  const tags = Tags === undefined ? {} : { Tags: shownTags(profile.tags) };
  return { InstanceProfile: { ...(await listedProfile(iam, profile)), ...tags } };
}

/** Whoever puts a role where machines take it from passes the role to EC2. */
async function addRole(
  { records }: IamContext,
  { RoleName, roles }: { readonly RoleName: string; readonly roles: Kinds['roles'] },
  call: Call,
  sought: SoughtProfile,
): Promise<void> {
  const profile = needProfile(sought);
  const role = need(await seek(roles, RoleName, call));
  const { arn, account } = role.value;
  call.authorize(
    'iam:PassRole',
    { arn, account },
    { conditions: conditionsOf({ passedTo: 'ec2.amazonaws.com' }) },
  );
  if (profile.value.roles.length > 0) throw quotaExceeded('InstanceSessionsPerInstanceProfile', 1);
  call.stage(
    records.instanceProfiles.replace(profile, { ...profile.value, roles: [role.value.name] }),
    // The role is written too, so that it is not deleted at the same moment.
    records.roles.replace(role, role.value),
  );
}
