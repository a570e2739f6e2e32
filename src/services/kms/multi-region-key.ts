/**
 * Multi-Region keys: how related keys come to be, what they share, how they change places and how
 * they go. Pure.
 *
 * Each Region has a whole key record of its own, so that using a key reads one record. What related
 * keys share is therefore written to all of them, in one transaction.
 */
import { type Generation, type Key, type MultiRegion, type Tag, waitingBegun } from './key.ts';

/** A key with its place among its related keys. */
export type MultiRegionKey = Key & { readonly multiRegion: MultiRegion };

export const isPrimary = (key: Key): key is MultiRegionKey =>
  key.multiRegion !== undefined && key.multiRegion.primaryRegion === key.region;

export const isReplica = (key: Key): key is MultiRegionKey =>
  key.multiRegion !== undefined && key.multiRegion.primaryRegion !== key.region;

/** The Regions of the keys with the same id: the primary's first, the key's own not among them. */
export const relatedRegions = ({ region, multiRegion }: Key): readonly string[] =>
  multiRegion === undefined
    ? []
    : [multiRegion.primaryRegion, ...multiRegion.replicaRegions].filter((each) => each !== region);

/** AWS says seconds; what ends a transition looks every second. */
const transitionMs = 1_000;

const passing = (key: Key, through: 'Creating' | 'Updating', now: number): Key => ({
  ...key,
  state: through,
  transition: {
    to: through === 'Creating' && key.origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    at: now + transitionMs,
  },
});

/**
 * Whether the key is to leave Creating or Updating. One that would be in it for longer than a
 * transition lasts is to leave it too: the clock was moved back.
 */
export const isTransitionDue = ({ transition }: Key, now: number): boolean =>
  transition !== undefined && (transition.at <= now || transition.at > now + transitionMs);

/** The key as it is after Creating or Updating. */
export function settled(key: Key): Key {
  const { transition, ...rest } = key;
  return transition === undefined ? key : { ...rest, state: transition.to };
}

/** What is a replica's own; the rest is the primary's. */
export interface ReplicaWish {
  readonly region: string;
  readonly arn: string;
  readonly now: number;
  readonly description: string;
  readonly policy: string;
  readonly policyPrincipals?: Readonly<Record<string, string>>;
  readonly tags: readonly Tag[];
}

/** A new key related to the primary, which must have been told of it (`withReplica`). */
export function replicaOf(primary: MultiRegionKey, wish: ReplicaWish): Key {
  const { account, keyId, spec, usage, origin, manager } = primary;
  const { now, ...given } = wish;
  const own = { ...given, createdAt: now };
  const same = { account, keyId, spec, usage, origin, manager };
  const key: Key = { ...same, ...own, state: 'Creating', generations: [] };
  return passing(sharing(key, primary), 'Creating', now);
}

/** The key with what it shares with `other`, a related key that has changed. */
export function sharing(key: Key, other: Key): Key {
  const { multiRegion: _, rotation: __, ...own } = key;
  const { multiRegion, rotation } = other;
  return {
    ...own,
    ...(multiRegion === undefined ? {} : { multiRegion }),
    ...(rotation === undefined ? {} : { rotation }),
    generations: other.generations.map((each) => sharedGeneration(key, each)),
  };
}

/** Imported material is imported, described, expires and is deleted in each Region by itself. */
function sharedGeneration(
  key: Key,
  { id, state, rotatedAt, rotationType }: Generation,
): Generation {
  const shared = {
    id,
    state,
    ...(rotatedAt === undefined ? {} : { rotatedAt }),
    ...(rotationType === undefined ? {} : { rotationType }),
  };
  if (key.origin !== 'EXTERNAL') return shared;
  const own = key.generations.find((each) => each.id === id);
  return own === undefined ? { ...shared, importState: 'PENDING_IMPORT' } : { ...own, ...shared };
}

/**
 * The primary with one more replica; its related keys learn of it by `sharing`. Material that waits
 * for rotation now waits for its import there too.
 */
export const withReplica = (primary: MultiRegionKey, region: string): MultiRegionKey => ({
  ...primary,
  generations: primary.generations.map(
    (each): Generation =>
      each.state === 'PENDING_ROTATION'
        ? { ...each, state: 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION' }
        : each,
  ),
  multiRegion: {
    ...primary.multiRegion,
    replicaRegions: [...primary.multiRegion.replicaRegions, region],
  },
});

/**
 * A related key after the replica in `region` is gone. For a primary that waits for its last
 * replica the waiting period begins.
 */
export function withoutReplica(key: Key, gone: { readonly region: string; now: number }): Key {
  if (key.multiRegion === undefined) return key;
  const replicaRegions = key.multiRegion.replicaRegions.filter((each) => each !== gone.region);
  const left: Key = { ...key, multiRegion: { ...key.multiRegion, replicaRegions } };
  const waits = left.state === 'PendingReplicaDeletion' && replicaRegions.length === 0;
  return waits ? waitingBegun(left, gone.now) : left;
}

/**
 * The primary and a replica in each other's place: the first takes the replica's place in the list.
 */
export function exchanged(primary: MultiRegionKey, region: string, now: number): Key {
  const replicaRegions = primary.multiRegion.replicaRegions.map((each) =>
    each === region ? primary.region : each,
  );
  const multiRegion = { primaryRegion: region, replicaRegions };
  return passing({ ...primary, multiRegion }, 'Updating', now);
}

/** The replica that `exchanged` has made the primary. */
export const promoted = (replica: Key, formerPrimary: Key, now: number): Key =>
  passing(sharing(replica, formerPrimary), 'Updating', now);
