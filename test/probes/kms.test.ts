/** Every constraint of the KMS model, probed through the wire codec: AWS's validation message. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kms } from '../../src/model/kms.generated.ts';
import { kmsRequest } from '../wire-requests.ts';
import { checkProbe } from './check-probe.ts';
import { probesOf } from './probe.ts';

describe('the KMS model, probed', () => {
  let count = 0;
  for (const operation of kms.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        checkProbe(probe, kmsRequest);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${kms.operations.size} operations.`);
    assert.ok(count > 1_000);
  });
});
