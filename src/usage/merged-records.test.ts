import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { testStore } from '../../test/trail.ts';
import type { Store } from '../store/store.ts';
import { MergedRecords } from './merged-records.ts';

const countIn = (store: Store, isAbout = async (_id: string) => true) =>
  new MergedRecords<number>({
    store,
    collection: store.collection<number>({ path: 'test/counts' }),
    merge: (one, other) => one + other,
    isAbout,
  });

describe('merged records', () => {
  test('of two nodes lose nothing and count nothing twice, whoever saves when', async (t) => {
    const { store, restarted } = await testStore(t);
    const nodes = [countIn(store), countIn(restarted())];
    const totals = new Map<string, number>();
    const step = fc.record({
      node: fc.nat(1),
      id: fc.constantFrom('a', 'b', 'c'),
      add: fc.integer({ min: 1, max: 9 }),
      next: fc.constantFrom('go on', 'save', 'save meanwhile', 'read'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const saving: Promise<void>[] = [];
        for (const { node, id, add, next } of steps) {
          const records = nodes[node]!;
          records.gather(id, add);
          totals.set(id, (totals.get(id) ?? 0) + add);
          if (next === 'save') await records.save();
          if (next === 'save meanwhile') saving.push(records.save());
          if (next === 'read') assert.ok(Number(await records.read(id)) <= Number(totals.get(id)));
        }
        await Promise.all(saving);
        for (const records of nodes) await records.save();
        for (const [id, total] of totals)
          for (const records of nodes) assert.equal(await records.read(id), total);
      }),
      { numRuns: 60 },
    );
  });

  test('that a store refused are gathered still', async (t) => {
    const { store } = await testStore(t);
    let isFull = true;
    const refusing: Store = {
      collection: (options) => store.collection(options),
      commit: (writes) =>
        isFull ? Promise.reject(new Error('the disk is full')) : store.commit(writes),
      freshen: () => store.freshen(),
      isFresh: () => store.isFresh(),
      close: () => store.close(),
    };
    const records = countIn(refusing);
    for (let i = 0; i < 250; i++) records.gather(`id-${i}`, 1);
    await assert.rejects(records.save(), /disk is full/);
    records.gather('id-7', 1);
    assert.equal(records.size, 251);
    assert.equal(await records.read('id-7'), 2);
    isFull = false;
    await records.save();
    assert.equal(records.size, 0);
    assert.equal(await records.read('id-7'), 2);
    assert.equal(await records.read('id-249'), 1);
  });

  test('about what is gone are not written', async (t) => {
    const { store } = await testStore(t);
    const records = countIn(store, async (id) => id !== 'gone');
    records.gather('gone', 1);
    records.gather('here', 1);
    await records.save();
    assert.deepEqual([await records.read('gone'), await records.read('here')], [undefined, 1]);
    assert.equal((await store.commit(await records.removal('here'))).kind, 'committed');
    assert.equal(await records.read('here'), undefined);
    assert.deepEqual(await records.removal('here'), []);
  });
});
