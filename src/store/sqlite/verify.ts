/** Checks a whole store: SQLite's own structure, and the set of rows against its digest. */
import type { DatabaseSync } from 'node:sqlite';
import { equalSecret } from '../../crypto/hash.ts';
import { type DigestKeys, digestBytes, toggleRow } from './digest.ts';
import { Damage } from './failure.ts';
import { sortsBefore } from './path-range.ts';
import { readState } from './schema.ts';

/**
 * Reads every path and version in one snapshot; throws Damage when rows are missing, added,
 * altered in path or version, or out of order. Values are the barrier's to judge, when they are
 * read.
 */
export function verifyStore(db: DatabaseSync, keys: DigestKeys): void {
  db.exec('BEGIN');
  try {
    // A page in use that stands in the free list, too, would be overwritten by a later write.
    const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (verdict !== 'ok') throw new Damage(`SQLite finds: ${verdict}`);
    const state = readState(db, keys);
    const { digest, rowCount } = digestRows(db, keys);
    if (rowCount !== state.rowCount || !equalSecret(digest, state.digest)) {
      throw new Damage('records were removed, added or rolled back outside of Sealhold');
    }
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
  }
}

function digestRows(db: DatabaseSync, keys: DigestKeys): { digest: Buffer; rowCount: number } {
  const digest = Buffer.alloc(digestBytes);
  let rowCount = 0;
  let last = '';
  for (const { path, version } of db.prepare('SELECT path, version FROM rows').iterate()) {
    if (typeof path !== 'string' || !isVersion(version)) {
      throw new Damage('a record has no valid path and version');
    }
    // The digest knows no order and quick_check doesn't look at it, but look-ups go by it: a row
    // in the wrong place is there for a scan and missing for a get.
    if (!sortsBefore(last, path)) throw new Damage('its records are out of order');
    last = path;
    toggleRow(keys, digest, { path, version });
    rowCount++;
  }
  return { digest, rowCount };
}

export function isVersion(version: unknown): version is number {
  return Number.isSafeInteger(version) && (version as number) > 0;
}
