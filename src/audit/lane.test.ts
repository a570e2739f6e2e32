import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { failingDisk, temporaryFolder, testRecord } from '../../test/trail.ts';
import { TrailDamaged, TrailUnavailable } from './failures.ts';
import { HEADER_BYTES } from './frame.ts';
import { type Lane, openLane } from './lane.ts';
import { readTail } from './tail.ts';
import { verifyTrail } from './verify.ts';

const all = { limit: 1_000_000 };

async function verified(dir: string, records: number): Promise<void> {
  assert.deepEqual(await verifyTrail({ dir }), { lanes: 1, records });
}

function segmentFile(dir: string, segment = 1): string {
  return join(dir, 'a', `${String(segment).padStart(8, '0')}.trail`);
}

describe('A lane of the trail', () => {
  test('gives back what was appended, in order, also after it was closed and opened', async (t) => {
    const dir = temporaryFolder(t);
    const first = await openLane({ dir, lane: 'a' });
    await first.append(testRecord(1, 2000));
    await first.append(testRecord(2));
    await first.close();
    const second = await openLane({ dir, lane: 'a' });
    assert.equal(second.head().records, 2);
    await second.append(testRecord(3));
    await second.close();
    const expected = [testRecord(1, 2000), testRecord(2), testRecord(3)];
    assert.deepEqual(await readTail({ dir, ...all }), expected);
    await verified(dir, 3);
  });

  test('syncs 1,000 appends at once in a few groups and loses none', async (t) => {
    const dir = temporaryFolder(t);
    const disk = failingDisk();
    const lane = await openLane({ dir, lane: 'a', disk });
    const before = disk.taken.sync;
    await Promise.all(Array.from({ length: 1000 }, (_, i) => lane.append(testRecord(i, i % 50))));
    assert.ok(disk.taken.sync - before < 10, `${disk.taken.sync - before} syncs`);
    assert.equal(lane.head().records, 1000);
    await lane.close();
    await verified(dir, 1000);
  });

  test('goes on in a new segment when one is full, and the chain goes on with it', async (t) => {
    const dir = temporaryFolder(t);
    const options = { dir, lane: 'a', segmentBytes: 2000 };
    for (let run = 0; run < 3; run++) {
      const lane = await openLane(options);
      for (let i = 0; i < 20; i++) await lane.append(testRecord(run * 20 + i));
      await lane.close();
    }
    assert.ok(readdirSync(join(dir, 'a')).length > 4);
    await verified(dir, 60);
    const newest = [testRecord(57), testRecord(58), testRecord(59)];
    assert.deepEqual(await readTail({ dir, limit: 3 }), newest);
    assert.equal((await readTail({ dir, limit: 45 })).length, 45);
  });

  test('answers for a committed record once it is written, for another once it is synced', async (t) => {
    const dir = temporaryFolder(t);
    const disk = failingDisk();
    const order: string[] = [];
    const sync = disk.sync;
    const lane = await openLane({
      dir,
      lane: 'a',
      disk: {
        ...disk,
        async sync(fd) {
          order.push('sync begins');
          await sync(fd);
          order.push('sync ends');
        },
      },
    });
    order.length = 0;
    const committed = lane.appendCommitted(testRecord(1), 7, () => order.push('durable'));
    const appended = lane.append(testRecord(2));
    await Promise.all([
      committed.then(() => order.push('committed')),
      appended.then(() => order.push('appended')),
    ]);
    const expected = ['committed', 'sync begins', 'sync ends', 'durable', 'appended'];
    assert.deepEqual(order.toSorted(), expected.toSorted());
    assert.ok(order.indexOf('committed') < order.indexOf('sync ends'));
    assert.ok(order.indexOf('appended') > order.indexOf('sync ends'));
    await lane.close();
  });

  test('tells who listens of each record, once it is durable', async (t) => {
    const lane = await openLane({ dir: temporaryFolder(t), lane: 'a' });
    const heard: string[] = [];
    const end = lane.subscribe((json) => heard.push(json));
    await lane.append(testRecord(1));
    await lane.appendCommitted(testRecord(2), 1);
    await lane.drain();
    let calls = 0;
    const thrown = () => {
      calls++;
      throw new Error('a listener of no use');
    };
    lane.subscribe(thrown);
    await lane.append(testRecord(4));
    await lane.append(testRecord(5));
    assert.equal(calls, 1);
    end();
    await lane.append(testRecord(3));
    assert.deepEqual(
      heard,
      [1, 2, 4, 5].map((i) => testRecord(i)),
    );
    await lane.close();
  });

  test('refuses records when it is closed, and records that cannot be read back', async (t) => {
    const lane = await openLane({ dir: temporaryFolder(t), lane: 'a' });
    await assert.rejects(lane.append(''), RangeError);
    await assert.rejects(lane.append('é'.repeat(600_000)), RangeError);
    await lane.append(`"${'x'.repeat(1_000_000)}"`);
    await lane.close();
    await assert.rejects(lane.append(testRecord(1)), TrailUnavailable);
  });

  test('has a name that is a name of a folder and nothing else', async (t) => {
    const dir = temporaryFolder(t);
    for (const lane of ['', '..', 'a/b', 'A', 'é', '-a', 'a'.repeat(64)]) {
      await assert.rejects(openLane({ dir, lane }), RangeError);
    }
  });
});

