import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { refusal } from '../../../test/open-kms.ts';
import { decodeMarker, encodeMarker, pageOf } from './marker.ts';

const invalid = refusal('InvalidMarkerException');

describe('a marker', () => {
  test('gives back what it was made of, to its own list only', () => {
    fc.assert(
      fc.property(fc.string(), (after) => {
        const marker = encodeMarker('keys', after);
        assert.equal(decodeMarker('keys', marker), after);
        assert.throws(() => decodeMarker('aliases', marker), invalid);
      }),
    );
  });
  test('that this server never gave is refused', () => {
    const given = encodeMarker('keys', 'a');
    const others = ['x', 'bnVsbA==', 'WyJrZXlzIl0=', `${given}=`, ` ${given}`, 'WyJrZXlzIiwxXQ=='];
    for (const marker of others) assert.throws(() => decodeMarker('keys', marker), invalid, marker);
  });
});

describe('a list that is held whole', () => {
  test('comes in pages that together are the list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 5 }), (all, limit) => {
        const seen: string[] = [];
        let marker: string | undefined;
        do {
          const page = pageOf(all, (item) => item, { list: 'l', marker, limit });
          assert.ok(page.items.length <= limit);
          assert.equal(page.tail.Truncated, page.tail.NextMarker !== undefined);
          seen.push(...page.items);
          marker = page.tail.NextMarker;
        } while (marker !== undefined);
        assert.deepEqual(seen, all);
      }),
    );
  });
  test('does not go on after an item that is gone', () => {
    const marker = encodeMarker('l', 'gone');
    assert.throws(() => pageOf(['a'], (item) => item, { list: 'l', marker, limit: 1 }), invalid);
  });
});
