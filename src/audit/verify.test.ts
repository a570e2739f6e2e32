import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { failingDisk, temporaryFolder, testRecord } from '../../test/trail.ts';
import type { Anchors } from './anchors.ts';
import { type Chain, encodeHeader, genesis, writeFrame } from './frame.ts';
import { type LaneHead, openLane } from './lane.ts';
import { type VerifyOptions, verifyTrail } from './verify.ts';

/**
 * Three segments of two records in lane `a`, two records in lane `b`; the second of `a` is a
 * change.
 */
async function smallTrail(t: TestContext): Promise<{ dir: string; head: LaneHead }> {
  const dir = join(temporaryFolder(t), 'trail');
  const a = await openLane({ dir, lane: 'a', segmentBytes: 400 });
  for (let i = 0; i < 6; i++) {
    if (i === 1) await a.appendCommitted(testRecord(i), 42);
    else await a.append(testRecord(i));
    await a.drain();
  }
  await a.close();
  const b = await openLane({ dir, lane: 'b' });
  await b.append(testRecord(100));
  await b.append(testRecord(101));
  await b.close();
  return { dir, head: a.head() };
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.trail'),
  );
}

function anchorOf(head: LaneHead, closed = false): Anchors {
  const { lane, records, hash, segment, offset } = head;
  const anchor = { records, hash: hash.toString('hex'), segment, offset, at: 0 };
  return new Map([[lane, closed ? { ...anchor, closed } : anchor]]);
}

async function firstBad(options: VerifyOptions): Promise<string | undefined> {
  const bad = (await verifyTrail(options)).firstBad;
  return bad && `${bad.lane}/${bad.segment}: ${bad.reason}`;
}

