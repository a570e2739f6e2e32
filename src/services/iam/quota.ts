/** How many entities of a kind an account may have. */
import type { Collection } from '../../store/store.ts';
import { quotaExceeded } from './errors.ts';
import { limits } from './limits.ts';
import { accountPrefix } from './records.ts';

/** Quotas of an account by AWS's names of them. */
const accountQuotas = {
  Users: limits.users,
  Groups: limits.groups,
  Roles: limits.roles,
  Policies: limits.policies,
  InstanceProfiles: limits.instanceProfiles,
  OpenIdConnectProviders: limits.oidcProviders,
} as const;

/**
 * Two requests at one moment may both find the last place; a limit of this kind can bear that.
 * @throws ApiError LimitExceeded when the account has as many as it may.
 */
export async function requireRoom<T>(
  records: Collection<T>,
  account: string,
  quota: keyof typeof accountQuotas,
): Promise<void> {
  const limit = accountQuotas[quota];
  const page = await records.page({ prefix: accountPrefix(account), limit });
  if (page.entries.length >= limit) throw quotaExceeded(`${quota}PerAccount`, limit);
}
