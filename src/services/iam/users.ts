/** Users: making, showing, renaming and deleting them. */
import type {
  CreateUserRequest,
  IamModel,
  UpdateUserRequest,
  User,
} from '../../model/iam.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { boundaryUse, shownBoundary } from './boundary.ts';
import { callerOrUser } from './caller.ts';
import { conditionsOf } from './conditions.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, listResource, need, newResource, type Sought } from './entities.ts';
import {
  accessKeysLeft,
  entityExists,
  inlinePoliciesLeft,
  policiesAttached,
  usersInGroup,
} from './errors.ts';
import { iamArn, newUniqueId, partitionOf } from './ids.ts';
import { keysOf } from './owned-keys.ts';
import { pageOfAccount } from './page.ts';
import { requireRoom } from './quota.ts';
import { recordId, type UserRecord } from './records.ts';
import { shownTags, withTags } from './tag-rules.ts';

export function userOperations(iam: IamContext, { users }: Kinds) {
  return {
    CreateUser: {
      readOnly: false,
      find: ({ UserName, Path = '/', PermissionsBoundary, Tags }, call) => ({
        resource: newResource({ type: 'user', path: Path, name: UserName }, call),
        subject: undefined,
        conditions: conditionsOf({ boundary: PermissionsBoundary, tags: Tags }),
      }),
      run: (input, call) => createUser(iam, input, call),
    },
    GetUser: {
      readOnly: true,
      find: ({ UserName }, call): Promise<Found<Sought<UserRecord> | 'Root'>> =>
        callerOrUser(users, UserName, call),
      run: async (_input, call, sought: Sought<UserRecord> | 'Root') => ({
        User: sought === 'Root' ? await rootUser(iam, call) : shownUser(need(sought).value),
      }),
    },
    UpdateUser: {
      readOnly: false,
      find: ({ UserName }, call) => find(users, UserName, call),
      run: (input, call, sought: Sought<UserRecord>) => updateUser(iam, input, call, sought),
    },
    DeleteUser: {
      readOnly: false,
      find: ({ UserName }, call) => find(users, UserName, call),
      run: (_input, call, sought: Sought<UserRecord>) => deleteUser(iam, call, need(sought)),
    },
    ListUsers: {
      readOnly: true,
      find: ({ PathPrefix }, call) => ({
        resource: listResource('user', PathPrefix, call),
        subject: undefined,
      }),
      run: async ({ PathPrefix = '/', ...page }, { principal: { account } }) => {
        const when = ({ path }: UserRecord): boolean => path.startsWith(PathPrefix);
        const { items, tail } = await pageOfAccount(users.records, { account, when }, page);
        return { Users: items.map(listedUser), ...tail };
      },
    },
  } satisfies Operations<
    IamModel,
    'CreateUser' | 'GetUser' | 'UpdateUser' | 'DeleteUser' | 'ListUsers'
  >;
}

/** As ListUsers shows it: without tags and boundary, which GetUser tells. */
export const listedUser = ({ path, name, userId, arn, createdAt }: UserRecord): User => ({
  Path: path,
  UserName: name,
  UserId: userId,
  Arn: arn,
  CreateDate: createdAt,
});

const shownUser = (user: UserRecord): User => ({
  ...listedUser(user),
  ...shownBoundary(user.boundary),
  ...(user.tags.length === 0 ? {} : { Tags: shownTags(user.tags) }),
});

/** AWS tells neither a name nor a path of the root user. */
async function rootUser({ records }: IamContext, { principal, now }: Call): Promise<User> {
  // Dev mode knows accounts that nobody has made.
  const made = await records.accounts.get(principal.account);
  const CreateDate = made?.value.createdAt ?? now;
  return { UserId: principal.account, Arn: principal.arn, CreateDate } as User;
}

async function createUser(
  iam: IamContext,
  { UserName, Path = '/', PermissionsBoundary, Tags }: CreateUserRequest,
  call: Call,
): Promise<{ User: User }> {
  const { users } = iam.records;
  const { account } = call.principal;
  const resource = newResource({ type: 'user', path: Path, name: UserName }, call);
  if (Tags !== undefined)
    call.authorize('iam:TagUser', resource, { conditions: conditionsOf({ tags: Tags }) });
  const id = recordId(account, UserName);
  if ((await users.get(id)) !== undefined) throw entityExists('User', UserName);
  await requireRoom(users, account, 'Users');
  const user: UserRecord = {
    account,
    name: UserName,
    path: Path,
    userId: newUniqueId('user', call.world),
    arn: resource.arn,
    createdAt: call.now,
    tags: withTags([], Tags),
    policies: {},
    attached: [],
    groups: [],
    ...(PermissionsBoundary === undefined ? {} : { boundary: PermissionsBoundary }),
  };
  call.stage(await boundaryUse(iam, PermissionsBoundary, call), users.insert(id, user));
  return { User: shownUser(user) };
}

/** Whoever renames a user must be allowed to do so by the old name and by the new one. */
async function updateUser(
  { records }: IamContext,
  { NewUserName, NewPath }: UpdateUserRequest,
  call: Call,
  sought: Sought<UserRecord>,
): Promise<void> {
  const entry = need(sought);
  const before = entry.value;
  const { account } = before;
  const name = NewUserName ?? before.name;
  const path = NewPath ?? before.path;
  const partition = partitionOf(before.arn);
  const arn = iamArn({ partition, account, type: 'user', path, name });
  if (arn === before.arn) return;
  call.authorize('iam:UpdateUser', { arn, account, type: 'AWS::IAM::User' });
  const id = recordId(account, name);
  const after: UserRecord = { ...before, name, path, arn };
  if (id === entry.id) return call.stage(records.users.replace(entry, after));
  if ((await records.users.get(id)) !== undefined) throw entityExists('User', name);
  const owner = { userName: name, userId: before.userId };
  const keys = await keysOf(records, { account, owner });
  call.stage(
    records.users.remove(entry),
    records.users.insert(id, after),
    ...keys.map((key) => records.accessKeys.replace(key, { ...key.value, owner })),
  );
}

/** Everything that belongs to the user must have been taken away before. */
async function deleteUser(
  { records }: IamContext,
  call: Call,
  entry: Entry<UserRecord>,
): Promise<void> {
  const { account, name, userId, policies, attached, groups } = entry.value;
  if (Object.keys(policies).length > 0) throw inlinePoliciesLeft();
  if (attached.length > 0) throw policiesAttached();
  if (groups.length > 0) throw usersInGroup();
  const keys = await keysOf(records, { account, owner: { userName: name, userId } });
  if (keys.length > 0) throw accessKeysLeft();
  call.stage(records.users.remove(entry));
}
