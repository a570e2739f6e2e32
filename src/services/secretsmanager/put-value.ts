/** PutSecretValue and UpdateSecret: new values, and what else a user may change of a secret. */
import type {
  PutSecretValueRequest,
  PutSecretValueResponse,
  SecretsmanagerModel,
  UpdateSecretRequest,
  UpdateSecretResponse,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { abandonOvertaken } from './abandon-rotation.ts';
import type { SecretsContext } from './context.ts';
import { holds } from './create-secret.ts';
import { refuseValueChange } from './cross-account.ts';
import { keptKeyId, probeKey, refuseDefaultKeyAcrossAccounts } from './data-keys.ts';
import { notOnReplica, tokenUsed, tooManyLabels, tooManyVersions, valueNeeded } from './errors.ts';
import { changeable, existing, live } from './finder.ts';
import { labelCount, maxLabels, versionsToForget, withNewValue } from './labels.ts';
import type { SecretEntry } from './records.ts';
import { reencrypted } from './reencryption.ts';
import { stageChange } from './replicas.ts';
import { requestToken, requestValue } from './request-value.ts';
import { withManualRotation } from './rotation-schedule.ts';
import { current, hasValue, type Secret, type Version, versionOf } from './secret.ts';
import type { Plaintext } from './value.ts';
import { newValue, valueRemovals, wipe } from './values.ts';

export function putValueOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    PutSecretValue: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        putSecretValue(secrets, input, call, entry),
    },
    UpdateSecret: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        updateSecret(secrets, input, call, entry),
    },
  } satisfies Operations<SecretsmanagerModel, 'PutSecretValue' | 'UpdateSecret'>;
}

