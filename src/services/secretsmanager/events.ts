/**
 * Events that a call causes beside its own record: kept in the call's own transaction and told to
 * the trail by the next due work.
 */
import type { Write } from '../../store/engine.ts';
import type { DueChange } from './due.ts';
import type { SecretsEvent } from './event.ts';
import { type Records, sortableTime } from './records.ts';

/** `unique`: of the call that causes them. */
export function keepEvents(
  { events }: Records,
  unique: string,
  kept: readonly SecretsEvent[],
): readonly Write[] {
  return kept.flatMap((event, i) =>
    events.insert(`${sortableTime(event.at)}/${unique}/${String(i).padStart(4, '0')}`, event),
  );
}

/** The events not told yet, oldest first. Each is told once: its record goes. */
export async function dueEvents({ events }: Records, limit: number): Promise<readonly DueChange[]> {
  const { entries } = await events.page({ limit });
  return entries.map((entry) => ({
    id: entry.value.secretArn,
    writes: events.remove(entry),
    event: entry.value,
  }));
}
