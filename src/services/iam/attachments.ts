/** Managed policies on users, groups and roles. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { IamContext } from './context.ts';
import { find, type Kind, type Kinds, need, type Sought } from './entities.ts';
import {
  invalidPolicyArn,
  policyNotAttachable,
  policyNotFound,
  quotaExceeded,
  serviceRolePolicyNotAttachable,
} from './errors.ts';
import { limits } from './limits.ts';
import { needPolicy, seekPolicy } from './managed-policy.ts';
import { type PageInput, pageOf } from './page.ts';
import { parsePolicyArn } from './policy-text.ts';
import { needOwn } from './protected.ts';
import type { GroupRecord, Identity, RoleRecord, UserRecord } from './records.ts';

export function attachmentOperations(iam: IamContext, { users, groups, roles }: Kinds) {
  const attachment = {
    readOnly: false,
    run: (input: NamedPolicy, call: Call, sought: Sought<Identity>) =>
      attach(iam, input, call, sought),
  };
  const findUser = ({ UserName, PolicyArn }: NamedPolicy & { UserName: string }, call: Call) =>
    find<UserRecord>(users, UserName, call, { policyArn: PolicyArn });
  const findGroup = ({ GroupName, PolicyArn }: NamedPolicy & { GroupName: string }, call: Call) =>
    find<GroupRecord>(groups, GroupName, call, { policyArn: PolicyArn });
  const findRole = ({ RoleName, PolicyArn }: NamedPolicy & { RoleName: string }, call: Call) =>
    find<RoleRecord>(roles, RoleName, call, { policyArn: PolicyArn });
  return {
    AttachUserPolicy: { ...attachment, find: findUser },
    AttachGroupPolicy: { ...attachment, find: findGroup },
    AttachRolePolicy: { ...attachment, find: findRole },
    DetachUserPolicy: { readOnly: false, find: findUser, run: detach },
    DetachGroupPolicy: { readOnly: false, find: findGroup, run: detach },
    DetachRolePolicy: { readOnly: false, find: findRole, run: detach },
    ListAttachedUserPolicies: {
      readOnly: true,
      find: ({ UserName }, call) => find(users, UserName, call),
      run: listAttached,
    },
    ListAttachedGroupPolicies: {
      readOnly: true,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: listAttached,
    },
    ListAttachedRolePolicies: {
      readOnly: true,
      find: ({ RoleName }, call) => find(roles, RoleName, call),
      run: listAttached,
    },
  } satisfies Operations<
    IamModel,
    | `${'Attach' | 'Detach'}${'User' | 'Group' | 'Role'}Policy`
    | `ListAttached${'User' | 'Group' | 'Role'}Policies`
  >;
}

interface NamedPolicy {
  readonly PolicyArn: string;
}

/** AWS's names of the quotas. */
const quotas: Readonly<Record<Kind<Identity>['type'], string>> = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
};

async function attach<R extends Identity>(
  { records }: IamContext,
  { PolicyArn }: NamedPolicy,
  call: Call,
  sought: Sought<R>,
): Promise<void> {
  const entry = needOwn(sought);
  const policy = needPolicy(await seekPolicy(records, PolicyArn, call), policyNotAttachable);
  if (policy.aws?.path.startsWith('/aws-service-role/') === true)
    throw serviceRolePolicyNotAttachable();
  const { attached } = entry.value;
  if (attached.includes(PolicyArn)) return;
  const { type, records: entities } = sought.kind;
  if (attached.length >= limits.attachedPolicies)
    throw quotaExceeded(quotas[type], limits.attachedPolicies);
  call.stage(
    entities.replace(entry, { ...entry.value, attached: [...attached, PolicyArn] }),
    // The policy is written too, so that it is not deleted at the same moment.
    policy.entry === undefined ? [] : records.policies.replace(policy.entry, policy.entry.value),
  );
}

function detach<R extends Identity>({ PolicyArn }: NamedPolicy, call: Call, sought: Sought<R>) {
  const entry = needOwn(sought);
  if (parsePolicyArn(PolicyArn) === undefined) throw invalidPolicyArn();
  const { attached } = entry.value;
  if (!attached.includes(PolicyArn)) throw policyNotFound(PolicyArn);
  const left = attached.filter((arn) => arn !== PolicyArn);
  call.stage(sought.kind.records.replace(entry, { ...entry.value, attached: left }));
}

function listAttached<R extends Identity>(
  { PathPrefix = '/', ...page }: PageInput & { readonly PathPrefix?: string },
  _call: Call,
  sought: Sought<R>,
) {
  const shown = attachedPolicies(need(sought).value).filter(({ path }) =>
    path.startsWith(PathPrefix),
  );
  // A name alone may be that of two policies, one of them AWS's.
  const { items, tail } = pageOf(shown, ({ account, name }) => `${account}/${name}`, page);
  return { AttachedPolicies: items.map(shownAttachment), ...tail };
}

interface Attachment {
  readonly arn: string;
  readonly account: string;
  readonly path: string;
  readonly name: string;
}

export function attachedPolicies({ attached }: Pick<Identity, 'attached'>): readonly Attachment[] {
  return attached.flatMap((arn) => {
    const named = parsePolicyArn(arn);
    return named === undefined ? [] : [{ arn, ...named }];
  });
}

export const shownAttachment = ({ arn, name }: Attachment) => ({
  PolicyName: name,
  PolicyArn: arn,
});
