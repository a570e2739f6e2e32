/** What importing, deleting and expiry do to a key of origin EXTERNAL. Pure. */
import { importIncorrect, materialPending, notPrimary } from './errors.ts';
import {
  type Generation,
  isComplete,
  isPermanent,
  isSymmetricEncryptionKey,
  type Key,
  type MaterialState,
} from './key.ts';
import { isReplica } from './multi-region-key.ts';

export interface Import {
  readonly materialId: string;
  /** Undefined: new where the key never had material, else existing. */
  readonly type: 'NEW_KEY_MATERIAL' | 'EXISTING_KEY_MATERIAL' | undefined;
  readonly expiresAt: number | undefined;
  /** Undefined: as the last import of this material said. */
  readonly materialDescription: string | undefined;
}

export const generationOf = (key: Key, materialId: string): Generation | undefined =>
  key.generations.find(({ id }) => id === materialId);

/**
 * The key with the material associated. Material that is new to a key that has some waits for a
 * rotation; what was imported before only comes back.
 * @throws ApiError IncorrectKeyMaterialException for material that is not what the import says;
 * KMSInvalidStateException while other material waits for a rotation.
 */
export function materialImported(key: Key, wish: Import): Key {
  const isNew =
    key.generations.length === 0
      ? wish.type !== 'EXISTING_KEY_MATERIAL'
      : wish.type === 'NEW_KEY_MATERIAL';
  return isNew ? newMaterial(key, wish) : existingMaterial(key, wish);
}

function newMaterial(key: Key, wish: Import): Key {
  const { materialId } = wish;
  if (isReplica(key)) throw notPrimary(key.arn);
  if (generationOf(key, materialId) !== undefined) throw importIncorrect();
  // Asymmetric and HMAC keys have one material for ever.
  if (key.generations.length > 0 && !isSymmetricEncryptionKey(key)) throw importIncorrect();
  const pending = key.generations.find((each) => !isPermanent(each));
  if (pending !== undefined)
    throw materialPending({ keyArn: key.arn, materialId, pendingId: pending.id });
  const state = key.generations.length === 0 ? 'CURRENT' : waitingState(key);
  return usableAgain({
    ...key,
    generations: [...key.generations, imported({ id: materialId, state }, wish)],
  });
}

/** With replicas the rotation also waits until each of them has imported the material. */
const waitingState = ({ multiRegion }: Key): MaterialState =>
  (multiRegion?.replicaRegions.length ?? 0) > 0
    ? 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
    : 'PENDING_ROTATION';

function existingMaterial(key: Key, wish: Import): Key {
  const known = generationOf(key, wish.materialId);
  if (known === undefined) throw importIncorrect();
  return usableAgain(withGeneration(key, imported(known, wish)));
}

function imported(generation: Generation, { expiresAt, materialDescription }: Import): Generation {
  const { expiresAt: _, ...rest } = generation;
  return {
    ...rest,
    importState: 'IMPORTED',
    ...(materialDescription === undefined ? {} : { materialDescription }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

const withGeneration = (key: Key, changed: Generation): Key => ({
  ...key,
  generations: key.generations.map((each) => (each.id === changed.id ? changed : each)),
});

/** A key that waits for material becomes usable when it has all of it again. */
const usableAgain = (key: Key): Key =>
  key.state === 'PendingImport' && isComplete(key) ? { ...key, state: 'Enabled' } : key;

/** The last replica has imported what waits for a rotation. */
export function readyForRotation(key: Key, materialId: string): Key {
  const known = generationOf(key, materialId);
  return known?.state === 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION'
    ? withGeneration(key, { ...known, state: 'PENDING_ROTATION' })
    : key;
}

/**
 * The key without these bytes. Material that waits for a rotation is forgotten, except by replicas,
 * which may import it again; without any other the key is unusable until it is imported again.
 */
export function materialDeleted(key: Key, materialId: string): Key {
  const known = generationOf(key, materialId);
  if (known === undefined) return key;
  if (!isPermanent(known) && !isReplica(key)) return materialForgotten(key, materialId);
  const { expiresAt: _, ...rest } = known;
  const changed = withGeneration(key, { ...rest, importState: 'PENDING_IMPORT' });
  const wasInUse = key.state === 'Enabled' || key.state === 'Disabled';
  return wasInUse && isPermanent(known) ? { ...changed, state: 'PendingImport' } : changed;
}

export const materialForgotten = (key: Key, materialId: string): Key => ({
  ...key,
  generations: key.generations.filter(({ id }) => id !== materialId),
});

/** The material whose time is over at `now`. A key on its way between states waits. */
export function expiredMaterial(key: Key, now: number): readonly Generation[] {
  if (key.state === 'Creating' || key.state === 'Updating') return [];
  return key.generations.filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= now);
}
