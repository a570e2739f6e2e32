import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Attempt, nextStep } from './retry.ts';

const target = { Id: 'one', Arn: 'arn' };
const failed: Attempt = { kind: 'failed', code: 'C', message: 'm' };
const step = (attempts: number, attempt: Attempt, rest: object = {}, now = 0) =>
  nextStep({ target: { ...target, ...rest }, attempts, ingestedAt: 0 }, attempt, {
    now,
    chance: 1,
  });

describe('What comes after an attempt', () => {
  test('that delivered is nothing', () =>
    assert.equal(step(1, { kind: 'delivered' }).kind, 'done'));

  test('that was refused is the end', () => {
    const refused: Attempt = { kind: 'refused', code: 'NO_PERMISSIONS', message: 'm' };
    assert.deepEqual(step(1, refused), { kind: 'dead', code: 'NO_PERMISSIONS', message: 'm' });
  });

  test('that failed is another one, each twice as late, up to ten minutes', () => {
    const delays = [1, 2, 3, 4, 10, 11, 100].map((attempts) => {
      const next = step(attempts, failed);
      return next.kind === 'again' ? next.dueAt / 1000 : undefined;
    });
    assert.deepEqual(delays, [1, 2, 4, 8, 512, 600, 600]);
  });

  test('that failed waits as long as the target says', () => {
    const next = step(1, { ...failed, waitMs: 90_000 });
    assert.deepEqual(next, { kind: 'again', attempts: 1, dueAt: 90_000 });
  });

  test('that was none does not count', () => {
    const next = step(3, { kind: 'postponed', waitMs: 50 });
    assert.deepEqual(next, { kind: 'again', attempts: 2, dueAt: 50 });
  });

  test('that failed once too often, or too late, is the end, which says why', () => {
    const dead = (condition: string) => ({ kind: 'dead', code: 'C', message: 'm', condition });
    assert.equal(step(185, failed).kind, 'again');
    assert.deepEqual(step(186, failed), dead('MaximumRetryAttempts'));
    const none = { RetryPolicy: { MaximumRetryAttempts: 0 } };
    assert.deepEqual(step(1, failed, none), dead('MaximumRetryAttempts'));
    const day = 86_400_000;
    assert.deepEqual(step(2, failed, {}, day), dead('MaximumEventAgeInSeconds'));
    const short = { RetryPolicy: { MaximumEventAgeInSeconds: 60 } };
    assert.equal(step(1, failed, short, 58_000).kind, 'again');
    assert.deepEqual(step(1, failed, short, 60_000), dead('MaximumEventAgeInSeconds'));
  });

  test('ends for every policy, whatever chance says', () => {
    const policy = fc.record({
      MaximumRetryAttempts: fc.integer({ min: 0, max: 185 }),
      MaximumEventAgeInSeconds: fc.integer({ min: 60, max: 86_400 }),
    });
    fc.assert(
      fc.property(policy, fc.double({ min: 0, max: 1, noNaN: true }), (RetryPolicy, chance) => {
        let now = 0;
        for (let attempts = 1; attempts <= 187; attempts++) {
          const delivery = { target: { ...target, RetryPolicy }, attempts, ingestedAt: 0 };
          const next = nextStep(delivery, failed, { now, chance });
          if (next.kind === 'dead') return;
          assert.ok(next.kind === 'again' && next.dueAt > now);
          assert.ok(next.dueAt <= RetryPolicy.MaximumEventAgeInSeconds * 1000);
          now = next.dueAt;
        }
        assert.fail('it goes on');
      }),
    );
  });
});
