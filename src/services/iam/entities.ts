/** Users, groups and roles by name: how they are found, and as what they are authorized. */
import type { Call, Found, Resource } from '../../operation.ts';
import type { Collection, Entry } from '../../store/store.ts';
import { type ConditionFacts, conditionsOf } from './conditions.ts';
import { entityNotFound } from './errors.ts';
import { iamArn } from './ids.ts';
import {
  type GroupRecord,
  type IamRecords,
  type Identity,
  type RoleRecord,
  recordId,
  type Tag,
  type UserRecord,
} from './records.ts';

/** One of the three kinds of identities. */
export interface Kind<R extends Identity> {
  readonly type: 'user' | 'group' | 'role';
  readonly records: Collection<R>;
}

export interface Kinds {
  readonly users: Kind<UserRecord>;
  readonly groups: Kind<GroupRecord>;
  readonly roles: Kind<RoleRecord>;
}

export const kindsOf = ({ users, groups, roles }: IamRecords): Kinds => ({
  users: { type: 'user', records: users },
  groups: { type: 'group', records: groups },
  roles: { type: 'role', records: roles },
});

/** What a request names. It may not be there: that is told only to those who may ask. */
export interface Sought<R extends Identity> {
  readonly kind: Kind<R>;
  readonly name: string;
  readonly entry: Entry<R> | undefined;
}

/** CloudTrail's types. */
const resourceTypes = {
  user: 'AWS::IAM::User',
  group: 'AWS::IAM::Group',
  role: 'AWS::IAM::Role',
} as const;

export async function seek<R extends Identity>(
  kind: Kind<R>,
  name: string,
  call: Call,
): Promise<Sought<R>> {
  const entry = await kind.records.get(recordId(call.principal.account, name));
  return { kind, name, entry };
}

/** For a row's `find`: the entity of this name, and the conditions on what is done to it. */
export async function find<R extends Identity>(
  kind: Kind<R>,
  name: string,
  call: Call,
  facts: ConditionFacts = {},
): Promise<Found<Sought<R>>> {
  const sought = await seek(kind, name, call);
  const record = sought.entry?.value;
  return {
    resource: resourceOf(sought, call),
    subject: sought,
    conditions: conditionsOf({ ...detailsOf(record), ...facts }),
  };
}

/** @throws ApiError NoSuchEntity when it isn't there. */
export function need<R extends Identity>({ kind, name, entry }: Sought<R>): Entry<R> {
  if (entry === undefined) throw entityNotFound(kind.type, name);
  return entry;
}

/** One that isn't there is authorized as if it stood at the root of all paths. */
export function resourceOf<R extends Identity>(
  { kind: { type }, name, entry }: Sought<R>,
  call: Call,
): Resource {
  const tags = detailsOf(entry?.value).resourceTags;
  return {
    ...newResource({ type, path: '/', name }, call),
    ...(entry === undefined ? {} : { arn: entry.value.arn }),
    ...(tags === undefined ? {} : { tags: tagMap(tags) }),
  };
}

/** As what an entity is authorized that is yet to be made. */
export function newResource(
  { type, path, name }: { type: Kind<Identity>['type']; path: string; name: string },
  { partition, principal: { account } }: Call,
): Resource {
  const arn = iamArn({ partition, account, type, path, name });
  return { arn, account, type: resourceTypes[type] };
}

/** The lists of users, groups and roles are authorized as the path that they lie below. */
export function listResource(
  type: Kind<Identity>['type'] | 'policy' | 'instance-profile',
  pathPrefix: string | undefined,
  { partition, principal: { account } }: Call,
): Resource {
  const path = pathPrefix ?? '/';
  return { arn: iamArn({ partition, account, type, path, name: '' }), account };
}

export const tagMap = (tags: readonly Tag[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ key, value }) => [key, value]));

function detailsOf(
  record: Identity | undefined,
): Pick<ConditionFacts, 'resourceTags' | 'boundary'> {
  if (record === undefined) return {};
  const { tags, boundary } = record as Partial<UserRecord>;
  return { resourceTags: tags, boundary };
}
