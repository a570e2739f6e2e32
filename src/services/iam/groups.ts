/** Groups: making, showing, renaming and deleting them. */
import type { Group, IamModel, UpdateGroupRequest } from '../../model/iam.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import type { IamContext } from './context.ts';
import { find, type Kinds, listResource, need, newResource, type Sought } from './entities.ts';
import { entityExists, inlinePoliciesLeft, policiesAttached, usersInGroup } from './errors.ts';
import { iamArn, newUniqueId, partitionOf } from './ids.ts';
import { allMembers, hasMembers } from './members.ts';
import { pageOfAccount } from './page.ts';
import { requireRoom } from './quota.ts';
import { type GroupRecord, recordId } from './records.ts';

export function groupOperations(iam: IamContext, { groups }: Kinds) {
  return {
    CreateGroup: {
      readOnly: false,
      find: ({ GroupName, Path = '/' }, call) => ({
        resource: newResource({ type: 'group', path: Path, name: GroupName }, call),
        subject: undefined,
      }),
      run: async ({ GroupName, Path = '/' }, call) => {
        const { account } = call.principal;
        const id = recordId(account, GroupName);
        if ((await groups.records.get(id)) !== undefined) throw entityExists('Group', GroupName);
        await requireRoom(groups.records, account, 'Groups');
        const group = newGroup({ name: GroupName, path: Path }, call);
        call.stage(groups.records.insert(id, group));
        return { Group: shownGroup(group) };
      },
    },
    UpdateGroup: {
      readOnly: false,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: (input, call, sought: Sought<GroupRecord>) => updateGroup(iam, input, call, sought),
    },
    DeleteGroup: {
      readOnly: false,
      find: ({ GroupName }, call) => find(groups, GroupName, call),
      run: (_input, call, sought: Sought<GroupRecord>) => deleteGroup(iam, call, need(sought)),
    },
    ListGroups: {
      readOnly: true,
      find: ({ PathPrefix }, call) => ({
        resource: listResource('group', PathPrefix, call),
        subject: undefined,
      }),
      run: async ({ PathPrefix = '/', ...page }, { principal: { account } }) => {
        const when = ({ path }: GroupRecord): boolean => path.startsWith(PathPrefix);
        const { items, tail } = await pageOfAccount(groups.records, { account, when }, page);
        return { Groups: items.map(shownGroup), ...tail };
      },
    },
  } satisfies Operations<IamModel, 'CreateGroup' | 'UpdateGroup' | 'DeleteGroup' | 'ListGroups'>;
}

export const shownGroup = ({ path, name, groupId, arn, createdAt }: GroupRecord): Group => ({
  Path: path,
  GroupName: name,
  GroupId: groupId,
  Arn: arn,
  CreateDate: createdAt,
});

function newGroup({ name, path }: { name: string; path: string }, call: Call): GroupRecord {
  const { account } = call.principal;
  return {
    account,
    name,
    path,
    groupId: newUniqueId('group', call.world),
    arn: iamArn({ partition: call.partition, account, type: 'group', path, name }),
    createdAt: call.now,
    policies: {},
    attached: [],
  };
}

/** Members name their groups, so that a new name goes to each of them in the same commit. */
async function updateGroup(
  { records }: IamContext,
  { NewGroupName, NewPath }: UpdateGroupRequest,
  call: Call,
  sought: Sought<GroupRecord>,
): Promise<void> {
  const entry = need(sought);
  const before = entry.value;
  const { account } = before;
  const name = NewGroupName ?? before.name;
  const path = NewPath ?? before.path;
  const arn = iamArn({ partition: partitionOf(before.arn), account, type: 'group', path, name });
  if (arn === before.arn) return;
  call.authorize('iam:UpdateGroup', { arn, account, type: 'AWS::IAM::Group' });
  const id = recordId(account, name);
  const after: GroupRecord = { ...before, name, path, arn };
  if (id === entry.id) call.stage(records.groups.replace(entry, after));
  else if ((await records.groups.get(id)) !== undefined) throw entityExists('Group', name);
  else call.stage(records.groups.remove(entry), records.groups.insert(id, after));
  if (name === before.name) return;
  for (const member of await allMembers(records, before)) {
    const groups = member.value.groups.map((each) => (each === before.name ? name : each));
    call.stage(records.users.replace(member, { ...member.value, groups }));
  }
}

async function deleteGroup(
  { records }: IamContext,
  call: Call,
  entry: Entry<GroupRecord>,
): Promise<void> {
  const group = entry.value;
  if (await hasMembers(records, group)) throw usersInGroup();
  if (Object.keys(group.policies).length > 0) throw inlinePoliciesLeft();
  if (group.attached.length > 0) throw policiesAttached();
  call.stage(records.groups.remove(entry));
}
