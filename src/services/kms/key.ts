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
  readonly origin: 'AWS_KMS';
  readonly manager: 'CUSTOMER' | 'AWS';
  readonly state: KeyState;
  /** When the key goes; only while it is pending deletion. */
  readonly deletionDate?: number;
  readonly multiRegion?: MultiRegion;
  /**
   * Ids of its key material, oldest first. The last one encrypts and signs, all of them decrypt.
   */
  readonly materialIds: readonly string[];
  /** The policy named `default`, as GetKeyPolicy prints it. */
  readonly policy: string;
  /** In the order in which the keys were first set. */
  readonly tags: readonly Tag[];
}

/** What the key's record is stored under: one key is one record in its Region. */
export const keyRecordId = (key: {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
}): string => `${key.account}/${key.region}/${key.keyId}`;

export function currentMaterialId(key: Key): string {
  const id = key.materialIds.at(-1);
  if (id === undefined) throw new Error(`${key.arn} has no key material`);
  return id;
}

export const isSymmetricEncryptionKey = (key: Key): boolean => key.spec === 'SYMMETRIC_DEFAULT';

/** The key itself when it is so already. */
export const enabled = (key: Key): Key =>
  key.state === 'Enabled' ? key : { ...key, state: 'Enabled' };
export const disabled = (key: Key): Key =>
  key.state === 'Disabled' ? key : { ...key, state: 'Disabled' };
export const described = (key: Key, description: string): Key => ({ ...key, description });
export const withPolicy = (key: Key, policy: string): Key => ({ ...key, policy });

const dayMs = 24 * 60 * 60 * 1000;

export function deletionScheduled(key: Key, window: { now: number; days: number }): Key {
  return {
    ...key,
    state: 'PendingDeletion',
    deletionDate: window.now + window.days * dayMs,
  };
}

/** The key comes back disabled, whatever it was before (CancelKeyDeletion in the API reference). */
export function deletionCancelled(key: Key): Key {
  const { deletionDate: _, ...rest } = key;
  return { ...rest, state: 'Disabled' };
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
