/** GetAccountAuthorizationDetails: everything that decides who may do what, in one list. */
import type {
  EntityType,
  GetAccountAuthorizationDetailsResponse,
  GroupDetail,
  IamModel,
  ManagedPolicyDetail,
  RoleDetail,
  UserDetail,
} from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { attachedPolicies, shownAttachment } from './attachments.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';
import { shownBoundary } from './boundary.ts';
import type { IamContext } from './context.ts';
import { encodeDocument } from './documents.ts';
import { shownGroup } from './groups.ts';
import { listedProfiles, profilesOfRole } from './instance-profiles.ts';
import { allOfAccount, pageOf } from './page.ts';
import { awsPolicyArn } from './policies.ts';
import { countAllUses } from './policy-uses.ts';
import type { Identity, RoleRecord, Tag, UserRecord } from './records.ts';
import { awsVersion, listedAwsPolicy, listedPolicy, shownVersion } from './shown-policy.ts';
import { basicRole, shownLastUse } from './shown-role.ts';
import { shownTags } from './tag-rules.ts';
import { listedUser } from './users.ts';

export function authorizationDetailOperations(iam: IamContext) {
  return {
    GetAccountAuthorizationDetails: {
      readOnly: true,
      find: (_input, { principal: { account } }) => ({
        resource: { arn: '*', account },
        subject: undefined,
      }),
      run: async (input, call) => {
        const wanted = await wantedItems(iam, input.Filter, call);
        const { items, tail } = pageOf(wanted, ({ id }) => id, input);
        return { ...(await detailsOf(items)), ...tail };
      },
    },
  } satisfies Operations<IamModel, 'GetAccountAuthorizationDetails'>;
}

/** One of what is listed; its details are looked up when it is on the page that is asked for. */
type Item = { readonly id: string } & (
  | { readonly user: () => UserDetail }
  | { readonly group: () => GroupDetail }
  | { readonly role: () => Promise<RoleDetail> }
  | { readonly policy: () => ManagedPolicyDetail }
);

async function wantedItems(
  iam: IamContext,
  filter: readonly EntityType[] | undefined,
  call: Call,
): Promise<readonly Item[]> {
  const { account } = call.principal;
  const { users, groups, roles } = iam.records;
  const wants = (type: EntityType): boolean => filter === undefined || filter.includes(type);
  const items: Item[] = [];
  if (wants('User'))
    for (const user of await allOfAccount(users, account))
      items.push({ id: user.userId, user: () => userDetail(user) });
  if (wants('Group'))
    for (const group of await allOfAccount(groups, account))
      items.push({
        id: group.groupId,
        group: () => ({ ...shownGroup(group), GroupPolicyList: inline(group), ...managed(group) }),
      });
  if (wants('Role'))
    for (const role of await allOfAccount(roles, account))
      items.push({ id: role.roleId, role: () => roleDetail(iam, role) });
  return [...items, ...(await policyItems(iam, wants, call))];
}

/** Of AWS's policies those that are in use. */
async function policyItems(
  { records }: IamContext,
  wants: (type: EntityType) => boolean,
  { partition, principal: { account } }: Call,
): Promise<readonly Item[]> {
  const uses = await countAllUses(records, account);
  const own = wants('LocalManagedPolicy') ? await allOfAccount(records.policies, account) : [];
  const aws = wants('AWSManagedPolicy') ? awsManagedPolicies : [];
  return [
    ...own.map((policy) => ({
      id: policy.policyId,
      policy: () => ({
        ...listedPolicy(policy, uses.get(policy.arn)),
        PolicyVersionList: policy.versions.toReversed().map(shownVersion),
      }),
    })),
    ...aws
      .map((policy) => ({ policy, arn: awsPolicyArn(partition, policy) }))
      .filter(({ arn }) => uses.has(arn))
      .map(({ policy, arn }) => ({
        id: policy.policyId,
        policy: () => ({
          ...listedAwsPolicy({ arn, policy }, uses.get(arn)),
          PolicyVersionList: [shownVersion(awsVersion(policy))],
        }),
      })),
  ];
}

async function detailsOf(
  items: readonly Item[],
): Promise<Omit<GetAccountAuthorizationDetailsResponse, 'IsTruncated' | 'Marker'>> {
  const roles = items.flatMap((item) => ('role' in item ? [item.role()] : []));
  return {
    UserDetailList: items.flatMap((item) => ('user' in item ? [item.user()] : [])),
    GroupDetailList: items.flatMap((item) => ('group' in item ? [item.group()] : [])),
    RoleDetailList: await Promise.all(roles),
    Policies: items.flatMap((item) => ('policy' in item ? [item.policy()] : [])),
  };
}

const userDetail = (user: UserRecord): UserDetail => ({
  ...listedUser(user),
  UserPolicyList: inline(user),
  GroupList: user.groups,
  ...managed(user),
  ...shownBoundary(user.boundary),
  ...tagsOf(user),
});

async function roleDetail(iam: IamContext, role: RoleRecord): Promise<RoleDetail> {
  const { Description: _told, ...basic } = await basicRole(iam, role);
  const profiles = await profilesOfRole(iam.records, role);
  return {
    ...basic,
    InstanceProfileList: await listedProfiles(iam, profiles),
    RolePolicyList: inline(role),
    ...managed(role),
    ...shownBoundary(role.boundary),
    ...tagsOf(role),
    RoleLastUsed: shownLastUse(await iam.lastUses.ofRole(role)),
  };
}

const inline = ({ policies }: Identity) =>
  Object.entries(policies).map(([name, document]) => ({
    PolicyName: name,
    PolicyDocument: encodeDocument(document),
  }));

const managed = (identity: Identity) => ({
  AttachedManagedPolicies: attachedPolicies(identity).map(shownAttachment),
});

const tagsOf = ({ tags }: { readonly tags: readonly Tag[] }) =>
  tags.length === 0 ? {} : { Tags: shownTags(tags) };
