/**
 * The embedded engine: one SQLite file (WAL, synchronous=FULL) that any number of processes may
 * open at once, or a store in memory. Reads run inline, a few microseconds each; writes wait for
 * the disk on a thread of their own.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { World } from '../../world.ts';
import type { CommitResult, Engine, Row, Write } from '../engine.ts';
import { StoreDamaged, StoreUnavailable } from '../engine.ts';
import { BatchWriter } from './batch.ts';
import { type DigestKeys, digestKeys } from './digest.ts';
import { Damage, storeError } from './failure.ts';
import { Feed } from './feed.ts';
import { pathRange } from './path-range.ts';
import { connect, createPrivateFile, memory, prepareFile, readState } from './schema.ts';
import { isVersion, verifyStore } from './verify.ts';
import { verifyInThread } from './verify-thread.ts';
import { type Committer, ThreadCommitter } from './writer.ts';

export interface SqliteOptions {
  /** A path, or `:memory:`. */
  readonly file: string;
  readonly world: World;
  /**
   * 32 bytes, kept apart from the disk: they authenticate the set of rows. See `integrityKeyOf`.
   */
  readonly integrityKey: Buffer;
  /**
   * The file has held records: one that is missing or empty is damage, not a new store. Default
   * false.
   */
  readonly mustExist?: boolean;
  /**
   * What a check in the background found. From then on the engine refuses everything with this
   * error.
   */
  readonly onDamage?: (error: StoreDamaged) => void;
  /** How long a commit waits for other processes. Default 5,000. */
  readonly busyTimeoutMs?: number;
  /** How often other processes' commits are looked for. Default 50. */
  readonly pollMs?: number;
  /**
   * Stores up to this size are checked whole before the first read, larger ones meanwhile.
   * Default 50,000.
   */
  readonly checkedAtOpenRows?: number;
  /** An upper bound of the file in pages of 4 KiB, to try a full disk. */
  readonly maxPages?: number;
}

export interface SqliteEngine extends Engine {
  /**
   * Checks the whole store against its digest, off the event loop when it is large. Throws
   * StoreDamaged.
   */
  verifyIntegrity(): Promise<void>;
}

const inlineCheckRows = 500;
const nonceBytes = 16;
const longestPathBytes = 4_096;

/**
 * Opens the store, creating it when the file is missing or empty. Throws StoreDamaged when the
 * file isn't ours or records are missing, StoreUnavailable when it can't be read.
 */
export async function openSqliteEngine(options: SqliteOptions): Promise<SqliteEngine> {
  try {
    return await open(options);
  } catch (error) {
    throw storeError(options.file, error);
  }
}

async function open(options: SqliteOptions): Promise<SqliteEngine> {
  const { file, world } = options;
  const keys = digestKeys(options.integrityKey);
  if (file !== memory) claimFile(options);
  const db = connect(connectionOptions(options));
  try {
    const nonce = world.randomBytes(nonceBytes);
    prepareFile(db, { keys, nonce, mustExist: options.mustExist === true });
    const { rowCount } = readState(db, keys);
    const checksNow = rowCount <= (options.checkedAtOpenRows ?? 50_000);
    if (checksNow) verifyStore(db, keys);
    const engine = new OpenSqliteEngine(db, keys, options);
    if (!checksNow) engine.verifyMeanwhile();
    return engine;
  } catch (error) {
    db.close();
    throw error;
  }
}

function claimFile({ file, mustExist }: SqliteOptions): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined && mustExist === true) throw new Damage('the file is gone');
  if (size === undefined) createPrivateFile(file);
}

function connectionOptions({ file, busyTimeoutMs = 5_000, maxPages }: SqliteOptions) {
  return { file, busyTimeoutMs, ...(maxPages === undefined ? {} : { maxPages }) };
}

class OpenSqliteEngine implements SqliteEngine {
  readonly #db: DatabaseSync;
  readonly #keys: DigestKeys;
  readonly #options: SqliteOptions;
  readonly #feed: Feed;
  readonly #committer: Committer;
  readonly #get: StatementSync;
  readonly #scanFrom: StatementSync;
  readonly #scanAfter: StatementSync;
  readonly #poll: NodeJS.Timeout | undefined;
  readonly #stopChecks = new AbortController();
  #refusal: Error | undefined;

