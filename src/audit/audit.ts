/**
 * The audit as the pipeline sees it: each call's record goes in here, and no answer goes out before
 * it has.
 */
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { anchorWriter, readAnchor } from './anchors.ts';
import { type Lane, openLane } from './lane.ts';
import { openMemoryLane } from './memory-lane.ts';
import { type Change, lanesInOutbox, openOutbox } from './outbox.ts';
import { readTail } from './tail.ts';

export interface Audit {
  /**
   * The record of a call that changes nothing. Resolves once it is durable; rejects with
   * TrailUnavailable.
   */
  record(json: string): Promise<void>;
  /**
   * The record of a call that changes something. Its `writes` go into the change's transaction and
   * `committed` is called, and awaited, with that transaction's number; an abandoned one needs
   * nothing. Throws TrailUnavailable.
   */
  change(json: string): Change;
  /** Called with each record once it is in the trail. Returns what ends it. */
  subscribe(listener: (json: string) => void): () => void;
  /** The newest records of all nodes, oldest first. */
  recent(limit: number): Promise<string[]>;
  /** Why records are refused now, undefined while they are not. For health checks. */
  trouble(): Error | undefined;
  /**
   * Writes and anchors what is left. To be called after the last answer and before the store
   * closes.
   */
  close(): Promise<void>;
}

export interface AuditOptions {
  /**
   * Where the lanes of all nodes lie, usually `DATA/trail`; `memory` keeps the newest records and
   * loses them.
   */
  readonly place: { readonly dir: string } | 'memory';
  readonly store: Store;
  readonly world: World;
  /** This node's name, no other's: `[a-z0-9-]`. Two processes must never write to one lane. */
  readonly laneName: string;
  /** Told about what goes wrong behind the scenes; it is tried again within a second. */
  readonly onTrouble?: (error: unknown) => void;
}

/** How often the lane's head is anchored in the store and the outbox swept, at the most. */
const TICK_MS = 1000;

/**
 * Opens this node's lane, and appends what a crash had left in the outbox. Throws TrailDamaged,
 * TrailUnavailable.
 */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { place, store, laneName } = options;
  if (place === 'memory') return memoryAudit(laneName);
  const anchor = await readAnchor(store, laneName);
  const lane = await openLane({ dir: place.dir, lane: laneName, anchor });
  try {
    return await durableAudit(lane, { ...options, dir: place.dir });
  } catch (error) {
    await lane.close().catch(() => {});
    throw error;
  }
}

/**
 * Appends what a crash had left in the outbox for lanes that nobody opens any more, because fewer
 * nodes run now. To be called by one node, while none of those lanes is open. Throws as
 * `openAudit`.
 */
export async function settleOtherLanes(
  options: Omit<AuditOptions, 'laneName'> & { readonly running: readonly string[] },
): Promise<void> {
  for (const laneName of await lanesInOutbox(options.store)) {
    if (options.running.includes(laneName)) continue;
    await (await openAudit({ ...options, laneName })).close();
  }
}

async function durableAudit(lane: Lane, options: AuditOptions & { dir: string }): Promise<Audit> {
  const { store, dir, onTrouble = () => {} } = options;
  const anchor = anchorWriter(lane, options);
  // Before the first record, so that the store knows each lane that has any, and knows that it is
  // open.
  await anchor.write();
  const outbox = await openOutbox(store, lane, dir);
  const tick = async (): Promise<void> => {
    lane.retry();
    await outbox.sweep();
    await anchor.write();
  };
  let ticking = Promise.resolve();
  const timer = setInterval(() => {
    ticking = ticking.then(tick).catch(onTrouble);
  }, TICK_MS).unref();
  return {
    record: (json) => lane.append(json),
    change: (json) => outbox.change(json),
    subscribe: (listener) => lane.subscribe(listener),
    recent: (limit) => readTail({ dir, limit }),
    trouble: () => lane.trouble(),
    async close() {
      clearInterval(timer);
      await ticking;
      await lane.close();
      await outbox.sweep();
      await anchor.writeClosed();
    },
  };
}

function memoryAudit(laneName: string): Audit {
  const lane = openMemoryLane(laneName);
  return {
    record: (json) => lane.append(json),
    change: (json) => ({ writes: [], committed: (seq) => lane.appendCommitted(json, seq) }),
    subscribe: (listener) => lane.subscribe(listener),
    recent: async (limit) => lane.recent(limit),
    trouble: () => undefined,
    close: () => lane.close(),
  };
}
