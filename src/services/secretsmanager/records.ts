/** What Secrets Manager stores, where, and by what it is found. */
import type { Collection, Entry, Store } from '../../store/store.ts';
import type { SecretsEvent } from './event.ts';
import type { RotationJob } from './rotation-job.ts';
import type { Secret } from './secret.ts';
import type { SealedValue } from './value.ts';

/** When a secret was last read: days, as ms since 1970 of their beginning. */
export interface AccessRecord {
  readonly day: number;
  /** By the number of the version. */
  readonly versions: Readonly<Record<string, number>>;
}

/** How many secrets an account has in a Region, where that is limited. */
export interface SecretCount {
  readonly secrets: number;
}

export type SecretEntry = Entry<Secret>;
export type JobEntry = Entry<RotationJob>;

export interface Records {
  readonly secrets: Collection<Secret>;
  readonly values: Collection<SealedValue>;
  readonly accesses: Collection<AccessRecord>;
  readonly jobs: Collection<RotationJob>;
  readonly events: Collection<SecretsEvent>;
  readonly counts: Collection<SecretCount>;
}

/** Values may be 87 KB each; the ciphertext that is kept at hand stays below 180 MB. */
const cachedValues = 2_000;

export function openRecords(store: Store): Records {
  return {
    secrets: store.collection<Secret>({
      path: 'secretsmanager/secrets',
      indexes: {
        created: (id, secret) => [createdEntry(id, secret)],
        deletion: (id, { deletionDate }) =>
          deletionDate === undefined ? [] : [`${sortableTime(deletionDate)}/${id}`],
        rotation: (id, secret) => rotationEntries(id, secret),
      },
    }),
    values: store.collection<SealedValue>({
      path: 'secretsmanager/values',
      cacheEntries: cachedValues,
    }),
    accesses: store.collection<AccessRecord>({ path: 'secretsmanager/accesses' }),
    jobs: store.collection<RotationJob>({
      path: 'secretsmanager/rotations',
      indexes: { time: (id, { at }) => [`${sortableTime(at)}/${id}`] },
    }),
    events: store.collection<SecretsEvent>({ path: 'secretsmanager/events', cacheEntries: 0 }),
    counts: store.collection<SecretCount>({ path: 'secretsmanager/counts' }),
  };
}

/** Milliseconds with leading zeros: the order of the texts is that of the times. */
export const sortableTime = (ms: number): string => String(ms).padStart(15, '0');

/** Where the secrets of an account and Region begin. */
export const secretsPrefix = (owner: {
  readonly account: string;
  readonly region: string;
}): string => `${owner.account}/${owner.region}/`;

export const secretRecordId = (secret: Pick<Secret, 'account' | 'region' | 'name'>): string =>
  `${secretsPrefix(secret)}${secret.name}`;

export const valueRecordId = ({ id }: Pick<Secret, 'id'>, number: number): string =>
  `${id}/${number}`;

const createdEntry = (id: string, secret: Secret): string =>
  `${secretsPrefix(secret)}${sortableTime(secret.createdAt)}/${id}`;

function rotationEntries(id: string, secret: Secret): readonly string[] {
  const { rotation, deletionDate, replicaOf } = secret;
  if (deletionDate !== undefined || replicaOf !== undefined) return [];
  if (rotation?.isEnabled !== true || rotation.dueAt === undefined) return [];
  return [`${sortableTime(rotation.dueAt)}/${id}`];
}
