import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { testWorld } from '../../test/contract/world.ts';
import { type Engine, StoreDamaged } from './engine.ts';
import { createKeyring, openKeyring } from './keyring.ts';
import { openStore } from './open.ts';
import { openSqliteEngine } from './sqlite/engine.ts';
import type { Store } from './store.ts';

interface Thing {
  readonly name: string;
  readonly tags: readonly string[];
}

const world = testWorld();
const rootKey = Buffer.alloc(32, 'root');
const integrityKey = Buffer.alloc(32, 'integrity');
const root = mkdtempSync(join(tmpdir(), 'sealhold-store-'));
after(() => rmSync(root, { recursive: true, force: true }));

const options = {
  path: 'kms/things',
  indexes: {
    name: (id: string, { name }: Thing) => [`${name}/${id}`],
    tag: (id: string, { tags }: Thing) => tags.map((tag) => `${tag}/${id}`),
  },
};

async function newEngine(): Promise<Engine> {
  return openSqliteEngine({ file: ':memory:', world, integrityKey });
}

async function newStore(engine?: Engine): Promise<Store> {
  const at = engine ?? (await newEngine());
  return openStore({
    engine: at,
    keyring: await createKeyring({ engine: at, rootKey, world }),
    world,
  });
}

async function commit(store: Store, ...writes: Parameters<Store['commit']>[0][]): Promise<void> {
  assert.equal((await store.commit(writes.flat())).kind, 'committed');
}

function thing(name: string, ...tags: string[]): Thing {
  return { name, tags };
}

describe('A collection', () => {
  test('holds what was inserted, as frozen data of its own', async () => {
    const store = await newStore();
    const things = store.collection<Thing>(options);
    const tags = ['x'];
    await commit(store, things.insert('1', { name: 'one', tags }));
    tags.push('changed later');
    const entry = (await things.get('1'))!;
    assert.deepEqual(entry.value, { name: 'one', tags: ['x'] });
    assert.ok(Object.isFrozen(entry) && Object.isFrozen(entry.value));
    assert.ok(Object.isFrozen(entry.value.tags));
    assert.equal(await things.get('2'), undefined);
    assert.equal(await things.get(''), undefined);
    await store.close();
  });

  test('gives from its cache exactly what a fresh read gives', async () => {
    const engine = await newEngine();
    const store = await newStore(engine);
    const values = store.collection<unknown>({ path: 'v' });
    const odd = { a: undefined, b: Number.NaN, c: [1, { d: '\ud800' }], __proto__: { e: 1 } };
    await commit(store, values.insert('odd', odd));
    const cached = values.peek('odd');
    const keyring = await openKeyring({ engine, rootKey, world });
    const again = openStore({ engine, keyring, world }).collection<unknown>({ path: 'v' });
    assert.deepEqual(cached, await again.get('odd'));
    assert.ok(cached !== undefined);
  });

  test('refuses a second insert and a replacement of what has changed', async () => {
    const store = await newStore();
    const things = store.collection<Thing>(options);
    await commit(store, things.insert('1', thing('one')));
    assert.equal((await store.commit(things.insert('1', thing('two')))).kind, 'conflict');
    const entry = (await things.get('1'))!;
    await commit(store, things.replace(entry, thing('two')));
    assert.equal((await store.commit(things.replace(entry, thing('three')))).kind, 'conflict');
    assert.equal((await store.commit(things.remove(entry))).kind, 'conflict');
    assert.equal((await things.get('1'))?.value.name, 'two');
    await commit(store, things.remove((await things.get('1'))!));
    assert.equal(await things.get('1'), undefined);
    assert.equal(things.peek('1'), undefined);
  });

  test('pages through ids in order, by prefix', async () => {
    const store = await newStore();
    const things = store.collection<Thing>(options);
    for (let i = 0; i < 30; i++) await commit(store, things.insert(`a/${i}`, thing(`n${i}`)));
    await commit(store, things.insert('b/1', thing('b')));
    const ids: string[] = [];
    for (let next: string | undefined; ; ) {
      const query = { prefix: 'a/', limit: 7 };
      const page = await things.page(next === undefined ? query : { ...query, after: next });
      ids.push(...page.entries.map(({ id }) => id));
      next = page.next;
      if (next === undefined) break;
    }
    assert.deepEqual(ids, Array.from({ length: 30 }, (_, i) => `a/${i}`).sort());
    assert.equal((await things.page({ limit: 31 })).next, undefined);
    assert.equal((await things.page({ limit: 30 })).next, 'a/9');
  });

  test('finds records by their index entries, which follow every change', async () => {
    const store = await newStore();
    const things = store.collection<Thing>(options);
    await commit(store, things.insert('1', thing('one', 'red', 'big')));
    await commit(store, things.insert('2', thing('two', 'red')));
    await commit(store, things.insert('3', thing('three', 'blue')));
    const tagged = async (tag: string) =>
      (await things.pageBy('tag', { key: `${tag}/`, limit: 10 })).entries.map(({ id }) => id);
    assert.deepEqual(await tagged('red'), ['1', '2']);
    await commit(store, things.replace((await things.get('1'))!, thing('one', 'big', 'blue')));
    assert.deepEqual(await tagged('red'), ['2']);
    assert.deepEqual(await tagged('blue'), ['1', '3']);
    assert.deepEqual(await tagged('big'), ['1']);
    await commit(store, things.remove((await things.get('1'))!));
    assert.deepEqual(await tagged('blue'), ['3']);
    assert.deepEqual(await tagged('big'), []);
    const first = await things.pageBy('name', { key: '', limit: 1 });
    assert.deepEqual([first.entries[0]?.id, first.next], ['3', 'three/3']);
    const second = await things.pageBy('name', { key: '', limit: 1, after: first.next! });
    assert.deepEqual([second.entries[0]?.id, second.next], ['2', undefined]);
  });

  test('reports a record that its index names and that is missing', async () => {
    const engine = await newEngine();
    const store = await newStore(engine);
    const things = store.collection<Thing>(options);
    await commit(store, things.insert('1', thing('one')));
    await engine.commit([{ path: 'kms/things/1', expect: undefined, row: undefined }]);
    await assert.rejects(things.pageBy('name', { key: '', limit: 9 }), StoreDamaged);
  });

  test('puts over whatever is there, where no index would be left behind', async () => {
    const store = await newStore();
    const plain = store.collection<Thing>({ path: 'plain' });
    await commit(store, plain.put('1', thing('one')));
    await commit(store, plain.put('1', thing('two')));
    assert.equal((await plain.get('1'))?.value.name, 'two');
    const indexed = store.collection<Thing>(options);
    assert.throws(() => indexed.put('1', thing('one')), /has indexes/);
  });

  test('overlaps no other', async () => {
    const store = await newStore();
    store.collection({ path: 'kms/keys' });
    store.collection({ path: 'kms/keys-old' });
    for (const path of ['kms/keys', 'kms', 'kms/keys/policies']) {
      assert.throws(() => store.collection({ path }), /overlap/);
    }
    for (const path of ['', '/a', 'a/', 'a//b', 'a.by-b']) {
      assert.throws(() => store.collection({ path }), RangeError);
    }
  });

  test('keeps no more records than it may', async () => {
    const store = await newStore();
    const few = store.collection<Thing>({ path: 'few', cacheEntries: 10 });
    for (let i = 0; i < 100; i++) await commit(store, few.put(`${i}`, thing('x')));
    const cached = () => Array.from({ length: 100 }, (_, i) => few.peek(`${i}`)).filter(Boolean);
    assert.ok(few.peek('99') !== undefined);
    assert.ok(cached().length <= 10, `${cached().length}`);
    const none = store.collection<Thing>({ path: 'none', cacheEntries: 0 });
    await commit(store, none.put('1', thing('x')));
    assert.equal(none.peek('1'), undefined);
    assert.equal((await none.get('1'))?.value.name, 'x');
  });
});

