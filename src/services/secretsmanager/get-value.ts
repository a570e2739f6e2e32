/** GetSecretValue and BatchGetSecretValue. */
import { ApiError } from '../../api-error.ts';
import type {
  APIErrorType,
  BatchGetSecretValueRequest,
  BatchGetSecretValueResponse,
  GetSecretValueRequest,
  GetSecretValueResponse,
  SecretsmanagerModel,
  SecretValueEntry,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import {
  idsOrFilters,
  maxResultsWithoutFilters,
  stageNotFound,
  versionNotFound,
  versionWithoutStage,
} from './errors.ts';
import { everything, foundNothing, live } from './finder.ts';
import { listedSecrets } from './list-secrets.ts';
import type { SecretEntry } from './records.ts';
import { current, hasValue, holderOf, type Secret, type Version, versionOf } from './secret.ts';
import { readValue } from './values.ts';
import { type MaybePromise, whenHere } from './when.ts';

export function getValueOperations(secrets: SecretsContext) {
  return {
    GetSecretValue: {
      readOnly: true,
      find: secrets.finder.named,
      run: (input, call, entry: SecretEntry | undefined) =>
        getSecretValue(secrets, input, call, entry),
    },
    BatchGetSecretValue: {
      readOnly: true,
      find: foundNothing,
      run: (input, call) => batchGetSecretValue(secrets, input, call),
    },
  } satisfies Operations<SecretsmanagerModel, 'GetSecretValue' | 'BatchGetSecretValue'>;
}

/** Decrypts anew each time, by a call to KMS that is authorized and recorded as the caller's. */
function getSecretValue(
  secrets: SecretsContext,
  input: GetSecretValueRequest,
  call: Call,
  found: SecretEntry | undefined,
): MaybePromise<GetSecretValueResponse> {
  const entry = live(found);
  const secret = entry.value;
  const version = selectedVersion(secret, input);
  return whenHere(readValue(secrets, call, secret, version), ({ value, dataKey }) => {
    dataKey.fill(0);
    const answer = {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      ...(value.kind === 'binary'
        ? { SecretBinary: value.bytes }
        : { SecretString: textOf(value.bytes) }),
      ...(version.stages.length === 0 ? {} : { VersionStages: version.stages }),
      CreatedDate: version.createdAt,
    };
    return whenHere(secrets.accesses.note(call, entry, version), () => answer);
  });
}

/** The text of a value, whose bytes aren't needed any more. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString();
  bytes.fill(0);
  return text;
}

/** @throws ApiError where the secret has no such version, or it has no value yet. */
function selectedVersion(
  secret: Secret,
  { VersionId: id, VersionStage: stage }: GetSecretValueRequest,
): Version {
  if (id === undefined) {
    const wanted = stage ?? current;
    const version = holderOf(secret, wanted);
    if (version === undefined || !hasValue(version)) throw stageNotFound(wanted);
    return version;
  }
  const version = versionOf(secret, id);
  if (version === undefined) throw versionNotFound(id);
  if (stage !== undefined && !version.stages.includes(stage)) throw versionWithoutStage();
  if (!hasValue(version)) throw stage === undefined ? versionNotFound(id) : stageNotFound(stage);
  return version;
}

const maxBatch = 20;

/** Each secret by a GetSecretValue of its own, which is authorized and recorded as such. */
async function batchGetSecretValue(
  secrets: SecretsContext,
  input: BatchGetSecretValueRequest,
  call: Call,
): Promise<BatchGetSecretValueResponse> {
  const { SecretIdList, Filters, MaxResults } = input;
  const hasFilters = Filters !== undefined && Filters.length > 0;
  if ((SecretIdList === undefined) === !hasFilters) throw idsOrFilters();
  if (SecretIdList !== undefined && MaxResults !== undefined) throw maxResultsWithoutFilters();
  const { ids, next } = hasFilters
    ? await matching(secrets, call, input)
    : { ids: SecretIdList ?? [], next: undefined };
  const values: SecretValueEntry[] = [];
  const errors: APIErrorType[] = [];
  for (const id of ids) {
    try {
      const asked = { SecretId: id };
      const direct = { direct: true } as const;
      const value = await call.invoke('secretsmanager', 'GetSecretValue', asked, direct);
      values.push(value as SecretValueEntry);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === 'InternalServiceError') throw error;
      errors.push({ SecretId: id, ErrorCode: error.code, Message: error.message });
    }
  }
  return {
    SecretValues: values,
    Errors: errors,
    ...(next === undefined ? {} : { NextToken: next }),
  };
}

async function matching(
  secrets: SecretsContext,
  call: Call,
  { SecretIdList: _, MaxResults = maxBatch, ...asked }: BatchGetSecretValueRequest,
): Promise<{ readonly ids: readonly string[]; readonly next: string | undefined }> {
  call.authorize('secretsmanager:ListSecrets', everything(call));
  const page = await listedSecrets(secrets.records, call, { ...asked, MaxResults });
  return { ids: page.entries.map(({ value }) => value.arn), next: page.next };
}
