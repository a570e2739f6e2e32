/** What KMS stores, where, and by what it is found. */

import type { KeySpecName } from '../../crypto/key-spec.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';
import {
  keysInStores,
  keysOfStore,
  openStoreRecords,
  type StoreRecords,
  xksKeyEntry,
} from './custom-key-stores/store-records.ts';
import type { KmsEvent } from './due.ts';
import { type GrantRecords, openGrantRecords } from './grant-records.ts';
import { isHere, type Key, keyRecordId } from './key.ts';
import { nextRotationAt } from './key-rotation.ts';

/** Another name of a key, in the same account and Region. */
export interface Alias {
  readonly account: string;
  readonly region: string;
  /** With its `alias/`. */
  readonly name: string;
  readonly keyId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * One generation of a key's material. It never changes; its id depends on the key and on these
 * bytes.
 */
export interface MaterialRecord {
  readonly spec: KeySpecName;
  /** Base64 of the secret bytes, or of the PKCS#8 of a key pair. */
  readonly secret: string;
  readonly createdAt: number;
}

/** The key that marks ciphertexts as this installation's; made once. */
export interface InstallationRecord {
  /** Base64 of 32 bytes. */
  readonly secret: string;
}

export type KeyEntry = Entry<Key>;

export interface Records extends GrantRecords, StoreRecords {
  readonly keys: Collection<Key>;
  readonly aliases: Collection<Alias>;
  readonly materials: Collection<MaterialRecord>;
  readonly installation: Collection<InstallationRecord>;
  readonly events: Collection<KmsEvent>;
}

export function openRecords(store: Store): Records {
  const stores = openStoreRecords(store);
  const keys = store.collection<Key>({
    path: 'kms/keys',
    indexes: {
      deletion: (_id, key) => deletionEntries(key),
      transition: (_id, key) => transitionEntries(key),
      rotation: (_id, key) => rotationEntries(key),
      expiry: (_id, key) => expiryEntries(key),
      store: (id, key) => storeEntries(id, key),
      xks: (_id, key) => xksEntries(key),
    },
  });
  return {
    keys: keysInStores(keys, stores.customKeyStores),
    aliases: store.collection<Alias>({
      path: 'kms/aliases',
      indexes: { key: (_id, alias) => [`${aliasesOfKey(alias)}${alias.name}`] },
    }),
    // Uncached: plaintext material is kept as KeyObjects only, in material.ts.
    materials: store.collection<MaterialRecord>({ path: 'kms/material', cacheEntries: 0 }),
    installation: store.collection<InstallationRecord>({
      path: 'kms/installation',
      cacheEntries: 0,
    }),
    events: store.collection<KmsEvent>({ path: 'kms/events', cacheEntries: 0 }),
    ...openGrantRecords(store),
    ...stores,
  };
}

/**
 * Milliseconds with leading zeros, so that the order of texts is that of times (until the year
 * 33658).
 */
export const sortableTime = (ms: number): string => String(ms).padStart(15, '0');

function deletionEntries(key: Key): readonly string[] {
  if (key.deletionDate === undefined) return [];
  return [`${sortableTime(key.deletionDate)}/${keyRecordId(key)}`];
}

function transitionEntries(key: Key): readonly string[] {
  if (key.transition === undefined) return [];
  return [`${sortableTime(key.transition.at)}/${keyRecordId(key)}`];
}

function rotationEntries(key: Key): readonly string[] {
  const nextAt = nextRotationAt(key);
  return nextAt === undefined ? [] : [`${sortableTime(nextAt)}/${keyRecordId(key)}`];
}

function storeEntries(id: string, { customKeyStoreId }: Key): readonly string[] {
  return customKeyStoreId === undefined ? [] : [`${keysOfStore(customKeyStoreId)}${id}`];
}

function xksEntries({ customKeyStoreId, xksKeyId }: Key): readonly string[] {
  if (customKeyStoreId === undefined || xksKeyId === undefined) return [];
  return [xksKeyEntry(customKeyStoreId, xksKeyId)];
}

/** In the order in which the events happened. `unique`: of the event alone. */
export const eventRecordId = (now: number, unique: string): string =>
  `${sortableTime(now)}/${unique}`;

/** One for each imported material that expires. */
function expiryEntries(key: Key): readonly string[] {
  return key.generations.flatMap((material) =>
    material.expiresAt === undefined || !isHere(material)
      ? []
      : [`${sortableTime(material.expiresAt)}/${keyRecordId(key)}/${material.id}`],
  );
}

interface InRegion {
  readonly account: string;
  readonly region: string;
}
/** Where the keys of an account and Region begin. */
export const keysPrefix = ({ account, region }: InRegion): string => `${account}/${region}/`;

export const aliasRecordId = (alias: InRegion & { readonly name: string }): string =>
  `${alias.account}/${alias.region}/${alias.name}`;

/** The entry in the index `key` below which all aliases of a key stand. */
export const aliasesOfKey = (key: InRegion & { readonly keyId: string }): string =>
  `${key.account}/${key.region}/${key.keyId}/`;

/** Without the Region: the replicas of a multi-Region key share their material. */
export const sharedMaterialRecordId = (
  owner: { readonly account: string; readonly keyId: string },
  materialId: string,
): string => `${owner.account}/${owner.keyId}/${materialId}`;

/**
 * Where the bytes of one of the key's generations lie. Imported material lies by Region, because
 * each replica imports, expires and deletes its own.
 */
export function materialRecordId(
  key: Pick<Key, 'account' | 'keyId' | 'region' | 'origin'>,
  materialId: string,
): string {
  const shared = sharedMaterialRecordId(key, materialId);
  return key.origin === 'EXTERNAL' ? `${shared}/${key.region}` : shared;
}
