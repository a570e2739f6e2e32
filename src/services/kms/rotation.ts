/**
 * EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand and
 * ListKeyRotations, and the rotations that fall due.
 */
import type {
  GetKeyRotationStatusResponse,
  KmsModel,
  ListKeyRotationsRequest,
  ListKeyRotationsResponse,
  RotationsListEntry,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import type { DueChange, KmsEvent } from './due.ts';
import {
  nothingToRotateTo,
  notPrimary,
  onDemandLimit,
  rotationNear,
  unsupportedSpec,
  wrongOrigin,
} from './errors.ts';
import { generationOf } from './imported-material.ts';
import {
  currentMaterialId,
  type Generation,
  isHere,
  isSymmetricEncryptionKey,
  type Key,
} from './key.ts';
import { keyInTrail } from './key-finder.ts';
import {
  isOnDemandLimitReached,
  isRotationNear,
  nextRotationAt,
  pendingRotation,
  type Rotation,
  rotated,
  rotationDisabled,
  rotationEnabled,
} from './key-rotation.ts';
import { type KeyOperation, requireState } from './key-state.ts';
import { pageOf } from './marker.ts';
import { isReplica } from './multi-region-key.ts';
import { eventRecordId, type KeyEntry } from './records.ts';
import { relatedKeys, replaceShared } from './related-keys.ts';

const defaultPeriodDays = 365;

export function rotationOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    EnableKeyRotation: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) => {
        requireSettable(entry.value, 'EnableKeyRotation');
        if (!isSymmetricEncryptionKey(entry.value)) throw unsupportedSpec();
        const periodDays = input.RotationPeriodInDays ?? defaultPeriodDays;
        return set(kms, call, entry, rotationEnabled(entry.value, { now: call.now, periodDays }));
      },
    },
    DisableKeyRotation: {
      readOnly: false,
      find,
      // AWS takes it for keys that cannot rotate, too.
      run: (_input, call, entry: KeyEntry) => {
        requireSettable(entry.value, 'DisableKeyRotation');
        return set(kms, call, entry, rotationDisabled(entry.value));
      },
    },
    GetKeyRotationStatus: {
      readOnly: true,
      find,
      run: (_input, _call, { value: key }: KeyEntry) => {
        if (key.origin !== 'AWS_KMS') throw wrongOrigin(key);
        requireState(key, 'GetKeyRotationStatus');
        return rotationStatus(key);
      },
    },
    RotateKeyOnDemand: {
      readOnly: false,
      find,
      run: (_input, call, entry: KeyEntry) => rotateOnDemand(kms, call, entry),
    },
    ListKeyRotations: {
      readOnly: true,
      find,
      run: (input, _call, { value: key }: KeyEntry) => {
        if (key.customKeyStoreId !== undefined) throw wrongOrigin(key);
        requireState(key, 'ListKeyRotations');
        if (!isSymmetricEncryptionKey(key)) throw unsupportedSpec();
        return listRotations(key, input);
      },
    },
  } satisfies Operations<
    KmsModel,
    | 'EnableKeyRotation'
    | 'DisableKeyRotation'
    | 'GetKeyRotationStatus'
    | 'RotateKeyOnDemand'
    | 'ListKeyRotations'
  >;
}

/** Origin comes before state, so that a key pending import is told of its origin. */
function requireSettable(key: Key, operation: KeyOperation): void {
  if (key.origin !== 'AWS_KMS') throw wrongOrigin(key);
  requireState(key, operation);
  if (isReplica(key)) throw notPrimary(key.arn);
}

async function set(kms: KmsContext, call: Call, entry: KeyEntry, changed: Key): Promise<void> {
  if (changed !== entry.value) call.stage(await replaceShared(kms.records, entry, changed));
  call.note({ responseElements: { keyId: entry.value.arn } });
}

/** What is pending deletion does not rotate and says so; cancelling the deletion restores it. */
function rotationStatus(key: Key): GetKeyRotationStatusResponse {
  const going = key.state === 'PendingDeletion' || key.state === 'PendingReplicaDeletion';
  if (key.rotation === undefined || going) return { KeyId: key.arn, KeyRotationEnabled: false };
  return {
    KeyId: key.arn,
    KeyRotationEnabled: true,
    RotationPeriodInDays: key.rotation.periodDays,
    NextRotationDate: key.rotation.nextAt,
  };
}

