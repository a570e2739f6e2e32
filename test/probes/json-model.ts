/** Probes of a JSON service's model through the wire codec: AWS's validation message for each. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/api-error.ts';
import type { ServiceModel } from '../../src/model/schema.ts';
import { type Asked, decode } from '../wire-requests.ts';
import { type Probe, probesOf } from './probe.ts';

/** A request of the operation with this input. */
type RequestOf = (operation: string, input: unknown) => Asked;

/** What validation said, undefined when it let the input pass. */
function said(
  requestOf: RequestOf,
  { operation, input }: Probe,
  code = 'ValidationException',
): string | undefined {
  try {
    decode(requestOf(operation, input));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code, `${operation} ${JSON.stringify(input)} ${error.text}`);
    return error.text ?? '';
  }
}

/** The message names the member and the constraint, and no other member. */
function check(requestOf: RequestOf, probe: Probe): void {
  const where = `${probe.operation} ${probe.path} ${probe.what}`;
  if (probe.isWrongType) {
    assert.notEqual(
      said(requestOf, probe, 'SerializationException'),
      undefined,
      `${where}: was let pass`,
    );
    return;
  }
  const text = said(requestOf, probe);
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

/** `least`: so many probes the model must give. */
export function probeModel(
  title: string,
  model: ServiceModel,
  { requestOf, least }: { readonly requestOf: RequestOf; readonly least: number },
): void {
  describe(`the ${title} model, probed`, () => {
    let count = 0;
    for (const operation of model.operations.values()) {
      test(`${operation.name} names what breaks a constraint, and only that`, () => {
        if (operation.input === undefined) return;
        for (const probe of probesOf(operation.name, operation.input)) {
          check(requestOf, probe);
          count++;
        }
      });
    }
    test('the count', () => {
      console.log(`${count} probes of ${model.operations.size} operations.`);
      assert.ok(count > least);
    });
  });
}
