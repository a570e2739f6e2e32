/**
 * Replication to another account of the same Region: the replica's owner makes an empty secret that
 * names its primary, then the primary's owner associates it. Values and labels travel, encrypted
 * under the replica's key by who writes the primary, or by a role that the association names.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/cross-account-replicate-secrets.html)
 */
import type {
  AssociateCrossAccountReplicaRequest,
  AssociateCrossAccountReplicaResponse,
  CreateSecretRequest,
  DisassociateCrossAccountReplicaRequest,
  DisassociateCrossAccountReplicaResponse,
  SecretsmanagerModel,
} from '../../model/secretsmanager.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { conditionsOf } from './condition-keys.ts';
import type { SecretsContext } from './context.ts';
import { keptKeyId, tryEncrypting } from './data-keys.ts';
import {
  crossAccountArnInvalid,
  crossAccountKeyNeeded,
  crossAccountMembers,
  crossAccountOwnerOnly,
  crossAccountPrimaryMismatch,
  crossAccountReplicaLimit,
  crossAccountReplicaNotFound,
  notOnCrossAccountReplica,
  replicaRestricted,
  secretNotFound,
} from './errors.ts';
import { changeable, placeOf, secretResource } from './finder.ts';
import { type SecretEntry, secretRecordId } from './records.ts';
import { stageChange } from './replicas.ts';
import { asReplicationRole, authorizePassingRole } from './replication-role.ts';
import type { CrossAccountReplica, Secret } from './secret.ts';
import { parseArn } from './secret-arn.ts';
import { parseSecretId } from './secret-id.ts';

export function crossAccountOperations(secrets: SecretsContext) {
  const find = secrets.finder.named;
  return {
    AssociateCrossAccountReplica: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) => associate(secrets, input, call, entry),
    },
    DisassociateCrossAccountReplica: {
      readOnly: false,
      find,
      run: (input, call, entry: SecretEntry | undefined) =>
        disassociate(secrets, input, call, entry),
    },
  } satisfies Operations<
    SecretsmanagerModel,
    'AssociateCrossAccountReplica' | 'DisassociateCrossAccountReplica'
  >;
}

/** @throws ApiError for a secret whose values are another account's. */
export function refuseValueChange({ crossAccountPrimary }: Secret): void {
  if (crossAccountPrimary !== undefined) throw notOnCrossAccountReplica();
}

/** What a new secret says of its primary. @throws ApiError for members that don't go with it. */
export function crossAccountLink(
  input: CreateSecretRequest,
  call: Call,
): Pick<Secret, 'crossAccountPrimary'> {
  const { CrossAccountPrimaryARN: arn } = input;
  if (arn === undefined) return {};
  const excluded = [
    'SecretString',
    'SecretBinary',
    'Description',
    'AddReplicaRegions',
    'Type',
  ] as const;
  const given = excluded.filter((member) => input[member] !== undefined);
  if (given.length > 0) throw crossAccountMembers(given);
  if (keptKeyId(input.KmsKeyId, call.principal.account) === undefined)
    throw crossAccountKeyNeeded();
  checkForeignArn(arn, 'CrossAccountPrimaryARN', call);
  return { crossAccountPrimary: { arn, status: 'Pending' } };
}

/** A whole ARN of another account's secret in the call's Region. @throws ApiError */
function checkForeignArn(arn: string, member: string, call: Call): void {
  const place = placeOf(call);
  if (!arn.startsWith('arn:')) throw crossAccountArnInvalid(member);
  const { region, partition } = parseArn(arn);
  if (region !== place.region || partition !== place.partition)
    throw crossAccountArnInvalid(member);
  const name = parseSecretId(arn, place);
  if (name.arn === undefined || name.account === place.account)
    throw crossAccountArnInvalid(member);
}

/**
 * Asked again for the same replica it is replicated anew, which repairs what has failed. What KMS
 * refuses now is an error, and nothing is changed.
 */
