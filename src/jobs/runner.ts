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

export interface RunnerOptions {
  readonly work: readonly DueWork[];
  readonly world: World;
  /**
   * Commits a change with its record. `conflict`: another node has done it, or it is no longer
   * due.
   */
  readonly commit: (item: DueItem) => Promise<'committed' | 'conflict'>;
  readonly onFault: (kind: string, error: unknown) => void;
}

export function startRunner(options: RunnerOptions): Runner {
  const runner = new EverySecond(options);
  const timer = setInterval(() => void runner.run(), everyMs);
  timer.unref();
  return {
    runNow: () => runner.runNow(),
    close: () => {
      clearInterval(timer);
      return runner.close();
    },
  };
}

class EverySecond {
  readonly #options: RunnerOptions;
  readonly #stopping = new AbortController();
  readonly #performing = new Set<Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Does what is due once, or waits for who is at it. */
  run(): Promise<void> {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async runNow(): Promise<void> {
    const { world } = this.#options;
    // A run under way may have read the clock before it moved: wait for it, then look once more.
    await this.#running;
    await this.run();
    const until = world.monotonic() + patienceMs;
    while (this.#performing.size > 0 && world.monotonic() < until) {
      await Promise.race([...this.#performing, waiting(until - world.monotonic())]);
      await this.#running;
      await this.run();
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all(this.#performing);
  }

  async #runAll(): Promise<void> {
    for (const work of this.#options.work) {
      try {
        await this.#runKind(work);
      } catch (error) {
        this.#options.onFault(work.kind, error);
      }
    }
  }

  async #runKind(work: DueWork): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const items = await work.due(this.#options.world.now(), batchItems);
      let committed = 0;
      for (const item of items) if (await this.#runItem(work.kind, item)) committed++;
      // Asked again until nothing is due: what was done may have made other items conflict, such as
      // two replicas of one key. A batch in which nothing moved is another node's work or a fault:
      // the next tick looks again.
      if (committed === 0) return;
    }
  }

  async #runItem(kind: string, item: DueItem): Promise<boolean> {
    const { perform } = item;
    if (perform !== undefined && this.#performing.size >= maxPerforming) return false;
    if ((await this.#options.commit(item)) !== 'committed') return false;
    if (perform !== undefined) this.#perform(kind, perform);
    return true;
  }

  #perform(kind: string, perform: NonNullable<DueItem['perform']>): void {
    const { signal } = this.#stopping;
    const done = perform(signal)
      .catch((error: unknown) => this.#options.onFault(kind, error))
      .finally(() => {
        const wasFull = this.#performing.size >= maxPerforming;
        this.#performing.delete(done);
        // Its place is free for what waits.
        if (wasFull && !signal.aborted) void this.run();
      });
    this.#performing.add(done);
  }
}

function waiting(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
