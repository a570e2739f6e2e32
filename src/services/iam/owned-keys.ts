/** The access keys of one owner: at most two, oldest first. */
import type { Entry } from '../../store/store.ts';
import { limits } from './limits.ts';
import { type AccessKeyRecord, type IamRecords, ownerPrefix } from './records.ts';

export async function keysOf(
  { accessKeys }: Pick<IamRecords, 'accessKeys'>,
  owner: Pick<AccessKeyRecord, 'account' | 'owner'>,
): Promise<readonly Entry<AccessKeyRecord>[]> {
  // One more than there can be, should a limit ever have been higher.
  const limit = limits.accessKeysPerUser + 1;
  const { entries } = await accessKeys.pageBy('owner', { key: ownerPrefix(owner), limit });
  return [...entries].sort((a, b) => a.value.createdAt - b.value.createdAt);
}
