/** The one place where clocks and the system's randomness are read. */
import { createWorld, type MovableWorld } from '../clock.ts';
import { randomBytes } from '../crypto/random.ts';

export function machineWorld(): MovableWorld {
  return createWorld({
    machineNow: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes,
  });
}
