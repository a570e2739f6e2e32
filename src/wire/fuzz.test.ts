/**
 * Hostile requests: whatever comes, the wire claims or answers, and decoding ends in input or in an
 * ApiError.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Asked,
  claimOf,
  kmsRequest,
  lambdaRequest,
  models,
  stsRequest,
} from '../../test/wire-requests.ts';
import { ApiError } from '../api-error.ts';
import type { Shape } from '../model/schema.ts';

/** Time-boxed: as many runs as fit, at most this long for each property. */
const runs = { numRuns: 2_000, interruptAfterTimeLimit: 3_000 } as const;

/** Never lets anything but an ApiError out, and gives every error a well-formed answer. */
function survives(asked: Asked): void {
  const found = claimOf(asked);
  if (found.kind === 'answer') {
    assert.ok(found.response.status >= 200);
    return;
  }
  try {
    found.protocol.decode(found);
  } catch (error) {
    assert.ok(error instanceof ApiError, String(error));
    const response = found.protocol.encodeError(error, 'id', found.model);
    assert.equal(response.status, 400);
    if (found.protocol.name !== 'query') JSON.parse(String(response.body));
  }
}

const names = [...(models.get('kms')?.operations.keys() ?? [])];
const stsNames = [...(models.get('sts')?.operations.keys() ?? [])];

const anyText = fc.string({ unit: 'binary' });
const anyJson = fc.jsonValue();

/** Values that have the shape's type mostly, so that the fuzz gets past the first member. */
function likely(shape: Shape): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: fitting(shape) }, { weight: 1, arbitrary: anyJson });
}

const made = new Map<Shape, fc.Arbitrary<unknown>>();

function fitting(shape: Shape): fc.Arbitrary<unknown> {
  const arbitrary = made.get(shape) ?? make(shape);
  made.set(shape, arbitrary);
  return arbitrary;
}

function make(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members).map(([name, member]) => [name, likely(member)]);
      return fc.record(Object.fromEntries(members), { requiredKeys: [] });
    }
    case 'list':
      return fc.array(likely(shape.member), { maxLength: 4 });
    case 'map':
      return fc.dictionary(anyText, likely(shape.value), { maxKeys: 4 });
    case 'string':
      return fc.oneof(
        anyText,
        fc.constantFrom('__proto__', '\ud800', '', ...(shape.enum ?? ['x'])),
      );
    case 'blob':
      return fc.oneof(fc.base64String(), anyText);
    case 'boolean':
      return fc.oneof(fc.boolean(), fc.constantFrom('yes', 'no', 'maybe'));
    default:
      return fc.oneof(fc.integer(), fc.double());
  }
}

const nearRequests = fc.oneof(
  ...names.map((name) => {
    const input = models.get('kms')?.operations.get(name)?.input;
    const body = input === undefined ? fc.constant({}) : fitting(input);
    return body.map((value) => kmsRequest(name, value));
  }),
);

