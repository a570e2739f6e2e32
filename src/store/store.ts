/** The store port: records as the services see them, in typed collections. */
import type { CommitResult, Write } from './engine.ts';

/**
 * A record as the services see it: JSON-like data, frozen, with the version that a replacement
 * must name.
 */
export interface Entry<T> {
  readonly id: string;
  readonly version: number;
  readonly value: T;
}

export interface Page<T> {
  readonly entries: readonly Entry<T>[];
  /** The id to go on after, undefined at the end. */
  readonly next: string | undefined;
}

/**
 * A typed collection below one path prefix, in front of the barrier. Reads go through a bounded
 * cache that the change feed keeps coherent. Writes are returned, not done: an operation stages
 * them and the pipeline commits them in one batch with the audit record.
 */
export interface Collection<T> {
  /** From the cache without waiting, when it is there and the feed is fresh. */
  peek(id: string): Entry<T> | undefined;
  get(id: string): Promise<Entry<T> | undefined>;
  /** Ids in UTF-8 order, those that start with `prefix` and come after `after`. */
  page(query: { prefix?: string; after?: string; limit: number }): Promise<Page<T>>;
  /** Ids of records whose index entry `name` starts with `key`, in order of the entry. */
  pageBy(name: string, query: { key: string; after?: string; limit: number }): Promise<Page<T>>;
  /** Must not exist yet. */
  insert(id: string, value: T): readonly Write[];
  replace(entry: Entry<T>, value: T): readonly Write[];
  remove(entry: Entry<T>): readonly Write[];
  /** Whatever is there; only for collections without indexes. */
  put(id: string, value: T): readonly Write[];
}

export interface CollectionOptions<T> {
  /**
   * For example `kms/keys`. Records lie at `kms/keys/<id>`, index entries at
   * `kms/keys.by-<index>/<entry>`.
   */
  readonly path: string;
  /**
   * Index name → the entries of a record in it; an entry must end in something unique, usually
   * the id.
   */
  readonly indexes?: Readonly<Record<string, (id: string, value: T) => readonly string[]>>;
  /** How many records a node keeps decoded. Default 10,000; 0 = none. */
  readonly cacheEntries?: number;
}

export interface Store {
  collection<T>(options: CollectionOptions<T>): Collection<T>;
  commit(writes: readonly Write[]): Promise<CommitResult>;
  /**
   * Resolves at once while the feed is fresh; else reads it first. Callers on the hot path test
   * `isFresh()` before.
   */
  freshen(): Promise<void>;
  isFresh(): boolean;
  close(): Promise<void>;
}
