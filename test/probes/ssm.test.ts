/**
 * Every constraint of the Parameter Store model, probed through the wire codec: AWS's validation
 * message.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ssm } from '../../src/model/ssm.generated.ts';
import { ssmRequest } from '../wire-requests.ts';
import { checkProbe } from './check-probe.ts';
import { probesOf } from './probe.ts';

describe('the Parameter Store model, probed', () => {
  let count = 0;
  for (const operation of ssm.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        checkProbe(probe, ssmRequest);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${ssm.operations.size} operations.`);
    assert.ok(count > 300);
  });
});
