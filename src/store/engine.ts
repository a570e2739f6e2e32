/**
 * The engine port: a durable, ordered map of paths to opaque bytes. An engine is not trusted: it
 * sees paths and ciphertext only, and what it returns is verified by the barrier above it. One
 * contract suite (test/contract/engine.ts) says what every engine must do.
 */
export interface Row {
  /** Unicode, ordered by UTF-8 bytes, `/`-separated by our convention. */
  readonly path: string;
  /**
   * Set by whoever writes; a fresh random 52-bit integer for each write, never reused. Only
   * equality means something.
   */
  readonly version: number;
  readonly value: Uint8Array;
}

export interface Write {
  readonly path: string;
  /**
   * The version that must be there now: 0 = the path must be absent; undefined = whatever is
   * there.
   */
  readonly expect: number | undefined;
  /**
   * The new row, or undefined to delete the path. Deleting an absent path with expect undefined
   * is no error.
   */
  readonly row: { readonly version: number; readonly value: Uint8Array } | undefined;
}

export type CommitResult =
  /** `seq`: 1, 2, 3 …, the order of commits on this store. */
  | { readonly kind: 'committed'; readonly seq: number }
  /** `path`: the first write whose expectation did not hold. Nothing was written. */
  | { readonly kind: 'conflict'; readonly path: string };

export interface Engine {
  get(path: string): Promise<Row | undefined>;
  /**
   * Rows whose path starts with `prefix` and is greater than `after`, in order, at most `limit`.
   */
  scan(query: { prefix: string; after?: string; limit: number }): Promise<Row[]>;
  /**
   * All or nothing, durable (fsynced) when it resolves. Throws when the disk refuses; then
   * nothing was written.
   */
  commit(writes: readonly Write[]): Promise<CommitResult>;
  /** The sequence number of the last commit that this node has seen. */
  seq(): number;
  /**
   * Called with the paths that any node on this store committed (this one too), in order, before
   * `feedHeard` advances. No path is empty: an empty one among them says that anything may have
   * changed.
   */
  subscribe(listener: (paths: readonly string[]) => void): void;
  /** `world.monotonic()` when the change feed was last known to be complete. */
  feedHeard(): number;
  /**
   * Reads the change feed now; resolves when all commits answered before the call have been
   * delivered.
   */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The store refuses service: the disk is full, damaged or gone. The text says which and what to
 * do.
 */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable';
}
/**
 * What came back from the engine is not what was written: altered, moved, rolled back or
 * missing.
 */
export class StoreDamaged extends Error {
  override name = 'StoreDamaged';
}
