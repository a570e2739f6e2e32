/** Roles that belong to a service: nobody else changes them. */
import type { Entry } from '../../store/store.ts';
import { need, type Sought } from './entities.ts';
import { serviceRoleUnmodifiable } from './errors.ts';
import type { Identity, RoleRecord } from './records.ts';

/** A role that its account may change. @throws ApiError NoSuchEntity or UnmodifiableEntity. */
export const needOwnRole = (sought: Sought<RoleRecord>): Entry<RoleRecord> => needOwn(sought);

/** As `needOwnRole`, of users and groups too, which no service has. */
export function needOwn<R extends Identity>(sought: Sought<R>): Entry<R> {
  const entry = need(sought);
  const { serviceLinkedFor } = entry.value as Partial<RoleRecord>;
  if (serviceLinkedFor !== undefined) throw serviceRoleUnmodifiable(entry.value.name);
  return entry;
}