async function associate(
  secrets: SecretsContext,
  input: AssociateCrossAccountReplicaRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<AssociateCrossAccountReplicaResponse> {
  const entry = changeable(found);
  const primary = entry.value;
  const { CrossAccountReplicaARN: arn, ReplicaRestriction, ReplicationRoleARN: roleArn } = input;
  if (primary.account !== call.principal.account) throw crossAccountOwnerOnly();
  refuseValueChange(primary);
  checkForeignArn(arn, 'CrossAccountReplicaARN', call);
  const { crossAccountReplica: linked } = primary;
  if (linked !== undefined && linked.arn !== arn) throw crossAccountReplicaLimit();
  // No organization is known here that the two accounts could share.
  if (ReplicaRestriction !== 'NoRestriction') throw replicaRestricted();
  const conditions = conditionsOf({ call, input: {}, secret: primary });
  call.authorize('secretsmanager:GetSecretValue', secretResource(primary), { conditions });
  const replica = await acceptingReplica(secrets, call, arn);
  if (replica.crossAccountPrimary?.arn !== primary.arn) throw crossAccountPrimaryMismatch();
  if (roleArn !== undefined) authorizePassingRole(call, primary, roleArn);
  const replicator =
    roleArn === undefined ? call : await asReplicationRole(secrets, call, { primary, roleArn });
  await tryEncrypting(replicator, replica);
  const link: CrossAccountReplica = { arn, roleArn, status: 'InProgress' };
  const changed: Secret = {
    ...primary,
    // Replicated as a change of the values is.
    versions: [...primary.versions],
    crossAccountReplica: link,
  };
  const stored = await stageChange(secrets, call, { before: entry, changed });
  return {
    ARN: primary.arn,
    CrossAccountReplicaARN: arn,
    ReplicationStatus: stored.crossAccountReplica?.status ?? 'InProgress',
  };
}

/** The replica, whose policy must let the caller associate it. @throws ApiError */
async function acceptingReplica(
  { records }: SecretsContext,
  call: Call,
  arn: string,
): Promise<Secret> {
  const place = parseArn(arn);
  const entry = await records.secrets.get(secretRecordId(place));
  const secret = entry?.value.arn === arn ? entry.value : undefined;
  const resource = secret === undefined ? { arn, account: place.account } : secretResource(secret);
  call.authorize('secretsmanager:AcceptCrossAccountReplication', resource, {
    conditions: conditionsOf({ call, input: {}, secret }),
    concealedAs: `resource: ${arn}`,
  });
  if (secret === undefined) throw secretNotFound();
  return secret;
}

async function disassociate(
  secrets: SecretsContext,
  input: DisassociateCrossAccountReplicaRequest,
  call: Call,
  found: SecretEntry | undefined,
): Promise<DisassociateCrossAccountReplicaResponse> {
  const entry = changeable(found);
  const primary = entry.value;
  const { CrossAccountReplicaARN: arn } = input;
  if (primary.account !== call.principal.account) throw crossAccountOwnerOnly();
  if (primary.crossAccountReplica?.arn !== arn) throw crossAccountReplicaNotFound();
  const { records } = secrets;
  const replica = await records.secrets.get(secretRecordId(parseArn(arn)));
  if (replica?.value.crossAccountPrimary?.arn === primary.arn) {
    const crossAccountPrimary = { arn: primary.arn, status: 'Detached' as const };
    call.stage(records.secrets.replace(replica, { ...replica.value, crossAccountPrimary }));
  }
  const changed = { ...primary, crossAccountReplica: undefined };
  await stageChange(secrets, call, { before: entry, changed });
  return { ARN: primary.arn, CrossAccountReplicaARN: arn };
}

/** The replica becomes a secret of its own; the primary's side shows that it is detached. */
export async function stopCrossAccountReplication(
  { records }: SecretsContext,
  call: Call,
  entry: SecretEntry,
): Promise<{ readonly ARN: string }> {
  const replica = entry.value;
  const conditions = conditionsOf({ call, input: {}, secret: replica });
  call.authorize('secretsmanager:DeleteResourcePolicy', secretResource(replica), { conditions });
  const alone = { ...replica, crossAccountPrimary: undefined, changedAt: call.now };
  call.stage(records.secrets.replace(entry, alone));
  const primaryArn = replica.crossAccountPrimary?.arn ?? '';
  const primary = await records.secrets.get(secretRecordId(parseArn(primaryArn)));
  const link = primary?.value.crossAccountReplica;
  if (primary !== undefined && link?.arn === replica.arn) {
    const crossAccountReplica = { ...link, status: 'Detached' as const };
    call.stage(records.secrets.replace(primary, { ...primary.value, crossAccountReplica }));
  }
  return { ARN: replica.arn };
}
