/** The deletion of keys whose waiting period is over. */
import type { Resource } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { Entry } from '../../store/store.ts';
import type { KmsContext } from './context.ts';
import type { Key } from './key.ts';
import { keyResource } from './key-finder.ts';
import { type Alias, aliasesOfKey, type KeyEntry, materialRecordId } from './records.ts';

/**
 * What CloudTrail shows of a deletion: an AwsServiceEvent (KMS Developer Guide, "DeleteKey" log
 * entry).
 */
export interface KeyDeletedEvent {
  readonly eventName: 'DeleteKey';
  readonly account: string;
  readonly region: string;
  readonly resources: readonly Resource[];
  readonly responseElements: { readonly keyId: string };
}

export interface DueDeletion {
  /** The key's ARN. */
  readonly id: string;
  /**
   * Key, material and aliases go in one batch; it conflicts when the deletion was cancelled
   * meanwhile.
   */
  readonly writes: readonly Write[];
  readonly event: KeyDeletedEvent;
}

/** The keys to delete at `now`, oldest first, at most `limit`. Nothing is written yet. */
export async function dueDeletions(
  kms: KmsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueDeletion[]> {
  // Asked every second, and hardly ever is anything due: the first in the index tells.
  const [first] = (await kms.records.keys.pageBy('deletion', { key: '', limit: 1 })).entries;
  if (first !== undefined && !isDue(first.value, now)) return [];
  const page = await kms.records.keys.pageBy('deletion', { key: '', limit });
  const due = page.entries.filter(({ value }) => isDue(value, now));
  return Promise.all(due.map((entry) => deletionOf(kms, entry)));
}

const isDue = ({ deletionDate }: Key, now: number): boolean =>
  deletionDate !== undefined && deletionDate <= now;

async function deletionOf(kms: KmsContext, entry: KeyEntry): Promise<DueDeletion> {
  const { records, materials } = kms;
  const key = entry.value;
  // Before the commit, which may fail: a key pending deletion isn't used, and material can be
  // loaded again.
  materials.forget(key.materialIds);
  const secrets = await Promise.all(
    key.materialIds.map((id) => records.materials.get(materialRecordId(key, id))),
  );
  const aliases = await aliasesOf(kms, key);
  return {
    id: key.arn,
    writes: [
      ...records.keys.remove(entry),
      ...secrets.flatMap((secret) =>
        secret === undefined ? [] : records.materials.remove(secret),
      ),
      ...aliases.flatMap((alias) => records.aliases.remove(alias)),
    ],
    event: {
      eventName: 'DeleteKey',
      account: key.account,
      region: key.region,
      resources: [keyResource(key)],
      responseElements: { keyId: key.arn },
    },
  };
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
