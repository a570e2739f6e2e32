/** When what has gathered about the use of things is saved. */
import type { World } from '../world.ts';

export interface Usage {
  /** To be called every second or so: saves when it is time to, or when much has gathered. */
  saveIfDue(): Promise<void>;
  /** Saves what there is, for example before the end. */
  save(): Promise<void>;
}

/**
 * So far the store may lag behind what happened. It is what a crash loses at most, and how late
 * other nodes learn of a use at most.
 */
export const usageLagMs = 60_000;
/** So many records may wait in memory. */
const maxGathered = 10_000;

interface Gathering {
  readonly size: number;
  save(): Promise<void>;
}

export function usageOf(gatherings: readonly Gathering[], world: World): Usage {
  let savedAt = world.monotonic();
  let saving = false;
  const save = async (): Promise<void> => {
    saving = true;
    try {
      for (const gathering of gatherings) await gathering.save();
    } finally {
      saving = false;
      savedAt = world.monotonic();
    }
  };
  return {
    save,
    saveIfDue: async () => {
      if (saving) return;
      const gathered = gatherings.reduce((sum, { size }) => sum + size, 0);
      const isDue = world.monotonic() - savedAt >= usageLagMs || gathered >= maxGathered;
      if (isDue && gathered > 0) await save();
    },
  };
}
