/**
 * How many parameters an account has in a Region, and the limits on that. The count lies in many
 * records that add up: creations at one moment take different ones and need not wait for each
 * other.
 */
import type { Write } from '../../store/engine.ts';
import type { World } from '../../world.ts';
import { tooManyParameters } from './errors.ts';
import type { Tier } from './parameter.ts';
import type { Owner } from './parameter-name.ts';
import { type Count, ownerPrefix, type Records } from './records.ts';

export interface Limits {
  readonly standard: number;
  readonly advanced: number;
}

/**
 * Parameters of an account in a Region
 * (https://docs.aws.amazon.com/general/latest/gr/ssm.html#limits_ssm).
 */
export const awsLimits: Limits = { standard: 10_000, advanced: 100_000 };

export interface Counts {
  /** Whether there is room for another parameter of the tier. */
  readonly hasRoom: (owner: Owner, tier: Tier) => Promise<boolean>;
  /** @throws ApiError ParameterLimitExceeded when there is none. */
  readonly requireRoom: (owner: Owner, tier: Tier) => Promise<void>;
  /** The writes that go with parameters that come, go or change their tier. */
  readonly change: (owner: Owner, by: Count) => Promise<readonly Write[]>;
}

const shards = 128;
/** How long a sum is believed. */
const sumLifeMs = 1_000;
/** So near the limit each creation adds up anew, so that only those of one moment can pass it. */
const margin = 200;

interface Sum extends Count {
  /** `world.monotonic()` */
  readonly readAt: number;
  /** Creations since then. */
  begun: number;
}

const keyOf = (tier: Tier): keyof Count => (tier === 'Standard' ? 'standard' : 'advanced');

export function openCounts(options: {
  readonly records: Records;
  readonly world: World;
  readonly limits: Limits;
}): Counts {
  const { records, world, limits } = options;
  const { counts } = records;
  const sums = new Map<string, Sum>();
  let shard = world.randomBytes(1).readUInt8() % shards;

  const addUp = async (owner: Owner): Promise<Sum> => {
    const { entries } = await counts.page({ prefix: ownerPrefix(owner), limit: shards });
    const of = (key: keyof Count): number =>
      entries.reduce((total, { value }) => total + value[key], 0);
    const sum: Sum = {
      standard: of('standard'),
      advanced: of('advanced'),
      readAt: world.monotonic(),
      begun: 0,
    };
    if (sums.size > 1_000) sums.clear();
    sums.set(ownerPrefix(owner), sum);
    return sum;
  };
  const hasRoom = async (owner: Owner, tier: Tier): Promise<boolean> => {
    const limit = limits[keyOf(tier)];
    const known = sums.get(ownerPrefix(owner));
    const isFresh =
      known !== undefined &&
      world.monotonic() - known.readAt < sumLifeMs &&
      known[keyOf(tier)] + known.begun + margin < limit;
    const sum = isFresh ? known : await addUp(owner);
    sum.begun++;
    return sum[keyOf(tier)] < limit;
  };
  return {
    hasRoom,
    requireRoom: async (owner, tier) => {
      if (!(await hasRoom(owner, tier))) throw tooManyParameters(tier, limits[keyOf(tier)]);
    },
    change: async (owner, by) => {
      shard = (shard + 1) % shards;
      const id = `${ownerPrefix(owner)}${String(shard).padStart(3, '0')}`;
      const entry = counts.peek(id) ?? (await counts.get(id));
      if (entry === undefined) return counts.insert(id, by);
      const { standard, advanced } = entry.value;
      return counts.replace(entry, {
        standard: standard + by.standard,
        advanced: advanced + by.advanced,
      });
    },
  };
}
