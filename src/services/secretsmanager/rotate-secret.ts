/**
 * RotateSecret and CancelRotateSecret. They only say that a secret is to be rotated; who does it is
 * rotation-run.ts.
 */
import { ApiError } from '../../api-error.ts';
import type {
  CancelRotateSecretResponse,
  RotateSecretRequest,
  RotateSecretResponse,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { newUuid } from '../../uuid.ts';
import type { World } from '../../world.ts';
import type { SecretsContext } from './context.ts';
import { refuseValueChange } from './cross-account.ts';
import {
  lambdaNotInvocable,
  noLambda,
  partnerRotationUnsupported,
  rotationNotConfigured,
  rotationPending,
  tokenUsed,
} from './errors.ts';
import { changeable } from './finder.ts';
import { attached } from './labels.ts';
import { invokeFunction } from './lambda.ts';
import type { SecretEntry } from './records.ts';
import { stageChange } from './replicas.ts';
import { requestToken } from './request-value.ts';
import { firstStep, type RotationJob } from './rotation-job.ts';
import { checkedRules, scheduled } from './rotation-schedule.ts';
import {
  current,
  hasValue,
  holderOf,
  pending,
  type Rotation,
  type Secret,
  versionOf,
} from './secret.ts';
import { type NewValue, newValue, readValue, wipe } from './values.ts';

export function rotationOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    RotateSecret: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        rotateSecret(secrets, input, call, entry),
    },
    CancelRotateSecret: {
      readOnly: false,
      find,
      run: (_input, call, entry: SecretEntry | undefined) => cancelRotation(secrets, call, entry),
    },
  } satisfies Operations<SecretsmanagerModel, 'RotateSecret' | 'CancelRotateSecret'>;
}

