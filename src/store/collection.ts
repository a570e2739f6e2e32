/**
 * One collection: records and their index entries as sealed rows, and the cache of decoded
 * records before them.
 */
import type { Barrier } from './barrier.ts';
import { type Engine, type Row, StoreDamaged, type Write } from './engine.ts';
import { EntryCache } from './entry-cache.ts';
import type { Collection, CollectionOptions, Entry, Page } from './store.ts';
import type { Watches } from './watch.ts';

export interface CollectionPorts {
  readonly engine: Engine;
  readonly barrier: Barrier;
  readonly watches: Watches;
  readonly isFresh: () => boolean;
  readonly freshen: () => Promise<void>;
}

/** What the store tells a collection when paths changed. */
export interface Cached {
  forget(path: string): void;
  forgetAll(): void;
}

type Index<T> = (id: string, value: T) => readonly string[];

/** A write that knows what to cache when it is committed. */
export class StagedWrite implements Write {
  readonly path: string;
  readonly expect: number | undefined;
  readonly row: Write['row'];
  readonly remember: () => void;

  constructor(write: Write, remember: () => void) {
    this.path = write.path;
    this.expect = write.expect;
    this.row = write.row;
    this.remember = remember;
  }
}

const pathForm = /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;
const defaultCacheEntries = 10_000;

export class StoredCollection<T> implements Collection<T>, Cached {
  readonly path: string;
  readonly #prefix: string;
  readonly #indexes: ReadonlyMap<string, Index<T>>;
  readonly #ports: CollectionPorts;
  readonly #cache: EntryCache<Entry<T>>;

  constructor(options: CollectionOptions<T>, ports: CollectionPorts) {
    if (!pathForm.test(options.path))
      throw new RangeError(`no path of a collection: ${options.path}`);
    this.path = options.path;
    this.#prefix = `${options.path}/`;
    this.#indexes = new Map(Object.entries(options.indexes ?? {}));
    this.#ports = ports;
    this.#cache = new EntryCache(options.cacheEntries ?? defaultCacheEntries);
  }

  peek(id: string): Entry<T> | undefined {
    return this.#ports.isFresh() ? this.#cache.get(id) : undefined;
  }

