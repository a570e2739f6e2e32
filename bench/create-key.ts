/** Claim: an answered change is on the disk, and waits for little more than the disk. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Claim, median, type Row, rateOf } from './claim.ts';
import { startSealhold } from './program.ts';
import { prepare } from './request.ts';

export const createKeys: Claim = {
  name: 'create-key',
  says: 'CreateKey against what the disk needs for one durable write in the same folder',
  async measure(bench) {
    const data = bench.folder('create-key');
    const program = await startSealhold({ data });
    try {
      const requests = [prepare('CreateKey', {})];
      await rateOf(bench, program, { requests, connections: 4, measureMs: 500 });
      const disk = diskTimes(data);
      const alone = await rateOf(bench, program, { requests, connections: 1 });
      const many = await rateOf(bench, program, { requests });
      return rowsOf(alone, many, disk);
    } finally {
      await program.stop();
    }
  },
};

interface DiskTimes {
  readonly fdatasyncMs: number;
  readonly commitMs: number;
}

/**
 * Medians over 100: a 4 KB page appended and synced, and a row committed by SQLite as we set it up.
 */
function diskTimes(folder: string): DiskTimes {
  const file = openSync(join(folder, 'bench.tmp'), 'w');
  const page = Buffer.alloc(4096, 1);
  const syncs = times(100, () => {
    writeSync(file, page);
    fdatasyncSync(file);
  });
  closeSync(file);
  const database = new DatabaseSync(join(folder, 'bench.sqlite'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (v BLOB)');
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  const commits = times(100, () => insert.run(page));
  database.close();
  return { fdatasyncMs: median(syncs), commitMs: median(commits) };
}

function times(count: number, act: () => unknown): number[] {
  return Array.from({ length: count }, () => {
    const beganMs = performance.now();
    act();
    return performance.now() - beganMs;
  });
}

function rowsOf(
  alone: { p50Ms: number; p99Ms: number },
  many: { perSecond: number; p50Ms: number; p99Ms: number },
  disk: DiskTimes,
): Row[] {
  return [
    {
      what: 'CreateKey, one caller, p50',
      value: alone.p50Ms,
      unit: 'ms',
      against: { what: 'one fdatasync', value: disk.fdatasyncMs },
      note: `p99 ${alone.p99Ms.toFixed(2)} ms; a SQLite commit takes ${disk.commitMs.toFixed(2)} ms`,
    },
    {
      what: 'CreateKey, 32 callers',
      value: many.perSecond,
      unit: 'per s',
      against: { what: 'one commit after the other', value: 1_000 / disk.commitMs },
      note: `p50 ${many.p50Ms.toFixed(2)} ms, p99 ${many.p99Ms.toFixed(2)} ms`,
    },
  ];
}
