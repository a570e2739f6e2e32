/** What a request asks for in AddReplicaRegions, and how replication is shown. */
import type {
  ReplicaRegionType,
  ReplicationStatusType,
} from '../../model/secretsmanager.generated.ts';
import type { Call } from '../../operation.ts';
import { partitionOfRegion } from '../../region.ts';
import type { SecretsContext } from './context.ts';
import { keptKeyId } from './data-keys.ts';
import { replicaRegionInvalid } from './errors.ts';
import { secretRecordId } from './records.ts';
import { isCopyOf } from './replicas.ts';
import type { Replica, Secret } from './secret.ts';

interface Asked {
  readonly AddReplicaRegions?: readonly ReplicaRegionType[];
  readonly ForceOverwriteReplicaSecret?: boolean;
}

const defaultKeyShown = 'alias/aws/secretsmanager';

/**
 * The replicas that a request adds, none of them made yet, and the Regions where one takes the
 * place of a secret of its own. @throws ApiError for the secret's own Region and those of other
 * partitions.
 */
export async function replicaRequest(
  { records }: Pick<SecretsContext, 'records'>,
  asked: Asked,
  call: Call,
  secret: Secret,
): Promise<{ readonly replicas: readonly Replica[]; readonly overwritten: ReadonlySet<string> }> {
  const added = asked.AddReplicaRegions ?? [];
  checkRegions(added, call);
  const overwritten = new Set<string>();
  const replicas: Replica[] = [];
  for (const { Region: region = '', KmsKeyId } of added) {
    const kmsKeyId = keptKeyId(KmsKeyId, secret.account);
    const there = await records.secrets.get(secretRecordId({ ...secret, region }));
    const isTaken = there !== undefined && !isCopyOf(there.value, secret);
    if (isTaken && asked.ForceOverwriteReplicaSecret === true && isAlone(there.value))
      overwritten.add(region);
    replicas.push(
      isTaken && !overwritten.has(region)
        ? { region, kmsKeyId, status: 'Failed', message: nameTaken(secret.name, region) }
        : { region, kmsKeyId, status: 'InProgress', message: 'Replication in progress' },
    );
  }
  return { replicas, overwritten };
}

function checkRegions(added: readonly ReplicaRegionType[], call: Call): void {
  const regions = added.map(({ Region }) => Region);
  for (const region of regions)
    if (
      region === undefined ||
      region === call.region ||
      partitionOfRegion(region) !== call.partition
    )
      throw replicaRegionInvalid();
  if (new Set(regions).size < regions.length) throw replicaRegionInvalid();
}

/** Only a secret without ties is overwritten. */
const isAlone = ({ replicaOf, replicas, crossAccountPrimary, crossAccountReplica }: Secret) =>
  replicaOf === undefined &&
  (replicas ?? []).length === 0 &&
  crossAccountPrimary === undefined &&
  crossAccountReplica === undefined;

const nameTaken = (name: string, region: string): string =>
  `Replication failed: Secret name ${name} already exists in region ${region}.`;

/**
 * How a primary's replicas are shown. What a request has just added is shown as it begins, as AWS
 * answers before it is done.
 */
export function statusList(
  { replicas = [] }: Pick<Secret, 'replicas'>,
  added: readonly Replica[] = [],
  lastAccessed: ReadonlyMap<string, number> = new Map(),
): readonly ReplicationStatusType[] {
  return replicas.map((replica) => {
    const { region, kmsKeyId, status, message } =
      added.find((each) => each.region === replica.region) ?? replica;
    const day = lastAccessed.get(region);
    return {
      Region: region,
      KmsKeyId: kmsKeyId ?? defaultKeyShown,
      Status: status,
      ...(status === 'InProgress' ? {} : { StatusMessage: message }),
      ...(day === undefined ? {} : { LastAccessedDate: day }),
    };
  });
}
