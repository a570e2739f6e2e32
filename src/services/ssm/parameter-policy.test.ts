import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiError } from '../../api-error.ts';
import { afterChange, duePolicies, finished, parsePolicies } from './parameter-policy.ts';

const now = Date.UTC(2026, 0, 1);
const day = 86_400_000;

const policy = (Type: string, Attributes: object) => ({ Type, Version: '1.0', Attributes });
const expiration = (Timestamp: string) => policy('Expiration', { Timestamp });
const before = (Before: string, Unit = 'Days') =>
  policy('ExpirationNotification', { Before, Unit });
const after = (After: string, Unit = 'Days') => policy('NoChangeNotification', { After, Unit });
const parse = (...policies: readonly object[]) => parsePolicies(JSON.stringify(policies), now);

function codeOf(text: string): string {
  try {
    parsePolicies(text, now);
    return 'taken';
  } catch (error) {
    return (error as ApiError).code;
  }
}

describe('parameter policies', () => {
  test('say when they act', () => {
    const policies = parse(
      expiration('2026-02-01T00:00:00.000Z'),
      before('15'),
      before('12', 'Hours'),
      after('20'),
    );
    assert.deepEqual(
      policies.map(({ at }) => at),
      [Date.UTC(2026, 1, 1), Date.UTC(2026, 0, 17), Date.UTC(2026, 1, 1) - day / 2, now + 20 * day],
    );
    assert.deepEqual(JSON.parse(policies[1]?.text ?? ''), before('15'));
  });

  for (const [text, at] of [
    ['2026-06-01T12:00:00Z', Date.UTC(2026, 5, 1, 12)],
    ['2026-06-01T12:00Z', Date.UTC(2026, 5, 1, 12)],
    ['2026-06-01T12:00:00.123456789Z', Date.UTC(2026, 5, 1, 12, 0, 0, 123)],
    ['2026-06-01T12:00:00.87+10:30', Date.UTC(2026, 5, 1, 1, 30, 0, 870)],
    ['2026-06-01T12:00:00+10:30:00', Date.UTC(2026, 5, 1, 1, 30)],
    ['2026-06-01T12:00:00-01:00', Date.UTC(2026, 5, 1, 13)],
  ] as const)
    test(`${text} is a time`, () => assert.equal(parse(expiration(text))[0]?.at, at));

  test('[{}] and [] take all away', () => {
    assert.deepEqual(parsePolicies('[{}]', now), []);
    assert.deepEqual(parsePolicies('[]', now), []);
  });

  for (const [said, text] of [
    ['ValidationException', '{"Type":"Expiration"}'],
    ['ValidationException', 'not json'],
    ['ValidationException', '[1]'],
    ['PoliciesLimitExceededException', JSON.stringify(Array(11).fill(after('1')))],
    ['InvalidPolicyTypeException', JSON.stringify([policy('Deletion', {})])],
    ['InvalidPolicyTypeException', '[{"Type":"__proto__"}]'],
    ['InvalidPolicyAttributeException', JSON.stringify([{ ...after('1'), Version: '2.0' }])],
    ['InvalidPolicyAttributeException', JSON.stringify([{ ...after('1'), Other: 1 }])],
    ['InvalidPolicyAttributeException', JSON.stringify([after('0')])],
    ['InvalidPolicyAttributeException', JSON.stringify([after('-1')])],
    ['InvalidPolicyAttributeException', JSON.stringify([after('1', 'Minutes')])],
    ['InvalidPolicyAttributeException', JSON.stringify([after('99999')])],
    ['InvalidPolicyAttributeException', JSON.stringify([policy('NoChangeNotification', null!)])],
    ['InvalidPolicyAttributeException', JSON.stringify([expiration('tomorrow')])],
    ['InvalidPolicyAttributeException', JSON.stringify([expiration('2026-02-31T00:00:00Z')])],
    ['InvalidPolicyAttributeException', JSON.stringify([expiration('2025-12-31T00:00:00Z')])],
    ['InvalidPolicyAttributeException', JSON.stringify([expiration('2026-06-01T12:00:00')])],
    ['IncompatiblePolicyException', JSON.stringify([before('15')])],
    [
      'IncompatiblePolicyException',
      JSON.stringify([expiration('2026-02-01T00:00:00Z'), expiration('2026-03-01T00:00:00Z')]),
    ],
  ] as const)
    test(`${text.slice(0, 60)}: ${said}`, () => assert.equal(codeOf(text), said));

  test('notifications come before the expiration, earliest first', () => {
    const policies = parse(expiration('2026-02-01T00:00:00Z'), after('20'), before('15'));
    const types = (at: number) => duePolicies(policies, at).map(({ type }) => type);
    assert.deepEqual(types(now), []);
    assert.deepEqual(types(Date.UTC(2026, 0, 17)), ['ExpirationNotification']);
    assert.deepEqual(types(Date.UTC(2027, 0, 1)), [
      'ExpirationNotification',
      'NoChangeNotification',
      'Expiration',
    ]);
  });

  test('what has acted does not act again, and a change begins the time without one anew', () => {
    const policies = parse(expiration('2026-12-01T00:00:00Z'), before('300'), after('20'));
    const later = now + 40 * day;
    const due = duePolicies(policies, later);
    assert.equal(due.length, 2);
    const done = finished(policies, due);
    assert.deepEqual(duePolicies(done, later), []);
    const changed = afterChange(done, later);
    assert.deepEqual(
      changed.map(({ status, at }) => [status, at]),
      [
        ['Pending', Date.UTC(2026, 11, 1)],
        ['Finished', policies[1]?.at],
        ['Pending', later + 20 * day],
      ],
    );
  });
});
