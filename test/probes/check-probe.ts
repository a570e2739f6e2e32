/** Sends a probe of a JSON service through the wire codec and holds AWS's message against it. */
import assert from 'node:assert/strict';
import { ApiError } from '../../src/api-error.ts';
import { type Asked, decode } from '../wire-requests.ts';
import type { Probe } from './probe.ts';

/** A request as an SDK sends it. */
type RequestOf = (operation: string, input: Probe['input']) => Asked;

/** What validation said, undefined when it let the input pass. */
function said(
  { operation, input }: Probe,
  requestOf: RequestOf,
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
export function checkProbe(probe: Probe, requestOf: RequestOf): void {
  const where = `${probe.operation} ${probe.path} ${probe.what}`;
  if (probe.isWrongType) {
    assert.notEqual(
      said(probe, requestOf, 'SerializationException'),
      undefined,
      `${where}: was let pass`,
    );
    return;
  }
  const text = said(probe, requestOf);
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
