import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { testWorld } from '../../test/contract/world.ts';
import { Barrier } from './barrier.ts';
import { type Engine, StoreDamaged } from './engine.ts';
import { createKeyring, type Keyring, keyringPath, openKeyring } from './keyring.ts';
import { dropTerm, rewrap } from './rewrap.ts';
import { termOf } from './sealed-row.ts';
import { openSqliteEngine } from './sqlite/engine.ts';

const rootKey = Buffer.alloc(32, 'root');
const integrityKey = Buffer.alloc(32, 'integrity');
const dayMs = 24 * 60 * 60 * 1000;
const root = mkdtempSync(join(tmpdir(), 'sealhold-keyring-'));
after(() => rmSync(root, { recursive: true, force: true }));

async function newStore() {
  const world = testWorld();
  const engine = await openSqliteEngine({ file: ':memory:', world, integrityKey });
  const keyring = await createKeyring({ engine, rootKey, world });
  return { world, engine, keyring, barrier: new Barrier(keyring, world) };
}

async function put(engine: Engine, barrier: Barrier, path: string): Promise<void> {
  const row = barrier.seal(path, Buffer.from(`content of ${path}`));
  await engine.commit([{ path, expect: undefined, row }]);
}

async function contentAt(engine: Engine, barrier: Barrier, path: string): Promise<string> {
  return (await barrier.open((await engine.get(path))!)).toString();
}

async function termAt(engine: Engine, path: string): Promise<number | undefined> {
  return termOf((await engine.get(path))!);
}

describe('The keyring', () => {
  test('opens again under its root key, and under no other', async () => {
    const { world, engine, barrier } = await newStore();
    await put(engine, barrier, 'a');
    const again = await openKeyring({ engine, rootKey, world });
    assert.equal(await contentAt(engine, new Barrier(again, world), 'a'), 'content of a');
    const otherRoot = { engine, rootKey: Buffer.alloc(32, 'other'), world };
    await assert.rejects(openKeyring(otherRoot), StoreDamaged);
    await assert.rejects(createKeyring({ engine, rootKey, world }), /has a keyring already/);
  });

  test('is damage when it is missing or altered in any byte', async () => {
    const { world, engine } = await newStore();
    const row = (await engine.get(keyringPath))!;
    for (let at = 0; at < row.value.length; at++) {
      const value = Buffer.from(row.value);
      value[at] = value[at]! ^ 1;
      const altered = { path: keyringPath, expect: undefined, row: { ...row, value } };
      await engine.commit([altered]);
      await assert.rejects(openKeyring({ engine, rootKey, world }), StoreDamaged, `byte ${at}`);
    }
    await engine.commit([{ path: keyringPath, expect: undefined, row: undefined }]);
    await assert.rejects(openKeyring({ engine, rootKey, world }), StoreDamaged);
  });

  test('seals under a new term after a rotation, and opens under all', async () => {
    const { engine, keyring, barrier } = await newStore();
    await put(engine, barrier, 'old');
    await keyring.rotate();
    await put(engine, barrier, 'new');
    assert.deepEqual([await termAt(engine, 'old'), await termAt(engine, 'new')], [1, 2]);
    assert.equal(await contentAt(engine, barrier, 'old'), 'content of old');
    assert.equal(await contentAt(engine, barrier, 'new'), 'content of new');
  });

  test('rotates by itself after 90 days', async () => {
    const { world, keyring } = await newStore();
    world.pass(90 * dayMs - 60_000);
    assert.equal(await keyring.maintain(), 'kept');
    world.pass(120_000);
    assert.equal(await keyring.maintain(), 'rotated');
    assert.equal(await keyring.maintain(), 'kept');
    assert.equal(keyring.currentTerm(), 2);
  });

  test('counts what all nodes seal', async () => {
    const { world, engine, keyring, barrier } = await newStore();
    const other = await openKeyring({ engine, rootKey, world });
    for (let i = 0; i < 10; i++) await put(engine, barrier, `p${i}`);
    for (let i = 0; i < 7; i++) await put(engine, new Barrier(other, world), `p${i}`);
    await keyring.maintain();
    await other.maintain();
    await other.maintain();
    await keyring.reload();
    assert.equal(keyring.terms()[0]?.sealedCount, 17);
  });

  test('is rotated once when two nodes find it due', async () => {
    const { world, engine, keyring } = await newStore();
    const other = await openKeyring({ engine, rootKey, world });
    world.pass(91 * dayMs);
    await Promise.all([keyring.maintain(), other.maintain()]);
    await keyring.reload();
    assert.equal(keyring.terms().length, 2);
    assert.equal(other.terms().length, 2);
  });

  test('learns of a term that another node began when it meets it', async () => {
    const world = testWorld();
    const file = join(root, 'nodes.db');
    // Neither hears the feed.
    const open = () => openSqliteEngine({ file, world, integrityKey, pollMs: 1_000_000 });
    const [one, other] = [await open(), await open()];
    const keyring = await createKeyring({ engine: one, rootKey, world });
    const others = await openKeyring({ engine: other, rootKey, world });
    await keyring.rotate();
    await put(one, new Barrier(keyring, world), 'a');
    assert.equal(others.currentTerm(), 1);
    assert.equal(await contentAt(other, new Barrier(others, world), 'a'), 'content of a');
    assert.equal(others.currentTerm(), 2);
    await one.close();
    await other.close();
  });
});

