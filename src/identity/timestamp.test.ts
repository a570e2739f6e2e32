import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { secondsOf, timestampOf, timestampOfHttpDate } from './timestamp.ts';

const seconds = fc.integer({ min: 0, max: 253_402_300_799 });

test('a timestamp is read back as the second it was made of', () => {
  fc.assert(fc.property(seconds, (second) => secondsOf(timestampOf(second)) === second));
});

test('an HTTP date is the same second', () => {
  fc.assert(
    fc.property(seconds, (second) => {
      const date = new Date(second * 1000).toUTCString();
      return timestampOfHttpDate(date) === timestampOf(second);
    }),
  );
});

test('what is no time is none', () => {
  const none = ['', '20260101', '20260101T000000', '20260101T000000z', '20261301T000000Z'];
  const nearly = ['20260001T000000Z', '20260100T000000Z', '20260132T000000Z', '20250229T000000Z'];
  const late = ['20260101T240000Z', '20260101T006000Z', '20260101T000060Z', '2026010١T000000Z'];
  for (const text of [...none, ...nearly, ...late, '19691231T235959Z', '-0260101T000000Z'])
    assert.equal(secondsOf(text), undefined, text);
  assert.equal(secondsOf('20240229T000000Z'), 1_709_164_800);
  const odd = 'Fri, 02 Foo 2026 12:00:00 GMT';
  assert.equal(secondsOf(timestampOfHttpDate(odd)), undefined);
});