/** The engine as an object, whose members a test replaces. */
function ported(engine: Engine): Engine {
  return {
    get: (path) => engine.get(path),
    scan: (query) => engine.scan(query),
    commit: (writes) => engine.commit(writes),
    seq: () => engine.seq(),
    subscribe: (listener) => engine.subscribe(listener),
    feedHeard: () => engine.feedHeard(),
    catchUp: () => engine.catchUp(),
    close: () => engine.close(),
  };
}

describe('A cache', () => {
  async function twoNodes(name: string, pollMs: number) {
    const file = join(root, `${name}.db`);
    const engines = [await openAt(file, pollMs), await openAt(file, pollMs)] as const;
    await createKeyring({ engine: engines[0], rootKey, world });
    const nodes = await Promise.all(
      engines.map(async (engine) => {
        const keyring = await openKeyring({ engine, rootKey, world });
        const store = openStore({ engine, keyring, world });
        return { store, things: store.collection<Thing>(options) };
      }),
    );
    return [nodes[0]!, nodes[1]!] as const;
  }

  function openAt(file: string, pollMs: number) {
    return openSqliteEngine({ file, world, integrityKey, pollMs });
  }

  test("forgets what another node changed, within the feed's delay", async () => {
    const [one, other] = await twoNodes('coherent', 20);
    await commit(one.store, one.things.insert('1', thing('first')));
    assert.equal((await other.things.get('1'))?.value.name, 'first');
    assert.equal(other.things.peek('1')?.value.name, 'first');
    await commit(one.store, one.things.replace((await one.things.get('1'))!, thing('second')));
    assert.equal(one.things.peek('1')?.value.name, 'second');
    const deadline = performance.now() + 1_000;
    while (other.things.peek('1') !== undefined && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal((await other.things.get('1'))?.value.name, 'second');
    await one.store.close();
    await other.store.close();
  });

  test('is not trusted when the feed has not been heard for a second', async () => {
    const [one, other] = await twoNodes('deaf', 1_000_000);
    await commit(one.store, one.things.insert('1', thing('first')));
    await other.store.freshen();
    await other.things.get('1');
    await commit(one.store, one.things.replace((await one.things.get('1'))!, thing('second')));
    // The node can't know yet.
    assert.equal(other.things.peek('1')?.value.name, 'first');
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    assert.equal(other.store.isFresh(), false);
    assert.equal(other.things.peek('1'), undefined);
    assert.equal((await other.things.get('1'))?.value.name, 'second');
    assert.equal(other.store.isFresh(), true);
    assert.equal(other.things.peek('1')?.value.name, 'second');
    await one.store.close();
    await other.store.close();
  });

  test('does not keep a record that was read before it changed and arrived after', async () => {
    const engine = await newEngine();
    const gates: (() => void)[] = [];
    let isSlow = false;
    // An engine on a far database: a row takes a while to arrive.
    const far: Engine = {
      ...ported(engine),
      get: async (path) => {
        const row = await engine.get(path);
        if (isSlow) await new Promise<void>((resolve) => gates.push(resolve));
        return row;
      },
    };
    const store = await newStore(far);
    const things = store.collection<Thing>({ ...options, cacheEntries: 4 });
    await commit(store, things.insert('1', thing('first')));
    const entry = (await things.get('1'))!;
    for (const other of 'abcdefgh') await commit(store, things.insert(other, thing(other)));
    assert.equal(things.peek('1'), undefined);
    isSlow = true;
    const reading = things.get('1');
    while (gates.length === 0) await new Promise(setImmediate);
    // Changed by another node: this one hears of it, and doesn't cache it itself.
    const [write] = things.replace(entry, thing('second'));
    await engine.commit([{ ...write! }]);
    gates[0]!();
    assert.equal((await reading)?.value.name, 'first');
    assert.equal(things.peek('1'), undefined);
    isSlow = false;
    assert.equal((await things.get('1'))?.value.name, 'second');
  });

  test('does not keep an own record that another node replaced at once', async () => {
    const engine = await newEngine();
    let overtaking: Parameters<Store['commit']>[0] = [];
    // The answer to a commit takes a while to arrive, and the feed is faster.
    const far: Engine = {
      ...ported(engine),
      commit: async (writes) => {
        const result = await engine.commit(writes);
        if (overtaking.length > 0) await engine.commit(overtaking);
        return result;
      },
    };
    const store = await newStore(far);
    const things = store.collection<Thing>({ path: 'plain' });
    await commit(store, things.put('1', thing('first')));
    assert.equal(things.peek('1')?.value.name, 'first');
    // Plain copies: what another node writes, this one can't cache.
    overtaking = things.put('1', thing('third')).map((write) => ({ ...write }));
    await commit(store, things.put('1', thing('second')));
    assert.equal(things.peek('1'), undefined);
    assert.equal((await things.get('1'))?.value.name, 'third');
  });

  test('is up to date after a conflict, so that the next try can succeed', async () => {
    const [one, other] = await twoNodes('conflict', 1_000_000);
    await commit(one.store, one.things.insert('1', thing('first')));
    const stale = (await other.things.get('1'))!;
    await commit(one.store, one.things.replace((await one.things.get('1'))!, thing('second')));
    const refused = await other.store.commit(other.things.replace(stale, thing('third')));
    assert.equal(refused.kind, 'conflict');
    await commit(other.store, other.things.replace((await other.things.get('1'))!, thing('third')));
    await one.store.close();
    await other.store.close();
  });

  test('shows after many writers at once what the store holds', async () => {
    const [one, other] = await twoNodes('race', 5);
    await commit(one.store, one.things.insert('1', thing('0')));
    const add = async ({ store, things }: typeof one, times: number): Promise<void> => {
      for (let done = 0; done < times; ) {
        const entry = (await things.get('1'))!;
        const next = thing(`${Number(entry.value.name) + 1}`);
        if ((await store.commit(things.replace(entry, next))).kind === 'committed') done++;
      }
    };
    await Promise.all([add(one, 30), add(other, 30), add(one, 30), add(other, 30)]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await one.things.get('1'))?.value.name, '120');
    assert.equal((await other.things.get('1'))?.value.name, '120');
    assert.equal((await other.things.page({ limit: 1 })).entries[0]?.value.name, '120');
    await one.store.close();
    await other.store.close();
  });
});
