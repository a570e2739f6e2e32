import assert from 'node:assert/strict';
import { cpSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  failingDisk,
  type TestStore,
  temporaryFolder,
  testChange,
  testRecord,
  testStore,
} from '../../test/trail.ts';
import type { Store } from '../store/store.ts';
import { lastStoreSeq } from './anchors.ts';
import { TrailUnavailable } from './failures.ts';
import { type Lane, openLane } from './lane.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { readTail } from './tail.ts';
import { verifyTrail } from './verify.ts';

interface Life {
  readonly store: Store;
  readonly lane: Lane;
  readonly outbox: Outbox;
  readonly change: ReturnType<typeof testChange>;
}

/** One life of a server. It ends by being forgotten, as in a crash. */
async function live(place: TestStore, options: Parameters<typeof openLane>[0]): Promise<Life> {
  const store = place.restarted();
  const lane = await openLane(options);
  const outbox = await openOutbox(store, lane, options.dir);
  return { store, lane, outbox, change: testChange(store) };
}

async function rows(place: TestStore): Promise<string[]> {
  const found = await place.engine.scan({ prefix: 'audit/outbox/', limit: 1000 });
  return found.map(({ path }) => path);
}

/** Commits a change with its record, as the pipeline does; returns its sequence number. */
async function commit(
  life: Life,
  json: string,
): Promise<{ seq: number; toTrail: () => Promise<void> }> {
  const change = life.outbox.change(json);
  const result = await life.store.commit([...life.change('x'), ...change.writes]);
  assert.ok(result.kind === 'committed');
  return { seq: result.seq, toTrail: () => change.committed(result.seq) };
}

/** What the trail holds in the end, and that the outbox is empty then. */
async function afterRestart(place: TestStore, dir: string): Promise<string[]> {
  const next = await live(place, { dir, lane: 'a' });
  await next.lane.append(testRecord(999));
  await next.lane.close();
  assert.deepEqual(await rows(place), []);
  assert.equal((await verifyTrail({ dir })).firstBad, undefined);
  const found = await readTail({ dir, limit: 10_000 });
  assert.equal(found.pop(), testRecord(999));
  return found;
}

