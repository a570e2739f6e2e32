import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSignature, encodeSignature } from './ecdsa-der.ts';

const integers = fc.bigInt({ min: 0n, max: 2n ** 521n - 1n });

test('what was encoded decodes to itself', () => {
  fc.assert(
    fc.property(integers, integers, (r, s) => {
      assert.deepEqual(decodeSignature(encodeSignature({ r, s })), { r, s });
    }),
  );
});

test('random bytes decode only if encoding gives them again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 145 }), (array) => {
      const decoded = decodeSignature(Buffer.from(array));
      if (decoded !== undefined) assert.deepEqual(encodeSignature(decoded), Buffer.from(array));
    }),
  );
});

test('padded, negative, long-form and trailing encodings of a signature are refused', () => {
  const wrong = [
    '3007020200010201ff',
    '3006020101020181',
    '308106020101020101',
    '30060201010201010a',
    '300602010102010100',
    '3080020101020101',
    '30050201010200',
    '31060201010201 01'.replace(' ', ''),
  ];
  for (const hex of wrong) assert.equal(decodeSignature(Buffer.from(hex, 'hex')), undefined, hex);
  assert.deepEqual(decodeSignature(Buffer.from('3006020101020101', 'hex')), { r: 1n, s: 1n });
});
