/** What a key is, and how it may change. Pure: data in, data out. */
import type { KeySpecName, KeyUsage } from '../../crypto/key-spec.ts';
import type { KeyState } from './key-state.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface MultiRegion {
  readonly primaryRegion: string;
  readonly replicaRegions: readonly string[];
}

/**
 * One generation of a key's material, as the key's record tells it; the bytes lie elsewhere. Times
 * are milliseconds since 1970.
 */
export interface Generation {
  /** 64 lower-case hex digits. */
  readonly id: string;
  /** One is CURRENT; those that are pending are the last and may go again (imported ones only). */
  readonly state: MaterialState;
  /** When a rotation made it current, and which kind; absent for a key's first. */
  readonly rotatedAt?: number;
  readonly rotationType?: 'AUTOMATIC' | 'ON_DEMAND';
  /** Only keys of origin EXTERNAL have what follows. */
  readonly importState?: 'IMPORTED' | 'PENDING_IMPORT';
  readonly materialDescription?: string;
  /** When the imported material is deleted; absent when it doesn't expire or isn't there. */
  readonly expiresAt?: number;
}

/** As ListKeyRotations names them. */
export type MaterialState =
  | 'CURRENT'
  | 'NON_CURRENT'
  | 'PENDING_ROTATION'
  | 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION';

/** Automatic rotation, while it is enabled. */
export interface RotationSchedule {
  readonly periodDays: number;
  readonly nextAt: number;
}

/** A KMS key without its material. Times are milliseconds since 1970. */
export interface Key {
  readonly account: string;
  readonly region: string;
  /** A lower-case UUID, or `mrk-` and 32 hex digits. */
  readonly keyId: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly description: string;
  readonly spec: KeySpecName;
  readonly usage: KeyUsage;
  readonly origin: 'AWS_KMS' | 'EXTERNAL' | 'AWS_CLOUDHSM' | 'EXTERNAL_KEY_STORE';
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly state: KeyState;
  /** Never stored: the state but for the key's store, while that makes it Unavailable. */
  readonly whenAvailable?: KeyState;
  /** The custom key store that holds what backs the key. */
  readonly customKeyStoreId?: string;
  /** What the key is called in an external key store. */
  readonly xksKeyId?: string;
  /** When the key goes; only while it is pending deletion. */
  readonly deletionDate?: number;
  /** Its deletion is under way and can't be cancelled any more. */
  readonly deletionBegan?: true;
  /** How long it waits once its last replica is gone; only while it is pending replica deletion. */
  readonly pendingWindowDays?: number;
  /** When it becomes what; only while it is Creating or Updating. */
  readonly transition?: { readonly to: KeyState; readonly at: number };
  readonly multiRegion?: MultiRegion;
  /**
   * Its key material, oldest first. The current one encrypts and signs, all of them decrypt. Empty
   * before the first import.
   */
  readonly generations: readonly Generation[];
  readonly rotation?: RotationSchedule;
  /** The policy named `default`, as GetKeyPolicy prints it. */
  readonly policy: string;
  /**
   * User or role ARN in the policy → the unique id that it had when the policy was saved. Another
   * principal of that name is not the one that was meant.
   */
  readonly policyPrincipals?: Readonly<Record<string, string>>;
  /** In the order in which the keys were first set. */
  readonly tags: readonly Tag[];
}

/** What the key's record is stored under: one key is one record in its Region. */
export const keyRecordId = (key: {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
}): string => `${key.account}/${key.region}/${key.keyId}`;

/** Undefined before the first import. Its material may have been deleted since. */
export const currentGeneration = ({ generations }: Key): Generation | undefined =>
  generations.findLast(({ state }) => state === 'CURRENT');

export function currentMaterialId(key: Key): string {
  const current = currentGeneration(key);
  if (current === undefined) throw new Error(`${key.arn} has no key material`);
  return current.id;
}

/** What a key begins with whose material is made here. */
export const firstGeneration = (id: string): readonly Generation[] => [{ id, state: 'CURRENT' }];

export const isHere = ({ importState }: Generation): boolean => importState !== 'PENDING_IMPORT';

/** Whether the generation is part of the key for good; those pending rotation may still go. */
export const isPermanent = ({ state }: Generation): boolean =>
  state === 'CURRENT' || state === 'NON_CURRENT';

/** Whether all material is here that the key needs to be usable. */
export const isComplete = ({ generations }: Key): boolean => {
  const permanent = generations.filter(isPermanent);
  return permanent.length > 0 && permanent.every(isHere);
};

export const isSymmetricEncryptionKey = (key: Key): boolean => key.spec === 'SYMMETRIC_DEFAULT';

/** The key itself when it is so already. */
export const enabled = (key: Key): Key =>
  key.state === 'Enabled' ? key : { ...key, state: 'Enabled' };
export const disabled = (key: Key): Key =>
  key.state === 'Disabled' ? key : { ...key, state: 'Disabled' };
export const described = (key: Key, description: string): Key => ({ ...key, description });
export function withPolicy(
  { policyPrincipals: _, ...key }: Key,
  policy: Pick<Key, 'policy' | 'policyPrincipals'>,
): Key {
  return { ...key, ...policy };
}

const dayMs = 24 * 60 * 60 * 1000;

interface Window {
  readonly now: number;
  readonly days: number;
}
const endOf = ({ now, days }: Window): number => now + days * dayMs;

/** A primary waits for its replicas first; its own waiting period begins when the last is gone. */
export function deletionScheduled(key: Key, window: Window): Key {
  const { transition: _, ...rest } = key;
  return hasReplicas(key)
    ? { ...rest, state: 'PendingReplicaDeletion', pendingWindowDays: window.days }
    : { ...rest, state: 'PendingDeletion', deletionDate: endOf(window) };
}

const hasReplicas = ({ region, multiRegion }: Key): boolean =>
  multiRegion?.primaryRegion === region && multiRegion.replicaRegions.length > 0;

/** The last replica of a primary that waits for that is gone. */
export function waitingBegun(key: Key, now: number): Key {
  const { pendingWindowDays: days, ...rest } = key;
  if (days === undefined) throw new Error(`${key.arn} does not wait for its replicas`);
  return { ...rest, state: 'PendingDeletion', deletionDate: endOf({ now, days }) };
}

export const deletionBegun = (key: Key): Key => ({ ...key, deletionBegan: true });

/**
 * The key comes back disabled, whatever it was before (CancelKeyDeletion in the API reference);
 * without its imported material it can only wait for that.
 */
export function deletionCancelled(key: Key): Key {
  const { deletionDate: _, pendingWindowDays: __, ...rest } = key;
  return { ...rest, state: isComplete(key) ? 'Disabled' : 'PendingImport' };
}

/** Sets tags; a key that is there takes the new value in its old place. */
export function tagged(key: Key, tags: readonly Tag[]): Key {
  const byKey = new Map(key.tags.map((tag) => [tag.key, tag]));
  for (const tag of tags) byKey.set(tag.key, tag);
  return { ...key, tags: [...byKey.values()] };
}

export function untagged(key: Key, tagKeys: readonly string[]): Key {
  const gone = new Set(tagKeys);
  return { ...key, tags: key.tags.filter((tag) => !gone.has(tag.key)) };
}