async function putSecretValue(
  secrets: SecretsContext,
  input: PutSecretValueRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<PutSecretValueResponse> {
  const value = requestValue(input);
  if (value === undefined) throw valueNeeded();
  try {
    const token = requestToken(input.ClientRequestToken);
    const entry = changeable(found);
    refuseValueChange(entry.value);
    const stages = input.VersionStages ?? [current];
    const put = await putVersion(secrets, call, { entry, base: entry.value, token, value, stages });
    const { ARN, Name } = { ARN: put.arn, Name: put.name };
    const version = versionOf(put, token) as Version;
    return { ARN, Name, VersionId: token, VersionStages: version.stages };
  } finally {
    value.bytes.fill(0);
  }
}

interface Put {
  readonly entry: SecretEntry;
  /** The secret with what else the request changes of it. */
  readonly base: Secret;
  readonly token: string;
  readonly value: Plaintext;
  readonly stages: readonly string[];
}

/**
 * Stages the secret with a new value; where the token's version has the same value already, nothing
 * of its versions changes. @throws ApiError ResourceExistsException where it has another.
 */
async function putVersion(secrets: SecretsContext, call: Call, put: Put): Promise<Secret> {
  const { entry, base, token, value, stages } = put;
  const known = versionOf(base, token);
  if (known !== undefined && hasValue(known)) {
    if (!(await holds(secrets, call, { secret: entry.value, version: known }, value)))
      throw tokenUsed(token, base.arn);
    if (base !== entry.value) await stageChange(secrets, call, { before: entry, changed: base });
    return base;
  }
  refuseDefaultKeyAcrossAccounts(call, base, base.kmsKeyId === undefined ? [] : [base.kmsKeyId]);
  const { roomy, version } = withRoom(base, known, { token, now: call.now });
  const made = await newValue(secrets, call, { secret: base, version, value });
  call.stage(made.writes, await forgottenValues(secrets, base, roomy.versions));
  const filled = roomy.versions.map((each) =>
    each.id === token ? { ...each, createdAt: call.now, keys: made.keys } : each,
  );
  const versions = withNewValue(filled, token, stages);
  if (labelCount(versions) > maxLabels) throw tooManyLabels(maxLabels);
  const isNowCurrent = versions.some((each) => each.id === token && each.stages.includes(current));
  const changed = { ...roomy, versions, changedAt: call.now };
  const inHand = new Map([[version.number, made.opened]]);
  try {
    const settled = await abandonOvertaken(secrets, call, entry, changed);
    return await stageChange(secrets, call, {
      before: entry,
      changed: isNowCurrent ? withManualRotation(settled, call.now) : settled,
      inHand,
    });
  } finally {
    wipe(made.opened);
  }
}

/**
 * The secret with a place for the value: the empty version that a rotation made, or a new one, for
 * which old versions may have to go. @throws ApiError LimitExceededException
 */
function withRoom(
  secret: Secret,
  known: Version | undefined,
  { token, now }: { readonly token: string; readonly now: number },
): { readonly roomy: Secret; readonly version: Version } {
  if (known !== undefined) return { roomy: secret, version: known };
  const gone = versionsToForget(secret.versions, now);
  if (gone === undefined) throw tooManyVersions();
  const version = { id: token, number: secret.nextNumber, createdAt: now, stages: [], keys: [] };
  const kept = secret.versions.filter((each) => !gone.includes(each));
  return {
    roomy: { ...secret, versions: [...kept, version], nextNumber: secret.nextNumber + 1 },
    version,
  };
}

const forgottenValues = ({ records }: SecretsContext, before: Secret, kept: readonly Version[]) =>
  valueRemovals(
    records,
    before,
    before.versions.filter(({ id }) => !kept.some((each) => each.id === id)),
  );

async function updateSecret(
  secrets: SecretsContext,
  input: UpdateSecretRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<UpdateSecretResponse> {
  const value = requestValue(input);
  try {
    const token = value === undefined ? undefined : requestToken(input.ClientRequestToken);
    const entry = updatable(found, input);
    if (value !== undefined) refuseValueChange(entry.value);
    const base = await withMembers(secrets, input, call, entry.value);
    const { ARN, Name } = { ARN: base.arn, Name: base.name };
    if (token === undefined || value === undefined) {
      await stageUpdate(secrets, call, entry, base);
      return { ARN, Name };
    }
    await putVersion(secrets, call, { entry, base, token, value, stages: [current] });
    return { ARN, Name, VersionId: token };
  } finally {
    value?.bytes.fill(0);
  }
}

/** Of a replica only the key may be changed. */
function updatable(found: SecretEntry | undefined, input: UpdateSecretRequest): SecretEntry {
  const entry = existing(found);
  if (entry.value.replicaOf === undefined) return live(entry);
  const { KmsKeyId, Description, Type, SecretString, SecretBinary } = input;
  const isOfKey = [Description, Type, SecretString, SecretBinary].every(
    (each) => each === undefined,
  );
  if (KmsKeyId === undefined || !isOfKey) throw notOnReplica();
  return entry;
}

async function withMembers(
  secrets: SecretsContext,
  input: UpdateSecretRequest,
  call: Call,
  secret: Secret,
): Promise<Secret> {
  const { Description, Type, KmsKeyId } = input;
  const changed: Secret = {
    ...secret,
    changedAt: call.now,
    ...(Description === undefined
      ? {}
      : { description: Description === '' ? undefined : Description }),
    ...(Type === undefined ? {} : { type: Type === '' ? undefined : Type }),
  };
  if (KmsKeyId === undefined) return changed;
  const keyed = { ...changed, kmsKeyId: keptKeyId(KmsKeyId, secret.account) };
  if (keyed.kmsKeyId === secret.kmsKeyId) return changed;
  await probeKey(call, keyed);
  return reencrypted(secrets, call, secret, keyed);
}

/** A replica that changes its key tells its primary, which shows it. */
async function stageUpdate(
  secrets: SecretsContext,
  call: Call,
  entry: SecretEntry,
  changed: Secret,
): Promise<void> {
  await stageChange(secrets, call, { before: entry, changed });
  const { replicaOf } = changed;
  if (replicaOf === undefined) return;
  const { records, finder } = secrets;
  const { account, name, region, kmsKeyId } = changed;
  const primary = await finder.inRegion(replicaOf, { account, name });
  if (primary === undefined) return;
  const replicas = (primary.value.replicas ?? []).map((replica) =>
    replica.region === region ? { ...replica, kmsKeyId } : replica,
  );
  call.stage(records.secrets.replace(primary, { ...primary.value, replicas }));
}
