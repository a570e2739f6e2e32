/** Secrets Manager: its operation table, and what of it falls due with time. */
import type { SecretsmanagerModel } from '../../model/secretsmanager.generated.ts';
import type { Operations, OperationTable } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import { openAccesses } from './accesses.ts';
import type { SecretsContext, SecretsPorts } from './context.ts';
import { createOperations } from './create-secret.ts';
import { crossAccountOperations } from './cross-account.ts';
import { deletionOperations, dueDeletions } from './delete-secret.ts';
import { describeOperations } from './describe-secret.ts';
import type { DueWork } from './due.ts';
import { dueEvents } from './events.ts';
import { createSecretFinder } from './finder.ts';
import { getValueOperations } from './get-value.ts';
import { maxSecrets, secretLimits } from './limits.ts';
import { listOperations } from './list-secrets.ts';
import { putValueOperations } from './put-value.ts';
import { passwordOperations } from './random-password.ts';
import { throttled } from './rates.ts';
import { openRecords } from './records.ts';
import { replicationOperations } from './replication.ts';
import { policyOperations } from './resource-policies.ts';
import { rotationOperations } from './rotate-secret.ts';
import { Rotations } from './rotation-run.ts';
import { tagOperations } from './tags.ts';
import { versionStageOperations } from './version-stages.ts';

export interface SecretsManager {
  readonly operations: OperationTable;
  /** What falls due with time. */
  readonly dueWork: readonly DueWork[];
}

export interface SecretsQuotas {
  /** How many nodes share the work. */
  readonly nodes: number;
  /** Secrets in a Region; AWS's value unless told. */
  readonly maxSecrets?: number;
}

/** Without `quotas` requests and secrets have no limits; what a secret may have has always. */
export function createSecretsManager(
  options: SecretsPorts & { readonly store: Store; readonly quotas?: SecretsQuotas },
): SecretsManager {
  const { store, quotas, ...ports } = options;
  const records = openRecords(store);
  const max = quotas === undefined ? undefined : (quotas.maxSecrets ?? maxSecrets);
  const parts = {
    ...ports,
    records,
    finder: createSecretFinder(records),
    accesses: openAccesses(records),
    limits: secretLimits(records, max),
  };
  const rotations = new Rotations(parts);
  const secrets: SecretsContext = { ...parts, reattempt: (id) => rotations.reattempt(id) };
  const rows = {
    ...createOperations(secrets),
    ...putValueOperations(secrets),
    ...getValueOperations(secrets),
    ...describeOperations(secrets),
    ...listOperations(secrets),
    ...versionStageOperations(secrets),
    ...deletionOperations(secrets),
    ...policyOperations(secrets),
    ...tagOperations(secrets),
    ...passwordOperations(),
    ...rotationOperations(secrets),
    ...replicationOperations(secrets),
    ...crossAccountOperations(secrets),
  } satisfies Operations<SecretsmanagerModel>;
  const operations: OperationTable = new Map(Object.entries(rows));
  return {
    operations:
      quotas === undefined ? operations : throttled(operations, { ...quotas, world: ports.world }),
    dueWork: [
      {
        kind: 'secretsmanager/delete-secret',
        due: (now, limit) => dueDeletions(secrets, { now, limit }),
      },
      { kind: 'secretsmanager/rotate', due: (now, limit) => rotations.due(now, limit) },
      { kind: 'secretsmanager/tell-event', due: (_now, limit) => dueEvents(records, limit) },
    ],
  };
}
