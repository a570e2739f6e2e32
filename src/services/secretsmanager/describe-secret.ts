/** DescribeSecret and ListSecretVersionIds: what is known of a secret without its values. */
import type {
  DescribeSecretResponse,
  ListSecretVersionIdsRequest,
  ListSecretVersionIdsResponse,
  SecretListEntry,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Operations } from '../../operation.ts';
import type { SecretsContext } from './context.ts';
import { primaryRegion } from './filters.ts';
import { existing } from './finder.ts';
import { decodeToken, encodeToken } from './next-token.ts';
import { type AccessRecord, type SecretEntry, secretRecordId } from './records.ts';
import { statusList } from './replica-request.ts';
import { hasValue, type Rotation, type Secret } from './secret.ts';
import { wireTags } from './tag-rules.ts';

export function describeOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    DescribeSecret: {
      readOnly: true,
      find,
      run: (_input, _call, entry: SecretEntry | undefined) => describe(secrets, existing(entry)),
    },
    ListSecretVersionIds: {
      readOnly: true,
      find,
      run: (input, _call, entry: SecretEntry | undefined) =>
        listVersions(secrets, input, existing(entry)),
    },
  } satisfies Operations<SecretsmanagerModel, 'DescribeSecret' | 'ListSecretVersionIds'>;
}

/** Members without a value are left out. */
type Members<T> = { readonly [K in keyof T]?: T[K] | undefined };

function present<T>(members: Members<T>): Partial<T> {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}

/** What DescribeSecret and ListSecrets both show. */
export function secretMembers(
  secret: Secret,
  accessed: AccessRecord | undefined,
): Partial<SecretListEntry> {
  return present<SecretListEntry>({
    ARN: secret.arn,
    Name: secret.name,
    Type: secret.type,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    ...(secret.rotation === undefined ? {} : rotationMembers(secret.rotation)),
    LastChangedDate: secret.changedAt,
    LastAccessedDate: accessed?.day,
    DeletedDate: secret.deletionDate,
    Tags: secret.tags === undefined ? undefined : wireTags(secret.tags),
    CreatedDate: secret.createdAt,
    PrimaryRegion: primaryRegion(secret),
  });
}

function rotationMembers(rotation: Rotation): Members<SecretListEntry> {
  const { isEnabled, lambdaArn, rules, computedDays, lastRotatedAt, nextWindow } = rotation;
  return {
    RotationEnabled: isEnabled,
    RotationLambdaARN: lambdaArn,
    RotationRules:
      rules === undefined
        ? undefined
        : present<NonNullable<SecretListEntry['RotationRules']>>({
            AutomaticallyAfterDays: rules.automaticallyAfterDays ?? computedDays,
            Duration: rules.duration,
            ScheduleExpression: rules.scheduleExpression,
          }),
    LastRotatedDate: lastRotatedAt,
    NextRotationDate: nextWindow?.closesAt,
  };
}

/** The labels of all versions that have some, also of one without a value; absent without any. */
export function stagesMap<Name extends string>(
  name: Name,
  { versions }: Secret,
): { readonly [N in Name]?: Readonly<Record<string, readonly string[]>> } {
  const labelled = versions.filter(({ stages }) => stages.length > 0);
  if (labelled.length === 0) return {};
  // Ids are what callers gave; none of them is a name that objects know.
  const map = Object.create(null) as Record<string, readonly string[]>;
  for (const { id, stages } of labelled) map[id] = stages;
  return { [name]: map } as { readonly [N in Name]?: typeof map };
}

async function describe(
  { accesses, records }: SecretsContext,
  entry: SecretEntry,
): Promise<DescribeSecretResponse> {
  const secret = entry.value;
  const { replicas = [], crossAccountPrimary: from, crossAccountReplica: to } = secret;
  const lastAccessed = new Map<string, number>();
  for (const { region } of replicas) {
    const access = await records.accesses.get(secretRecordId({ ...secret, region }));
    if (access !== undefined) lastAccessed.set(region, access.value.day);
  }
  return {
    ...secretMembers(secret, (await accesses.of(entry))?.value),
    ...stagesMap('VersionIdsToStages', secret),
    ...(replicas.length === 0 ? {} : { ReplicationStatus: statusList(secret, [], lastAccessed) }),
    ...(from === undefined ? {} : { CrossAccountPrimary: linkMembers('PrimarySecretARN', from) }),
    ...(to === undefined
      ? {}
      : {
          CrossAccountReplicas: [
            {
              ...linkMembers('ReplicaSecretARN', to),
              ...(to.roleArn === undefined ? {} : { ReplicationRoleARN: to.roleArn }),
            },
          ],
        }),
  };
}

function linkMembers<Name extends string>(
  name: Name,
  { arn, status, message }: NonNullable<Secret['crossAccountPrimary']>,
) {
  return {
    ...({ [name]: arn } as { readonly [N in Name]: string }),
    ReplicationStatus: status,
    ...(message === undefined ? {} : { StatusMessage: message }),
  };
}

const defaultPage = 100;

/** Versions with a value, in the order in which they were made. */
async function listVersions(
  { accesses }: SecretsContext,
  { IncludeDeprecated, MaxResults, NextToken }: ListSecretVersionIdsRequest,
  entry: SecretEntry,
): Promise<ListSecretVersionIdsResponse> {
  const secret = entry.value;
  const list = ['versions', secret.id, IncludeDeprecated === true];
  const after = Number(decodeToken(list, NextToken) ?? 0);
  const shown = secret.versions.filter(
    (version) =>
      hasValue(version) &&
      version.number > after &&
      (IncludeDeprecated === true || version.stages.length > 0),
  );
  const page = shown.slice(0, MaxResults ?? defaultPage);
  const last = page.at(-1);
  const accessed = (await accesses.of(entry))?.value.versions;
  return {
    Versions: page.map(({ id, number, stages, createdAt, keys }) => ({
      VersionId: id,
      ...(stages.length === 0 ? {} : { VersionStages: stages }),
      ...(accessed?.[number] === undefined ? {} : { LastAccessedDate: accessed[number] }),
      CreatedDate: createdAt,
      KmsKeyIds: keys,
    })),
    ...(last === undefined || page.length === shown.length
      ? {}
      : { NextToken: encodeToken(list, String(last.number)) }),
    ARN: secret.arn,
    Name: secret.name,
  };
}
