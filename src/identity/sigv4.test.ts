import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  accessKeyId,
  kms,
  now,
  presigned,
  signed,
  sts,
  verifier,
  withHeaders,
} from '../../test/vectors/sigv4-requests.ts';
import type { HttpRequest } from '../http/message.ts';
import { readSignedRequest } from './signed-request.ts';
import {
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  sealSecret,
  stringToSign,
} from './sigv4.ts';

const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789');
const word = fc.string({ unit: letter, minLength: 1, maxLength: 12 });
const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const anyRequest = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc.array(fc.oneof(word, printable.map(encodeURIComponent)), { maxLength: 4 }),
  query: fc.array(fc.tuple(word, printable.map(encodeURIComponent)), { maxLength: 4 }),
  headers: fc.dictionary(
    word.map((name) => `x-${name}`),
    printable,
    { maxKeys: 5, noNullPrototype: true },
  ),
  body: fc.uint8Array({ maxLength: 300 }),
  region: fc.constantFrom('us-east-1', 'eu-central-1', 'cn-north-1', 'us-gov-west-1'),
});

/** A request whose every letter means something: there is one spelling of its path and headers. */
const plainRequest = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc.array(word, { maxLength: 4 }),
  query: fc.array(fc.tuple(word, word), { maxLength: 4 }),
  headers: fc.dictionary(
    word.map((name) => `x-${name}`),
    word,
    { maxKeys: 5, noNullPrototype: true },
  ),
  body: fc.uint8Array({ maxLength: 300 }),
  region: fc.constantFrom('us-east-1', 'eu-central-1'),
});

function signedFrom(parts: {
  readonly method: string;
  readonly path: readonly string[];
  readonly query: ReadonlyArray<readonly [string, string]>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly region: string;
}): HttpRequest {
  const query = parts.query.map(([name, value]) => `${name}=${value}`).join('&');
  return signed({
    method: parts.method,
    url: `http://127.0.0.1:4566/${parts.path.join('/')}${query === '' ? '' : `?${query}`}`,
    headers: parts.headers,
    body: parts.body,
    region: parts.region,
  });
}

describe('what signRequest signs', () => {
  test('verify accepts, whatever is in it', () => {
    const verify = verifier();
    fc.assert(
      fc.property(anyRequest, (parts) => verify(signedFrom(parts)).kind === 'principal'),
      { numRuns: 500 },
    );
  });

  test('verify refuses with any one byte of method, target, signed header or body altered', () => {
    const verify = verifier();
    const where = fc.constantFrom('method', 'target', 'header', 'body');
    fc.assert(
      fc.property(plainRequest, where, fc.nat(), letter, (parts, part, at, replacement) => {
        const request = signedFrom(parts);
        const altered = alter(request, { part, at, replacement });
        fc.pre(altered !== undefined);
        return verify(request).kind === 'principal' && verify(altered).kind === 'refused';
      }),
      { numRuns: 2000 },
    );
  });
});

function alter(
  request: HttpRequest,
  how: { readonly part: string; readonly at: number; readonly replacement: string },
): HttpRequest | undefined {
  const { part, at, replacement } = how;
  if (part === 'method') return replaced(request.method, (method) => ({ ...request, method }));
  if (part === 'target') return replaced(request.target, (target) => ({ ...request, target }));
  if (part === 'body') {
    if (request.body.length === 0) return undefined;
    const body = Buffer.from(request.body);
    const index = at % body.length;
    body[index] = (body[index] as number) ^ (1 << (at % 8));
    return { ...request, body };
  }
  const names = [...request.headers.keys()];
  const name = names[at % names.length] as string;
  return replaced(request.headers.get(name) as string, (value) =>
    withHeaders(request, { [name]: value }),
  );

  function replaced(text: string, make: (text: string) => HttpRequest): HttpRequest | undefined {
    const index = at % text.length;
    return text[index] === replacement || text === ''
      ? undefined
      : make(text.slice(0, index) + replacement + text.slice(index + 1));
  }
}

describe('hostile input', () => {
  const bits = fc.constantFrom(
    'AWS4-HMAC-SHA256',
    'AWS4-HMAC-SHA256 ',
    'Credential=',
    `Credential=${accessKeyId}/20260102/us-east-1/kms/aws4_request`,
    'SignedHeaders=',
    'SignedHeaders=host;x-amz-date',
    'Signature=',
    'Signature=00',
    `Signature=${'é'.repeat(64)}`,
    ', ',
    ',',
    '=',
    ' ',
    '/',
    ';',
    '%',
    '%2',
    '%ff',
    '%00',
    '+',
    '&',
    '?',
    '&X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `&X-Amz-Credential=${accessKeyId}%2F20260102%2Fus-east-1%2Fkms%2Faws4_request`,
    '&X-Amz-Date=20260102T120000Z',
    '&X-Amz-SignedHeaders=host',
    '&X-Amz-SignedHeaders=host%0Ax',
    '&X-Amz-Signature=00',
    `&X-Amz-Signature=${'%C3%A9'.repeat(64)}`,
    '&X-Amz-Expires=99999999999999999999',
    '&__proto__=1',
    'constructor',
    '\u0000',
    '\ud800',
  );
  const hostile = fc
    .array(fc.oneof(bits, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 14 })
    .map((pieces) => pieces.join(''));
  const box = { numRuns: 20_000, interruptAfterTimeLimit: 2000, markInterruptAsFailure: false };

  test('in Authorization and the date gets an answer, never a throw, and never in', () => {
    const verify = verifier();
    fc.assert(
      fc.property(hostile, hostile, fc.boolean(), (authorization, date, wellBegun) => {
        const request = withHeaders(signed(), {
          authorization: wellBegun ? `AWS4-HMAC-SHA256 ${authorization}` : authorization,
          ...(wellBegun ? {} : { 'x-amz-date': date }),
        });
        return verify(request, kms).kind === 'refused';
      }),
      box,
    );
  });

  test('in the target gets an answer, never a throw, and never in', () => {
    const verify = verifier();
    const unsigned = withHeaders(signed(), { authorization: undefined, 'x-amz-target': undefined });
    fc.assert(
      fc.property(hostile, fc.boolean(), (text, nearlyRight) => {
        const target = nearlyRight ? `${presigned({ expires: '60' }).target}${text}` : `/?${text}`;
        const added = text.replace(/&(?=&|$)/g, '') !== '';
        const answer = verify({ ...unsigned, target }, sts);
        return answer.kind === 'refused' || (nearlyRight && !added);
      }),
      box,
    );
  });

  test('in any header is read into a value', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (authorization, date, target) => {
        const headers = new Map([
          ['authorization', authorization],
          ['date', date],
        ]);
        const read = readSignedRequest({ ...signed(), headers, target }, 'json');
        return 'reason' in read || read.signature !== '';
      }),
      box,
    );
  });
});

