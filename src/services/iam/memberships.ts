/** Users in groups: GetGroup, AddUserToGroup, RemoveUserFromGroup and ListGroupsForUser. */
import type { IamModel } from '../../model/iam.generated.ts';
import type { Operations } from '../../operation.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, need, type Sought, seek } from './entities.ts';
import { quotaExceeded } from './errors.ts';
import { shownGroup } from './groups.ts';
import { limits } from './limits.ts';
import { pageOfMembers } from './members.ts';
import { pageOf } from './page.ts';
import { type GroupRecord, recordId, type UserRecord } from './records.ts';
import { listedUser } from './users.ts';

export function membershipOperations(iam: IamContext, { users, groups }: Kinds) {
  return {
    GetGroup: {
      readOnly: true,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: async (input, _call, sought: Sought<GroupRecord>) => {
        const group = need(sought).value;
        const { items, tail } = await pageOfMembers(iam.records, group, input);
        return { Group: shownGroup(group), Users: items.map(listedUser), ...tail };
      },
    },
    AddUserToGroup: {
      readOnly: false,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: async ({ UserName }, call, sought: Sought<GroupRecord>) => {
        const user = need(await seek(users, UserName, call));
        const group = need(sought);
        const { groups: joined } = user.value;
        if (joined.some((name) => isSame(name, group.value.name))) return;
        if (joined.length >= limits.groupsPerUser)
          throw quotaExceeded('GroupsPerUser', limits.groupsPerUser);
        // The group is written too, so that it is not deleted or renamed at the same moment.
        call.stage(
          users.records.replace(user, { ...user.value, groups: [...joined, group.value.name] }),
          groups.records.replace(group, group.value),
        );
      },
    },
    RemoveUserFromGroup: {
      readOnly: false,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: async ({ UserName }, call, sought: Sought<GroupRecord>) => {
        const user = need(await seek(users, UserName, call));
        const group = need(sought);
        const left = user.value.groups.filter((name) => !isSame(name, group.value.name));
        if (left.length < user.value.groups.length)
          call.stage(users.records.replace(user, { ...user.value, groups: left }));
      },
    },
    ListGroupsForUser: {
      readOnly: true,
      find: ({ UserName }, call) => find(users, UserName, call),
      run: async (input, _call, sought: Sought<UserRecord>) => {
        const joined = await groupsOf(iam, need(sought).value);
        const { items, tail } = pageOf(joined, ({ name }) => name, input);
        return { Groups: items.map(shownGroup), ...tail };
      },
    },
  } satisfies Operations<
    IamModel,
    'GetGroup' | 'AddUserToGroup' | 'RemoveUserFromGroup' | 'ListGroupsForUser'
  >;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

async function groupsOf({ records }: IamContext, user: UserRecord): Promise<GroupRecord[]> {
  const found = await Promise.all(
    user.groups.map((name) => records.groups.get(recordId(user.account, name))),
  );
  return found.flatMap((entry) => (entry === undefined ? [] : [entry.value]));
}