async function rotateSecret(
  secrets: SecretsContext,
  input: RotateSecretRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<RotateSecretResponse> {
  const token = requestToken(input.ClientRequestToken, 'RotateSecret');
  const entry = changeable(found);
  const secret = entry.value;
  refuseValueChange(secret);
  if (input.ExternalSecretRotationMetadata ?? input.ExternalSecretRotationRoleArn)
    throw partnerRotationUnsupported();
  const rotation = rotationAsked(input, secret, call.now);
  const answer = { ARN: secret.arn, Name: secret.name, VersionId: token };
  const job = await secrets.records.jobs.get(entry.id);
  if (job?.value.secretId === secret.id && job.value.token === token) return answer;
  refusePending(secrets, entry);
  if (versionOf(secret, token) !== undefined) throw tokenUsed(token, secret.arn);
  await checkFunction(secrets, call, { ...secret, rotation });
  const configured = scheduled({ ...secret, rotation, changedAt: call.now }, call.now);
  const kind = input.RotateImmediately === false ? 'test' : 'rotation';
  await stageRotation(secrets, call, { entry, configured, token, kind });
  return answer;
}

function rotationAsked(input: RotateSecretRequest, secret: Secret, now: number): Rotation {
  const { RotationLambdaARN, RotationRules } = input;
  const lambdaArn = RotationLambdaARN ?? secret.rotation?.lambdaArn;
  if (lambdaArn === undefined || lambdaArn === '') throw noLambda();
  const rules =
    RotationRules === undefined ? secret.rotation?.rules : checkedRules(RotationRules, now);
  return { ...secret.rotation, isEnabled: true, lambdaArn, rules, computedDays: undefined };
}

/**
 * A rotation that isn't complete is tried again, now rather than at its time.
 * @throws ApiError InvalidRequestException where there is one.
 */
function refusePending(secrets: SecretsContext, entry: SecretEntry): void {
  const holder = holderOf(entry.value, pending);
  if (holder === undefined || holder.stages.includes(current)) return;
  secrets.reattempt(entry.id);
  throw rotationPending();
}

/** Both Secrets Manager and the caller must be able to invoke the function. @throws ApiError */
async function checkFunction(secrets: SecretsContext, call: Call, secret: Secret): Promise<void> {
  try {
    await invokeFunction(secrets, secret, { kind: 'DryRun' });
  } catch (error) {
    if (error instanceof ApiError) throw lambdaNotInvocable();
    throw error;
  }
  await call.invoke('lambda', 'Invoke', {
    FunctionName: secret.rotation?.lambdaArn,
    InvocationType: 'DryRun',
  });
}

interface Begun {
  readonly entry: SecretEntry;
  readonly configured: Secret;
  readonly token: string;
  readonly kind: RotationJob['kind'];
}

/** With the version that the rotation fills, or a copy of the current one to be tested. */
async function stageRotation(secrets: SecretsContext, call: Call, begun: Begun): Promise<void> {
  const { entry, configured, token, kind } = begun;
  const { records } = secrets;
  const stored = await records.jobs.get(entry.id);
  const copy = kind === 'test' ? await copiedValue(secrets, call, configured, token) : undefined;
  if (kind === 'test' && copy === undefined) {
    await stageChange(secrets, call, { before: entry, changed: configured });
    return;
  }
  const changed = withPending(configured, { token, keys: copy?.keys ?? [], now: call.now });
  const job: RotationJob = newJob(entry.id, changed, {
    token,
    kind,
    now: call.now,
    world: call.world,
  });
  call.stage(
    stored === undefined ? records.jobs.insert(entry.id, job) : records.jobs.replace(stored, job),
  );
  try {
    const inHand = new Map(copy === undefined ? [] : [[configured.nextNumber, copy.opened]]);
    await stageChange(secrets, call, { before: entry, changed, inHand });
  } finally {
    if (copy !== undefined) wipe(copy.opened);
  }
}

/** The copy, staged; undefined where there is no value to test with. */
async function copiedValue(
  secrets: SecretsContext,
  call: Call,
  secret: Secret,
  token: string,
): Promise<NewValue | undefined> {
  const version = holderOf(secret, current);
  if (version === undefined || !hasValue(version)) return undefined;
  const { value, dataKey } = await readValue(secrets, call, secret, version);
  dataKey.fill(0);
  try {
    const copy = { id: token, number: secret.nextNumber };
    const made = await newValue(secrets, call, { secret, version: copy, value });
    call.stage(made.writes);
    return made;
  } catch (error) {
    value.bytes.fill(0);
    throw error;
  }
}

/** A secret with a new pending version. While it is rotated it isn't due. */
export function withPending(
  secret: Secret,
  asked: { readonly token: string; readonly keys: readonly string[]; readonly now: number },
): Secret {
  const { token, keys, now } = asked;
  const version = { id: token, number: secret.nextNumber, createdAt: now, stages: [], keys };
  const versions = attached([...secret.versions, version], token, [pending]);
  return {
    ...secret,
    versions,
    nextNumber: secret.nextNumber + 1,
    rotation: secret.rotation === undefined ? undefined : { ...secret.rotation, dueAt: undefined },
  };
}

export function newJob(
  secretRecord: string,
  { id, arn }: Secret,
  asked: Pick<RotationJob, 'token' | 'kind'> & { readonly now: number; readonly world: World },
): RotationJob {
  const { token, kind, now, world } = asked;
  return {
    secretRecord,
    secretId: id,
    secretArn: arn,
    kind,
    token,
    rotationToken: newUuid(world),
    step: firstStep(kind),
    attempt: 1,
    at: now,
  };
}

/** What was pending stays: the user cleans it up, says AWS. */
async function cancelRotation(
  secrets: SecretsContext,
  call: Call,
  found: SecretEntry | undefined,
): Promise<CancelRotateSecretResponse> {
  const entry = changeable(found);
  const { value: secret } = entry;
  const { rotation } = secret;
  if (rotation === undefined) throw rotationNotConfigured();
  const job = await secrets.records.jobs.get(entry.id);
  const isOurs = job?.value.secretId === secret.id;
  if (job !== undefined && isOurs) call.stage(secrets.records.jobs.remove(job));
  const changed = {
    ...secret,
    changedAt: call.now,
    rotation: { ...rotation, isEnabled: false, nextWindow: undefined, dueAt: undefined },
  };
  await stageChange(secrets, call, { before: entry, changed });
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(isOurs && job !== undefined ? { VersionId: job.value.token } : {}),
  };
}
