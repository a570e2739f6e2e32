/** The end of a rotation that something else overtakes. */
import type { Call } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import { secretEvent } from './event.ts';
import { keepEvents } from './events.ts';
import type { SecretEntry } from './records.ts';
import { rotationRequestId } from './rotation-job.ts';
import { rescheduled } from './rotation-schedule.ts';
import { current, pending, type Secret, versionOf } from './secret.ts';

/**
 * Stages the end of a rotation whose version `changed` no longer has as pending or current, because
 * a value was written past it. Gives back the secret as it is then.
 */
export async function abandonOvertaken(
  { records }: SecretsContext,
  call: Call,
  entry: SecretEntry,
  changed: Secret,
): Promise<Secret> {
  if (entry.value.rotation === undefined) return changed;
  const job = await records.jobs.get(entry.id);
  if (job === undefined || job.value.secretId !== changed.id) return changed;
  const stages = versionOf(changed, job.value.token)?.stages ?? [];
  const goesOn = stages.includes(pending) || stages.includes(current);
  if (goesOn || job.value.kind === 'test') return changed;
  const requestId = rotationRequestId(job.value);
  const event = secretEvent('RotationAbandoned', changed, call.now, { requestId });
  call.stage(records.jobs.remove(job), keepEvents(records, call.eventId, [event]));
  return rescheduled(changed, call.now);
}
