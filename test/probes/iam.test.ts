/**
 * Every constraint of the IAM model, probed through the Query codec: AWS's validation message,
 * which for IAM shows neither the value nor the values of an enum.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/api-error.ts';
import { iam } from '../../src/model/iam.generated.ts';
import type { Shape } from '../../src/model/schema.ts';
import { decode, iamRequest } from '../wire-requests.ts';
import { type Probe, probesOf } from './probe.ts';

/** As SDKs write an input: `Tags.member.1.Key=a`, `Values.entry.1.key=a`. */
function paramsOf(shape: Shape, value: unknown, name = ''): string[] {
  const below = (step: string): string => (name === '' ? step : `${name}.${step}`);
  const all = (parts: readonly string[][]): string[] =>
    parts.length === 0 ? [`${name}=`] : parts.flat();
  if (shape.type === 'list' && Array.isArray(value))
    return all(value.map((each, i) => paramsOf(shape.member, each, below(`member.${i + 1}`))));
  if (typeof value !== 'object' || value === null)
    return [`${name}=${encodeURIComponent(String(value))}`];
  const members = Object.entries(value);
  if (shape.type === 'map')
    return all(
      members.map(([key, each], i) => [
        ...paramsOf(shape.key, key, below(`entry.${i + 1}.key`)),
        ...paramsOf(shape.value, each, below(`entry.${i + 1}.value`)),
      ]),
    );
  if (shape.type !== 'structure') return [];
  return all(members.map(([key, each]) => paramsOf(shape.members[key] as Shape, each, below(key))));
}

/** What was said of a probe, undefined when it was let pass. */
function said({ operation, input }: Probe): { code: string; text: string } | undefined {
  try {
    const shape = iam.operations.get(operation)?.input as Shape;
    decode(iamRequest(operation, paramsOf(shape, input).join('&')));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return { code: error.code, text: error.text ?? '' };
  }
}

/** Wrong types of JSON that are wrong as texts, too. */
const isWrongText = ({ what }: Probe): boolean => /"(x|XYZ)"$/.test(what);

/** The message names the member and the constraint, and no other member. */
function check(probe: Probe): void {
  const where = `${probe.operation} ${probe.path} ${probe.what}`;
  const answer = said(probe);
  if (probe.constraint === undefined) {
    assert.equal(answer?.text, undefined, where);
    return;
  }
  assert.ok(answer !== undefined, `${where}: was let pass`);
  assert.equal(answer.code, 'ValidationError', where);
  if (probe.refusal !== undefined) {
    const text = `The specified value for ${probe.path} is invalid. ${probe.refusal}`;
    assert.equal(answer.text, text, where);
    return;
  }
  const constraint = probe.constraint.replace(/(enum value set): \[.*\]$/, '$1');
  const failures = answer.text.replace(/^\d+ validation errors? detected: /, '').split('; ');
  const sentence = `Value at '${probe.path}' failed to satisfy constraint: ${constraint}`;
  assert.ok(failures.includes(sentence), `${where}: ${answer.text}`);
  const noun = failures.length === 1 ? 'error' : 'errors';
  assert.ok(answer.text.startsWith(`${failures.length} validation ${noun} detected: `), where);
  for (const failure of failures) assert.match(failure, new RegExp(`^Value at '${probe.path}' `));
}

describe('the IAM model, probed', () => {
  let count = 0;
  for (const operation of iam.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        if (probe.isWrongType === true) {
          if (!isWrongText(probe) || said(probe) === undefined) continue;
          assert.match(said(probe)?.code ?? '', /^(MalformedInput|ValidationError)$/, probe.what);
        } else check(probe);
        count++;
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${iam.operations.size} operations.`);
    assert.ok(count > 1_000);
  });
});
