/**
 * A world for contract tests: the machine's clocks and chance, and a product clock that a test
 * may move.
 */
import { randomBytes } from '../../src/crypto/random.ts';
import type { World } from '../../src/world.ts';

export interface TestWorld extends World {
  /** Moves `now()` and `machineNow()` together. */
  pass(spanMs: number): void;
}

export function testWorld(): TestWorld {
  let movedMs = 0;
  return {
    now: () => Date.now() + movedMs,
    machineNow: () => Date.now() + movedMs,
    monotonic: () => performance.now(),
    randomBytes,
    pass: (spanMs) => {
      movedMs += spanMs;
    },
  };
}
