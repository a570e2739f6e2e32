import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomBytes } from './random.ts';

test('no bytes are handed out twice, across many refills of the pool', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i++) seen.add(randomBytes(16).toString('hex'));
  assert.equal(seen.size, 5000);
});

test('a buffer keeps its bytes while others are drawn and wiped', () => {
  const first = randomBytes(32);
  const copy = Buffer.from(first);
  for (let i = 0; i < 1000; i++) randomBytes(32).fill(0);
  assert.deepEqual(first, copy);
});

test('every size has its length, and large ones are as random as small ones', () => {
  for (const sizeBytes of [0, 1, 12, 511, 512, 513, 4096, 8192, 20_000]) {
    assert.equal(randomBytes(sizeBytes).length, sizeBytes);
  }
  const ones = randomBytes(20_000).reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
    0,
  );
  // 160 000 fair bits: five standard deviations are 1000.
  assert.ok(Math.abs(ones - 80_000) < 1000);
});

test('a size that is no size throws', () => {
  for (const sizeBytes of [-1, 1.5, Number.NaN]) {
    assert.throws(() => randomBytes(sizeBytes), RangeError);
  }
});
