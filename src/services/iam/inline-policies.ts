/** Inline policies of users, groups and roles: what is put into one of them, and goes with it. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { checkIdentityPolicy, encodeDocument, sizeOf } from './documents.ts';
import { find, type Kind, type Kinds, need, type Sought } from './entities.ts';
import { inlinePoliciesTooLong, inlinePolicyNotFound } from './errors.ts';
import { limits } from './limits.ts';
import { type PageInput, pageOf } from './page.ts';
import { needOwn } from './protected.ts';
import type { GroupRecord, Identity, RoleRecord, UserRecord } from './records.ts';

export function inlinePolicyOperations({ users, groups, roles }: Kinds) {
  const findUser = ({ UserName }: { UserName: string }, call: Call) => find(users, UserName, call);
  const findGroup = ({ GroupName }: { GroupName: string }, call: Call) =>
    find(groups, GroupName, call);
  const findRole = ({ RoleName }: { RoleName: string }, call: Call) => find(roles, RoleName, call);
  return {
    PutUserPolicy: { readOnly: false, find: findUser, run: put },
    PutGroupPolicy: { readOnly: false, find: findGroup, run: put },
    PutRolePolicy: { readOnly: false, find: findRole, run: put },
    DeleteUserPolicy: { readOnly: false, find: findUser, run: remove },
    DeleteGroupPolicy: { readOnly: false, find: findGroup, run: remove },
    DeleteRolePolicy: { readOnly: false, find: findRole, run: remove },
    GetUserPolicy: {
      readOnly: true,
      find: findUser,
      run: (input, _call, sought: Sought<UserRecord>) => ({
        UserName: need(sought).value.name,
        ...get(input, sought),
      }),
    },
    GetGroupPolicy: {
      readOnly: true,
      find: findGroup,
      run: (input, _call, sought: Sought<GroupRecord>) => ({
        GroupName: need(sought).value.name,
        ...get(input, sought),
      }),
    },
    GetRolePolicy: {
      readOnly: true,
      find: findRole,
      run: (input, _call, sought: Sought<RoleRecord>) => ({
        RoleName: need(sought).value.name,
        ...get(input, sought),
      }),
    },
    ListUserPolicies: { readOnly: true, find: findUser, run: list },
    ListGroupPolicies: { readOnly: true, find: findGroup, run: list },
    ListRolePolicies: { readOnly: true, find: findRole, run: list },
  } satisfies Operations<
    IamModel,
    | `${'Put' | 'Get' | 'Delete'}${'User' | 'Group' | 'Role'}Policy`
    | `List${'User' | 'Group' | 'Role'}Policies`
  >;
}

interface NamedPolicy {
  readonly PolicyName: string;
}

/** Characters that all inline policies of one entity may have together. */
const sizes: Readonly<Record<Kind<Identity>['type'], number>> = {
  user: limits.userPolicySize,
  group: limits.groupPolicySize,
  role: limits.rolePolicySize,
};

function put<R extends Identity>(
  { PolicyName, PolicyDocument }: NamedPolicy & { readonly PolicyDocument: string },
  call: Call,
  sought: Sought<R>,
): void {
  const entry = needOwn(sought);
  checkIdentityPolicy(PolicyDocument);
  const { type, records } = sought.kind;
  const { policies: before, name } = entry.value;
  const policies = { ...before, [nameIn(before, PolicyName) ?? PolicyName]: PolicyDocument };
  const size = Object.values(policies).reduce((sum, document) => sum + sizeOf(document), 0);
  if (size > sizes[type]) throw inlinePoliciesTooLong({ limit: sizes[type], noun: type, name });
  call.stage(records.replace(entry, { ...entry.value, policies }));
}

function remove<R extends Identity>(
  { PolicyName }: NamedPolicy,
  call: Call,
  sought: Sought<R>,
): void {
  const entry = needOwn(sought);
  const { [theName(sought, PolicyName)]: _gone, ...policies } = entry.value.policies;
  call.stage(sought.kind.records.replace(entry, { ...entry.value, policies }));
}

function get<R extends Identity>(
  { PolicyName }: NamedPolicy,
  sought: Sought<R>,
): { PolicyName: string; PolicyDocument: string } {
  const name = theName(sought, PolicyName);
  const document = need(sought).value.policies[name] as string;
  return { PolicyName: name, PolicyDocument: encodeDocument(document) };
}

function list<R extends Identity>(input: PageInput, _call: Call, sought: Sought<R>) {
  const names = Object.keys(need(sought).value.policies).sort();
  const { items, tail } = pageOf(names, (name) => name, input);
  return { PolicyNames: items, ...tail };
}

/** As it was given when the policy was made. @throws ApiError NoSuchEntity. */
function theName<R extends Identity>(sought: Sought<R>, asked: string): string {
  const name = nameIn(need(sought).value.policies, asked);
  if (name === undefined) throw inlinePolicyNotFound(sought.kind.type, asked);
  return name;
}

/** Names are the same whatever their case. */
function nameIn(policies: Identity['policies'], asked: string): string | undefined {
  const wanted = asked.toLowerCase();
  return Object.keys(policies).find((name) => name.toLowerCase() === wanted);
}
