/**
 * The grants by which execution roles decrypt environments: retired by Lambda itself, after the
 * change that made them needless has been committed.
 */
import type { Write } from '../../store/engine.ts';
import type { LambdaContext } from './context.ts';
import {
  everyEntry,
  type FunctionRecord,
  type RetiredGrant,
  type VersionRecord,
} from './records.ts';
import { lambdaPrincipal } from './role.ts';

/** Notes the grants of versions that go, but for those that a version that stays has too. */
export function retireGrants(
  { records }: LambdaContext,
  { account }: FunctionRecord,
  {
    gone,
    left,
  }: { readonly gone: readonly VersionRecord[]; readonly left: readonly VersionRecord[] },
): readonly Write[] {
  const needed = new Set(left.map(({ environment }) => environment?.grant?.id));
  const grants = new Map<string, RetiredGrant>();
  for (const { environment } of gone) {
    const grant = environment?.grant;
    if (grant !== undefined && !needed.has(grant.id))
      grants.set(grant.id, { grantId: grant.id, keyArn: grant.keyArn, account });
  }
  return [...grants].flatMap(([id, grant]) => records.retiredGrants.put(id, grant));
}

/** Retires what has been noted. One that can't be retired any more is forgotten. */
export async function retireNoted({ records, ports }: LambdaContext): Promise<void> {
  for (const entry of await everyEntry(records.retiredGrants, '')) {
    const { keyArn, grantId, account } = entry.value;
    const retired = ports.perform({
      principal: lambdaPrincipal(account),
      region: keyArn.split(':')[3] ?? '',
      service: 'kms',
      operation: 'RetireGrant',
      input: { KeyId: keyArn, GrantId: grantId },
    });
    await retired.catch((error: Error) =>
      ports.log(`The grant ${grantId} of ${keyArn} could not be retired: ${error.message}`),
    );
    await ports.store.commit(records.retiredGrants.remove(entry));
  }
}
