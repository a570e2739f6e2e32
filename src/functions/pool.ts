/**
 * The processes that run functions: kept warm for the next invocation, bounded for each function
 * and together, watched for what they hold, ended when they are old, idle or changed.
 */
import type { FunctionProcess } from './function-process.ts';
import { folderBytes, usageOf } from './process-table.ts';
import type { FunctionSpec } from './spec.ts';

export interface PoolBounds {
  readonly processes: number;
  readonly idleMs: number;
  /** How often memory and the number of processes are looked at. */
  readonly watchMs: number;
  /** Processes that one function's process may have started. */
  readonly children: number;
}

export const poolBounds: PoolBounds = {
  processes: 64,
  idleMs: 5 * 60_000,
  watchMs: 200,
  children: 1024,
};

/** A process and what the pool knows of it. */
export interface Worker {
  readonly process: FunctionProcess;
  readonly spec: FunctionSpec;
  readonly scratchDir: string;
  /** Of its credentials; ms since 1970, by the product's clock. */
  readonly expiresAt: number;
}

interface Seat {
  readonly spec: FunctionSpec;
  worker: Worker | undefined;
  busy: boolean;
  /** Its function has changed: it is not used again. */
  isOld: boolean;
  /** Ends a process that stays idle. */
  timer: NodeJS.Timeout | undefined;
}

export type Taken =
  | { readonly kind: 'taken'; readonly worker: Worker; readonly isNew: boolean }
  | { readonly kind: 'busy'; readonly bound: 'function' | 'node' };

export class Pool {
  readonly #seats = new Set<Seat>();
  readonly #bounds: PoolBounds;
  readonly #start: (spec: FunctionSpec) => Promise<Worker>;
  readonly #now: () => number;
  #watch: NodeJS.Timeout | undefined;
  #looks = 0;
  #closed = false;

  constructor(options: {
    readonly bounds: PoolBounds;
    readonly start: (spec: FunctionSpec) => Promise<Worker>;
    readonly now: () => number;
  }) {
    this.#bounds = options.bounds;
    this.#start = options.start;
    this.#now = options.now;
  }

  /** Rejects with what starting a process rejects with. */
  async take(spec: FunctionSpec): Promise<Taken> {
    if (this.#closed) return { kind: 'busy', bound: 'node' };
    const running = [...this.#seats].filter((seat) => seat.busy && seat.spec.arn === spec.arn);
    if (running.length >= spec.concurrency) return { kind: 'busy', bound: 'function' };
    const warm = this.#findWarm(spec);
    if (warm !== undefined) {
      this.#occupy(warm);
      return { kind: 'taken', worker: warm.worker as Worker, isNew: false };
    }
    if (!this.#makeRoom()) return { kind: 'busy', bound: 'node' };
    const seat: Seat = { spec, worker: undefined, busy: true, isOld: false, timer: undefined };
    this.#seats.add(seat);
    try {
      const worker = await this.#start(spec);
      seat.worker = worker;
      void worker.process.ended.then(() => this.#leave(seat));
      if (this.#closed) await worker.process.end(retired);
      else this.#watchOver();
      return { kind: 'taken', worker, isNew: true };
    } catch (error) {
      this.#seats.delete(seat);
      throw error;
    }
  }

  /** The worker is free again. */
  give(worker: Worker): void {
    const seat = [...this.#seats].find((each) => each.worker === worker);
    if (seat === undefined) return;
    seat.busy = false;
    if (seat.isOld) void worker.process.end(retired);
    seat.timer = setTimeout(() => void worker.process.end(retired), this.#bounds.idleMs);
    seat.timer.unref();
  }

  /** Ends the processes of this function: an idle one now, a busy one when it is done. */
  retire(arn: string): void {
    for (const seat of this.#seats) {
      if (seat.spec.arn !== arn) continue;
      seat.isOld = true;
      if (!seat.busy) void seat.worker?.process.end(retired);
    }
  }

  /** Whether a process that lives, or is about to, runs this code. */
  usesCode(codeId: string): boolean {
    return [...this.#seats].some(({ spec }) => spec.codeId === codeId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    await Promise.all([...this.#seats].map(({ worker }) => worker?.process.end(retired)));
  }

  /** The one that was used last: the others may grow old. */
  #findWarm(spec: FunctionSpec): Seat | undefined {
    const needed = this.#now() + spec.timeoutMs;
    return [...this.#seats].findLast(
      ({ busy, isOld, worker }) =>
        !busy &&
        !isOld &&
        worker !== undefined &&
        worker.spec.key === spec.key &&
        worker.expiresAt > needed &&
        worker.process.isFree,
    );
  }

  #occupy(seat: Seat): void {
    clearTimeout(seat.timer);
    seat.busy = true;
    this.#seats.delete(seat);
    this.#seats.add(seat);
  }

  /** Ends the longest idle process when there are as many as there may be. */
  #makeRoom(): boolean {
    if (this.#seats.size < this.#bounds.processes) return true;
    const idle = [...this.#seats].find(({ busy }) => !busy);
    if (idle === undefined) return false;
    this.#seats.delete(idle);
    clearTimeout(idle.timer);
    void idle.worker?.process.end(retired);
    return true;
  }

  #leave(seat: Seat): void {
    clearTimeout(seat.timer);
    this.#seats.delete(seat);
    if (this.#seats.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #watchOver(): void {
    this.#watch ??= setInterval(() => this.#look(), this.#bounds.watchMs).unref();
  }

  #look(): void {
    const workers = [...this.#seats].flatMap(({ worker }) => worker ?? []);
    const usage = usageOf(new Set(workers.map(({ process }) => process.session)));
    for (const { process, spec } of workers) {
      const { bytes = 0, processes = 0 } = usage.get(process.session) ?? {};
      process.mostBytes = Math.max(process.mostBytes, bytes);
      if (bytes > spec.memoryBytes) void process.end({ kind: 'too-much', of: 'memory' });
      if (processes > this.#bounds.children)
        void process.end({ kind: 'too-much', of: 'processes' });
    }
    // Folders change more slowly, and are dearer to look at.
    if (this.#looks++ % looksForFolders !== 0) return;
    for (const worker of workers) void endIfFolderIsFull(worker);
  }
}

const looksForFolders = 5;
const retired = { kind: 'retired' } as const;

async function endIfFolderIsFull({ process, spec, scratchDir }: Worker): Promise<void> {
  const bytes = await folderBytes(scratchDir, spec.storageBytes);
  if (bytes > spec.storageBytes) await process.end({ kind: 'too-much', of: 'storage' });
}