describe('A lane after a crash', () => {
  test('cuts off a torn last frame, wherever it was torn, and goes on', async (t) => {
    const dir = temporaryFolder(t);
    const lane = await openLane({ dir, lane: 'a' });
    await lane.append(testRecord(1));
    const whole = lane.head().offset;
    await lane.append(testRecord(2));
    const end = lane.head().offset;
    await lane.close();
    for (let cut = whole; cut < end; cut++) {
      const copy = join(temporaryFolder(t), 'trail');
      cpSync(dir, copy, { recursive: true });
      truncateSync(segmentFile(copy), cut);
      const again = await openLane({ dir: copy, lane: 'a' });
      assert.equal(again.head().records, 1);
      await again.append(testRecord(3));
      await again.close();
      assert.deepEqual(await readTail({ dir: copy, ...all }), [testRecord(1), testRecord(3)]);
      await verified(copy, 2);
    }
  });

  test('takes zeros at its end for what a power failure leaves of an unfinished write', async (t) => {
    const dir = temporaryFolder(t);
    const lane = await openLane({ dir, lane: 'a' });
    await lane.append(testRecord(1));
    const whole = lane.head().offset;
    await lane.append(testRecord(2));
    const end = lane.head().offset;
    await lane.close();
    const bytes = readFileSync(segmentFile(dir));
    for (const zerosFrom of [whole, whole + 3, whole + 6, whole + 20, whole + 60, end - 16]) {
      const torn = Buffer.concat([
        bytes.subarray(0, zerosFrom),
        Buffer.alloc(end - zerosFrom + 99),
      ]);
      writeFileSync(segmentFile(dir), torn);
      const { records, tornTail, firstBad } = await verifyTrail({ dir });
      assert.deepEqual(
        { records, at: tornTail?.offset, firstBad },
        {
          records: 1,
          at: whole,
          firstBad: undefined,
        },
      );
      const again = await openLane({ dir, lane: 'a' });
      assert.equal(again.head().offset, whole);
      await again.close();
    }
  });

  test('does not start on anything else that is wrong, and says where it is', async (t) => {
    const dir = temporaryFolder(t);
    const lane = await openLane({ dir, lane: 'a' });
    await lane.append(testRecord(1));
    await lane.append(testRecord(2));
    await lane.close();
    const bytes = readFileSync(segmentFile(dir));
    for (const at of [
      0,
      9,
      100,
      HEADER_BYTES,
      HEADER_BYTES + 12,
      HEADER_BYTES + 60,
      bytes.length - 1,
    ]) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      writeFileSync(segmentFile(dir), flipped);
      await assert.rejects(openLane({ dir, lane: 'a' }), (error) => {
        assert.ok(error instanceof TrailDamaged);
        assert.match(error.message, /lane 'a'.*segment 1, byte \d+, record \d+/);
        return true;
      });
    }
  });

  test('keeps every answered record when the process is killed', { timeout: 60_000 }, async (t) => {
    for (let round = 0; round < 5; round++) {
      const dir = temporaryFolder(t);
      const answered = await killedWriter(t, dir);
      const { firstBad } = await verifyTrail({ dir });
      assert.equal(firstBad, undefined);
      const lane = await openLane({ dir, lane: 'a', segmentBytes: 200_000 });
      const found = new Set(await readTail({ dir, ...all }));
      for (let i = 0; i <= answered; i++) assert.ok(found.has(testRecord(i, 100)), `record ${i}`);
      await lane.append(testRecord(1_000_000));
      await lane.close();
      await verified(dir, found.size + 1);
    }
  });
});

