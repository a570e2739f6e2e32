/** The deletion of keys whose waiting period is over. */
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import type { KmsContext } from './context.ts';
import type { Facts, Removal } from './custom-key-stores/backing-key-removal.ts';
import type { DueChange } from './due.ts';
import { grantsGoing } from './grant-deletion.ts';
import { readyForRotation } from './imported-material.ts';
import { isHere, type Key } from './key.ts';
import { keyInTrail } from './key-finder.ts';
import { withoutReplica } from './multi-region-key.ts';
import { type Alias, aliasesOfKey, type KeyEntry } from './records.ts';
import { relatedKeys } from './related-keys.ts';

/** The keys to delete at `now`, oldest first, at most `limit`. Nothing is written yet. */
export async function dueDeletions(
  kms: KmsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  // Asked every second, and hardly ever is anything due: the first in the index tells.
  const [first] = (await kms.records.keys.pageBy('deletion', { key: '', limit: 1 })).entries;
  if (first !== undefined && !isDue(first.value, now)) return [];
  const page = await kms.records.keys.pageBy('deletion', { key: '', limit });
  const due = page.entries.filter(({ value }) => isDue(value, now));
  const deletions: DueChange[] = [];
  const countRemoval = kms.limits.keyRemovals();
  for (const entry of due) {
    const grants = await grantsGoing(kms, entry);
    if (!grants.areLast) {
      deletions.push({ id: entry.value.arn, writes: grants.writes, event: undefined });
      continue;
    }
    const removal = removalOf(kms, entry);
    if (removal.kind === 'underWay') continue;
    if (removal.kind === 'begin') {
      deletions.push({ id: entry.value.arn, writes: removal.writes, event: undefined });
      continue;
    }
    const deletion = await deletionOf(kms, { entry, now, facts: removal.facts });
    const counted = await countRemoval(entry.value);
    const uses = await kms.uses.records.removal(entry.id);
    const writes = [...deletion.writes, ...grants.writes, ...counted, ...uses];
    deletions.push({ ...deletion, writes });
  }
  return deletions;
}

/** What lies in no HSM cluster has nothing to be removed from there. */
function removalOf(kms: KmsContext, entry: KeyEntry): Removal {
  const { origin, customKeyStoreId, xksKeyId } = entry.value;
  if (origin === 'AWS_CLOUDHSM') return kms.removals.of(kms, entry);
  return {
    kind: 'over',
    facts: xksKeyId === undefined ? undefined : { customKeyStoreId, xksKeyId },
  };
}

const isDue = ({ deletionDate }: Key, now: number): boolean =>
  deletionDate !== undefined && deletionDate <= now;

/**
 * Key, material, aliases and the last grants go in one batch; it conflicts when the deletion was
 * cancelled meanwhile. The same batch tells the related keys of a replica; the material that they
 * share stays until the last of them goes.
 */
async function deletionOf(
  kms: KmsContext,
  {
    entry,
    now,
    facts,
  }: {
    readonly entry: KeyEntry;
    readonly now: number;
    readonly facts: Facts | undefined;
  },
): Promise<DueChange> {
  const { records, materials } = kms;
  const key = entry.value;
  // Discarding forgets them before the commit, which may fail: a key pending deletion isn't used,
  // and material can be loaded again.
  const related = await relatedKeys(records, key);
  const isLast = related.length === 0 || key.origin === 'EXTERNAL';
  const discarded = isLast ? key.generations : [];
  const secrets = await Promise.all(discarded.map(({ id }) => materials.discard(key, id)));
  const aliases = await aliasesOf(kms, key);
  return {
    id: key.arn,
    writes: [
      ...records.keys.remove(entry),
      ...replaceEach(kms, related, { region: key.region, now }),
      ...secrets.flat(),
      ...aliases.flatMap((alias) => records.aliases.remove(alias)),
    ],
    event: {
      eventName: 'DeleteKey',
      account: key.account,
      region: key.region,
      resources: [keyInTrail(key)],
      responseElements: { keyId: key.arn },
      ...(facts === undefined ? {} : { additionalEventData: facts }),
    },
  };
}

/** The writes for the keys that are left when the replica in a Region goes. */
function replaceEach(
  { records }: KmsContext,
  related: readonly KeyEntry[],
  gone: { readonly region: string; readonly now: number },
): readonly Write[] {
  const left = related.map(({ value }) => withoutReplica(value, gone));
  // Material that waited for its import there waits for its rotation only.
  const waiting = left[0]?.generations.find(
    ({ state }) => state === 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION',
  )?.id;
  const isHereIn = (key: Key, id: string): boolean =>
    key.generations.some((each) => each.id === id && isHere(each));
  const isReady = waiting !== undefined && left.every((key) => isHereIn(key, waiting));
  return related.flatMap((entry, i) => {
    const key = left[i] as Key;
    return records.keys.replace(entry, isReady ? readyForRotation(key, waiting) : key);
  });
}

const pageEntries = 1000;

async function aliasesOf(kms: KmsContext, key: Key): Promise<readonly Entry<Alias>[]> {
  const found: Entry<Alias>[] = [];
  let after: string | undefined;
  do {
    const page = await kms.records.aliases.pageBy('key', {
      key: aliasesOfKey(key),
      ...(after === undefined ? {} : { after }),
      limit: pageEntries,
    });
    found.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return found;
}
