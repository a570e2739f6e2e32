/** Every constraint of the KMS model, probed through the wire codec: AWS's validation message. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/api-error.ts';
import { kms } from '../../src/model/kms.generated.ts';
import { decode, kmsRequest } from '../wire-requests.ts';
import { type Probe, probesOf } from './probe.ts';

/** What validation said, undefined when it let the input pass. */
function said({ operation, input }: Probe, code = 'ValidationException'): string | undefined {
  try {
    decode(kmsRequest(operation, input));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code, `${operation} ${JSON.stringify(input)} ${error.text}`);
    return error.text ?? '';
  }
}

/** The message names the member and the constraint, and no other member. */
function check(probe: Probe): void {
  const where = `${probe.operation} ${probe.path} ${probe.what}`;
  if (probe.isWrongType) {
    assert.notEqual(said(probe, 'SerializationException'), undefined, `${where}: was let pass`);
    return;
  }
  const text = said(probe);
  if (probe.constraint === undefined) {
    assert.equal(text, undefined, where);
    return;
  }
  assert.ok(text !== undefined, `${where}: was let pass`);
  const sentence = `at '${probe.path}' failed to satisfy constraint: ${probe.constraint}`;
  assert.ok(text.includes(sentence), `${where}: ${text}`);
  if (probe.shown !== undefined)
    assert.ok(text.includes(`Value ${probe.shown}${sentence}`), `${where}: ${text}`);
  const paths = [...text.matchAll(/ at '([\w.]+)' failed to satisfy constraint/g)].map((m) => m[1]);
  assert.deepEqual([...new Set(paths)], [probe.path], where);
  assert.match(
    text,
    new RegExp(`^${paths.length} validation error${paths.length > 1 ? 's' : ''} detected: `),
  );
}

describe('the KMS model, probed', () => {
  let count = 0;
  for (const operation of kms.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        check(probe);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${kms.operations.size} operations.`);
    assert.ok(count > 1_000);
  });
});