describe('The record of a change', () => {
  async function begin(t: TestContext): Promise<{ place: TestStore; dir: string; life: Life }> {
    const place = await testStore(t);
    const dir = temporaryFolder(t);
    return { place, dir, life: await live(place, { dir, lane: 'a' }) };
  }

  test('is nowhere when the crash comes before the commit', async (t) => {
    const { place, dir, life } = await begin(t);
    life.outbox.change(testRecord(1));
    assert.deepEqual(await afterRestart(place, dir), []);
  });

  test('is appended by the next start when the crash comes after the commit', async (t) => {
    const { place, dir, life } = await begin(t);
    await commit(life, testRecord(1));
    await commit(life, testRecord(2));
    assert.equal((await rows(place)).length, 2);
    assert.deepEqual(await afterRestart(place, dir), [testRecord(1), testRecord(2)]);
    const seen = await lastStoreSeq(dir);
    assert.ok(seen > 0 && seen <= place.engine.seq(), `seq ${seen}`);
  });

  test('is there once wherever in its frame the crash comes', async (t) => {
    const { place, dir, life } = await begin(t);
    await life.lane.append(testRecord(0));
    const from = life.lane.head().offset;
    const { toTrail } = await commit(life, testRecord(1));
    await toTrail();
    await life.lane.drain();
    const to = life.lane.head().offset;
    for (let cut = from; cut <= to; cut += 7) {
      const copy = join(temporaryFolder(t), 'trail');
      cpSync(dir, copy, { recursive: true });
      truncateSync(join(copy, 'a/00000001.trail'), cut);
      // Each start empties the outbox, so each gets the row anew.
      const store = place.restarted();
      const row = store.collection({ path: 'audit/outbox', cacheEntries: 0 });
      const value = { record: testRecord(1), after: 1 };
      await store.commit(row.put(`a/${JSON.parse(testRecord(1)).eventID}`, value));
      assert.deepEqual(await afterRestart(place, copy), [testRecord(0), testRecord(1)], `${cut}`);
    }
  });

  test('is there once when the crash comes after it was synced, in whichever segment', async (t) => {
    const { place, dir, life } = await begin(t);
    const { toTrail } = await commit(life, testRecord(1));
    await toTrail();
    await life.lane.drain();
    assert.equal((await rows(place)).length, 1);
    // Many segments later the row is still there: the store had refused its deletion for long.
    const later = await openLane({ dir, lane: 'a', segmentBytes: 500 });
    for (let i = 2; i < 30; i++) await later.append(testRecord(i));
    await later.close();
    const expected = Array.from({ length: 29 }, (_, i) => testRecord(i + 1));
    assert.deepEqual(await afterRestart(place, dir), expected);
  });

  test('is there once when the start that recovers it crashes at any of its steps', async (t) => {
    for (const step of ['append', 'remove'] as const) {
      const { place, dir, life } = await begin(t);
      await commit(life, testRecord(1));
      const store = place.restarted();
      const lane = await openLane({ dir, lane: 'a' });
      let commits = 0;
      const crashing: Store = {
        ...store,
        collection: (options) => store.collection(options),
        commit: (writes) => {
          // The first commit comes before the append, the second removes the rows.
          if (commits++ === (step === 'append' ? 0 : 1)) throw new Error('crash');
          return store.commit(writes);
        },
      };
      await assert.rejects(openOutbox(crashing, lane, dir), /crash/);
      assert.deepEqual(await afterRestart(place, dir), [testRecord(1)], step);
    }
  });

  test('leaves the outbox lazily, once it is durable', async (t) => {
    const { place, dir, life } = await begin(t);
    const { toTrail } = await commit(life, testRecord(1));
    await life.outbox.sweep();
    assert.equal((await rows(place)).length, 1);
    await toTrail();
    await life.lane.drain();
    assert.equal((await rows(place)).length, 1);
    await life.outbox.sweep();
    assert.deepEqual(await rows(place), []);
    assert.deepEqual(await afterRestart(place, dir), [testRecord(1)]);
  });

  test('leaves the outbox also when the row was sealed anew meanwhile', async (t) => {
    const { place, life } = await begin(t);
    for (const i of [1, 2]) await (await commit(life, testRecord(i))).toTrail();
    await life.lane.drain();
    const store = place.restarted();
    const outbox = store.collection({ path: 'audit/outbox', cacheEntries: 0 });
    const { entries } = await outbox.page({ limit: 1 });
    await store.commit(outbox.put(entries[0]!.id, entries[0]!.value));
    await life.outbox.sweep();
    assert.deepEqual(await rows(place), []);
  });

  test('of another node is left for that node', async (t) => {
    const { place, dir, life } = await begin(t);
    await commit(life, testRecord(1));
    const other = await live(place, { dir, lane: 'b' });
    assert.equal(other.lane.head().records, 0);
    assert.deepEqual(await afterRestart(place, dir), [testRecord(1)]);
  });

  test('is refused before anything changes while the trail is in trouble', async (t) => {
    const place = await testStore(t);
    const dir = temporaryFolder(t);
    const disk = failingDisk();
    const life = await live(place, { dir, lane: 'a', disk });
    const { toTrail } = await commit(life, testRecord(1));
    disk.fail('write', 2);
    await assert.rejects(toTrail(), TrailUnavailable);
    const seq = place.engine.seq();
    assert.throws(() => life.outbox.change(testRecord(2)), TrailUnavailable);
    // The refused change has asked the lane to try again; that fails too, the next one heals it.
    await assert.rejects(life.lane.drain(), TrailUnavailable);
    assert.throws(() => life.outbox.change(testRecord(3)), TrailUnavailable);
    await life.lane.drain();
    assert.equal(place.engine.seq(), seq);
    await (await commit(life, testRecord(4))).toTrail();
    assert.deepEqual(await afterRestart(place, dir), [testRecord(1), testRecord(4)]);
  });

  test('is refused before anything changes when the lane could never take it', async (t) => {
    const { life } = await begin(t);
    const large = JSON.stringify({ eventID: 'x', pad: 'é'.repeat(600_000) });
    assert.throws(() => life.outbox.change(large), RangeError);
    assert.throws(() => life.outbox.change('{"eventID":1}'), TypeError);
  });

  test('survives any mix of changes and uses that a crash cuts off', async (t) => {
    const place = await testStore(t);
    const dir = temporaryFolder(t);
    const expected: string[] = [];
    for (let run = 0; run < 8; run++) {
      const life = await live(place, { dir, lane: 'a', segmentBytes: 3000 });
      const before = life.lane.head().records;
      assert.equal(before, expected.length);
      for (let i = 0; i < 20; i++) {
        const json = testRecord(run * 100 + i);
        expected.push(json);
        if (i % 3 === 0) {
          await life.lane.append(json);
          continue;
        }
        const { toTrail } = await commit(life, json);
        // Every so often the crash is between the commit and the trail.
        if (i % 7 !== run % 7 || i % 2 === 0) await toTrail();
        if (i === 11) await life.outbox.sweep();
      }
    }
    const found = await afterRestart(place, dir);
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });
});
