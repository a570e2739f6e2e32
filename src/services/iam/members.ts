/** Who is in a group. Users name their groups; the users' index `group` tells it from there. */
import type { Entry } from '../../store/store.ts';
import { type PageInput, type PageOf, pageOf } from './page.ts';
import { type GroupRecord, groupPrefix, type IamRecords, type UserRecord } from './records.ts';

type Users = Pick<IamRecords, 'users'>;

const batch = 500;

export async function allMembers(
  { users }: Users,
  group: GroupRecord,
): Promise<readonly Entry<UserRecord>[]> {
  const key = groupPrefix(group);
  const all: Entry<UserRecord>[] = [];
  let after: string | undefined;
  do {
    const page = await users.pageBy('group', {
      key,
      ...(after === undefined ? {} : { after }),
      limit: batch,
    });
    all.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return all;
}

export async function hasMembers({ users }: Users, group: GroupRecord): Promise<boolean> {
  const { entries } = await users.pageBy('group', { key: groupPrefix(group), limit: 1 });
  return entries.length > 0;
}

/** In the order of their names. */
export async function pageOfMembers(
  records: Users,
  group: GroupRecord,
  page: PageInput,
): Promise<PageOf<UserRecord>> {
  const members = await allMembers(records, group);
  const { items, tail } = pageOf(members, ({ id }) => id, page);
  return { items: items.map(({ value }) => value), tail };
}
