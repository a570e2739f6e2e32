/**
 * Where managed policies are used: as permissions of users, groups and roles, and as boundaries.
 */
import type { Collection } from '../../store/store.ts';
import { allOfAccount } from './page.ts';
import {
  type GroupRecord,
  type IamRecords,
  type RoleRecord,
  type UserRecord,
  usesPrefix,
} from './records.ts';

type Entities = Pick<IamRecords, 'users' | 'groups' | 'roles'>;

/** Those that use one policy in one way. */
export interface Users {
  readonly users: readonly UserRecord[];
  readonly groups: readonly GroupRecord[];
  readonly roles: readonly RoleRecord[];
}

export interface Uses {
  readonly attached: Users;
  readonly bounded: Users;
}

/** Who uses a policy, in one account. */
export async function usesOf(
  { users, groups, roles }: Entities,
  policy: { readonly arn: string; readonly account: string },
): Promise<Uses> {
  const key = usesPrefix(policy.arn, policy.account);
  return {
    attached: {
      users: await all(users, 'policy', key),
      groups: await all(groups, 'policy', key),
      roles: await all(roles, 'policy', key),
    },
    bounded: {
      users: await all(users, 'boundary', key),
      groups: [],
      roles: await all(roles, 'boundary', key),
    },
  };
}

export interface UseCount {
  readonly attached: number;
  readonly bounded: number;
}

export const countOf = ({ attached, bounded }: Uses): UseCount => ({
  attached: numberOf(attached),
  bounded: numberOf(bounded),
});

const numberOf = ({ users, groups, roles }: Users): number =>
  users.length + groups.length + roles.length;

/** The counts of an account's policies, by ARN. Policies without any use are not among them. */
export async function countAllUses(
  { users, groups, roles }: Entities,
  account: string,
): Promise<ReadonlyMap<string, UseCount>> {
  const counts = new Map<string, { attached: number; bounded: number }>();
  const count = (arn: string, way: keyof UseCount): void => {
    const known = counts.get(arn) ?? { attached: 0, bounded: 0 };
    known[way]++;
    counts.set(arn, known);
  };
  const bounded = [
    ...(await allOfAccount(users, account)),
    ...(await allOfAccount(roles, account)),
  ];
  for (const { boundary } of bounded) if (boundary !== undefined) count(boundary, 'bounded');
  for (const { attached } of [...bounded, ...(await allOfAccount(groups, account))])
    for (const arn of attached) count(arn, 'attached');
  return counts;
}

async function all<T>(records: Collection<T>, index: string, key: string): Promise<T[]> {
  const found: T[] = [];
  let after: string | undefined;
  do {
    const query = { key, ...(after === undefined ? {} : { after }), limit: 200 };
    const page = await records.pageBy(index, query);
    found.push(...page.entries.map(({ value }) => value));
    after = page.next;
  } while (after !== undefined);
  return found;
}