  async get(id: string): Promise<Entry<T> | undefined> {
    if (!this.#ports.isFresh()) await this.#ports.freshen();
    return this.#cache.get(id) ?? this.#load(id);
  }

  async page(query: { prefix?: string; after?: string; limit: number }): Promise<Page<T>> {
    const rows = await this.#scan(`${this.#prefix}${query.prefix ?? ''}`, this.#prefix, query);
    const entries: Entry<T>[] = [];
    for (const row of rows.slice(0, query.limit)) entries.push(await this.#decode(row));
    return { entries, next: rows.length > query.limit ? entries.at(-1)?.id : undefined };
  }

  async pageBy(
    name: string,
    query: { key: string; after?: string; limit: number },
  ): Promise<Page<T>> {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new RangeError(`${this.path} has no index ${name}`);
    const prefix = this.#indexPrefix(name);
    const rows = await this.#scan(`${prefix}${query.key}`, prefix, query);
    const page = rows.slice(0, query.limit);
    const entries: Entry<T>[] = [];
    for (const row of page) {
      const entry = await this.#follow(row);
      // A record that has changed since the index was read may no longer belong here.
      if (entry === undefined) continue;
      if (index(entry.id, entry.value).includes(row.path.slice(prefix.length))) entries.push(entry);
    }
    const last = page.at(-1)?.path.slice(prefix.length);
    return { entries, next: rows.length > query.limit ? last : undefined };
  }

  insert(id: string, value: T): readonly Write[] {
    return [this.#staged(id, value, 0), ...this.#indexWrites(id, { from: undefined, to: value })];
  }

  replace(entry: Entry<T>, value: T): readonly Write[] {
    const { id, version } = entry;
    const moved = this.#indexWrites(id, { from: entry.value, to: value });
    return [this.#staged(id, value, version), ...moved];
  }

  remove(entry: Entry<T>): readonly Write[] {
    const path = this.#recordPath(entry.id);
    const left = this.#indexWrites(entry.id, { from: entry.value, to: undefined });
    return [{ path, expect: entry.version, row: undefined }, ...left];
  }

  put(id: string, value: T): readonly Write[] {
    // The entries of the record that is overwritten would stay behind.
    if (this.#indexes.size > 0) throw new Error(`${this.path} has indexes: insert or replace`);
    return [this.#staged(id, value, undefined)];
  }

  forget(path: string): void {
    if (path.startsWith(this.#prefix)) this.#cache.delete(path.slice(this.#prefix.length));
  }

  forgetAll(): void {
    this.#cache.clear();
  }

  async #load(id: string): Promise<Entry<T> | undefined> {
    if (id === '') return undefined;
    const path = `${this.#prefix}${id}`;
    const watch = this.#ports.watches.begin(path);
    try {
      const row = await this.#ports.engine.get(path);
      if (row === undefined) return undefined;
      const entry = await this.#open(row, id);
      if (watch.changes() === 0) this.#cache.set(id, entry);
      return entry;
    } finally {
      watch.end();
    }
  }

  /** One row more than the limit, which shows whether there is a next page. */
  #scan(
    prefix: string,
    base: string,
    query: { readonly after?: string; readonly limit: number },
  ): Promise<Row[]> {
    const range = { prefix, limit: query.limit + 1 };
    const { after } = query;
    return this.#ports.engine.scan(
      after === undefined ? range : { ...range, after: `${base}${after}` },
    );
  }

  /** The record of a scanned row, without opening it again when it is the one that is cached. */
  async #decode(row: Row): Promise<Entry<T>> {
    const id = row.path.slice(this.#prefix.length);
    const cached = this.#cache.get(id);
    return cached?.version === row.version ? cached : this.#open(row, id);
  }

  /** The record that an index entry names; undefined when it went away with the entry meanwhile. */
  async #follow(row: Row): Promise<Entry<T> | undefined> {
    const id = (await this.#ports.barrier.open(row)).toString();
    const entry = await this.get(id);
    if (entry !== undefined) return entry;
    const again = await this.#ports.engine.get(row.path);
    if (again?.version !== row.version) return undefined;
    const text = `The index entry ${JSON.stringify(row.path)} names a record that is missing.`;
    throw new StoreDamaged(`${text} Restore the store from a backup.`);
  }

  async #open(row: Row, id: string): Promise<Entry<T>> {
    const plaintext = await this.#ports.barrier.open(row);
    const value = frozen(plaintext.toString()) as T;
    plaintext.fill(0);
    return Object.freeze({ id, version: row.version, value });
  }

  #staged(id: string, value: T, expect: number | undefined): Write {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError('a record is plain JSON data');
    const path = this.#recordPath(id);
    const row = this.#sealed(path, json);
    // Decoded from what was written: the cache holds what a reader would get, and never the
    // caller's own object.
    return new StagedWrite({ path, expect, row }, () => {
      this.#cache.set(id, Object.freeze({ id, version: row.version, value: frozen(json) as T }));
    });
  }

  #indexWrites(
    id: string,
    values: { readonly from: T | undefined; readonly to: T | undefined },
  ): Write[] {
    const writes: Write[] = [];
    for (const [name, index] of this.#indexes) {
      const before = new Set(values.from === undefined ? [] : index(id, values.from));
      const after = new Set(values.to === undefined ? [] : index(id, values.to));
      const prefix = this.#indexPrefix(name);
      for (const entry of before.difference(after)) {
        writes.push({ path: `${prefix}${entry}`, expect: undefined, row: undefined });
      }
      for (const entry of after.difference(before)) {
        const path = `${prefix}${entry}`;
        // Two records never share an entry, so nothing is overwritten here.
        writes.push({ path, expect: 0, row: this.#sealed(path, id) });
      }
    }
    return writes;
  }

  #sealed(path: string, text: string) {
    const plaintext = Buffer.from(text);
    const row = this.#ports.barrier.seal(path, plaintext);
    plaintext.fill(0);
    return row;
  }

  #recordPath(id: string): string {
    if (id === '') throw new RangeError(`a record of ${this.path} needs an id`);
    return `${this.#prefix}${id}`;
  }

  #indexPrefix(name: string): string {
    return `${this.path}.by-${name}/`;
  }
}

function frozen(json: string): unknown {
  return deepFreeze(JSON.parse(json));
}

function deepFreeze<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
