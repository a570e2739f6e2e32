import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../api-error.ts';
import type { RotationRulesType } from '../../model/secretsmanager.generated.ts';
import { checkedRules, nextWindow, rescheduled, rotated, scheduled } from './rotation-schedule.ts';
import type { Secret } from './secret.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
/** Monday. */
const now = at('2026-03-02T13:30:00');

function windowOf(rules: RotationRulesType, from = now): readonly [string, string] {
  const window = nextWindow(checkedRules(rules, now), from);
  assert.ok(window !== undefined);
  return [iso(window.opensAt), iso(window.closesAt)];
}
const cron = (fields: string, Duration?: string): RotationRulesType => ({
  ScheduleExpression: `cron(${fields})`,
  ...(Duration === undefined ? {} : { Duration }),
});

describe('the window of a rotation', () => {
  test('of days is a whole day, so many after the last rotation', () => {
    const day = ['2026-03-12T00:00:00', '2026-03-12T23:59:59'];
    assert.deepEqual(windowOf({ AutomaticallyAfterDays: 10 }), day);
    assert.deepEqual(windowOf({ ScheduleExpression: 'rate(10 days)' }), day);
    assert.deepEqual(windowOf({ ScheduleExpression: 'rate(10 days)', Duration: '3h' }), [
      ...['2026-03-12T00:00:00', '2026-03-12T02:59:59'],
    ]);
  });

  test('of hours begins on the hour and lasts one', () => {
    assert.deepEqual(windowOf({ ScheduleExpression: 'rate(6 hours)' }), [
      ...['2026-03-02T19:00:00', '2026-03-02T19:59:59'],
    ]);
    assert.deepEqual(windowOf({ ScheduleExpression: 'rate(6 hours)', Duration: '2h' }), [
      ...['2026-03-02T19:00:00', '2026-03-02T20:59:59'],
    ]);
  });

  /** The examples of AWS's guide, and what they come to after a Monday noon in March 2026. */
  const examples: readonly (readonly [fields: string, opens: string])[] = [
    ['0 10 * * ? *', '2026-03-03T10:00:00'],
    ['0 18 ? * SAT *', '2026-03-07T18:00:00'],
    ['0 8 1 * ? *', '2026-04-01T08:00:00'],
    ['0 1 ? 1/3 SUN *', '2026-04-05T01:00:00'],
    ['0 17 L * ? *', '2026-03-31T17:00:00'],
    ['0 8 ? * MON-FRI *', '2026-03-03T08:00:00'],
    ['0 16 1,15 * ? *', '2026-03-15T16:00:00'],
    ['0 0 ? * SUN#1 *', '2026-04-05T00:00:00'],
    ['0 0 ? * TUE#3 *', '2026-03-17T00:00:00'],
    ['0 0 ? * SUNL *', '2026-03-29T00:00:00'],
    ['0 0 ? * 1L *', '2026-03-29T00:00:00'],
    ['0 0 ? * L *', '2026-03-07T00:00:00'],
    ['0 4/12 * * ? *', '2026-03-02T16:00:00'],
    ['0 /8 * * ? *', '2026-03-02T16:00:00'],
    ['0 */4 * * ? *', '2026-03-02T16:00:00'],
    ['0 8 1/10 * ? *', '2026-03-11T08:00:00'],
    ['0 0 29 FEB ? *', '2028-02-29T00:00:00'],
    ['0 0 1 JAN,jul ? *', '2026-07-01T00:00:00'],
  ];
  for (const [fields, opens] of examples)
    test(`of cron(${fields}) opens next at ${opens}`, () => {
      assert.equal(windowOf(cron(fields))[0], opens);
    });

  test('of days by cron ends with the day, of hours after one, unless told', () => {
    assert.equal(windowOf(cron('0 10 * * ? *'))[1], '2026-03-03T23:59:59');
    assert.equal(windowOf(cron('0 10 * * ? *', '2h'))[1], '2026-03-03T11:59:59');
    assert.equal(windowOf(cron('0 4/12 * * ? *'))[1], '2026-03-02T16:59:59');
    assert.equal(windowOf(cron('0 4/12 * * ? *', '5h'))[1], '2026-03-02T20:59:59');
  });

  test('comes after the moment that it is asked from, not at it', () => {
    const daily = cron('0 10 * * ? *');
    assert.equal(windowOf(daily, at('2026-03-05T09:59:59'))[0], '2026-03-05T10:00:00');
    assert.equal(windowOf(daily, at('2026-03-05T10:00:00'))[0], '2026-03-06T10:00:00');
  });
});

