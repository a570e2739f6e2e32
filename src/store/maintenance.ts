/**
 * Keeps the keyring in order while a node runs: counts what it sealed, begins a new term when one
 * is due, seals old records anew in the background and forgets terms that nothing needs any more.
 */
import type { World } from '../world.ts';
import type { Engine } from './engine.ts';
import type { Keyring } from './keyring.ts';
import { dropTerm, rewrap } from './rewrap.ts';

const everyMs = 5 * 60 * 1_000;
/** A record that somebody takes away behind a running server shows no later than this. */
const verifyEveryMs = 60 * 60 * 1_000;
/** As the keyring has it: no node seals under a term any more a day after its end. */
const settledAfterMs = 25 * 60 * 60 * 1_000;

export interface Maintenance {
  close(): Promise<void>;
}

export function startMaintenance(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly world: World;
  /** Walking the whole store is one node's work; the others only count. */
  readonly rewraps: boolean;
  /** Checks the whole store; who finds damage refuses everything from then on. */
  readonly verify: (() => Promise<void>) | undefined;
  readonly onFault: (error: unknown) => void;
}): Maintenance {
  const { keyring, onFault } = options;
  const stopping = new AbortController();
  const tick = async (isStart: boolean): Promise<void> => {
    const rotated = (await keyring.maintain()) === 'rotated';
    if (options.rewraps && (isStart || rotated))
      await rewrapOld({ ...options, stop: stopping.signal });
    if (options.rewraps) await dropSettled(options);
  };
  let running = tick(true).catch(onFault);
  const timer = setInterval(() => {
    running = running.then(() => tick(false)).catch(onFault);
  }, everyMs);
  timer.unref();
  const checks = setInterval(() => options.verify?.().catch(onFault), verifyEveryMs);
  checks.unref();
  return {
    close: async () => {
      clearInterval(timer);
      clearInterval(checks);
      stopping.abort();
      await running;
    },
  };
}

async function rewrapOld(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly world: World;
  readonly stop: AbortSignal;
}): Promise<void> {
  if (options.keyring.terms().length > 1) await rewrap(options);
}

async function dropSettled(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly world: World;
}): Promise<void> {
  const now = options.world.machineNow();
  for (const { term, endedAt } of options.keyring.terms()) {
    if (endedAt !== undefined && now - endedAt > settledAfterMs)
      await dropTerm({ ...options, term });
  }
}
