import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equalSecret, hmacSha256, sha256, sha256Hex, sha256Into } from './hash.ts';

test('SHA-256 gives the digest of FIPS 180-2 for abc, as bytes and as text', () => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.equal(sha256Hex('abc'), expected);
  assert.equal(sha256(Buffer.from('abc')).toString('hex'), expected);
});

test('SHA-256 into a buffer is the same digest at its place, and touches nothing else', () => {
  for (let i = 0; i < 300; i++) {
    const target = Buffer.alloc(40, 0xee);
    sha256Into(target, 4, Buffer.from(`${i}`));
    const frame = Buffer.alloc(4, 0xee);
    assert.deepEqual(target, Buffer.concat([frame, sha256(`${i}`), frame]));
  }
});

test('HMAC-SHA-256 gives the second test case of RFC 4231', () => {
  const mac = hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?');
  const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
  assert.equal(mac.toString('hex'), expected);
});

test('secrets are equal only byte for byte and in length', () => {
  assert.equal(equalSecret(Buffer.from('abc'), Buffer.from('abc')), true);
  assert.equal(equalSecret(Buffer.from('abc'), Buffer.from('abd')), false);
  assert.equal(equalSecret(Buffer.from('abc'), Buffer.from('ab')), false);
  assert.equal(equalSecret(Buffer.alloc(0), Buffer.alloc(0)), true);
});