describe('Rewrapping', () => {
  async function filled(records: number) {
    const store = await newStore();
    for (let i = 0; i < records; i++) await put(store.engine, store.barrier, `p${i}`);
    await store.keyring.rotate();
    return store;
  }

  test('seals every record anew under the current term, once', async () => {
    const store = await filled(200);
    const { engine, barrier } = store;
    assert.equal(await rewrap(store), 200);
    assert.equal(await rewrap(store), 0);
    for (let i = 0; i < 200; i++) {
      assert.equal(await termAt(engine, `p${i}`), 2);
      assert.equal(await contentAt(engine, barrier, `p${i}`), `content of p${i}`);
    }
    await engine.verifyIntegrity();
  });

  test('goes on after it was stopped, and leaves newer records alone', async () => {
    const store = await filled(200);
    const { engine, barrier } = store;
    await put(engine, barrier, 'p5');
    const before = await engine.get('p5');
    const stop = new AbortController();
    engine.subscribe(() => stop.abort());
    const first = await rewrap({ ...store, stop: stop.signal });
    assert.ok(first > 0 && first < 199, `${first}`);
    assert.equal(first + (await rewrap(store)), 199);
    assert.deepEqual(await engine.get('p5'), before);
  });

  test('loses no change that is made meanwhile', async () => {
    const store = await filled(300);
    const { engine, barrier } = store;
    const changing = (async () => {
      for (let i = 299; i >= 0; i -= 3) {
        const row = barrier.seal(`p${i}`, Buffer.from('changed'));
        await engine.commit([{ path: `p${i}`, expect: undefined, row }]);
        await new Promise(setImmediate);
      }
    })();
    await rewrap(store);
    await changing;
    await rewrap(store);
    for (let i = 0; i < 300; i++) {
      const expected = i % 3 === 2 ? 'changed' : `content of p${i}`;
      assert.equal(await contentAt(engine, barrier, `p${i}`), expected);
      assert.equal(await termAt(engine, `p${i}`), 2);
    }
  });

  test('lets an old term be dropped a day after its end, when nothing needs it', async () => {
    const store = await filled(10);
    const { keyring, world } = store;
    const drop = (keys: Keyring, term: number) =>
      dropTerm({ engine: store.engine, keyring: keys, term });
    world.pass(2 * dayMs);
    await assert.rejects(drop(keyring, 1), /records are still sealed under term 1/);
    await rewrap(store);
    await assert.rejects(drop(keyring, 2), /records are still sealed under term 2/);
    await keyring.rotate();
    await rewrap(store);
    await assert.rejects(drop(keyring, 2), /ended less than a day ago/);
    await assert.rejects(drop(keyring, 3), /still sealed/);
    await drop(keyring, 1);
    assert.deepEqual(
      keyring.terms().map(({ term }) => term),
      [2, 3],
    );
    assert.equal(await contentAt(store.engine, store.barrier, 'p3'), 'content of p3');
  });
});
