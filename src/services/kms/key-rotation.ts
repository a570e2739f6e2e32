/** How a key's material is replaced by new material, by schedule or on demand. Pure. */
import type { Generation, Key, RotationSchedule } from './key.ts';
import { isReplica } from './multi-region-key.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** AWS managed keys rotate each year, counted from their making. */
export const managedPeriodDays = 365;

export const scheduleFrom = (now: number, periodDays: number): RotationSchedule => ({
  periodDays,
  nextAt: now + periodDays * dayMs,
});

/** Enabling again with the same period changes nothing, so that repeating it postpones nothing. */
export function rotationEnabled(
  key: Key,
  { now, periodDays }: { readonly now: number; readonly periodDays: number },
): Key {
  if (key.rotation?.periodDays === periodDays) return key;
  return { ...key, rotation: scheduleFrom(now, periodDays) };
}

export function rotationDisabled(key: Key): Key {
  if (key.rotation === undefined) return key;
  const { rotation: _, ...rest } = key;
  return rest;
}

/** When the key rotates by itself; undefined while its state or its setting forbids. */
export const nextRotationAt = (key: Key): number | undefined =>
  // Replicas have their primary's schedule, and get their primary's material.
  key.state === 'Enabled' && !isReplica(key) ? key.rotation?.nextAt : undefined;

export interface Rotation {
  readonly now: number;
  readonly type: 'AUTOMATIC' | 'ON_DEMAND';
  /** The id of the new material; of imported material that which is pending. */
  readonly materialId: string;
}

/** Makes the material current: appended, or the pending generation of that id. */
export function rotated(key: Key, { now, type, materialId }: Rotation): Key {
  const pending = key.generations.find(({ id }) => id === materialId);
  const current: Generation = {
    ...pending,
    id: materialId,
    state: 'CURRENT',
    rotatedAt: now,
    rotationType: type,
  };
  const older = key.generations
    .filter(({ id }) => id !== materialId)
    .map(
      (each): Generation => (each.state === 'CURRENT' ? { ...each, state: 'NON_CURRENT' } : each),
    );
  const { rotation } = key;
  return {
    ...key,
    generations: [...older, current],
    ...(rotation === undefined || type === 'ON_DEMAND'
      ? {}
      : { rotation: rescheduled(rotation, now) }),
  };
}

/**
 * The next date stays on the schedule that began when rotation was enabled. Where more than a
 * period was missed (a disabled key, a moved clock) a new schedule begins: one rotation makes up
 * for all.
 */
function rescheduled({ periodDays, nextAt }: RotationSchedule, now: number): RotationSchedule {
  const next = nextAt + periodDays * dayMs;
  return next > now ? { periodDays, nextAt: next } : scheduleFrom(now, periodDays);
}

/** How often a key may be rotated on demand in its life (KMS Developer Guide, resource quotas). */
const maxOnDemand = 25;

export const isOnDemandLimitReached = ({ generations }: Key): boolean =>
  generations.filter(({ rotationType }) => rotationType === 'ON_DEMAND').length >= maxOnDemand;

const conflictMs = 20 * 60 * 1000;

/** Whether an automatic rotation is due or comes so soon that one on demand would collide. */
export const isRotationNear = (key: Key, now: number): boolean => {
  const next = nextRotationAt(key);
  return next !== undefined && next - now <= conflictMs;
};

/** The imported material that waits to become current. */
export const pendingRotation = ({ generations }: Key): Generation | undefined =>
  generations.find(({ state }) => state === 'PENDING_ROTATION');
