/** The data folder: made for its owner only, and used by one start of the program at a time. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Another process works in the folder. */
export class DataFolderInUse extends Error {
  override name = 'DataFolderInUse';
}

export interface DataFolderLock {
  release(): void;
}

const sqliteBusy = 5;

/** A lock that nobody refers to would be collected, and freed. */
const held = new Set<DatabaseSync>();

/**
 * Makes the folder (mode 0700) when it is missing, and takes its lock. The operating system
 * frees the lock when the process dies, however it dies. Nodes of the same start share the
 * folder under their parent's lock. Throws DataFolderInUse, and what the file system throws.
 */
export function lockDataFolder(folder: string): DataFolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lockFile = join(folder, 'sealhold.lock');
  const pidFile = join(folder, 'sealhold.pid');
  createOnce(lockFile);
  const lock = takeLock(lockFile, () => inUse(folder, pidFile));
  held.add(lock);
  writePid(pidFile);
  return {
    release: () => {
      if (!lock.isOpen) return;
      rmSync(pidFile, { force: true });
      lock.close();
      held.delete(lock);
    },
  };
}

/**
 * Node has no flock, but SQLite takes such a lock: BEGIN EXCLUSIVE on a database that holds
 * nothing.
 */
function takeLock(lockFile: string, inUse: () => DataFolderInUse): DatabaseSync {
  const lock = new DatabaseSync(lockFile, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
    throw (code & 0xff) === sqliteBusy ? inUse() : error;
  }
}

/**
 * Only who makes the file opens it by itself: closing it would drop the lock of this process
 * (POSIX, fcntl).
 */
function createOnce(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function inUse(folder: string, pidFile: string): DataFolderInUse {
  const holder = readPid(pidFile);
  const who = holder === undefined ? 'another process' : `the process ${holder}`;
  return new DataFolderInUse(
    `The data folder ${folder} is in use by ${who}. Stop it first, or choose another folder.`,
  );
}

function readPid(pidFile: string): string | undefined {
  try {
    return /^\d{1,10}$/m.exec(readFileSync(pidFile, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}

/** For the message only: nobody trusts it. */
function writePid(pidFile: string): void {
  const next = `${pidFile}.new`;
  writeFileSync(next, `${process.pid}\n`, { mode: 0o600 });
  renameSync(next, pidFile);
}
