/**
 * ReplicateSecretToRegions, RemoveRegionsFromReplication and StopReplicationToReplica. How copies
 * are kept is in replicas.ts.
 */
import type {
  RemoveRegionsFromReplicationRequest,
  RemoveRegionsFromReplicationResponse,
  ReplicateSecretToRegionsRequest,
  ReplicateSecretToRegionsResponse,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import { stopCrossAccountReplication } from './cross-account.ts';
import { removalOf } from './delete-secret.ts';
import { alreadyReplicated, notAReplica, regionNotReplicated } from './errors.ts';
import { changeable, existing } from './finder.ts';
import { type SecretEntry, secretRecordId } from './records.ts';
import { replicaRequest, statusList } from './replica-request.ts';
import { isCopyOf, stageChange } from './replicas.ts';
import { scheduled } from './rotation-schedule.ts';
import type { Secret } from './secret.ts';

export function replicationOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    ReplicateSecretToRegions: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) => replicate(secrets, input, call, entry),
    },
    RemoveRegionsFromReplication: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        removeRegions(secrets, input, call, entry),
    },
    StopReplicationToReplica: {
      readOnly: false,
      find,
      run: (_input, call, entry: SecretEntry | undefined) => stopReplication(secrets, call, entry),
    },
  } satisfies Operations<
    SecretsmanagerModel,
    'ReplicateSecretToRegions' | 'RemoveRegionsFromReplication' | 'StopReplicationToReplica'
  >;
}

/** A Region where replication has failed may be asked for again. */
async function replicate(
  secrets: SecretsContext,
  input: ReplicateSecretToRegionsRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<ReplicateSecretToRegionsResponse> {
  const entry = changeable(found);
  const secret = entry.value;
  const { replicas: added, overwritten } = await replicaRequest(secrets, input, call, secret);
  const before = secret.replicas ?? [];
  for (const { region } of added)
    if (before.some((each) => each.region === region && each.status !== 'Failed'))
      throw alreadyReplicated(region);
  const kept = before.filter(({ region }) => !added.some((each) => each.region === region));
  const changed = { ...secret, replicas: [...kept, ...added] };
  const stored = await stageChange(secrets, call, { before: entry, changed, overwritten });
  return { ARN: secret.arn, ReplicationStatus: statusList(stored, added) };
}

/** Replicas go at once, without a recovery window. */
async function removeRegions(
  secrets: SecretsContext,
  input: RemoveRegionsFromReplicationRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<RemoveRegionsFromReplicationResponse> {
  const entry = changeable(found);
  const secret = entry.value;
  const { records } = secrets;
  const gone = new Set(input.RemoveReplicaRegions);
  const replicas = secret.replicas ?? [];
  for (const region of gone)
    if (!replicas.some((each) => each.region === region)) throw regionNotReplicated(region);
  for (const region of gone) {
    const replica = await records.secrets.get(secretRecordId({ ...secret, region }));
    if (replica !== undefined && isCopyOf(replica.value, secret))
      call.stage(await removalOf(records, replica));
  }
  const changed = { ...secret, replicas: replicas.filter(({ region }) => !gone.has(region)) };
  const stored = await stageChange(secrets, call, { before: entry, changed });
  return { ARN: secret.arn, ReplicationStatus: statusList(stored) };
}

/** The replica becomes a secret of its own, with the ARN that it has. */
async function stopReplication(
  secrets: SecretsContext,
  call: Call,
  found: SecretEntry | undefined,
): Promise<{ readonly ARN: string }> {
  const entry = existing(found);
  const replica = entry.value;
  if (replica.crossAccountPrimary !== undefined)
    return stopCrossAccountReplication(secrets, call, entry);
  if (replica.replicaOf === undefined) throw notAReplica();
  const { records, finder } = secrets;
  call.stage(records.secrets.replace(entry, promoted(replica, call.now)));
  const primary = await finder.inRegion(replica.replicaOf, replica);
  if (primary !== undefined && isCopyOf(replica, primary.value)) {
    const replicas = primary.value.replicas?.filter(({ region }) => region !== replica.region);
    call.stage(records.secrets.replace(primary, { ...primary.value, replicas }));
  }
  return { ARN: replica.arn };
}

/** Its function lies in another Region: rotation is to be set up anew. */
function promoted(replica: Secret, now: number): Secret {
  const { rotation } = replica;
  const alone = { ...replica, replicaOf: undefined, changedAt: now };
  if (rotation === undefined) return alone;
  return scheduled({ ...alone, rotation: { ...rotation, isEnabled: false } }, now);
}
