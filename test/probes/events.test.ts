/**
 * Every constraint of the EventBridge model, probed through the wire codec: AWS's validation
 * message.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { events } from '../../src/model/events.generated.ts';
import { eventsRequest } from '../wire-requests.ts';
import { checkProbe } from './check-probe.ts';
import { probesOf } from './probe.ts';

describe('the EventBridge model, probed', () => {
  let count = 0;
  for (const operation of events.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        checkProbe(probe, eventsRequest);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${events.operations.size} operations.`);
    assert.ok(count > 500);
  });
});
