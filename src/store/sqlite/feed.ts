/**
 * The change feed: which paths were committed, by any process on the file, in order. Own commits
 * are announced as they resolve; others' are read from the `changes` table when SQLite's
 * `data_version` moves, which costs microseconds to ask.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { equalSecret } from '../../crypto/hash.ts';
import { type DigestKeys, feedTag, type State } from './digest.ts';
import { Damage } from './failure.ts';
import { stateReader } from './schema.ts';
import type { Committed } from './writer.ts';

/** Announced in place of paths when what changed is not known: everything may have. */
export const anything: readonly string[] = [''];

export class Feed {
  readonly #db: DatabaseSync;
  readonly #keys: DigestKeys;
  readonly #monotonic: () => number;
  readonly #readState: () => State;
  readonly #since: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #listeners: ((paths: readonly string[]) => void)[] = [];
  #seq: number;
  #heardAt: number;
  #seenVersion: unknown;

  constructor(
    db: DatabaseSync,
    options: {
      readonly keys: DigestKeys;
      readonly monotonic: () => number;
    },
  ) {
    this.#db = db;
    this.#keys = options.keys;
    this.#monotonic = options.monotonic;
    this.#readState = stateReader(db, options.keys);
    this.#since = db.prepare('SELECT seq, paths, tag FROM changes WHERE seq > ? ORDER BY seq');
    this.#dataVersion = db.prepare('PRAGMA data_version');
    this.#heardAt = this.#monotonic();
    this.#seenVersion = this.#dataVersion.get()?.data_version;
    this.#seq = this.#readState().seq;
  }

  get seq(): number {
    return this.#seq;
  }

  get heardAt(): number {
    return this.#heardAt;
  }

  subscribe(listener: (paths: readonly string[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Own commits, in order. Those of others that lie before them are read first. */
  announce(commits: readonly Committed[]): void {
    if (commits[0]?.seq === this.#seq + 1) {
      for (const { seq, paths } of commits) this.#deliver(seq, paths);
      return;
    }
    try {
      this.#readChanges();
    } catch {
      // The commits stand; who caches is told to forget, and the next poll reports what is wrong.
      this.#tell(anything);
    }
  }

  /** Delivers what any process has committed by now. Throws what SQLite throws, and Damage. */
  read(): void {
    const askedAt = this.#monotonic();
    const version = this.#dataVersion.get()?.data_version;
    if (version !== this.#seenVersion) {
      this.#readChanges();
      this.#seenVersion = version;
    }
    this.#heardAt = askedAt;
  }

  #readChanges(): void {
    const { state, changes } = this.#snapshot();
    const first = changes[0]?.seq;
    if (state.seq < this.#seq) throw new Damage('it fell back to an earlier state');
    // Trimmed before we came to read it.
    if (state.seq > this.#seq && first !== this.#seq + 1) {
      this.#deliver(state.seq, anything);
      return;
    }
    for (const { seq, paths, tag } of changes) {
      if (seq !== this.#seq + 1 || typeof paths !== 'string' || !this.#isOurs(seq, paths, tag)) {
        throw new Damage('its change feed was altered');
      }
      this.#deliver(seq, JSON.parse(paths) as string[]);
    }
    if (this.#seq !== state.seq) throw new Damage('its change feed was cut');
  }

  #snapshot() {
    this.#db.exec('BEGIN');
    try {
      return { state: this.#readState(), changes: this.#since.all(this.#seq) };
    } finally {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    }
  }

  #isOurs(seq: number, paths: string, tag: unknown): boolean {
    return tag instanceof Uint8Array && equalSecret(feedTag(this.#keys, seq, paths), tag);
  }

  #deliver(seq: number, paths: readonly string[]): void {
    this.#seq = seq;
    this.#tell(paths);
  }

  #tell(paths: readonly string[]): void {
    for (const listener of this.#listeners) listener(paths);
  }
}
