/** When an event is tried again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextAttempt } from './event-queue.ts';
import type { EventRecord } from './records.ts';

const receivedAt = 1_000_000_000_000;
const event = (attempts: number): EventRecord => ({
  account: '111122223333',
  region: 'eu-central-1',
  partition: 'aws',
  name: 'f',
  qualifier: '',
  requestId: 'id',
  payload: '',
  receivedAt,
  attempts,
  dueAt: receivedAt,
});
type Outcome = Parameters<typeof nextAttempt>[1]['outcome'];

const after = (
  attempts: number,
  outcome: Outcome,
  { ageMs = 0, config }: { ageMs?: number; config?: object } = {},
) => {
  const next = nextAttempt(event(attempts), { outcome, now: receivedAt + ageMs, config });
  return next && [next.attempts, next.dueAt - receivedAt - ageMs];
};

describe('an event', () => {
  test('that is done, or has nowhere to go, is not tried again', () => {
    assert.equal(after(1, 'done'), undefined);
    assert.equal(after(1, 'gone'), undefined);
  });
  test('that failed is tried after one minute, then after two, then no more', () => {
    for (const outcome of ['failed', 'refused'] as const) {
      assert.deepEqual(after(1, outcome), [1, 60_000]);
      assert.deepEqual(after(2, outcome), [2, 120_000]);
      assert.equal(after(3, outcome), undefined);
    }
  });
  test('is tried as often as it is configured to be', () => {
    assert.equal(after(1, 'failed', { config: { maximumRetryAttempts: 0 } }), undefined);
    assert.deepEqual(after(1, 'failed', { config: { maximumRetryAttempts: 1 } }), [1, 60_000]);
    assert.equal(after(2, 'failed', { config: { maximumRetryAttempts: 1 } }), undefined);
  });
  test('that was throttled has not been tried, and waits as long as it has waited', () => {
    assert.deepEqual(after(1, 'throttled'), [0, 1_000]);
    assert.deepEqual(after(3, 'throttled', { ageMs: 30_000 }), [2, 30_000]);
    assert.deepEqual(after(1, 'throttled', { ageMs: 3_600_000 }), [0, 300_000]);
  });
  test('is given up when it would be too old', () => {
    const config = { maximumEventAgeSeconds: 60 };
    assert.equal(after(1, 'failed', { ageMs: 1, config }), undefined);
    assert.deepEqual(after(1, 'failed', { config }), [1, 60_000]);
    assert.equal(after(1, 'throttled', { ageMs: 6 * 3_600_000 }), undefined);
  });
});