describe('rules of a rotation', () => {
  const wrong: readonly RotationRulesType[] = [
    {},
    { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' },
    ...['rate(3 hours)', 'rate(0 days)', 'rate(1 week)', 'rate(1.5 days)', 'rate(10)', 'daily'].map(
      (ScheduleExpression) => ({ ScheduleExpression }),
    ),
    ...[
      '5 10 * * ? *',
      '0 10 * * * *',
      '0 10 ? * ? *',
      '0 10 * * ? 2027',
      '0 24 * * ? *',
      '0 * * * ? *',
      '0 1-3 * * ? *',
      '0 1,4 * * ? *',
      '0 10 32 * ? *',
      '0 10 31 FEB ? *',
      '0 10 ? * FRY *',
      '0 10 ? * MON#6 *',
      '0 10 5-1 * ? *',
      '0 10 1/0 * ? *',
      '0 10 * 13 ? *',
      '0 10 * * ?',
    ].map((fields) => cron(fields)),
    cron('0 10 * * ? *', '0h'),
    cron('0 10 * * ? *', '15h'),
    cron('0 4/12 * * ? *', '9h'),
    { ScheduleExpression: 'rate(4 hours)', Duration: '5h' },
    { AutomaticallyAfterDays: 1, Duration: '25h' },
  ];
  for (const rules of wrong)
    test(`${JSON.stringify(rules)} are refused`, () => {
      assert.throws(
        () => checkedRules(rules, now),
        (error) => error instanceof ApiError && error.code === 'InvalidParameterException',
      );
    });

  test('may have 14 hours from ten o’clock on, the rest of the day', () => {
    assert.doesNotThrow(() => checkedRules(cron('0 10 * * ? *', '14h'), now));
  });
});

describe('a schedule', () => {
  const rules = { scheduleExpression: 'rate(10 days)' };
  const secret = { rotation: { isEnabled: true, rules } } as unknown as Secret;

  test('is due when its window opens', () => {
    const { rotation } = scheduled(secret, now);
    assert.equal(rotation?.dueAt, at('2026-03-12T00:00:00'));
    assert.equal(rotation?.nextWindow?.closesAt, at('2026-03-12T23:59:59'));
  });

  test('goes on from a rotation, after which AWS shows the days between two', () => {
    const { rotation } = rotated(secret, now);
    assert.equal(rotation?.lastRotatedAt, now);
    assert.equal(rotation?.computedDays, 10);
    const monthly = {
      rotation: { isEnabled: true, rules: { scheduleExpression: 'cron(0 8 1 * ? *)' } },
    };
    assert.equal(rotated(monthly as unknown as Secret, now).rotation?.computedDays, 30);
  });

  test('that was missed shows what it missed and is due in its next window', () => {
    const planned = scheduled(secret, now);
    const late = at('2026-03-12T06:00:00');
    const { rotation } = rescheduled(planned, late);
    assert.equal(rotation?.nextWindow?.closesAt, at('2026-03-12T23:59:59'));
    assert.equal(rotation?.dueAt, at('2026-03-22T00:00:00'));
    assert.equal(rescheduled(planned, now).rotation?.dueAt, at('2026-03-12T00:00:00'));
  });

  test('of rotation that is off is none', () => {
    const off = { rotation: { isEnabled: false, rules } } as unknown as Secret;
    assert.equal(scheduled(off, now).rotation?.dueAt, undefined);
  });
});
