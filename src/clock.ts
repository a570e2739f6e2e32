/**
 * The world of a running server: the machine's clock, an offset that dev mode moves, the system's
 * randomness.
 */
import type { World } from './world.ts';

export interface MovableWorld extends World {
  /** How far `now()` is ahead of the machine's clock. */
  offsetMs(): number;
  setOffsetMs(offsetMs: number): void;
}

export function createWorld(ports: {
  readonly machineNow: () => number;
  readonly monotonic: () => number;
  readonly randomBytes: (sizeBytes: number) => Buffer;
}): MovableWorld {
  let offset = 0;
  return {
    ...ports,
    now: () => ports.machineNow() + offset,
    offsetMs: () => offset,
    setOffsetMs: (offsetMs) => {
      offset = offsetMs;
    },
  };
}
