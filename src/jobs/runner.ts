/**
 * What falls due with time, and the one runner that does it. A piece of due work is decided as a
 * batch of writes with expected versions, committed together with its audit record: however many
 * nodes run it, one commit wins, and a crash leaves it either done or still due. The record of what
 * is due lies in the services' own collections.
 */
import type { Write } from '../store/engine.ts';
import type { World } from '../world.ts';

export interface DueItem {
  /** For messages: what this is about, e.g. a key ARN. */
  readonly id: string;
  readonly writes: readonly Write[];
  /**
   * The CloudTrail record of the event, committed with the writes. Undefined for the first parts of
   * something long, whose last part has the record.
   */
  readonly record: string | undefined;
  /**
   * What the writes were the claim for: done after their commit, beside other work, and ended by
   * commits of its own. It may take minutes; the signal says that the node stops.
   */
  readonly perform?: (stopped: AbortSignal) => Promise<void>;
}

export interface DueWork {
  /** `kms/delete-key` */
  readonly kind: string;
  /** What is due at `now`, at most `limit` items, oldest first. Empty when nothing is. */
  readonly due: (now: number, limit: number) => Promise<readonly DueItem[]>;
}

export interface Runner {
  /**
   * Does all that is due now; resolves when nothing is left, or what is left has taken half a
   * minute.
   */
  runNow(): Promise<void>;
  close(): Promise<void>;
}

const everyMs = 1_000;
const batchItems = 100;
/** So much is performed at a time. What doesn't fit isn't claimed, and waits or goes elsewhere. */
const maxPerforming = 64;
const patienceMs = 30_000;

export function startRunner(options: {
  readonly work: readonly DueWork[];
  readonly world: World;
  /**
   * Commits a change with its record. `conflict`: another node has done it, or it is no longer
   * due.
   */
  readonly commit: (item: DueItem) => Promise<'committed' | 'conflict'>;
  readonly onFault: (kind: string, error: unknown) => void;
}): Runner {
  let running: Promise<void> | undefined;
  let closed = false;
  const stopping = new AbortController();
  const performing = new Set<Promise<void>>();

  const perform = (kind: string, work: NonNullable<DueItem['perform']>): void => {
    const done = work(stopping.signal)
      .catch((error: unknown) => {
        if (!closed) options.onFault(kind, error);
      })
      .finally(() => {
        performing.delete(done);
        // Its place is free for what waits.
        if (!closed) void tick();
      });
    performing.add(done);
  };
  const runItem = async (kind: string, item: DueItem): Promise<boolean> => {
    if (item.perform !== undefined && performing.size >= maxPerforming) return false;
    if ((await options.commit(item)) !== 'committed') return false;
    if (item.perform !== undefined) perform(kind, item.perform);
    return true;
  };
  const runKind = async (work: DueWork): Promise<void> => {
    while (!closed) {
      const items = await work.due(options.world.now(), batchItems);
      let committed = 0;
      for (const item of items) if (await runItem(work.kind, item)) committed++;
      // Asked again until nothing is due: what was done may have made other items conflict, such as
      // two replicas of one key. A batch in which nothing moved is another node's work or a fault:
      // the next tick looks again.
      if (committed === 0) return;
    }
  };
  const runAll = async (): Promise<void> => {
    for (const work of options.work) {
      try {
        await runKind(work);
      } catch (error) {
        options.onFault(work.kind, error);
      }
    }
  };
  const tick = (): Promise<void> => {
    running ??= runAll().finally(() => {
      running = undefined;
    });
    return running;
  };
  const runNow = async (): Promise<void> => {
    // A run under way may have read the clock before it moved: wait for it, then look once more.
    await running;
    await tick();
    const until = options.world.monotonic() + patienceMs;
    while (performing.size > 0 && options.world.monotonic() < until) {
      await Promise.race([...performing, waiting(until - options.world.monotonic())]);
      await tick();
    }
  };
  const timer = setInterval(() => void tick(), everyMs);
  timer.unref();

  return {
    runNow,
    close: async () => {
      closed = true;
      clearInterval(timer);
      stopping.abort();
      await running;
      await Promise.all(performing);
    },
  };
}

function waiting(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
