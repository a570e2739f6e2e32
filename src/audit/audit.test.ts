import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder, testChange, testRecord, testStore, testWorld } from '../../test/trail.ts';
import { lastStoreSeq, readAnchors } from './anchors.ts';
import { openAudit, settleOtherLanes } from './audit.ts';
import { TrailDamaged } from './failures.ts';
import { lanesInOutbox } from './outbox.ts';
import { verifyTrail } from './verify.ts';

const node = { world: testWorld, laneName: 'node-1' };

describe('The audit', () => {
  test('keeps records of uses and of changes, and anchors its end when it closes', async (t) => {
    const { restarted, engine } = await testStore(t);
    const dir = temporaryFolder(t);
    for (let run = 1; run <= 2; run++) {
      const store = restarted();
      const audit = await openAudit({ ...node, place: { dir }, store });
      const heard: string[] = [];
      audit.subscribe((json) => heard.push(json));
      await audit.record(testRecord(10 * run));
      const change = audit.change(testRecord(10 * run + 1));
      const result = await store.commit([...testChange(store)('x'), ...change.writes]);
      assert.ok(result.kind === 'committed');
      await change.committed(result.seq);
      await audit.close();
      assert.deepEqual(heard, [testRecord(10 * run), testRecord(10 * run + 1)]);
      assert.equal(await lastStoreSeq(dir), result.seq);
      const anchors = await readAnchors(store);
      const { records, closed } = anchors.get('node-1')!;
      assert.deepEqual({ records, closed }, { records: 2 * run, closed: true });
      const storeSeq = (): number => engine.seq();
      const report = await verifyTrail({ dir, anchors, storeSeq });
      assert.deepEqual(report, { lanes: 1, records: 2 * run });
      assert.deepEqual(await engine.scan({ prefix: 'audit/outbox/', limit: 1 }), []);
    }
  });

  test('anchors a lane before its first record and about once a second', async (t) => {
    const { store } = await testStore(t);
    const dir = temporaryFolder(t);
    const audit = await openAudit({ ...node, place: { dir }, store });
    assert.equal((await readAnchors(store)).get('node-1')?.records, 0);
    await audit.record(testRecord(1));
    await delay(1500);
    const anchor = (await readAnchors(store)).get('node-1');
    assert.deepEqual([anchor?.records, anchor?.closed], [1, undefined]);
    await audit.close();
  });

  test('does not start on a trail that is behind the store', async (t) => {
    const { restarted } = await testStore(t);
    const dir = temporaryFolder(t);
    const old = join(temporaryFolder(t), 'old');
    for (let run = 1; run <= 2; run++) {
      const audit = await openAudit({ ...node, place: { dir }, store: restarted() });
      await audit.record(testRecord(run));
      await audit.close();
      if (run === 1) cpSync(dir, old, { recursive: true });
    }
    const open = (place: string) =>
      openAudit({ ...node, place: { dir: place }, store: restarted() });
    await assert.rejects(open(old), (error) => {
      assert.ok(error instanceof TrailDamaged);
      assert.match(error.message, /it has 1 records, the store knows of 2.*trail verify/);
      return true;
    });
    rmSync(join(dir, 'node-1'), { recursive: true });
    await assert.rejects(open(dir), /it is missing, but the store knows of it/);
  });

  test('settles what a crash left for lanes that nobody opens any more', async (t) => {
    const { restarted } = await testStore(t);
    const dir = temporaryFolder(t);
    const before = restarted();
    const names = ['node-1', 'node-10', 'node-2'];
    for (const [i, laneName] of names.entries()) {
      const audit = await openAudit({ ...node, laneName, place: { dir }, store: before });
      for (const k of [0, 1, 2]) await before.commit(audit.change(testRecord(10 * i + k)).writes);
      await audit.close();
    }
    const store = restarted();
    assert.deepEqual(await lanesInOutbox(store), names);
    await settleOtherLanes({ place: { dir }, store, world: testWorld, running: ['node-1'] });
    assert.deepEqual(await lanesInOutbox(store), ['node-1']);
    const report = await verifyTrail({ dir, anchors: await readAnchors(store) });
    assert.deepEqual(report, { lanes: 3, records: 6 });
  });

  test('gives the newest records, from disk and from memory', async (t) => {
    const { store } = await testStore(t);
    for (const place of [{ dir: temporaryFolder(t) }, 'memory'] as const) {
      const audit = await openAudit({ ...node, place, store });
      for (let i = 0; i < 30; i++) await audit.record(testRecord(i));
      const newest = [testRecord(28), testRecord(29)];
      assert.deepEqual(await audit.recent(2), newest);
      assert.deepEqual(await audit.recent(0), []);
      assert.equal((await audit.recent(100)).length, 30);
      await audit.close();
    }
  });

  test('keeps 10,000 records in memory, the newest', async (t) => {
    const { store } = await testStore(t);
    const audit = await openAudit({ ...node, place: 'memory', store });
    for (let i = 0; i < 10_500; i++) await audit.record(testRecord(i));
    const all = await audit.recent(20_000);
    assert.equal(all.length, 10_000);
    assert.deepEqual([all[0], all.at(-1)], [testRecord(500), testRecord(10_499)]);
    const change = audit.change(testRecord(1));
    assert.deepEqual(change.writes, []);
    await change.committed(1);
    assert.deepEqual(await audit.recent(1), [testRecord(1)]);
    assert.equal(await lastStoreSeq('/nonexistent'), 0);
  });
});
