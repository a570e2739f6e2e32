import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareInstants, type Instant, parseInstant } from './instant.ts';

function parsed(text: string): Instant {
  const instant = parseInstant(text);
  assert.ok(instant !== undefined, text);
  return instant;
}

const order = (a: string, b: string): number => Math.sign(compareInstants(parsed(a), parsed(b)));

describe('points in time', () => {
  const same: readonly (readonly [string, string])[] = [
    ['2026-05-01T12:00:00Z', '1777636800'],
    ['2026-05-01T12:00Z', '2026-05-01T12:00:00.000Z'],
    ['2026-05-01T14:00:00+02:00', '2026-05-01T12:00:00Z'],
    ['2026-05-01T04:30:00-07:30', '2026-05-01T12:00:00Z'],
    ['2026-05-01', '2026-05-01T00:00:00Z'],
    ['2026-05', '2026-05-01'],
    ['1777636800.5', '2026-05-01T12:00:00.50Z'],
    ['2024-02-29', '2024-02-29T00:00Z'],
    ['0001-01-01', '0001-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59.25Z', '1969-12-31T23:59:59.250000000Z'],
  ];
  for (const [a, b] of same) test(`${a} is ${b}`, () => assert.equal(order(a, b), 0));

  const before: readonly (readonly [string, string])[] = [
    ['2026-05-01T12:00:00Z', '2026-05-01T12:00:00.000000001Z'],
    ['1969-12-31T23:59:59.9Z', '1970-01-01'],
    ['1969-12-31T23:59:59.1Z', '1969-12-31T23:59:59.2Z'],
    ['999999999', '2026-05'],
  ];
  for (const [a, b] of before)
    test(`${a} is before ${b}`, () => {
      assert.equal(order(a, b), -1);
      assert.equal(order(b, a), 1);
    });

  test('come back from the text that Date writes', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
        (date) => {
          const { seconds, nanoseconds } = parsed(date.toISOString());
          assert.equal(seconds * 1_000 + nanoseconds / 1_000_000, date.getTime());
        },
      ),
    );
  });

  const none = [
    '',
    'now',
    '2026',
    '26-05-01',
    '2026-5-1',
    '2026-02-30',
    '2025-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-05-00',
    '2026-05-01T24:00:00Z',
    '2026-05-01T12:60:00Z',
    '2026-05-01T12:00:60Z',
    '2026-05-01T12:00:00',
    '2026-05-01t12:00:00z',
    '2026-05-01 12:00:00Z',
    '2026-05-01T12:00:00+24:00',
    '2026-05-01T12:00:00+2:00',
    '2026-05-01T12.5Z',
    '2026-05-01T12:00:00.Z',
    '2026-05-01T12:00:00.1234567890Z',
    '20260501T120000Z',
    '-1',
    '1e9',
    '1234567890123',
    'Fri, 01 May 2026 12:00:00 GMT',
  ];
  for (const text of none)
    test(`${JSON.stringify(text)} is none`, () => assert.equal(parseInstant(text), undefined));
});
