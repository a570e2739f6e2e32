/** The SQLite engine: the contract, and what a file on an untrusted disk adds to it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { type Engine, StoreDamaged, StoreUnavailable } from '../../src/store/engine.ts';
import { openSqliteEngine, type SqliteOptions } from '../../src/store/sqlite/engine.ts';
import { connect } from '../../src/store/sqlite/schema.ts';
import { textAt, write } from './commits.ts';
import { engineContract, type Place } from './engine.ts';
import { testWorld } from './world.ts';

const integrityKey = Buffer.alloc(32, 'integrity');
const world = testWorld();
const root = mkdtempSync(join(tmpdir(), 'sealhold-sqlite-'));
after(() => rmSync(root, { recursive: true, force: true }));

let lastFile = 0;
function newFile(): string {
  return join(root, `${++lastFile}.db`);
}

function open(file: string, options: Partial<SqliteOptions> = {}) {
  return openSqliteEngine({ file, world, integrityKey, ...options });
}

const files = new Map<Place, string>();

engineContract('SQLite in a file', {
  isDurable: true,
  isShared: true,
  place: async () => {
    const file = newFile();
    const place = { open: () => open(file), remove: async () => {} };
    files.set(place, file);
    return place;
  },
  run: (place, task, name) => {
    const script = new URL('./committing-process.ts', import.meta.url).pathname;
    const args = [script, files.get(place)!, integrityKey.toString('hex'), task, name];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  },
});

engineContract('SQLite in memory', {
  isDurable: false,
  isShared: false,
  place: async () => ({ open: () => open(':memory:'), remove: async () => {} }),
});

/** A closed store of 40 rows. */
async function filled(): Promise<string> {
  const file = newFile();
  const engine = await open(file);
  for (let i = 0; i < 40; i++) await engine.commit([write(`p${i}`, `value ${i}`)]);
  await engine.close();
  return file;
}

