/** UpdateSecretVersionStage: moving labels between versions. */
import type {
  SecretsmanagerModel,
  UpdateSecretVersionStageRequest,
  UpdateSecretVersionStageResponse,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { abandonOvertaken } from './abandon-rotation.ts';
import type { SecretsContext } from './context.ts';
import { refuseValueChange } from './cross-account.ts';
import {
  currentNotDetachable,
  removeFromNeeded,
  stageMoveEmpty,
  stageNotOnVersion,
  tooManyLabels,
  versionNotFound,
} from './errors.ts';
import { changeable } from './finder.ts';
import { attached, detached, labelCount, maxLabels } from './labels.ts';
import type { SecretEntry } from './records.ts';
import { stageChange } from './replicas.ts';
import { current, hasValue, holderOf, type Secret, type Version, versionOf } from './secret.ts';

export function versionStageOperations(secrets: SecretsContext) {
  return {
    UpdateSecretVersionStage: {
      readOnly: false,
      find: secrets.finder.named,
      run: (input, call, entry: SecretEntry | undefined) =>
        updateStage(secrets, input, call, entry),
    },
  } satisfies Operations<SecretsmanagerModel, 'UpdateSecretVersionStage'>;
}

async function updateStage(
  secrets: SecretsContext,
  input: UpdateSecretVersionStageRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<UpdateSecretVersionStageResponse> {
  const entry = changeable(found);
  const secret = entry.value;
  refuseValueChange(secret);
  const versions = moved(secret, input);
  if (versions !== secret.versions) {
    const changed = { ...secret, versions, changedAt: call.now };
    const settled = await abandonOvertaken(secrets, call, entry, changed);
    await stageChange(secrets, call, { before: entry, changed: settled });
  }
  return { ARN: secret.arn, Name: secret.name };
}

/** @throws ApiError for versions that aren't there, and for a label that isn't where it is said. */
function moved(secret: Secret, input: UpdateSecretVersionStageRequest): readonly Version[] {
  const { VersionStage: stage, RemoveFromVersionId: from, MoveToVersionId: to } = input;
  if (from === undefined && to === undefined) throw stageMoveEmpty();
  const target = to === undefined ? undefined : required(secret, to);
  if (from !== undefined) required(secret, from);
  const holder = holderOf(secret, stage);
  if (holder !== undefined && target?.id === holder.id && from === undefined)
    return secret.versions;
  if (from === undefined && holder !== undefined) throw removeFromNeeded(stage, holder.id);
  if (from !== undefined && holder?.id !== from) throw stageNotOnVersion(stage, from);
  if (target === undefined) {
    if (stage === current) throw currentNotDetachable();
    return detached(secret.versions, [stage]);
  }
  // Without a value it couldn't be read as the current one.
  if (stage === current && !hasValue(target)) throw versionNotFound(target.id);
  const versions = attached(secret.versions, target.id, [stage]);
  if (labelCount(versions) > maxLabels) throw tooManyLabels(maxLabels);
  return versions;
}

function required(secret: Secret, id: string): Version {
  const version = versionOf(secret, id);
  if (version === undefined) throw versionNotFound(id);
  return version;
}
