/**
 * How a key's grants go when the key is deleted. A few go in the batch that deletes the key. Very
 * many go before it in batches of their own, so that no transaction is long; the first of these
 * marks the key as being deleted, after which the deletion cannot be cancelled any more: a key
 * never comes back with a part of its grants.
 */
import type { Write } from '../../store/engine.ts';
import type { KmsContext } from './context.ts';
import { grantsPrefix } from './grant-records.ts';
import { deletionBegun, keyRecordId } from './key.ts';
import { countsOf } from './key-grants.ts';
import type { KeyEntry } from './records.ts';

/** Grants that go in one batch; each is up to four rows. */
const batchGrants = 250;

export interface GrantsGoing {
  readonly writes: readonly Write[];
  /** Whether these are the last, so that the key can go with them. */
  readonly areLast: boolean;
}

/** The next of the key's grants to go. Nothing is written yet. */
export async function grantsGoing(kms: KmsContext, entry: KeyEntry): Promise<GrantsGoing> {
  const { records } = kms;
  const key = entry.value;
  const { entries, next } = await records.grants.page({
    prefix: grantsPrefix(key),
    limit: batchGrants,
  });
  const removals = entries.flatMap((grant) => records.grants.remove(grant));
  const stampId = keyRecordId(key);
  if (next !== undefined) {
    const marked =
      key.deletionBegan === true ? [] : records.keys.replace(entry, deletionBegun(key));
    const writes = [...marked, ...removals, ...records.grantStamps.put(stampId, {})];
    return { writes, areLast: false };
  }
  const stamp = await records.grantStamps.get(stampId);
  const counts = await countsOf(records, key);
  const traces = [
    ...counts.flatMap((count) => records.grantCounts.remove(count)),
    ...(stamp === undefined ? [] : records.grantStamps.remove(stamp)),
  ];
  return { writes: [...removals, ...traces], areLast: true };
}
