/** Every constraint of the STS model, probed through the wire codec: AWS's validation message. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/api-error.ts';
import { sts } from '../../src/model/sts.generated.ts';
import { decode, stsRequest } from '../wire-requests.ts';
import { type Probe, probesOf } from './probe.ts';

/** As Query clients send it: `Tags.member.1.Key=…`; an empty list is a parameter without value. */
function params(value: unknown, name: string): string[] {
  if (Array.isArray(value))
    return value.length === 0
      ? [`${name}=`]
      : value.flatMap((item, i) => params(item, `${name}.member.${i + 1}`));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([member, inner]) =>
      params(inner, name === '' ? member : `${name}.${member}`),
    );
  return [`${name}=${encodeURIComponent(String(value))}`];
}

/** Whether a form can say it: a structure without members leaves nothing behind. */
function isSayable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const inner = Object.values(value);
  return (Array.isArray(value) || inner.length > 0) && inner.every(isSayable);
}

/** What validation said, undefined when it let the input pass. */
function said({ operation, input }: Probe, code = 'ValidationError'): string | undefined {
  try {
    decode(stsRequest(operation, params(input, '').join('&')));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.code, code, `${operation} ${JSON.stringify(input)} ${error.text}`);
    return error.text ?? '';
  }
}

/** The message names the member and the constraint, and no other member. */
function check(probe: Probe): boolean {
  const where = `${probe.operation} ${probe.path} ${probe.what}`;
  // A form knows texts and lists only; of those a number alone can be of a wrong type.
  if (probe.isWrongType) {
    if (!probe.what.endsWith('"x"') || !/(seconds|size)$/i.test(probe.path)) return false;
    assert.notEqual(said(probe, 'MalformedInput'), undefined, `${where}: was let pass`);
    return true;
  }
  if (!Object.values(probe.input).every(isSayable)) return false;
  const text = said(probe);
  if (probe.constraint === undefined) {
    assert.equal(text, undefined, where);
    return true;
  }
  assert.ok(text !== undefined, `${where}: was let pass`);
  const sentence = `at '${probe.path}' failed to satisfy constraint: ${probe.constraint}`;
  assert.ok(text.includes(sentence), `${where}: ${text}`);
  if (probe.shown !== undefined)
    assert.ok(text.includes(`Value ${probe.shown}${sentence}`), `${where}: ${text}`);
  const paths = [...text.matchAll(/ at '([\w.]+)' failed to satisfy constraint/g)].map((m) => m[1]);
  assert.deepEqual([...new Set(paths)], [probe.path], where);
  return true;
}

describe('the STS model, probed', () => {
  let count = 0;
  for (const operation of sts.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) if (check(probe)) count++;
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${sts.operations.size} operations.`);
    assert.ok(count > 200);
  });
});