async function rotateOnDemand(
  kms: KmsContext,
  call: Call,
  entry: KeyEntry,
): Promise<{ KeyId: string }> {
  const key = entry.value;
  if (key.customKeyStoreId !== undefined) throw wrongOrigin(key);
  requireState(key, 'RotateKeyOnDemand');
  if (!isSymmetricEncryptionKey(key)) throw unsupportedSpec();
  if (isReplica(key)) throw notPrimary(key.arn);
  const imported = key.origin === 'EXTERNAL' ? await materialToRotateTo(kms, key) : undefined;
  if (isOnDemandLimitReached(key)) throw onDemandLimit(key.arn);
  if (isRotationNear(key, call.now)) throw rotationNear(key.arn);
  const made = imported === undefined ? await newMaterial(kms, key, call.now) : undefined;
  const materialId = imported?.id ?? made?.materialId ?? '';
  const rotation: Rotation = { now: call.now, type: 'ON_DEMAND', materialId };
  const event = rotateKeyEvent(key, rotation);
  call.stage(
    made?.writes ?? [],
    await replaceShared(kms.records, entry, rotated(key, rotation)),
    kms.records.events.insert(eventRecordId(call.now, materialId), event),
  );
  return { KeyId: key.arn };
}

/**
 * The imported material that waits for the rotation, here and in every replica: a replica without
 * it would lose its use.
 */
async function materialToRotateTo(kms: KmsContext, key: Key): Promise<Generation> {
  const pending = pendingRotation(key);
  if (pending === undefined) throw nothingToRotateTo(key.arn);
  const related = await relatedKeys(kms.records, key);
  const isHereIn = (each: Key): boolean => {
    const known = generationOf(each, pending.id);
    return known !== undefined && isHere(known);
  };
  if (!isHereIn(key) || !related.every(({ value }) => isHereIn(value)))
    throw nothingToRotateTo(key.arn);
  return pending;
}

async function newMaterial({ materials }: KmsContext, key: Key, now: number) {
  const { account, keyId, spec } = key;
  const { material, writes } = await materials.create({ account, keyId, spec, now });
  return { materialId: material.owner.materialId, writes };
}

/** KMS Developer Guide, "RotateKey" log entry; it names the key by its id. */
const rotateKeyEvent = (key: Key, { type, materialId }: Rotation): KmsEvent => ({
  eventName: 'RotateKey',
  account: key.account,
  region: key.region,
  resources: [keyInTrail(key)],
  serviceEventDetails: {
    rotationType: type,
    keyOrigin: key.origin,
    keyId: key.keyId,
    previousKeyMaterialId: currentMaterialId(key),
    currentKeyMaterialId: materialId,
  },
});

/** The automatic rotations due at `now`, the longest due first, at most `limit`. */
export async function dueRotations(
  kms: KmsContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const { keys } = kms.records;
  const isDue = ({ value }: KeyEntry): boolean => (nextRotationAt(value) ?? now + 1) <= now;
  // Asked every second, and hardly ever is anything due: the first in the index tells.
  const [first] = (await keys.pageBy('rotation', { key: '', limit: 1 })).entries;
  if (first === undefined || !isDue(first)) return [];
  const { entries } = await keys.pageBy('rotation', { key: '', limit });
  return Promise.all(entries.filter(isDue).map((entry) => automaticRotation(kms, entry, now)));
}

async function automaticRotation(
  kms: KmsContext,
  entry: KeyEntry,
  now: number,
): Promise<DueChange> {
  const key = entry.value;
  const { materialId, writes } = await newMaterial(kms, key, now);
  const rotation: Rotation = { now, type: 'AUTOMATIC', materialId };
  return {
    id: key.arn,
    writes: [...writes, ...(await replaceShared(kms.records, entry, rotated(key, rotation)))],
    event: rotateKeyEvent(key, rotation),
  };
}

const listDefaultLimit = 100;

/** Oldest first. Without ALL_KEY_MATERIAL only what a rotation has made current. */
function listRotations(key: Key, input: ListKeyRotationsRequest): ListKeyRotationsResponse {
  const all = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL';
  const listed = key.generations.filter(({ rotatedAt }) => all || rotatedAt !== undefined);
  const { items, tail } = pageOf(listed, ({ id }) => id, {
    list: `rotations/${key.keyId}`,
    marker: input.Marker,
    limit: input.Limit ?? listDefaultLimit,
  });
  return { Rotations: items.map((each) => listEntry(key, each)), ...tail };
}

function listEntry(key: Key, generation: Generation): RotationsListEntry {
  const { id, state, rotatedAt, rotationType } = generation;
  return {
    KeyId: key.arn,
    KeyMaterialId: id,
    KeyMaterialState: state,
    ...(key.origin === 'EXTERNAL' ? importMembers(generation) : {}),
    ...(rotatedAt === undefined ? {} : { RotationDate: rotatedAt }),
    ...(rotationType === undefined ? {} : { RotationType: rotationType }),
  };
}

/** Whether and when it expires is known only of material that is here. */
function importMembers(generation: Generation): Partial<RotationsListEntry> {
  const { importState, materialDescription, expiresAt } = generation;
  return {
    ...(materialDescription === undefined ? {} : { KeyMaterialDescription: materialDescription }),
    ...(importState === undefined ? {} : { ImportState: importState }),
    ...(isHere(generation) ? expirationOf(expiresAt) : {}),
  };
}

const expirationOf = (expiresAt: number | undefined): Partial<RotationsListEntry> =>
  expiresAt === undefined
    ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    : { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: expiresAt };