  constructor(db: DatabaseSync, keys: DigestKeys, options: SqliteOptions) {
    this.#db = db;
    this.#keys = keys;
    this.#options = options;
    this.#feed = new Feed(db, { keys, monotonic: () => options.world.monotonic() });
    this.#get = db.prepare('SELECT path, version, value FROM rows WHERE path = ?');
    const scan = (order: string): StatementSync =>
      db.prepare(
        `SELECT path, version, value FROM rows WHERE path ${order} ? AND path < ? ` +
          'ORDER BY path LIMIT ?',
      );
    this.#scanFrom = scan('>=');
    this.#scanAfter = scan('>');
    if (options.file === memory) {
      this.#committer = this.#inlineCommitter();
    } else {
      const committer = this.#threadCommitter();
      this.#committer = committer;
      this.#poll = setInterval(() => {
        committer.warmUp();
        this.#readFeed();
      }, options.pollMs ?? 50);
      this.#poll.unref();
      // After everything is prepared: this connection never writes.
      db.exec('PRAGMA query_only = ON');
    }
  }

  async get(path: string): Promise<Row | undefined> {
    this.#refuseIfDamaged();
    // SQLite would look for another path, with U+FFFD in the place of a lone surrogate.
    if (!path.isWellFormed()) return undefined;
    return this.#guard(() => {
      const row = this.#get.get(path);
      return row === undefined ? undefined : checkedRow(row);
    });
  }

  async scan(query: { prefix: string; after?: string; limit: number }): Promise<Row[]> {
    this.#refuseIfDamaged();
    const range = pathRange(query);
    if (range === undefined) return [];
    const select = range.includesFrom ? this.#scanFrom : this.#scanAfter;
    return this.#guard(() => select.all(range.from, range.below, query.limit).map(checkedRow));
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    this.#refuseIfDamaged();
    checkWrites(writes);
    return this.#committer.commit(writes);
  }

  seq(): number {
    return this.#feed.seq;
  }

  subscribe(listener: (paths: readonly string[]) => void): void {
    this.#feed.subscribe(listener);
  }

  feedHeard(): number {
    if (this.#refusal !== undefined) return Number.NEGATIVE_INFINITY;
    return this.#poll === undefined ? this.#options.world.monotonic() : this.#feed.heardAt;
  }

  async catchUp(): Promise<void> {
    this.#refuseIfDamaged();
    if (this.#poll === undefined) return;
    this.#readFeed();
    this.#refuseIfDamaged();
    if (this.#feedFault !== undefined) throw this.#feedFault;
  }

  async verifyIntegrity(): Promise<void> {
    this.#refuseIfDamaged();
    try {
      const { rowCount } = this.#guard(() => readState(this.#db, this.#keys));
      if (this.#poll === undefined || rowCount <= inlineCheckRows) {
        this.#guard(() => verifyStore(this.#db, this.#keys));
      } else {
        const { integrityKey } = this.#options;
        const connection = connectionOptions(this.#options);
        await verifyInThread({ connection, integrityKey }, this.#stopChecks.signal);
      }
    } catch (error) {
      if (error instanceof StoreDamaged) this.#refuseFromNowOn(error);
      throw error;
    }
  }

  verifyMeanwhile(): void {
    this.verifyIntegrity().catch(() => {
      // Damage has been told to `onDamage`. A check that couldn't run says nothing about the store.
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    this.#stopChecks.abort();
    await this.#committer.close();
    this.#refusal ??= new StoreUnavailable(`The store ${this.#options.file} is closed.`);
    if (this.#db.isOpen) this.#db.close();
  }

  #feedFault: unknown;

  #readFeed(): void {
    if (this.#refusal !== undefined) return;
    try {
      this.#guard(() => this.#feed.read());
      this.#feedFault = undefined;
    } catch (error) {
      // `feedHeard` stands still, so caches aren't trusted while this lasts.
      this.#feedFault = error;
      if (error instanceof StoreDamaged) this.#refuseFromNowOn(error);
    }
  }

  #refuseFromNowOn(error: StoreDamaged): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#options.onDamage?.(error);
  }

  #refuseIfDamaged(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw storeError(this.#options.file, error);
    }
  }

  #threadCommitter(): ThreadCommitter {
    const { integrityKey, world, file } = this.#options;
    const connection = connectionOptions(this.#options);
    const inode = statSync(file).ino;
    return new ThreadCommitter(
      { connection, integrityKey, inode },
      {
        nonce: () => world.randomBytes(nonceBytes),
        announce: (commits) => this.#feed.announce(commits),
      },
    );
  }

  #inlineCommitter(): Committer {
    const { file, world } = this.#options;
    const writer = new BatchWriter(this.#db, { file, keys: this.#keys });
    return {
      commit: async (writes) => {
        const [result] = writer.apply([writes], world.randomBytes(nonceBytes));
        if (result!.kind === 'committed') {
          this.#feed.announce([{ seq: result!.seq, paths: writes.map(({ path }) => path) }]);
        }
        return result!;
      },
      close: async () => {},
    };
  }
}

function checkedRow(row: Record<string, unknown>): Row {
  const { path, version, value } = row;
  if (typeof path === 'string' && isVersion(version) && value instanceof Uint8Array) {
    return { path, version, value };
  }
  throw new Damage('a record has no valid path, version and value');
}

/** What would be a mistake of ours, found before it is on the disk. */
function checkWrites(writes: readonly Write[]): void {
  const paths = new Set<string>();
  for (const { path, row } of writes) {
    if (path === '' || !path.isWellFormed() || Buffer.byteLength(path) > longestPathBytes) {
      throw new RangeError('a path is well-formed Unicode of 1 to 4,096 bytes');
    }
    if (paths.has(path)) throw new RangeError(`two writes to one path in one commit: ${path}`);
    paths.add(path);
    if (row !== undefined && !isVersion(row.version)) {
      throw new RangeError('a version is a positive integer');
    }
  }
}
