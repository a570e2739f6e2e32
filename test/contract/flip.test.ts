/**
 * A byte that flips anywhere in the file or its log leads to a refusal, an error or nothing;
 * never to a record that is wrong or missing. Of a log's tail that is lost, the store is what it
 * was at an earlier commit, and says at which.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { StoreDamaged, StoreUnavailable } from '../../src/store/engine.ts';
import { createKeyring, openKeyring } from '../../src/store/keyring.ts';
import { openStore } from '../../src/store/open.ts';
import { integrityKeyOf } from '../../src/store/root-key.ts';
import { openSqliteEngine, type SqliteEngine } from '../../src/store/sqlite/engine.ts';
import type { Collection, Store } from '../../src/store/store.ts';
import { testWorld } from './world.ts';

interface Item {
  readonly group: number;
  readonly text: string;
}
/** What the store held after each commit. */
type History = Map<number, ReadonlyMap<string, string>>;

const world = testWorld();
const rootKey = Buffer.alloc(32, 'root');
const integrityKey = integrityKeyOf(rootKey);
const root = mkdtempSync(join(tmpdir(), 'sealhold-flip-'));
after(() => rmSync(root, { recursive: true, force: true }));
const path = 'test/items';
const indexes = { group: (id: string, { group }: Item) => [`${group}/${id}`] };
const itemCount = 40;

function openEngine(file: string, mustExist = true): Promise<SqliteEngine> {
  // No poll: nothing else writes.
  return openSqliteEngine({ file, world, integrityKey, mustExist, pollMs: 1_000_000 });
}

/** Fills a store with records of all sizes, changes some and removes some. */
async function fill(engine: SqliteEngine): Promise<History> {
  const keyring = await createKeyring({ engine, rootKey, world });
  const store = openStore({ engine, keyring, world });
  const items = store.collection<Item>({ path, indexes });
  const held = new Map<string, string>();
  const history: History = new Map([[engine.seq(), new Map()]]);
  const commit = async (writes: Parameters<Store['commit']>[0]) => {
    assert.equal((await store.commit(writes)).kind, 'committed');
    history.set(engine.seq(), new Map(held));
  };
  for (let i = 0; i < itemCount; i++) {
    const item = { group: i % 5, text: 'x'.repeat(i === 20 ? 9000 : i * 15) };
    held.set(`id${i}`, JSON.stringify(item));
    await commit(items.insert(`id${i}`, item));
  }
  for (let i = 0; i < itemCount; i += 6) await changeOrRemove(items, { i, held, commit });
  return history;
}

async function changeOrRemove(
  items: Collection<Item>,
  work: {
    readonly i: number;
    readonly held: Map<string, string>;
    readonly commit: (writes: Parameters<Store['commit']>[0]) => Promise<void>;
  },
): Promise<void> {
  const id = `id${work.i}`;
  const entry = (await items.get(id))!;
  if (work.i % 4 === 0) {
    work.held.delete(id);
    await work.commit(items.remove(entry));
  } else {
    const item = { group: 7, text: 'changed' };
    work.held.set(id, JSON.stringify(item));
    await work.commit(items.replace(entry, item));
  }
}

type Verdict = 'refused' | 'errors' | 'whole' | 'earlier';

/** Opens the file and reads every record; fails when one is wrong or missing. */
async function judge(file: string, history: History): Promise<Verdict> {
  let engine: SqliteEngine | undefined;
  try {
    engine = await openEngine(file);
    const keyring = await openKeyring({ engine, rootKey, world });
    const items = openStore({ engine, keyring, world }).collection<Item>({ path, indexes });
    const held = history.get(engine.seq());
    assert.ok(held, `the store claims to be at commit ${engine.seq()}`);
    const errors = await readAll(items, held);
    if (errors > 0) return 'errors';
    return engine.seq() === Math.max(...history.keys()) ? 'whole' : 'earlier';
  } catch (error) {
    if (error instanceof StoreDamaged || error instanceof StoreUnavailable) return 'refused';
    throw error;
  } finally {
    await engine?.close();
  }
}

