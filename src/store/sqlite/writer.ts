/**
 * Group commit: what is asked for while the writer thread works goes into its next transaction,
 * under one fsync.
 */
import { Worker } from 'node:worker_threads';
import { type CommitResult, StoreDamaged, StoreUnavailable, type Write } from '../engine.ts';
import type { FromWriter, PackedWrite, ToWriter, WriterData } from './writer-thread.ts';

/** What an engine hands its commits to. */
export interface Committer {
  commit(writes: readonly Write[]): Promise<CommitResult>;
  close(): Promise<void>;
}

/** A commit that is durable, to be announced in the order of `seq`. */
export interface Committed {
  readonly seq: number;
  readonly paths: readonly string[];
}

interface Waiting {
  readonly writes: readonly Write[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
}

/** Bounds the time that one transaction holds the lock against other processes. */
const batchCommits = 256;
const batchBytes = 16 * 1024 * 1024;

export class ThreadCommitter implements Committer {
  readonly #data: WriterData;
  readonly #nonce: () => Uint8Array;
  readonly #announce: (commits: readonly Committed[]) => void;
  #worker: Worker | undefined;
  #queue: Waiting[] = [];
  #inFlight: readonly Waiting[] | undefined;
  #closed: (() => void) | undefined;

  /** `announce` is called before the promises of the commits resolve. */
  constructor(
    data: WriterData,
    ports: {
      readonly nonce: () => Uint8Array;
      readonly announce: (commits: readonly Committed[]) => void;
    },
  ) {
    this.#data = data;
    this.#nonce = ports.nonce;
    this.#announce = ports.announce;
  }

  /** Starts the thread before the first commit needs it, which would wait for it. */
  warmUp(): void {
    if (this.#closed === undefined) this.#worker ??= this.#start();
  }

  commit(writes: readonly Write[]): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(new StoreUnavailable(`The store ${this.#data.connection.file} is closed.`));
        return;
      }
      this.#queue.push({ writes, resolve, reject });
      this.#send();
    });
  }

  /** Resolves after the commits that were asked for before. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      if (this.#inFlight === undefined) resolve();
    });
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    worker.ref();
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    post(worker, { kind: 'close' });
    await exited;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: this.#data,
      name: 'store writer',
    });
    worker.on('message', (message: FromWriter) => this.#settle(message));
    worker.on('error', (error) => this.#lost(worker, String(error)));
    worker.on('exit', () => this.#lost(worker, 'it ended'));
    // Waiting for work must not keep the process alive; work does.
    worker.unref();
    return worker;
  }

  #send(): void {
    if (this.#inFlight !== undefined || this.#queue.length === 0) return;
    const batch = this.#takeBatch();
    this.#inFlight = batch;
    this.#worker ??= this.#start();
    this.#worker.ref();
    const { commits, values } = pack(batch);
    post(this.#worker, { kind: 'batch', commits, values, nonce: this.#nonce() }, [values.buffer]);
  }

  #takeBatch(): readonly Waiting[] {
    let sizeBytes = 0;
    let count = 0;
    for (const { writes } of this.#queue) {
      sizeBytes += valueBytes(writes);
      if (count > 0 && (count === batchCommits || sizeBytes > batchBytes)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #settle(message: FromWriter): void {
    const batch = this.#inFlight ?? [];
    this.#inFlight = undefined;
    this.#worker?.unref();
    if (message.kind === 'results') {
      this.#resolveAll(batch, message.results);
    } else {
      const Failure = message.kind === 'damaged' ? StoreDamaged : StoreUnavailable;
      for (const { reject } of batch) reject(new Failure(message.text));
    }
    this.#send();
    if (this.#inFlight === undefined) this.#closed?.();
  }

  #resolveAll(batch: readonly Waiting[], results: readonly CommitResult[]): void {
    const committed: Committed[] = [];
    for (const [i, result] of results.entries()) {
      if (result.kind === 'conflict') continue;
      committed.push({ seq: result.seq, paths: batch[i]!.writes.map(({ path }) => path) });
    }
    if (committed.length > 0) this.#announce(committed);
    for (const [i, result] of results.entries()) batch[i]!.resolve(result);
  }

  /** The thread died: nobody knows what became of its batch. The next commit starts another. */
  #lost(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const text = `The store's writer thread was lost (${reason}); the write may not have happened.`;
    if (this.#inFlight !== undefined) this.#settle({ kind: 'unavailable', text });
  }
}

function pack(batch: readonly Waiting[]): {
  commits: PackedWrite[][];
  values: Uint8Array<ArrayBuffer>;
} {
  // Its own memory, not a slice of a pool: it is handed over to the thread instead of being copied.
  const values = new Uint8Array(batch.reduce((sum, { writes }) => sum + valueBytes(writes), 0));
  let at = 0;
  const commits = batch.map(({ writes }) =>
    writes.map(({ path, expect, row }): PackedWrite => {
      if (row === undefined) return { path, expect, version: undefined, sizeBytes: 0 };
      values.set(row.value, at);
      at += row.value.length;
      return { path, expect, version: row.version, sizeBytes: row.value.length };
    }),
  );
  return { commits, values };
}

function valueBytes(writes: readonly Write[]): number {
  return writes.reduce((sum, { row }) => sum + (row?.value.length ?? 0), 0);
}

function post(worker: Worker, message: ToWriter, transfer: ArrayBuffer[] = []): void {
  worker.postMessage(message, transfer);
}