/**
 * Lets another process append until it is killed in the middle of it; returns the last answered
 * record.
 */
async function killedWriter(t: TestContext, dir: string): Promise<number> {
  const program = `
    import { openLane } from ${JSON.stringify(join(import.meta.dirname, 'lane.ts'))};
    import { testRecord } from ${JSON.stringify(join(import.meta.dirname, '../../test/trail.ts'))};
    const lane = await openLane({ dir: ${JSON.stringify(dir)}, lane: 'a', segmentBytes: 200_000 });
    let next = 0;
    const one = async () => {
      for (;;) {
        const i = next++;
        await lane.append(testRecord(i, 100));
        process.stdout.write(i + ' ');
      }
    };
    for (let k = 0; k < 32; k++) one();
  `;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program]);
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  let complaint = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (output.length > 20_000) child.kill('SIGKILL');
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  await once(child, 'close');
  assert.equal(complaint, '');
  const numbers = output.slice(0, output.lastIndexOf(' ')).split(' ').map(Number);
  const answered = new Set(numbers);
  let last = -1;
  while (answered.has(last + 1)) last++;
  assert.ok(last > 100, `only ${last} were answered`);
  return last;
}

describe('A lane on a failing disk', () => {
  async function failing(t: TestContext): Promise<{
    dir: string;
    lane: Lane;
    disk: ReturnType<typeof failingDisk>;
  }> {
    const dir = temporaryFolder(t);
    const disk = failingDisk();
    const lane = await openLane({ dir, lane: 'a', disk });
    await lane.append(testRecord(0));
    return { dir, lane, disk };
  }

  test('refuses the group of a failed write, cuts off its half, and works again after it', async (t) => {
    const { dir, lane, disk } = await failing(t);
    const end = lane.head().offset;
    disk.fail('write');
    const results = await Promise.allSettled([1, 2, 3].map((i) => lane.append(testRecord(i))));
    for (const result of results) {
      assert.ok(result.status === 'rejected' && result.reason instanceof TrailUnavailable);
      assert.match(result.reason.message, /ENOSPC.*make room/s);
    }
    assert.equal(statSync(segmentFile(dir)).size, end);
    assert.ok(lane.trouble() instanceof TrailUnavailable);
    await lane.append(testRecord(4));
    assert.equal(lane.trouble(), undefined);
    await lane.close();
    assert.deepEqual(await readTail({ dir, ...all }), [testRecord(0), testRecord(4)]);
    await verified(dir, 2);
  });

  test('trusts a file no more after a failed sync: it is cut, read back and continued by another', async (t) => {
    const { dir, lane, disk } = await failing(t);
    disk.fail('sync');
    await assert.rejects(lane.append(testRecord(1)), TrailUnavailable);
    await lane.append(testRecord(2));
    assert.equal(lane.head().segment, 2);
    await lane.close();
    assert.deepEqual(await readTail({ dir, ...all }), [testRecord(0), testRecord(2)]);
    await verified(dir, 2);
  });

  test('refuses while the failed file cannot be settled', async (t) => {
    const { dir, lane, disk } = await failing(t);
    disk.fail('sync', 3);
    for (let i = 1; i <= 3; i++) await assert.rejects(lane.append(testRecord(i)), TrailUnavailable);
    disk.fail('truncate', 2);
    for (let i = 4; i <= 5; i++) await assert.rejects(lane.append(testRecord(i)), TrailUnavailable);
    disk.fail('rename');
    await assert.rejects(lane.append(testRecord(6)), TrailUnavailable);
    disk.fail('open');
    await assert.rejects(lane.append(testRecord(7)), TrailUnavailable);
    await lane.append(testRecord(8));
    await lane.close();
    assert.deepEqual(await readTail({ dir, ...all }), [testRecord(0), testRecord(8)]);
    await verified(dir, 2);
  });

  test('owes committed records until they are written, first and once', async (t) => {
    const { dir, lane, disk } = await failing(t);
    let durable = 0;
    const onDurable = (): void => {
      durable++;
    };
    disk.fail('sync', 2);
    await lane.appendCommitted(testRecord(1), 10, onDurable);
    await assert.rejects(lane.drain(), TrailUnavailable);
    disk.fail('write');
    await assert.rejects(lane.appendCommitted(testRecord(2), 11, onDurable), TrailUnavailable);
    assert.equal(durable, 0);
    lane.retry();
    await lane.append(testRecord(3));
    assert.equal(durable, 2);
    assert.equal(lane.trouble(), undefined);
    await lane.close();
    const expected = [testRecord(0), testRecord(1), testRecord(2), testRecord(3)];
    assert.deepEqual(await readTail({ dir, ...all }), expected);
    await verified(dir, 4);
  });

  test('fails closed when something else has written to its file', async (t) => {
    const { dir, lane } = await failing(t);
    appendFileSync(segmentFile(dir), 'x');
    await assert.rejects(lane.append(testRecord(1)), /something else writes to it/);
    truncateSync(segmentFile(dir), HEADER_BYTES);
    await assert.rejects(lane.append(testRecord(2)), TrailUnavailable);
    await lane.close().catch(() => {});
  });

  test('stays whole through a random run of failures, and keeps exactly what it promised', async (t) => {
    for (let seed = 1; seed <= 12; seed++) await randomFailures(temporaryFolder(t), seed);
  });

  test('refuses on a full disk, and goes on when there is room again', async (t) => {
    const dir = smallDisk(t);
    if (dir === undefined) return t.skip('mounting a tmpfs is not permitted here');
    const trail = join(dir, 'trail');
    mkdirSync(trail);
    const lane = await openLane({ dir: trail, lane: 'a', segmentBytes: 100_000 });
    const kept: string[] = [];
    let refused: unknown;
    for (let i = 0; refused === undefined; i++) {
      await lane.append(testRecord(i, 500)).then(
        () => kept.push(testRecord(i, 500)),
        (error) => {
          refused = error;
        },
      );
    }
    assert.ok(refused instanceof TrailUnavailable);
    assert.match(refused.message, /ENOSPC/);
    await assert.rejects(lane.append(testRecord(9, 5000)), TrailUnavailable);
    await verified(trail, kept.length);
    execFileSync('mount', ['-o', 'remount,size=2m', dir]);
    await lane.append(testRecord(10, 500));
    await lane.close();
    await verified(trail, kept.length + 1);
    assert.deepEqual(await readTail({ dir: trail, ...all }), [...kept, testRecord(10, 500)]);
  });
});