function behindItsBack(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

const pageBytes = 4096;

/** The root page of a table, counted from 0. */
function pageOf(file: string, table: string): number {
  const db = new DatabaseSync(file);
  const sql = 'SELECT rootpage FROM sqlite_schema WHERE name = ?';
  const page = Number(db.prepare(sql).get(table)!.rootpage) - 1;
  db.close();
  return page;
}

async function assertRefused(file: string, options: Partial<SqliteOptions> = {}): Promise<void> {
  await assert.rejects(
    async () => (await open(file, options)).close(),
    (error: unknown) => {
      assert.ok(error instanceof StoreDamaged, String(error));
      assert.match(error.message, /is damaged: /);
      assert.ok(error.message.includes(file));
      return true;
    },
  );
}

describe('A store on an untrusted disk', () => {
  const alterations: Record<string, string> = {
    'a row is removed': "DELETE FROM rows WHERE path = 'p7'",
    'a row is added': "INSERT INTO rows VALUES ('q', 5, x'00')",
    'a row is moved': "UPDATE rows SET path = 'p99' WHERE path = 'p7'",
    'a row gets another version': "UPDATE rows SET version = version + 1 WHERE path = 'p7'",
    'two rows change places':
      "UPDATE rows SET version = (SELECT sum(version) FROM rows WHERE path IN ('p7', 'p8')) - version WHERE path IN ('p7', 'p8')",
    'all rows are removed': 'DELETE FROM rows',
    'the state is removed': 'DELETE FROM state',
    'the state claims another commit': 'UPDATE state SET seq = seq - 1',
    'a table is removed': 'DROP TABLE changes',
    'a table is added': 'CREATE TABLE more (x)',
    'a trigger is added': 'CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END',
    'the format is another': 'PRAGMA user_version = 2',
    'the program is another': 'PRAGMA application_id = 7',
  };
  for (const [what, sql] of Object.entries(alterations)) {
    test(`is refused when ${what}`, async () => {
      const file = await filled();
      behindItsBack(file, sql);
      await assertRefused(file);
    });
  }

  test('is refused when one row is put back in its earlier version', async () => {
    const file = newFile();
    const engine = await open(file);
    await engine.commit([write('a', 'earlier'), write('b', 'x')]);
    const { version } = (await engine.get('a'))!;
    await engine.commit([write('a', 'later')]);
    await engine.close();
    const value = Buffer.from('earlier').toString('hex');
    behindItsBack(file, `UPDATE rows SET version = ${version}, value = x'${value}' WHERE path='a'`);
    await assertRefused(file);
  });

  test('is refused when its state is put back with one row', async () => {
    const file = newFile();
    const engine = await open(file);
    await engine.commit([write('a', 'x')]);
    await engine.commit([write('b', 'x')]);
    await engine.close();
    const db = new DatabaseSync(file);
    const state = db.prepare('SELECT * FROM state').get()!;
    db.close();
    const again = await open(file);
    await again.commit([write('a', 'y'), write('b', 'y')]);
    await again.close();
    const behind = new DatabaseSync(file);
    behind
      .prepare('UPDATE state SET seq = ?, row_count = ?, nonce = ?, masked = ?, tag = ?')
      .run(state.seq!, state.row_count!, state.nonce!, state.masked!, state.tag!);
    behind.close();
    await assertRefused(file);
  });

  test('is refused at once for an altered state, however large it is', async () => {
    for (const sql of [
      'UPDATE state SET seq = seq + 1',
      "UPDATE state SET masked = CAST(x'00' || substr(masked, 2) AS BLOB)",
    ]) {
      const file = await filled();
      behindItsBack(file, sql);
      await assertRefused(file, { checkedAtOpenRows: 0 });
    }
  });

  test('is refused when its rows are all there, but not where a look-up finds them', async () => {
    const file = await filled();
    const bytes = readFileSync(file);
    // A leaf page of the tree of rows, https://www.sqlite.org/fileformat2.html#b_tree_pages:
    // two of its cell pointers change places.
    const page = pageOf(file, 'rows') * pageBytes;
    assert.equal(bytes[page], 0x0a);
    const [first, second] = [bytes.readUInt16BE(page + 8), bytes.readUInt16BE(page + 10)];
    bytes.writeUInt16BE(second, page + 8);
    bytes.writeUInt16BE(first, page + 10);
    writeFileSync(file, bytes);
    await assertRefused(file);
  });

  test('is refused when a page of its rows is said to be free', async () => {
    const file = newFile();
    const engine = await open(file);
    for (const path of ['a', 'b', 'c']) await engine.commit([write(path, 'x'.repeat(20_000))]);
    await engine.commit([{ path: 'b', expect: undefined, row: undefined }]);
    await engine.close();
    const bytes = readFileSync(file);
    // The first trunk page of the free list: next trunk, count, leaves.
    const trunk = (bytes.readUInt32BE(32) - 1) * pageBytes;
    assert.ok(bytes.readUInt32BE(trunk + 4) > 1);
    bytes.writeUInt32BE(pageOf(file, 'rows') + 1, trunk + 8);
    writeFileSync(file, bytes);
    await assertRefused(file);
  });

  test('is refused under another key', async () => {
    const file = await filled();
    await assertRefused(file, { integrityKey: Buffer.alloc(32, 'another') });
  });

  test('is refused when it held records and is empty or gone', async () => {
    const file = await filled();
    writeFileSync(file, '');
    await assertRefused(file, { mustExist: true });
    rmSync(file);
    await assertRefused(file, { mustExist: true });
    assert.equal(existsSync(file), false);
  });

  test('is refused when it is no database', async () => {
    const file = newFile();
    writeFileSync(file, Buffer.alloc(10_000, 'no database'));
    await assertRefused(file);
  });

  test('that is large is checked meanwhile, and refuses service once damage is found', async () => {
    const file = newFile();
    const first = await open(file);
    const rows = Array.from({ length: 3000 }, (_, i) => write(`p${i}`, 'x'));
    await first.commit(rows);
    await first.close();
    behindItsBack(file, "DELETE FROM rows WHERE path = 'p7'");
    const told = Promise.withResolvers<StoreDamaged>();
    const engine = await open(file, { checkedAtOpenRows: 1000, onDamage: told.resolve });
    assert.equal(await textAt(engine, 'p8'), 'x');
    assert.match((await told.promise).message, /removed/);
    await assert.rejects(engine.get('p8'), StoreDamaged);
    await assert.rejects(engine.commit([write('q', 'x')]), StoreDamaged);
    await assert.rejects(engine.catchUp(), StoreDamaged);
    assert.equal(engine.feedHeard(), Number.NEGATIVE_INFINITY);
    await engine.close();
  });

  for (const rows of [50, 3000]) {
    test(`is checked while in use, with ${rows} rows`, async () => {
      const file = newFile();
      const engine = await open(file);
      await engine.commit(Array.from({ length: rows }, (_, i) => write(`p${i}`, 'x')));
      const writing = Promise.all(
        Array.from({ length: 50 }, (_, i) => engine.commit([write(`q${i}`, 'x')])),
      );
      await engine.verifyIntegrity();
      await writing;
      await engine.verifyIntegrity();
      behindItsBack(file, "DELETE FROM rows WHERE path = 'p7'");
      await assert.rejects(engine.verifyIntegrity(), StoreDamaged);
      await assert.rejects(engine.get('p8'), StoreDamaged);
      await engine.close();
    });
  }

  test('whose change feed is altered stops being trusted', async () => {
    const file = newFile();
    const engine = await open(file, { pollMs: 100_000 });
    const other = await open(file, { pollMs: 100_000 });
    await other.commit([write('a', 'x')]);
    behindItsBack(file, `UPDATE changes SET paths = '["b"]'`);
    await assert.rejects(engine.catchUp(), StoreDamaged);
    assert.equal(engine.feedHeard(), Number.NEGATIVE_INFINITY);
    await engine.close();
    await other.close();
  });
});

describe('A store in a file', () => {
  test('is readable by its owner only, the log beside it too', async () => {
    const file = newFile();
    const engine = await open(file);
    await engine.commit([write('a', 'x')]);
    for (const suffix of ['', '-wal', '-shm']) {
      assert.equal(statSync(file + suffix).mode & 0o777, 0o600);
    }
    await engine.close();
  });

  test('syncs its log at every commit', () => {
    // A killed process doesn't show it: only lost power would.
    const db = connect({ file: newFile(), busyTimeoutMs: 0 });
    assert.equal(db.prepare('PRAGMA synchronous').get()?.synchronous, 2);
    db.close();
  });

  test('is one file after a clean close', async () => {
    const file = await filled();
    for (const suffix of ['-wal', '-shm']) assert.equal(existsSync(file + suffix), false);
  });

  test('tells a node that was away for too long that anything may have changed', async () => {
    const file = newFile();
    const sleeper = await open(file, { pollMs: 100_000 });
    const writer = await open(file);
    const heard: string[] = [];
    sleeper.subscribe((paths) => heard.push(...paths));
    const commits = Array.from({ length: 5000 }, (_, i) => writer.commit([write(`p${i}`, 'x')]));
    await Promise.all(commits);
    await sleeper.catchUp();
    assert.deepEqual(heard, ['']);
    assert.equal(sleeper.seq(), 5000);
    await writer.close();
    await sleeper.close();
  });

  test("announces other processes' commits before an own one that followed them", async () => {
    const file = newFile();
    // Nothing is heard by polling.
    const [one, other] = [await open(file, { pollMs: 1e6 }), await open(file, { pollMs: 1e6 })];
    const heard: string[] = [];
    other.subscribe((paths) => heard.push(...paths));
    await one.commit([write('first', 'x')]);
    await other.commit([write('second', 'x')]);
    await other.commit([write('third', 'x')]);
    assert.deepEqual(heard, ['first', 'second', 'third']);
    assert.equal(other.seq(), 3);
    await one.close();
    await other.close();
  });

  test('that was moved away takes no commit, which would be lost, until it is back', async () => {
    const file = newFile();
    const engine = await open(file);
    await engine.commit([write('a', 'x')]);
    renameSync(file, `${file}.away`);
    await assert.rejects(engine.commit([write('b', 'x')]), /moved or removed/);
    renameSync(`${file}.away`, file);
    assert.equal((await engine.commit([write('b', 'x')])).kind, 'committed');
    await engine.close();
  });

  test('that is full refuses plainly, loses nothing, and goes on when there is room', async () => {
    const file = newFile();
    const engine = await open(file, { maxPages: 40 });
    const taken = await fillUp(engine);
    assert.ok(taken > 3, `${taken} commits`);
    await assert.rejects(engine.commit([write('more', 'x'.repeat(20_000))]), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /the disk is full; make room/);
      return true;
    });
    assert.equal(engine.seq(), taken);
    await engine.commit([{ path: 'p1', expect: undefined, row: undefined }]);
    assert.equal((await engine.commit([write('more', 'x'.repeat(5_000))])).kind, 'committed');
    await engine.verifyIntegrity();
    await engine.close();
    const again = await open(file);
    assert.equal((await again.scan({ prefix: 'p', limit: 100 })).length, taken - 1);
    await again.close();
  });

  test('on a disk that is full goes on when the disk has grown', async (t) => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    const mount = (...options: string[]) =>
      spawnSync('mount', [...options, 'tmpfs', disk], { stdio: 'ignore' }).status;
    if (mount('-t', 'tmpfs', '-o', 'size=1m') !== 0) return t.skip('needs the right to mount');
    t.after(() => spawnSync('umount', [disk]));
    const file = join(disk, 'store.db');
    const engine = await open(file);
    const taken = await fillUp(engine);
    assert.ok(taken > 20, `${taken} commits`);
    await assert.rejects(engine.commit([write('more', 'x'.repeat(20_000))]), StoreUnavailable);
    assert.equal(await textAt(engine, 'p0'), 'x'.repeat(10_000));
    assert.equal(mount('-o', 'remount,size=16m'), 0);
    const resumed = await engine.commit([write('more', 'x'.repeat(20_000))]);
    assert.deepEqual(resumed, { kind: 'committed', seq: taken + 1 });
    await engine.close();
    const again = await open(file);
    assert.equal((await again.scan({ prefix: '', limit: 1000 })).length, taken + 1);
    await again.close();
  });
});

/** The number of 10 KB commits that were taken before the disk was full. */
async function fillUp(engine: Engine): Promise<number> {
  for (let i = 0; ; i++) {
    try {
      await engine.commit([write(`p${i}`, 'x'.repeat(10_000))]);
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable, String(error));
      return i;
    }
  }
}
