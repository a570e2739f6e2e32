/** Changes that concern all keys of one multi-Region id: read together, written together. */
import type { Write } from '../../store/engine.ts';
import { type Key, keyRecordId } from './key.ts';
import { relatedRegions, sharing } from './multi-region-key.ts';
import type { KeyEntry, Records } from './records.ts';

/**
 * The other keys with this key's id, the primary first; none for a single-Region key. Writes that
 * follow from them must replace the key's own record too: its version says that the list of Regions
 * is still right.
 */
export async function relatedKeys(records: Records, key: Key): Promise<readonly KeyEntry[]> {
  const entries = await Promise.all(
    relatedRegions(key).map((region) => records.keys.get(keyRecordId({ ...key, region }))),
  );
  return entries.filter((entry) => entry !== undefined);
}

/**
 * The writes of a change that may touch what related keys share: generations of material, rotation,
 * who is primary. Whoever changes one of these stages this instead of `records.keys.replace`.
 */
export async function replaceShared(
  records: Records,
  entry: KeyEntry,
  changed: Key,
): Promise<readonly Write[]> {
  const related = await relatedKeys(records, entry.value);
  return [
    ...records.keys.replace(entry, changed),
    ...related.flatMap((each) => records.keys.replace(each, sharing(each.value, changed))),
  ];
}
