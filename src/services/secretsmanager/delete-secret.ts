/** DeleteSecret, RestoreSecret, and the deletion itself when its time has come. */
import type {
  DeleteSecretRequest,
  DeleteSecretResponse,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { SecretsContext } from './context.ts';
import type { DueChange } from './due.ts';
import {
  alreadyScheduled,
  forceWithWindow,
  hasCrossAccountLink,
  hasReplicas,
  notOnReplica,
  recoveryWindowInvalid,
  secretNotFound,
} from './errors.ts';
import { type SecretsEvent, type SecretsEventName, secretEvent } from './event.ts';
import { keepEvents } from './events.ts';
import { existing, placeOf } from './finder.ts';
import type { Records, SecretEntry } from './records.ts';
import { rescheduled } from './rotation-schedule.ts';
import { hasValue, type Secret } from './secret.ts';
import { newSuffix, secretArn } from './secret-id.ts';
import { valueRemovals } from './values.ts';

const dayMs = 86_400_000;
const windowDays = { min: 7, max: 30 };

export function deletionOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    DeleteSecret: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        deleteSecret(secrets, input, call, entry),
    },
    RestoreSecret: {
      readOnly: false,
      find,
      run: (_input, call, entry: SecretEntry | undefined) => restoreSecret(secrets, call, entry),
    },
  } satisfies Operations<SecretsmanagerModel, 'DeleteSecret' | 'RestoreSecret'>;
}

async function deleteSecret(
  secrets: SecretsContext,
  input: DeleteSecretRequest,
  call: Call,
  entry: SecretEntry | undefined,
): Promise<DeleteSecretResponse> {
  const isForced = input.ForceDeleteWithoutRecovery === true;
  const days = requestedDays(input, isForced);
  if (entry === undefined) return deleteNothing(input, call, isForced);
  const secret = entry.value;
  if (secret.replicaOf !== undefined) throw notOnReplica();
  if (secret.deletionDate !== undefined && !isForced) throw alreadyScheduled();
  refuseTies(secret);
  const deletionDate = call.now + days * dayMs;
  const { records } = secrets;
  const isScheduled = secret.deletionDate !== undefined;
  const events = isScheduled ? [] : versionEvents('StartSecretVersionDelete', secret, call.now);
  call.stage(await jobRemoval(records, entry));
  if (isForced) {
    events.push(...versionEvents('EndSecretVersionDelete', secret, call.now));
    call.stage(await removalOf(records, entry), await secrets.limits.removals()(secret));
  } else {
    const changed = { ...withoutDue(secret), deletionDate, changedAt: call.now };
    call.stage(records.secrets.replace(entry, changed));
  }
  call.stage(keepEvents(records, call.eventId, events));
  return { ARN: secret.arn, Name: secret.name, DeletionDate: deletionDate };
}

/** 0 for a deletion at once. @throws ApiError */
function requestedDays(input: DeleteSecretRequest, isForced: boolean): number {
  const { RecoveryWindowInDays: days } = input;
  if (isForced && days !== undefined) throw forceWithWindow();
  if (isForced) return 0;
  const { min, max } = windowDays;
  if (days !== undefined && (days < min || days > max)) throw recoveryWindowInvalid();
  return days ?? max;
}

/** A forced deletion of a name that isn't there is answered as if it had been (recorded). */
function deleteNothing(
  { SecretId }: DeleteSecretRequest,
  call: Call,
  isForced: boolean,
): DeleteSecretResponse {
  if (!isForced || SecretId.startsWith('arn:')) throw secretNotFound();
  const suffix = newSuffix(call.world.randomBytes);
  return {
    ARN: secretArn(placeOf(call), SecretId, suffix),
    Name: SecretId,
    DeletionDate: call.now,
  };
}

function refuseTies({ arn, replicas = [], ...secret }: Secret): void {
  if (replicas.length > 0)
    throw hasReplicas(
      arn,
      replicas.map(({ region }) => region),
    );
  if (secret.crossAccountPrimary !== undefined || secret.crossAccountReplica !== undefined)
    throw hasCrossAccountLink(arn);
}

/** Nothing is rotated that is to be deleted. */
const withoutDue = (secret: Secret): Secret =>
  secret.rotation === undefined
    ? secret
    : { ...secret, rotation: { ...secret.rotation, dueAt: undefined } };

async function jobRemoval({ jobs }: Records, { id }: SecretEntry): Promise<readonly Write[]> {
  const job = await jobs.get(id);
  return job === undefined ? [] : jobs.remove(job);
}

const versionEvents = (name: SecretsEventName, secret: Secret, now: number): SecretsEvent[] =>
  secret.versions
    .filter(hasValue)
    .map((version) => secretEvent(name, secret, now, { versionId: version.id }));

/** Everything of a secret, in one batch. */
export async function removalOf(records: Records, entry: SecretEntry): Promise<readonly Write[]> {
  const [values, accesses] = await Promise.all([
    valueRemovals(records, entry.value, entry.value.versions),
    records.accesses.get(entry.id),
  ]);
  return [
    ...records.secrets.remove(entry),
    ...values,
    ...(accesses === undefined ? [] : records.accesses.remove(accesses)),
  ];
}

/** Of a secret that isn't scheduled for deletion there is nothing to restore: that is no error. */
function restoreSecret(
  { records }: SecretsContext,
  call: Call,
  found: SecretEntry | undefined,
): { readonly ARN: string; readonly Name: string } {
  const entry = existing(found);
  const secret = entry.value;
  if (secret.replicaOf !== undefined) throw notOnReplica();
  if (secret.deletionDate !== undefined) {
    const live = { ...secret, deletionDate: undefined, changedAt: call.now };
    const events = versionEvents('CancelSecretVersionDelete', secret, call.now);
    call.stage(
      records.secrets.replace(entry, rescheduled(live, call.now)),
      keepEvents(records, call.eventId, events),
    );
  }
  return { ARN: secret.arn, Name: secret.name };
}

/** The secrets to delete at `now`, oldest first, at most `limit`. Nothing is written yet. */
export async function dueDeletions(
  { records, limits, world }: SecretsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const { entries } = await records.secrets.pageBy('deletion', { key: '', limit });
  const due = entries.filter(({ value }) => (value.deletionDate ?? now + 1) <= now);
  const countRemoval = limits.removals();
  const changes: DueChange[] = [];
  for (const entry of due) {
    const events = versionEvents('EndSecretVersionDelete', entry.value, now);
    const unique = world.randomBytes(16).toString('hex');
    const writes = [
      ...(await removalOf(records, entry)),
      ...(await countRemoval(entry.value)),
      ...keepEvents(records, unique, events),
    ];
    changes.push({ id: entry.value.arn, writes, event: undefined });
  }
  return changes;
}