describe('Verifying a trail', () => {
  test('counts lanes and records of a whole one', async (t) => {
    const { dir } = await smallTrail(t);
    assert.ok(files(dir).length === 4);
    assert.deepEqual(await verifyTrail({ dir }), { lanes: 2, records: 8 });
    assert.deepEqual(await verifyTrail({ dir: join(dir, 'none') }), { lanes: 0, records: 0 });
  });

  test('sees every single flipped byte of every file, whichever bits of it', async (t) => {
    const { dir } = await smallTrail(t);
    let flips = 0;
    for (const name of files(dir)) {
      const path = join(dir, name);
      const bytes = readFileSync(path);
      for (let at = 0; at < bytes.length; at++) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 1 << (at % 8);
        if (at % 5 === 0) flipped[at] = ~bytes[at]! & 0xff;
        writeFileSync(path, flipped);
        const { firstBad } = await verifyTrail({ dir });
        assert.ok(firstBad !== undefined, `${name}, byte ${at}`);
        assert.equal(`${firstBad.lane}/0000000${firstBad.segment}.trail`, name, `byte ${at}`);
        assert.ok(firstBad.offset <= at && firstBad.reason !== '', `${name}, byte ${at}`);
        flips++;
      }
      writeFileSync(path, bytes);
    }
    assert.ok(flips > 1500);
    assert.deepEqual(await verifyTrail({ dir }), { lanes: 2, records: 8 });
  });

  test('sees a byte set to zero anywhere, though zeros can end a torn file', async (t) => {
    const { dir } = await smallTrail(t);
    const path = join(dir, 'b', '00000001.trail');
    const bytes = readFileSync(path);
    for (const [at, byte] of bytes.entries()) {
      if (byte === 0) continue;
      const changed = Buffer.from(bytes);
      changed[at] = 0;
      writeFileSync(path, changed);
      assert.equal((await verifyTrail({ dir })).firstBad?.lane, 'b', `byte ${at}`);
    }
  });

  test('tells the record that is bad, by its place and its eventID', async (t) => {
    const { dir } = await smallTrail(t);
    const path = join(dir, 'b', '00000001.trail');
    const bytes = readFileSync(path);
    bytes[bytes.length - 4]! ^= 1;
    writeFileSync(path, bytes);
    const { firstBad, records } = await verifyTrail({ dir });
    assert.equal(records, 7);
    assert.equal(firstBad?.index, 1);
    assert.equal(firstBad?.eventId, '00000000-0000-4000-8000-000000000101');
    assert.match(firstBad?.reason ?? '', /chain hash/);
  });

  test('takes a cut last frame for a torn write, and any other cut for damage', async (t) => {
    const { dir, head } = await smallTrail(t);
    let betweenFrames = 0;
    for (const name of files(dir)) {
      const path = join(dir, name);
      const bytes = readFileSync(path);
      const isLast = name === 'b/00000001.trail' || name === `a/0000000${head.segment}.trail`;
      for (let cut = 0; cut < bytes.length; cut++) {
        truncateSync(path, cut);
        const { firstBad, tornTail } = await verifyTrail({ dir });
        const damage = !isLast || cut < 156;
        assert.equal(firstBad !== undefined, damage, `${name} cut to ${cut}`);
        if (tornTail !== undefined) assert.equal(tornTail.offset + tornTail.sizeBytes, cut);
        // Between two frames nothing shows: there only the anchor tells (the next test).
        else if (!damage) betweenFrames++;
        writeFileSync(path, bytes);
      }
    }
    assert.ok(betweenFrames > 0 && betweenFrames < 6, `${betweenFrames} cuts between frames`);
  });

  test('sees every cut behind an anchor, a torn tail too', async (t) => {
    const { dir, head } = await smallTrail(t);
    const anchors = new Map([...anchorOf(head), ...(await anchorsOfB(dir))]);
    assert.deepEqual(await verifyTrail({ dir, anchors }), { lanes: 2, records: 8 });
    const path = join(dir, 'a', `0000000${head.segment}.trail`);
    const bytes = readFileSync(path);
    for (let cut = 0; cut < bytes.length; cut++) {
      writeFileSync(path, bytes.subarray(0, cut));
      assert.ok(await firstBad({ dir, anchors }), `cut to ${cut}`);
    }
    rmSync(path);
    assert.match((await firstBad({ dir, anchors })) ?? '', /the lane was cut: it has \d+ records/);
    rmSync(join(dir, 'a'), { recursive: true });
    assert.match((await firstBad({ dir, anchors })) ?? '', /a\/1: the lane is missing/);
  });

  test('sees segments that are missing, exchanged, copied or of another lane', async (t) => {
    const { dir } = await smallTrail(t);
    const changes: Record<string, (copy: string) => void> = {
      'a/2: a segment is missing': (copy) => rmSync(join(copy, 'a/00000002.trail')),
      'a/1: a segment is missing': (copy) => rmSync(join(copy, 'a/00000001.trail')),
      'a/2: the file holds segment 3': (copy) => {
        renameSync(join(copy, 'a/00000002.trail'), join(copy, 'x'));
        renameSync(join(copy, 'a/00000003.trail'), join(copy, 'a/00000002.trail'));
        renameSync(join(copy, 'x'), join(copy, 'a/00000003.trail'));
      },
      'a/3: the file holds segment 2': (copy) =>
        cpSync(join(copy, 'a/00000002.trail'), join(copy, 'a/00000003.trail')),
      "a/1: the segment belongs to lane 'b'": (copy) =>
        cpSync(join(copy, 'b/00000001.trail'), join(copy, 'a/00000001.trail')),
      "c/1: the segment belongs to lane 'b'": (copy) =>
        renameSync(join(copy, 'b'), join(copy, 'c')),
    };
    for (const [expected, change] of Object.entries(changes)) {
      const copy = join(temporaryFolder(t), 'trail');
      cpSync(dir, copy, { recursive: true });
      change(copy);
      assert.equal(await firstBad({ dir: copy }), expected);
    }
  });

  test('sees a lane that was rewritten with a chain of its own, by the anchor', async (t) => {
    const { dir, head } = await smallTrail(t);
    const anchors = new Map([...anchorOf(head), ...(await anchorsOfB(dir))]);
    forge(
      dir,
      'a',
      Array.from({ length: 6 }, (_, i) => testRecord(i + 500)),
    );
    assert.equal(await firstBad({ dir }), undefined);
    assert.match((await firstBad({ dir, anchors })) ?? '', /the lane was rewritten/);
  });

  test('sees lanes and records that were added while the server was stopped', async (t) => {
    const { dir, head } = await smallTrail(t);
    const anchors = new Map([...anchorOf(head, true), ...(await anchorsOfB(dir))]);
    assert.equal(await firstBad({ dir, anchors }), undefined);
    forge(dir, 'c', [testRecord(1)]);
    assert.match((await firstBad({ dir, anchors })) ?? '', /c\/1: the store does not know this/);
    rmSync(join(dir, 'c'), { recursive: true });
    const lane = await openLane({ dir, lane: 'a' });
    await lane.append(testRecord(1));
    await lane.close();
    assert.match((await firstBad({ dir, anchors })) ?? '', /1 records were added after/);
    await assert.rejects(
      openLane({ dir, lane: 'a', anchor: anchors.get('a') }),
      /1 records were added after/,
    );
  });

  test('sees a store that is behind the trail', async (t) => {
    const { dir } = await smallTrail(t);
    assert.equal(await firstBad({ dir, storeSeq: () => 42 }), undefined);
    const bad = await firstBad({ dir, storeSeq: async () => 41 });
    assert.match(bad ?? '', /rolled back: the trail has seen its commit 42, it has only 41/);
  });

  test('sees a header that lies about what came before, though its checksum is right', async (t) => {
    const { dir } = await smallTrail(t);
    const path = join(dir, 'a', '00000002.trail');
    const bytes = readFileSync(path);
    const before: Chain = {
      hash: bytes.subarray(28, 60),
      records: bytes.readUInt32BE(16),
      storeSeq: 42,
    };
    const lies: Chain[] = [
      { ...before, records: before.records + 1 },
      { ...before, storeSeq: 41 },
      { ...before, hash: genesis('a').hash },
    ];
    for (const lie of [before, ...lies]) {
      encodeHeader({ lane: 'a', segment: 2, before: lie }).copy(bytes);
      writeFileSync(path, bytes);
      assert.equal((await verifyTrail({ dir })).firstBad?.segment, lie === before ? undefined : 2);
    }
  });

  test('sees a frame whose chain is right and whose payload is no JSON object', async (t) => {
    for (const payload of ['{"a":1', '[]', 'null', '"x"']) {
      const dir = join(temporaryFolder(t), 'trail');
      mkdirSync(dir);
      forge(dir, 'a', [testRecord(1), payload]);
      assert.equal(await firstBad({ dir }), 'a/1: a record is no JSON object');
    }
  });

  test('reports no damage while the server appends, rolls and takes back failed writes', async (t) => {
    const dir = temporaryFolder(t);
    const disk = failingDisk();
    const lane = await openLane({ dir, lane: 'a', disk, segmentBytes: 200_000 });
    let running = true;
    let looks = 0;
    const writer = (async () => {
      for (let i = 0; running; i++) {
        if (i % 40 === 0) disk.fail(i % 80 === 0 ? 'write' : 'sync');
        const group = Array.from({ length: 20 }, (_, k) =>
          lane.append(testRecord(i * 20 + k, 300)),
        );
        await Promise.allSettled(group);
      }
    })();
    while (looks++ < 60) {
      const anchors = anchorOf(lane.head());
      const { firstBad } = await verifyTrail({ dir, anchors });
      assert.equal(firstBad, undefined);
      await turn();
    }
    running = false;
    await writer;
    await lane.close();
    const { firstBad, records } = await verifyTrail({ dir, anchors: anchorOf(lane.head(), true) });
    assert.equal(firstBad, undefined);
    assert.ok(records > 1000, `${records} records`);
  });
});

async function anchorsOfB(dir: string): Promise<Anchors> {
  const lane = await openLane({ dir, lane: 'b' });
  await lane.close();
  return anchorOf(lane.head());
}

/** Writes a lane of one segment as somebody would who knows the format and has the disk. */
function forge(dir: string, lane: string, records: readonly string[]): void {
  const folder = join(dir, lane);
  const before = genesis(lane);
  const bytes = Buffer.alloc(100_000);
  let at = encodeHeader({ lane, segment: 1, before }).copy(bytes);
  const previous = Buffer.from(before.hash);
  for (const json of records) at = writeFrame(bytes, { at, json, storeSeq: 0, previous });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, '00000001.trail'), bytes.subarray(0, at));
}