describe('the canonical path', () => {
  // botocore's remove_dot_segments and the suite's cases.
  const cases: ReadonlyArray<readonly [path: string, signedPath: string]> = [
    ['', '/'],
    ['/', '/'],
    ['//', '/'],
    ['/.', '/'],
    ['/..', '/'],
    ['/a/./b', '/a/b'],
    ['/a//b/', '/a/b/'],
    ['/a/../../b', '/b'],
    ['/a/b/..', '/a'],
    ['/a%20b', '/a%2520b'],
    ['/a b', '/a%20b'],
    ['/a/%2e%2e/b', '/a/%252e%252e/b'],
    ['/-._~', '/-._~'],
    ["/!$&'()*,;=:@", '/%21%24%26%27%28%29%2A%2C%3B%3D%3A%40'],
  ];
  for (const [path, want] of cases)
    test(`of '${path}' is '${want}'`, () => assert.equal(canonicalPath(path, 'kms'), want));

  test('of S3 keeps dots and slashes, and has one spelling of each escape', () => {
    assert.equal(canonicalPath('/a/../b//c', 's3'), '/a/../b//c');
    assert.equal(canonicalPath('/a%7eb%2fc%20d+e', 's3'), '/a~b%2Fc%20d%2Be');
  });
});

describe('the canonical query', () => {
  const cases: ReadonlyArray<readonly [query: string, signedQuery: string]> = [
    ['', ''],
    ['a', 'a='],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1', 'a=1&a=2'],
    ['a-b=1&a=2', 'a=2&a-b=1'],
    ['a=b=c', 'a=b%3Dc'],
    ['a=/', 'a=%2F'],
    ['a=b+c%20d', 'a=b%20c%20d'],
    ['%61=%7e%c3%a9', 'a=~%C3%A9'],
    ['a=%zz', 'a=%25zz'],
    ['&&a=1&', 'a=1'],
    ['A=1&a=2', 'A=1&a=2'],
  ];
  for (const [query, want] of cases)
    test(`of '${query}' is '${want}'`, () => assert.equal(canonicalQuery(query, false), want));

  test('leaves the signature out only where it is the one of the query', () => {
    assert.equal(canonicalQuery('a=1&X-Amz-Signature=00', true), 'a=1');
    assert.equal(canonicalQuery('a=1&X-Amz-Signature=00', false), 'X-Amz-Signature=00&a=1');
  });
});

describe('the canonical headers', () => {
  const cases: ReadonlyArray<readonly [value: string, signedValue: string]> = [
    ['a  b   c', 'a b c'],
    [' a', 'a'],
    ['a ', 'a'],
    ['a\tb', 'a b'],
    ['a\t', 'a'],
    ['"a  b"', '"a b"'],
    ['\u00c3\u00a0  b', '\u00c3\u00a0 b'],
    ['', ''],
  ];
  for (const [value, want] of cases)
    test(`hold ${JSON.stringify(value)} as ${JSON.stringify(want)}`, () => {
      const canonical = canonicalRequest({
        method: 'GET',
        target: '/',
        headers: new Map([['a', value]]),
        signedNames: ['a'],
        payloadHash: '-',
        service: 'kms',
        presigned: false,
      });
      assert.equal(canonical, `GET\n/\n\na:${want}\n\na\n-`);
    });
});

test('a canonical request is hashed as the bytes that clients sign, which are UTF-8', () => {
  const text = 'x-name:Zo\u00eb';
  const received = Buffer.from(text, 'utf8').toString('latin1');
  const wanted = createHash('sha256').update(text, 'utf8').digest('hex');
  const parts = { timestamp: '20260102T120000Z', scope: 'a/b/c/d', canonicalRequest: received };
  assert.equal(stringToSign(parts), `AWS4-HMAC-SHA256\n20260102T120000Z\na/b/c/d\n${wanted}`);
});

test('a sealed secret shows nothing of itself', () => {
  const key = sealSecret('SECRET');
  const shown = `${inspect(key, { depth: 9, showHidden: true })}${JSON.stringify(key)}${key}`;
  assert.doesNotMatch(shown, /SECRET|41575334|QVdTNF/);
});

test('signRequest dates the request by the time it is given', () => {
  assert.equal(signed({ at: now + 61_500 }).headers.get('x-amz-date'), '20260102T120101Z');
});