/** A file system of 256 KB, unmounted and removed with the test. */
function smallDisk(t: TestContext): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'sealhold-small-'));
  let isMounted = false;
  t.after(() => {
    if (isMounted) execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true });
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', dir], { stdio: 'pipe' });
    isMounted = true;
    return dir;
  } catch {
    return undefined;
  }
}

/**
 * Promised are appends that resolved and all committed records; nothing else may be found
 * afterwards.
 */
async function randomFailures(dir: string, seed: number): Promise<void> {
  let state = seed;
  const chance = (of: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * of);
  };
  const disk = failingDisk();
  const lane = await openLane({ dir, lane: 'a', disk, segmentBytes: 1500 });
  const promised = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const steps = ['write', 'sync', 'truncate', 'rename', 'open'] as const;
    if (chance(3) === 0) disk.fail(steps[chance(5)]!, 1 + chance(2));
    const json = testRecord(i, chance(30));
    const isChange = chance(3) === 0;
    if (isChange) promised.add(json);
    const done = isChange ? lane.appendCommitted(json, i + 1) : lane.append(json);
    const settled = done.then(() => promised.add(json)).catch(() => {});
    if (chance(2) === 0) await settled;
  }
  for (const step of ['write', 'sync', 'truncate', 'rename', 'open'] as const) disk.fail(step, 0);
  await lane.drain();
  await lane.close();
  const found = await readTail({ dir, ...all });
  assert.deepEqual(found.toSorted(), [...promised].toSorted(), `seed ${seed}`);
  await verified(dir, promised.size);
}
