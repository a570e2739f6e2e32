import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedCache } from './bounded-cache.ts';

test('a bounded cache never holds more than its bound', () => {
  const cache = new BoundedCache<number>(10);
  for (let i = 0; i < 1000; i++) {
    cache.set(String(i), i);
    assert.ok(cache.size <= 10, `${cache.size} entries after ${i}`);
  }
});

test('a bounded cache keeps what is used and forgets what is not', () => {
  const cache = new BoundedCache<string>(10);
  cache.set('used', 'kept');
  cache.set('unused', 'lost');
  for (let i = 0; i < 100; i++) {
    cache.set(String(i), '');
    assert.equal(cache.get('used'), 'kept');
  }
  assert.equal(cache.get('unused'), undefined);
});

test('a bounded cache forgets on demand what is young and what is old', () => {
  const cache = new BoundedCache<number>(4);
  for (const key of ['a', 'b', 'c']) cache.set(key, 1);
  for (const key of ['a', 'b', 'c']) {
    cache.delete(key);
    assert.equal(cache.get(key), undefined);
  }
  assert.equal(cache.size, 0);
});
