/**
 * Applies commits to the file: many in one transaction, each decided by itself. Runs where
 * writing may block.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CommitResult, Write } from '../engine.ts';
import { type DigestKeys, feedTag, type State, toggleRow } from './digest.ts';
import { storeError } from './failure.ts';
import { stateReader, stateWriter } from './schema.ts';

/**
 * Entries of the change feed that are kept: a node that is further behind forgets all that it
 * cached.
 */
export const keptChanges = 4096;
/** The feed is trimmed once in so many commits. */
const trimEvery = 256;

/**
 * One fsync for the whole batch. A commit whose expectation fails is refused and the others go
 * on; when the disk fails, all of them are undone.
 */
export class BatchWriter {
  readonly #db: DatabaseSync;
  readonly #keys: DigestKeys;
  readonly #file: string;
  readonly #readState: () => State;
  readonly #writeState: (state: State, nonce: Uint8Array) => void;
  readonly #versionOf: StatementSync;
  readonly #replace: StatementSync;
  readonly #delete: StatementSync;
  readonly #announce: StatementSync;
  readonly #trim: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(db: DatabaseSync, options: { readonly file: string; readonly keys: DigestKeys }) {
    this.#db = db;
    this.#keys = options.keys;
    this.#file = options.file;
    this.#readState = stateReader(db, options.keys);
    this.#writeState = stateWriter(db, options.keys);
    this.#versionOf = db.prepare('SELECT version FROM rows WHERE path = ?');
    this.#replace = db.prepare('REPLACE INTO rows (path, version, value) VALUES (?, ?, ?)');
    this.#delete = db.prepare('DELETE FROM rows WHERE path = ?');
    this.#announce = db.prepare('INSERT INTO changes (seq, paths, tag) VALUES (?, ?, ?)');
    this.#trim = db.prepare('DELETE FROM changes WHERE seq <= ?');
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
  }

  /**
   * Durable when it returns. `nonce`: 16 fresh random bytes. Throws StoreUnavailable or
   * StoreDamaged, and then nothing of the batch was written.
   */
  apply(commits: readonly (readonly Write[])[], nonce: Uint8Array): CommitResult[] {
    try {
      this.#begin.run();
      const before = this.#readState();
      let state = before;
      const results = commits.map((writes): CommitResult => {
        const next = this.#applyOne(writes, state);
        if (typeof next === 'string') return { kind: 'conflict', path: next };
        state = next;
        return { kind: 'committed', seq: next.seq };
      });
      if (state !== before) this.#conclude(before, state, nonce);
      this.#commit.run();
      return results;
    } catch (error) {
      this.#undo();
      throw storeError(this.#file, error);
    }
  }

  /** The state after the commit, or the path whose expectation failed. */
  #applyOne(writes: readonly Write[], state: State): State | string {
    const versions: (number | undefined)[] = [];
    for (const { path, expect } of writes) {
      const version = this.#versionOf.get(path)?.version as number | undefined;
      if (expect !== undefined && expect !== (version ?? 0)) return path;
      versions.push(version);
    }
    const digest = Buffer.from(state.digest);
    let rowCount = state.rowCount;
    for (const [i, { path, row }] of writes.entries()) {
      const version = versions[i];
      if (version !== undefined) {
        toggleRow(this.#keys, digest, { path, version });
        rowCount--;
      }
      if (row !== undefined) {
        toggleRow(this.#keys, digest, { path, version: row.version });
        rowCount++;
        this.#replace.run(path, row.version, row.value);
      } else if (version !== undefined) {
        this.#delete.run(path);
      }
    }
    const seq = state.seq + 1;
    const paths = JSON.stringify(writes.map(({ path }) => path));
    this.#announce.run(seq, paths, feedTag(this.#keys, seq, paths));
    return { seq, rowCount, digest };
  }

  #conclude(before: State, after: State, nonce: Uint8Array): void {
    this.#writeState(after, nonce);
    if (Math.floor(before.seq / trimEvery) !== Math.floor(after.seq / trimEvery)) {
      this.#trim.run(after.seq - keptChanges);
    }
  }

  #undo(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
    } catch {
      // The first error is the one to tell; SQLite itself undoes what a lost connection left open.
    }
  }
}
