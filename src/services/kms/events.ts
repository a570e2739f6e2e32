/**
 * Events that a call causes beside its own record, such as RotateKey after RotateKeyOnDemand: kept
 * in the call's own transaction and told to the trail by the next due work.
 */
import type { KmsContext } from './context.ts';
import type { DueChange } from './due.ts';

/** The events not told yet, oldest first, at most `limit`. Each is told once: its record goes. */
export async function dueEvents(
  { records }: KmsContext,
  limit: number,
): Promise<readonly DueChange[]> {
  const { entries } = await records.events.page({ limit });
  return entries.map((entry) => ({
    id: entry.value.resources[0]?.arn ?? entry.id,
    writes: records.events.remove(entry),
    event: entry.value,
  }));
}
