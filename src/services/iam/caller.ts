/** Operations on oneself: those that name no user act on whoever signed. */
import type { Call, Found } from '../../operation.ts';
import { find, type Kind, type Sought } from './entities.ts';
import { userNameRequired } from './errors.ts';
import type { UserRecord } from './records.ts';

/** The named user or, without a name, the caller. */
export async function callerOrUser(
  users: Kind<UserRecord>,
  userName: string | undefined,
  call: Call,
): Promise<Found<Sought<UserRecord> | 'Root'>> {
  if (userName !== undefined) return find(users, userName, call);
  const { type, account, arn } = call.principal;
  if (type === 'Root') return { resource: { arn, account }, subject: 'Root' };
  return find(users, callerName(call), call);
}

/** @throws ApiError ValidationError when no IAM user signed. */
function callerName({ principal: { type, userName } }: Call): string {
  if (type !== 'IAMUser' || userName === undefined) throw userNameRequired();
  return userName;
}
