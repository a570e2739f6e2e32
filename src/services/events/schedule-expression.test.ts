import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextFiring, parseSchedule } from './schedule-expression.ts';

const minute = 60_000;
const next = (text: string, last: number, now: number): number | undefined => {
  const schedule = parseSchedule(text);
  assert.ok(schedule, text);
  return nextFiring(schedule, { last, now });
};

describe('A rate', () => {
  test('fires each time after so long, however late it is', () => {
    assert.equal(next('rate(5 minutes)', 0, 0), 5 * minute);
    assert.equal(next('rate(5 minutes)', 0, 5 * minute), 10 * minute);
    assert.equal(next('rate(1 hour)', 1_000, 1_000 + 90 * minute), 1_000 + 120 * minute);
    assert.equal(next('rate(2 days)', 0, 10), 2 * 24 * 60 * minute);
  });

  test('is said in the singular for one, in the plural for more', () => {
    for (const text of ['rate(1 minute)', 'rate(1 day)', 'rate(2 hours)', 'rate(10 minutes)'])
      assert.ok(parseSchedule(text), text);
    for (const text of [
      'rate(1 minutes)',
      'rate(2 minute)',
      'rate(0 minutes)',
      'rate(-1 minutes)',
      'rate(1.5 hours)',
      'rate(5  minutes)',
      'rate(5 weeks)',
      'rate(5 MINUTES)',
      'rate(01 minute)',
      'rate(5 minutes) ',
      'rate()',
      '5 minutes',
      'at(2024-01-01T00:00:00)',
      '',
    ])
      assert.equal(parseSchedule(text), undefined, text);
  });
});

describe('A cron expression', () => {
  test('fires at the first of its times after now', () => {
    const now = Date.UTC(2024, 0, 1, 12);
    assert.equal(next('cron(0 10 * * ? *)', 0, now), Date.UTC(2024, 0, 2, 10));
    assert.equal(next('cron(15 10 ? * 6L 2002-2005)', 0, now), undefined);
    assert.equal(parseSchedule('cron(0 10 * * * *)'), undefined);
    assert.equal(parseSchedule('cron 0 10 * * ? *'), undefined);
  });
});
