import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoted } from './record-text.ts';

test('a text is quoted as JSON has it, the first time and again, however many there are', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 250 }));
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(quoted(text), JSON.stringify(text));
      assert.equal(quoted(text), JSON.stringify(text));
    }),
    { numRuns: 3_000 },
  );
});
