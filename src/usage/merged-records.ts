/**
 * Records that many requests change a little and that may lag behind: changes gather in memory, and
 * each node merges its own into the store now and then. The hot path writes nothing. A crash loses
 * what has gathered since.
 */
import type { Write } from '../store/engine.ts';
import type { Collection, Store } from '../store/store.ts';

/** What has gathered for one record: changed in place by each request, made a record when saved. */
export interface Gathering<T> {
  record(): T;
}

export interface MergedRecordsOptions<T> {
  readonly store: Store;
  readonly collection: Collection<T>;
  /** What holds after both; it must not matter which came first. */
  readonly merge: (one: T, other: T) => T;
  /** Whether what a record is about is still there. Of what is gone, nothing is written. */
  readonly isAbout: (id: string) => Promise<boolean>;
}

export interface GatheredRecordsOptions<T, G extends Gathering<T>> extends MergedRecordsOptions<T> {
  readonly begin: () => G;
}

/** How many records one commit holds: sealing them takes a few milliseconds of the event loop. */
const batchRecords = 100;
/** Other nodes may merge into the same records just now; then it waits for the next time. */
const maxTries = 5;

export class GatheredRecords<T, G extends Gathering<T>> {
  readonly #options: GatheredRecordsOptions<T, G>;
  #gathered = new Map<string, G>();
  /** The same by what they are about, which is found faster than its name is put together. */
  #known = new WeakMap<object, G>();
  /** What a save could not write. */
  readonly #kept = new Map<string, T>();
  #saving: Promise<void> | undefined;
  #saves = 0;

  constructor(options: GatheredRecordsOptions<T, G>) {
    this.#options = options;
  }

  /** How many records have gathered changes. */
  get size(): number {
    return this.#gathered.size + this.#kept.size;
  }

  /** Where changes of a record gather; to be changed at once and not to be held. */
  gathering(id: string): G {
    const known = this.#gathered.get(id);
    if (known !== undefined) return known;
    const begun = this.#options.begin();
    this.#gathered.set(id, begun);
    return begun;
  }

  /** The record with all that this node knows. What other nodes have gathered is not in it yet. */
  async read(id: string): Promise<T | undefined> {
    for (;;) {
      await this.#settled();
      const saves = this.#saves;
      const stored = (await this.#options.collection.get(id))?.value;
      // A save in between has taken away what is to be added to what was read.
      if (saves !== this.#saves) continue;
      return this.#both(this.#both(stored, this.#kept.get(id)), this.#gathered.get(id)?.record());
    }
  }

  /** The same for an object that is the record's own for as long as it lives. */
  gatheringAbout(subject: object, id: () => string): G {
    const known = this.#known.get(subject);
    if (known !== undefined) return known;
    const found = this.gathering(id());
    this.#known.set(subject, found);
    return found;
  }

  #both(one: T | undefined, other: T | undefined): T | undefined {
    if (one === undefined || other === undefined) return one ?? other;
    return this.#options.merge(one, other);
  }

  /** The writes that remove a record; what has gathered is dropped. */
  async removal(id: string): Promise<readonly Write[]> {
    this.#gathered.delete(id);
    this.#known = new WeakMap();
    this.#kept.delete(id);
    await this.#settled();
    const entry = await this.#options.collection.get(id);
    return entry === undefined ? [] : this.#options.collection.remove(entry);
  }

  /** Merges what has gathered into the store. Rejects when the store refuses; nothing is lost. */
  async save(): Promise<void> {
    // What has gathered during a save that is under way is not in it.
    while (this.#saving !== undefined) await this.#settled();
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
    await this.#saving;
  }

  async #settled(): Promise<void> {
    await this.#saving?.catch(() => undefined);
  }

  async #save(): Promise<void> {
    const leaving = new Map(this.#kept);
    for (const [id, gathering] of this.#gathered)
      leaving.set(id, this.#both(leaving.get(id), gathering.record()) as T);
    this.#gathered = new Map();
    this.#known = new WeakMap();
    this.#kept.clear();
    this.#saves++;
    try {
      while (leaving.size > 0) {
        const batch = [...leaving].slice(0, batchRecords);
        if (!(await this.#commit(batch))) return;
        for (const [id] of batch) leaving.delete(id);
      }
    } finally {
      for (const [id, change] of leaving) this.#kept.set(id, change);
      this.#saves++;
    }
  }

  /** False when other nodes were faster each time. */
  async #commit(batch: readonly (readonly [id: string, change: T])[]): Promise<boolean> {
    const { store } = this.#options;
    for (let tries = 1; tries <= maxTries; tries++) {
      const writes: Write[] = [];
      for (const [id, change] of batch) writes.push(...(await this.#merged(id, change)));
      if (writes.length === 0) return true;
      if ((await store.commit(writes)).kind === 'committed') return true;
    }
    return false;
  }

  async #merged(id: string, change: T): Promise<readonly Write[]> {
    const { collection, merge, isAbout } = this.#options;
    if (!(await isAbout(id))) return [];
    const entry = await collection.get(id);
    if (entry === undefined) return collection.insert(id, change);
    return collection.replace(entry, merge(entry.value, change));
  }
}

/** The same where a change is a small record itself, merged like all others. */
export class MergedRecords<T> extends GatheredRecords<T, Merging<T>> {
  constructor(options: MergedRecordsOptions<T>) {
    super({ ...options, begin: () => new Merging(options.merge) });
  }

  gather(id: string, change: T): void {
    this.gathering(id).add(change);
  }
}

class Merging<T> implements Gathering<T> {
  readonly #merge: (one: T, other: T) => T;
  #sum: T | undefined;

  constructor(merge: (one: T, other: T) => T) {
    this.#merge = merge;
  }

  add(change: T): void {
    this.#sum = this.#sum === undefined ? change : this.#merge(this.#sum, change);
  }

  record(): T {
    if (this.#sum === undefined) throw new Error('Nothing has gathered');
    return this.#sum;
  }
}
