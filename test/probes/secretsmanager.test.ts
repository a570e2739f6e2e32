/**
 * Every constraint of the Secrets Manager model, probed through the wire codec: AWS's validation
 * message.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secretsmanager } from '../../src/model/secretsmanager.generated.ts';
import { secretsRequest } from '../wire-requests.ts';
import { checkProbe } from './check-probe.ts';
import { probesOf } from './probe.ts';

describe('the Secrets Manager model, probed', () => {
  let count = 0;
  for (const operation of secretsmanager.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        checkProbe(probe, secretsRequest);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${secretsmanager.operations.size} operations.`);
    assert.ok(count > 500);
  });
});