describe('the wire survives', () => {
  test('any bytes as the body of a JSON request', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 300 }), (name, bytes) => {
        survives(kmsRequest(name, Buffer.from(bytes)));
      }),
      runs,
    );
  });
  test('any JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.json(), (name, body) =>
        survives(kmsRequest(name, body)),
      ),
      runs,
    );
  });
  test('JSON that is nearly what the model says', () => {
    fc.assert(fc.property(nearRequests, survives), runs);
  });
  test('REST requests that are nearly what the model says, in any part', () => {
    const rest = [...(models.get('lambda')?.operations.values() ?? [])].map(({ http, input }) => {
      const name = fc.constantFrom(
        'FunctionName',
        'MaxItems',
        'tagKeys',
        'x-amz-log-type',
        '',
        '%',
      );
      const text = fc.oneof(anyText, fc.constantFrom('', '%', 'f', '9', '/', 'a'.repeat(200)));
      const words = fc.dictionary(name, text, { maxKeys: 4 });
      const body = input === undefined ? fc.constant({}) : fc.oneof(fitting(input), anyText);
      return fc.tuple(text, words, words, body).map(([label, query, headers, value]) => {
        const path = String(http?.path).replaceAll(/\{\w+\}/g, label);
        const params = Object.entries(query).map((pair) => pair.join('='));
        const asked = lambdaRequest(String(http?.method), `${path}?${params.join('&')}`, value);
        return { ...asked, headers };
      });
    });
    fc.assert(fc.property(fc.oneof(...rest), survives), runs);
  });
  test('any form', () => {
    const key = fc.constantFrom('RoleArn', 'Tags', 'PolicyArns', 'DurationSeconds', 'Policy');
    const step = fc.constantFrom('.member', '.1', '.2', '.Key', '.Value', '.entry', '.', '=');
    const value = fc.oneof(anyText, fc.constantFrom('%', '%zz', '900', '&'));
    const pair = fc
      .tuple(key, fc.array(step, { maxLength: 20 }), value, fc.boolean())
      .map(
        ([k, steps, v, encoded]) =>
          `${k}${steps.join('')}=${encoded ? encodeURIComponent(v.toWellFormed()) : v}`,
      );
    const form = fc.array(pair, { maxLength: 8 }).map((pairs) => pairs.join('&'));
    fc.assert(
      fc.property(fc.constantFrom(...stsNames), form, (name, params) =>
        survives(stsRequest(name, params)),
      ),
      runs,
    );
  });
  test('any method, target, headers and body', () => {
    const header = fc.oneof(
      anyText,
      fc.constantFrom(
        'application/x-amz-json-1.1',
        'application/json',
        'application/x-www-form-urlencoded',
        'TrentService.Encrypt',
        '__proto__',
        'AWS4-HMAC-SHA256 Credential=////',
      ),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', ''),
      target: fc.oneof(
        fc.constant('/'),
        fc.string().map((s) => `/2015-03-31/functions/${s}`),
        fc.string().map((s) => `/?Action=${s}`),
        fc.string(),
      ),
      headers: fc.dictionary(
        fc.constantFrom('content-type', 'x-amz-target', 'authorization', 'host'),
        header,
      ),
      body: fc.oneof(
        fc.constantFrom('', '{}', 'Action=AssumeRole&Version=2011-06-15'),
        fc.string(),
      ),
    });
    fc.assert(fc.property(request, survives), runs);
  });
});

describe('what the wire writes', () => {
  test('a JSON answer says what the output said, whatever its texts and bytes', () => {
    const output = fc.record({
      KeyId: anyText,
      CiphertextBlob: fc.uint8Array({ maxLength: 200 }),
      EncryptionAlgorithm: fc.constant('SYMMETRIC_DEFAULT'),
    });
    const found = claimOf(kmsRequest('Encrypt', {}));
    assert.ok(found.kind === 'operation');
    fc.assert(
      fc.property(output, (value) => {
        const body = String(found.protocol.encode(found, value, 'id').body);
        const bytes = Buffer.from(value.CiphertextBlob).toString('base64');
        assert.deepEqual(JSON.parse(body), { ...value, CiphertextBlob: bytes });
      }),
      runs,
    );
  });
  test('bytes and texts that are sent come out of decoding as they were', () => {
    const input = fc.record({
      KeyId: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }),
      Plaintext: fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      EncryptionContext: fc.dictionary(anyText, anyText),
    });
    fc.assert(
      fc.property(input, (value) => {
        const found = claimOf(
          kmsRequest('Encrypt', { ...value, Plaintext: value.Plaintext.toString('base64') }),
        );
        assert.ok(found.kind === 'operation');
        const decoded = found.protocol.decode(found) as typeof value;
        assert.equal(decoded.KeyId, value.KeyId);
        assert.deepEqual(decoded.Plaintext, value.Plaintext);
        assert.deepEqual(
          Object.entries(decoded.EncryptionContext).sort(),
          Object.entries(value.EncryptionContext).sort(),
        );
      }),
      runs,
    );
  });
});
