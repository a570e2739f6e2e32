/**
 * The store as the services see it: typed collections over the barrier, with caches that the
 * change feed keeps true.
 */
import type { World } from '../world.ts';
import { Barrier } from './barrier.ts';
import { type Cached, StagedWrite, StoredCollection } from './collection.ts';
import type { CommitResult, Engine, Write } from './engine.ts';
import type { Keyring } from './keyring.ts';
import type { Collection, CollectionOptions, Store } from './store.ts';
import { Watches } from './watch.ts';

/**
 * A node that hasn't heard the feed for so long doesn't trust its caches (DESIGN.md, section 6).
 */
const freshForMs = 1_000;

/**
 * Records are plain JSON data: what JSON can't carry is lost, so bytes go as base64 strings and
 * times as numbers.
 */
export function openStore(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly world: World;
}): Store {
  return new EngineStore(options);
}

class EngineStore implements Store {
  readonly #engine: Engine;
  readonly #world: World;
  readonly #barrier: Barrier;
  readonly #watches = new Watches();
  readonly #collections: (Cached & { readonly path: string })[] = [];

  constructor(options: {
    readonly engine: Engine;
    readonly keyring: Keyring;
    readonly world: World;
  }) {
    this.#engine = options.engine;
    this.#world = options.world;
    this.#barrier = new Barrier(options.keyring, options.world);
    this.#engine.subscribe((paths) => this.#changed(paths));
  }

  collection<T>(options: CollectionOptions<T>): Collection<T> {
    const { path } = options;
    for (const other of this.#collections) {
      // An id may contain slashes: records of the one could be taken for records of the other.
      if (`${path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${path}/`)) {
        throw new Error(`the collections ${path} and ${other.path} overlap`);
      }
    }
    const collection = new StoredCollection<T>(options, {
      engine: this.#engine,
      barrier: this.#barrier,
      watches: this.#watches,
      isFresh: () => this.isFresh(),
      freshen: () => this.freshen(),
    });
    this.#collections.push(collection);
    return collection;
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    const watches = writes.map(({ path }) => this.#watches.begin(path));
    try {
      const result = await this.#engine.commit(writes);
      if (result.kind === 'conflict') {
        // Another node was faster: who tries again must not decide by the same cached record.
        await this.#engine.catchUp();
        return result;
      }
      for (const [i, write] of writes.entries()) {
        // The one change is this commit's own; after another one nobody knows whose record is
        // the newer.
        if (write instanceof StagedWrite && watches[i]!.changes() === 1) write.remember();
      }
      return result;
    } finally {
      for (const watch of watches) watch.end();
    }
  }

  async freshen(): Promise<void> {
    if (!this.isFresh()) await this.#engine.catchUp();
  }

  isFresh(): boolean {
    return this.#world.monotonic() - this.#engine.feedHeard() < freshForMs;
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #changed(paths: readonly string[]): void {
    for (const path of paths) {
      if (path === '') {
        this.#watches.everythingChanged();
        for (const collection of this.#collections) collection.forgetAll();
        continue;
      }
      this.#watches.changed(path);
      for (const collection of this.#collections) collection.forget(path);
    }
  }
}
