import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { deriveKey } from './kdf.ts';

const key = createSecretKey(Buffer.alloc(32, 1));

test('label, context and length each change every derived key', () => {
  const base = { label: Buffer.from('a'), context: Buffer.from('b'), lengthBytes: 32 };
  const derived = [
    base,
    { ...base, label: Buffer.from('ab'), context: Buffer.alloc(0) },
    { ...base, context: Buffer.from('c') },
    { ...base, lengthBytes: 31 },
    { ...base, lengthBytes: 33 },
  ].map((derivation) => deriveKey(key, derivation).toString('hex').slice(0, 62));
  assert.equal(new Set(derived).size, derived.length);
});

test('a label that contains the separator is refused', () => {
  const derivation = { label: Buffer.from('a\0b'), context: Buffer.alloc(0), lengthBytes: 32 };
  assert.throws(() => deriveKey(key, derivation), RangeError);
});