/** The number of records that were refused. */
async function readAll(items: Collection<Item>, held: ReadonlyMap<string, string>) {
  let errors = 0;
  for (let i = 0; i < itemCount; i++) {
    const id = `id${i}`;
    try {
      const entry = await items.get(id);
      assert.equal(entry && JSON.stringify(entry.value), held.get(id), id);
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      errors++;
    }
  }
  for (let group = 0; group < 8; group++) {
    try {
      const { entries } = await items.pageBy('group', { key: `${group}/`, limit: 100 });
      const expected = [...held].filter(([, json]) => JSON.parse(json).group === group);
      assert.equal(entries.length, expected.length, `group ${group}`);
    } catch (error) {
      if (!(error instanceof StoreDamaged)) throw error;
      errors++;
    }
  }
  return errors;
}

function* offsets(sizeBytes: number, { all, step }: { all: number; step: number }) {
  for (let at = 0; at < Math.min(all, sizeBytes); at++) yield at;
  for (let at = all; at < sizeBytes; at += step) yield at;
}

function flipped(original: Buffer, at: number): Buffer {
  const copy = Buffer.from(original);
  // One bit, or the whole byte.
  copy[at] = copy[at]! ^ (at % 3 === 0 ? 0xff : 1 << (at % 8));
  return copy;
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

describe('A flipped byte serves no wrong record and hides none', () => {
  test('in the file', async (t) => {
    const file = join(root, 'file.db');
    const engine = await openEngine(file, false);
    const history = await fill(engine);
    await engine.close();
    const original = readFileSync(file);
    const verdicts = new Map<Verdict, number>();
    for (const at of offsets(original.length, { all: 110, step: 73 })) {
      remove(file);
      writeFileSync(file, flipped(original, at));
      const verdict = await judge(file, history).catch((error) => {
        throw new Error(`with byte ${at} flipped`, { cause: error });
      });
      assert.notEqual(verdict, 'earlier', `byte ${at}`);
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    }
    t.diagnostic(`${original.length} bytes: ${JSON.stringify([...verdicts])}`);
    assert.ok((verdicts.get('refused') ?? 0) > 20);
    assert.ok((verdicts.get('errors') ?? 0) > 20);
  });

  for (const checkpointed of ['nothing', 'half'] as const) {
    test(`in the log, of which ${checkpointed} is in the file already`, async (t) => {
      const live = join(root, `${checkpointed}-live.db`);
      const file = join(root, `${checkpointed}.db`);
      const engine = await openEngine(live, false);
      const history = await fill(engine);
      if (checkpointed === 'half') {
        // As a checkpoint leaves it: copied into the file, with the log still there.
        const sql = `import { DatabaseSync } from 'node:sqlite';
          new DatabaseSync(${JSON.stringify(live)}).exec('PRAGMA wal_checkpoint(PASSIVE)')`;
        spawnSync(process.execPath, ['--input-type=module', '-e', sql]);
      }
      // By another process: reading the files in this one would drop SQLite's locks on them.
      for (const suffix of ['', '-wal']) spawnSync('cp', [live + suffix, file + suffix]);
      await engine.close();
      const original = readFileSync(file);
      const log = readFileSync(`${file}-wal`);
      const verdicts = new Map<Verdict, number>();
      for (const at of offsets(log.length, { all: 60, step: 1511 })) {
        remove(file);
        writeFileSync(file, original);
        writeFileSync(`${file}-wal`, flipped(log, at));
        const verdict = await judge(file, history).catch((error) => {
          throw new Error(`with byte ${at} of the log flipped`, { cause: error });
        });
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      }
      t.diagnostic(`${log.length} bytes: ${JSON.stringify([...verdicts])}`);
      assert.ok(verdicts.size > 1);
    });
  }
});
