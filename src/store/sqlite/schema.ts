/**
 * The tables of the SQLite engine, how a connection is opened, and whether a file is one of
 * ours.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type DigestKeys, digestBytes, openState, type State, storedState } from './digest.ts';
import { Damage } from './failure.ts';

/** `SHLD`, in the file's header: https://www.sqlite.org/pragma.html#pragma_application_id */
const applicationId = 0x53484c44;
const formatVersion = 1;

/**
 * TEXT compares by its UTF-8 bytes (BINARY collation, UTF-8 encoding), which is the port's
 * order. Without a rowid each key of the tree is a row's path, so what a scan sees in order, a
 * look-up finds.
 */
const tables: ReadonlyMap<string, string> = new Map([
  [
    'rows',
    'CREATE TABLE rows (path TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, ' +
      'value BLOB NOT NULL) STRICT, WITHOUT ROWID',
  ],
  [
    'changes',
    'CREATE TABLE changes (seq INTEGER NOT NULL PRIMARY KEY, paths TEXT NOT NULL, ' +
      'tag BLOB NOT NULL) STRICT',
  ],
  [
    'state',
    'CREATE TABLE state (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, ' +
      'row_count INTEGER NOT NULL, nonce BLOB NOT NULL, masked BLOB NOT NULL, ' +
      'tag BLOB NOT NULL) STRICT',
  ],
]);

export const memory = ':memory:';

/** What every connection needs, the writer's and the readers'. */
export interface ConnectionOptions {
  readonly file: string;
  /** How long a connection waits for another process's write lock. */
  readonly busyTimeoutMs: number;
  /** An upper bound of the file in pages of 4 KiB, for tests of a full disk. */
  readonly maxPages?: number;
}

/** Opens the file as it is; creates nothing but an empty one. */
export function connect(options: ConnectionOptions): DatabaseSync {
  const db = new DatabaseSync(options.file, {
    timeout: options.busyTimeoutMs,
    defensive: true,
    allowExtension: false,
    enableForeignKeyConstraints: false,
  });
  try {
    // https://www.sqlite.org/security.html: what to set for files that may be hostile.
    db.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;');
    db.exec('PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;');
    db.exec('PRAGMA journal_size_limit = 16777216;');
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Creates an empty file that only its owner reads. Never opens one that exists: closing it again
 * would drop the POSIX locks that SQLite holds on it in this process
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function createPrivateFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Makes the tables in an empty file, checks them in another. Throws Damage for what isn't ours. */
export function prepareFile(
  db: DatabaseSync,
  options: { readonly keys: DigestKeys; readonly nonce: Uint8Array; readonly mustExist: boolean },
): void {
  if (isEmpty(db)) {
    if (options.mustExist) throw new Damage('the file is empty, and it held records before');
    db.exec('PRAGMA journal_mode = WAL');
    createTables(db, options.keys, options.nonce);
    // Into the file itself: a log that is lost later must leave a store that shows its age, not
    // a new one.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }
  checkFile(db);
  db.exec('PRAGMA journal_mode = WAL');
}

/** A file of more than one page that shows no table has lost them. */
function isEmpty(db: DatabaseSync): boolean {
  if (number(db, 'SELECT count(*) AS n FROM sqlite_schema', 'n') > 0) return false;
  if (number(db, 'PRAGMA page_count', 'page_count') > 1) {
    throw new Damage('its tables are gone');
  }
  return true;
}

function createTables(db: DatabaseSync, keys: DigestKeys, nonce: Uint8Array): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have come first.
    if (isEmpty(db)) {
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${formatVersion};`);
      for (const sql of tables.values()) db.exec(sql);
      const digest = Buffer.alloc(digestBytes);
      writeState(db, keys, { state: { seq: 0, rowCount: 0, digest }, nonce });
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Header and tables must be exactly ours, so that no flipped bit changes what our statements
 * mean.
 */
function checkFile(db: DatabaseSync): void {
  if (number(db, 'PRAGMA application_id', 'application_id') !== applicationId) {
    throw new Damage('it is not a store of Sealhold');
  }
  const version = number(db, 'PRAGMA user_version', 'user_version');
  if (version !== formatVersion) {
    throw new Damage(`its format is ${version}, and this program reads ${formatVersion}`);
  }
  const encoding = db.prepare('PRAGMA encoding').get()?.encoding;
  if (encoding !== 'UTF-8' || number(db, 'PRAGMA auto_vacuum', 'auto_vacuum') !== 0) {
    throw new Damage('its header is altered');
  }
  const found = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema').all();
  const ours = found.every(
    ({ type, name, tbl_name, sql }) =>
      type === 'table' && name === tbl_name && tables.get(String(name)) === sql,
  );
  if (!ours || found.length !== tables.size) throw new Damage('its tables are altered');
}

/** Throws Damage when the state row is missing or its tag isn't ours. */
export function readState(db: DatabaseSync, keys: DigestKeys): State {
  return stateReader(db, keys)();
}

/** The same, prepared once. */
export function stateReader(db: DatabaseSync, keys: DigestKeys): () => State {
  const select = db.prepare('SELECT seq, row_count, nonce, masked, tag FROM state WHERE one = 1');
  return () => {
    const row = select.get();
    if (row === undefined) throw new Damage('its state row is missing');
    const { seq, row_count: rowCount, nonce, masked, tag } = row;
    if (
      typeof seq === 'number' &&
      typeof rowCount === 'number' &&
      nonce instanceof Uint8Array &&
      masked instanceof Uint8Array &&
      tag instanceof Uint8Array
    ) {
      const state = openState(keys, { seq, rowCount, nonce, masked, tag });
      if (state !== undefined) return state;
    }
    throw new Damage('its state row was altered, or was written under another root key');
  };
}

function writeState(
  db: DatabaseSync,
  keys: DigestKeys,
  next: { readonly state: State; readonly nonce: Uint8Array },
): void {
  stateWriter(db, keys)(next.state, next.nonce);
}

export function stateWriter(
  db: DatabaseSync,
  keys: DigestKeys,
): (state: State, nonce: Uint8Array) => void {
  const replace = db.prepare(
    'REPLACE INTO state (one, seq, row_count, nonce, masked, tag) VALUES (1, ?, ?, ?, ?, ?)',
  );
  return (state, nonce) => {
    const { seq, rowCount, masked, tag } = storedState(keys, state, nonce);
    replace.run(seq, rowCount, nonce, masked, tag);
  };
}

function number(db: DatabaseSync, sql: string, column: string): number {
  const value = db.prepare(sql).get()?.[column];
  if (typeof value !== 'number') throw new Damage('its header is altered');
  return value;
}
