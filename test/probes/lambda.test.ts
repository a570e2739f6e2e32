/** Every constraint of Lambda's model, probed through the REST-JSON codec: AWS's message. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ApiError } from '../../src/api-error.ts';
import { lambda } from '../../src/model/lambda.generated.ts';
import type { OperationModel } from '../../src/model/schema.ts';
import { type Asked, claimOf, lambdaRequest } from '../wire-requests.ts';
import { type Probe, probesOf } from './probe.ts';

/** As SDKs write an input: each member where the model binds it. */
function asked({ http, input: shape }: OperationModel, input: Probe['input']): Asked {
  const body: Record<string, unknown> = {};
  const headers: Record<string, string> = {};
  const query: string[] = [];
  let path = String(http?.path);
  for (const [member, value] of Object.entries(input)) {
    const { location, name } = shape?.bindings?.[member] ?? { location: 'body', name: member };
    const text = (each: unknown): string => encodeURIComponent(String(each));
    if (location === 'uri') path = path.replace(`{${name}}`, text(value));
    else if (location === 'querystring')
      query.push(...[value].flat().map((each) => `${name}=${text(each)}`));
    else if (location === 'header') headers[name.toLowerCase()] = String(value);
    else body[member] = value;
  }
  const payload = shape?.payload === undefined ? body : Buffer.from(String(body[shape.payload]));
  const request = lambdaRequest(String(http?.method), `${path}?${query.join('&')}`, payload);
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** What was said of a probe; `nothing` when it was let pass, `elsewhere` for another path. */
function said(operation: OperationModel, { input }: Probe): string {
  const found = claimOf(asked(operation, input));
  if (found.kind === 'answer' || found.operation !== operation) return 'elsewhere';
  try {
    found.protocol.decode(found);
    return 'nothing';
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    return `${error.code}: ${error.text}`;
  }
}

/** A label that is missing or empty makes another path; an empty parameter says nothing. */
const isNoProbe = (operation: OperationModel, { path, input, what }: Probe): boolean => {
  const member = Object.keys(operation.input?.members ?? {}).find(
    (name) => name.charAt(0).toLowerCase() + name.slice(1) === path,
  );
  const location = operation.input?.bindings?.[member ?? '']?.location;
  const isEmpty = input[member ?? ''] === undefined || input[member ?? ''] === '';
  return location !== undefined && location !== 'header' && (isEmpty || what === 'missing');
};

describe('the Lambda model, probed', () => {
  let count = 0;
  for (const operation of lambda.operations.values()) {
    test(`${operation.name} names what breaks a constraint, and only that`, () => {
      if (operation.input === undefined) return;
      for (const probe of probesOf(operation.name, operation.input)) {
        const where = `${probe.operation} ${probe.path} ${probe.what}`;
        if (isNoProbe(operation, probe)) continue;
        const answer = said(operation, probe);
        count++;
        if (probe.isWrongType === true) {
          // As text a wrong type may be a right one.
          assert.match(answer, /^(SerializationException|ValidationException|nothing|else)/, where);
        } else if (probe.constraint === undefined) {
          assert.equal(answer, 'nothing', where);
        } else {
          assert.ok(answer.startsWith('ValidationException: '), `${where}: ${answer}`);
          const failure = `at '${probe.path}' failed to satisfy constraint: ${probe.constraint}`;
          const failures = answer.replace(/^.*? detected: /, '').split('; ');
          const named = failures.find((each) => each.endsWith(failure));
          assert.ok(named?.startsWith(`Value ${probe.shown ?? ''}`), `${where}: ${answer}`);
        }
      }
    });
  }
  test('the count', () => {
    console.log(`${count} probes of ${lambda.operations.size} operations.`);
    assert.ok(count > 1_000);
  });
});
