/** What an error below the engine means: no service now (and later again), or damage. */
import { StoreDamaged, StoreUnavailable } from '../engine.ts';

/** What is wrong with the file; `storeError` adds which file and what to do. */
export class Damage extends Error {
  override name = 'Damage';
}

/**
 * Primary result codes, https://www.sqlite.org/rescode.html. The upper bits tell more and don't
 * matter here.
 */
const primaryCode = 0xff;
const lockedOut = 'another process holds its lock for too long; look for one that is stopped';

/**
 * The outages, by primary code. Other codes mean that the file isn't what we wrote: our
 * statements are fixed.
 */
const outages: ReadonlyMap<number, string> = new Map([
  [5, lockedOut], // SQLITE_BUSY
  [6, lockedOut], // SQLITE_LOCKED
  [7, 'memory has run out'], // SQLITE_NOMEM
  [8, 'it can only be read; check its owner, its mode and the mount'], // SQLITE_READONLY
  [10, 'the disk failed to read or write (full, gone or broken); check the disk'], // SQLITE_IOERR
  [13, 'the disk is full; make room, and service resumes by itself'], // SQLITE_FULL
  [14, 'it cannot be opened; check that it exists, its owner and its mode'], // SQLITE_CANTOPEN
]);

/**
 * `error` as the engine throws it. The text never carries what is stored: SQLite's own texts
 * name tables, not values. What comes neither from SQLite nor from the file system is our bug
 * and is returned as it is.
 */
export function storeError(file: string, error: unknown): unknown {
  if (error instanceof Damage) return damaged(file, error);
  if (!(error instanceof Error)) return error;
  if ('errcode' in error && typeof error.errcode === 'number') {
    const outage = outages.get(error.errcode & primaryCode);
    if (outage === undefined) return damaged(file, error);
    return unavailable(file, `${outage} (SQLite ${error.errcode})`, error);
  }
  // node:sqlite, for a number in the file that no number of ours can be.
  if ('code' in error && error.code === 'ERR_OUT_OF_RANGE') return damaged(file, error);
  if ('syscall' in error) return unavailable(file, error.message, error);
  return error;
}

function damaged(file: string, cause: Error): StoreDamaged {
  const text = `The store ${file} is damaged: ${cause.message}. Restore it from a backup.`;
  return new StoreDamaged(text, { cause });
}

function unavailable(file: string, reason: string, cause: Error): StoreUnavailable {
  return new StoreUnavailable(`The store ${file} gives no service: ${reason}.`, { cause });
}
