/**
 * AWS's own Signature Version 4 test suite, in the header and in the query form, through the code
 * that the server runs; and further published values. Source and licence are in
 * data/sigv4-suite.json.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { HttpRequest } from '../../src/http/message.ts';
import { type AccessKey, rootPrincipal } from '../../src/identity/access-key.ts';
import { readSignedRequest, type SignedRequest } from '../../src/identity/signed-request.ts';
import {
  canonicalRequest,
  deriveSigningKey,
  payloadHash,
  sealSecret,
  signatureOf,
  stringToSign,
} from '../../src/identity/sigv4.ts';
import { createVerifier, type Identified } from '../../src/identity/verify.ts';

interface Form {
  readonly canonical_request: string;
  readonly string_to_sign: string;
  readonly signature: string;
  readonly signed_request: string;
}
interface Case {
  readonly context: {
    readonly credentials: {
      readonly access_key_id: string;
      readonly secret_access_key: string;
      readonly token?: string;
    };
    readonly normalize: boolean;
    readonly service: string;
    readonly omit_session_token?: boolean;
  };
  readonly header: Form;
  readonly query: Form;
}

const suite = JSON.parse(
  readFileSync(new URL('data/sigv4-suite.json', import.meta.url), 'utf8'),
) as { readonly cases: Readonly<Record<string, Case>> };
const signedAt = Date.UTC(2015, 7, 30, 12, 36);
const scope = '20150830/us-east-1/service/aws4_request';

/**
 * The suite's request text as our HTTP server hands it over: bytes as Latin-1, continued lines
 * joined (RFC 9112 §5.2).
 */
function parse(text: string): HttpRequest {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const blank = bytes.indexOf('\n\n');
  const head = bytes.slice(0, blank).replaceAll(/\n[ \t]+/g, ' ');
  const [line, ...fields] = head.split('\n') as [string, ...string[]];
  const headers = new Map<string, string>();
  const repeated: string[] = [];
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    const before = headers.get(name);
    if (before !== undefined) repeated.push(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  const size = Number(headers.get('content-length') ?? 0);
  return {
    method: line.slice(0, line.indexOf(' ')),
    target: line.slice(line.indexOf(' ') + 1, line.lastIndexOf(' ')),
    headers,
    repeated,
    body: Buffer.from(bytes.slice(blank + 2, blank + 2 + size), 'latin1'),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
}

function verifier(context: Case['context']): (request: HttpRequest) => Identified {
  const { access_key_id: accessKeyId, secret_access_key: secret, token } = context.credentials;
  const accessKey: AccessKey = {
    accessKeyId,
    secret: sealSecret(secret),
    principal: rootPrincipal({ account: '111122223333', accessKeyId }),
    status: 'Active',
    ...(token === undefined ? {} : { session: { expiresAt: Number.POSITIVE_INFINITY } }),
  };
  const verify = createVerifier({
    accessKeys: {
      find: (id, sent) => (id === accessKeyId && sent === token ? accessKey : undefined),
    },
    world: {
      now: () => signedAt,
      machineNow: () => signedAt,
      monotonic: () => 0,
      randomBytes: (size) => Buffer.alloc(size),
    },
    services: new Set(['service']),
  });
  return (request) => verify(request, { protocol: 'query', service: 'service' }) as Identified;
}

function canonicalOf(request: HttpRequest, service: string): string | undefined {
  const signed = readSignedRequest(request, 'query') as SignedRequest;
  return canonicalRequest({
    method: request.method,
    target: request.target,
    headers: request.headers,
    signedNames: signed.signedNames,
    payloadHash: payloadHash(request.body),
    service,
    presigned: signed.form === 'query',
  });
}

/** The same request with one character of one part made another. */
function* alterations(request: HttpRequest, form: 'header' | 'query'): Generator<HttpRequest> {
  yield { ...request, method: `${request.method.slice(0, -1)}X` };
  for (let i = 0; i < request.body.length; i++) {
    const body = Buffer.from(request.body);
    body[i] = (body[i] as number) ^ 1;
    yield { ...request, body };
  }
  const { signedNames } = readSignedRequest(request, 'query') as SignedRequest;
  for (const name of form === 'header' ? [...signedNames, 'authorization'] : signedNames) {
    const value = request.headers.get(name) as string;
    for (let i = 0; i < value.length; i++) {
      const altered = value.slice(0, i) + other(value[i] as string) + value.slice(i + 1);
      yield { ...request, headers: new Map(request.headers).set(name, altered) };
    }
  }
}

function* alteredTargets(request: HttpRequest): Generator<HttpRequest> {
  for (let i = 0; i < request.target.length; i++) {
    const { target } = request;
    yield {
      ...request,
      target: target.slice(0, i) + other(target[i] as string) + target.slice(i + 1),
    };
  }
}

function other(character: string): string {
  return character === 'x' ? 'y' : 'x';
}

for (const form of ['header', 'query'] as const) {
  describe(`AWS's suite, ${form} form`, () => {
    test('has all its cases', () => assert.equal(Object.keys(suite.cases).length, 38));
    for (const [name, { context, ...forms }] of Object.entries(suite.cases)) {
      test(`${name}: canonical request, string to sign and signature are AWS's`, () => {
        const want = forms[form];
        const request = parse(want.signed_request);
        // The suite's cases without normalisation are signed as S3 signs.
        const canonical = canonicalOf(request, context.normalize ? context.service : 's3');
        // A presigned request whose token was added after signing carries it uncovered; see below.
        if (form === 'query' && context.omit_session_token) return;
        assert.equal(latin1(want.canonical_request), canonical);
        const text = stringToSign({
          timestamp: '20150830T123600Z',
          scope,
          canonicalRequest: canonical as string,
        });
        assert.equal(text, want.string_to_sign);
        const key = deriveSigningKey(sealSecret(context.credentials.secret_access_key), scope);
        assert.equal(signatureOf(key, text), want.signature);
      });
      if (context.normalize && !context.omit_session_token)
        test(`${name}: is accepted, and refused with any one character altered`, () => {
          const request = parse(forms[form].signed_request);
          const verify = verifier(context);
          assert.equal(verify(request).kind, 'principal');
          for (const altered of alterations(request, form))
            assert.equal(verify(altered).kind, 'refused');
          // Another spelling of the same canonical path is the same request, and nothing else is.
          for (const altered of alteredTargets(request)) {
            const same =
              signatureIn(altered) === forms[form].signature &&
              canonicalOf(altered, 'service') === latin1(forms[form].canonical_request);
            assert.equal(verify(altered).kind, same ? 'principal' : 'refused', altered.target);
            if (same) assert.match(name, /relative|slash/);
          }
        });
    }
  });
}

function signatureIn(request: HttpRequest): string | undefined {
  const read = readSignedRequest(request, 'query');
  return 'reason' in read ? undefined : read.signature;
}

function latin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

describe('a session token that was added after signing', () => {
  const { context, header, query } = suite.cases['post-sts-header-after'] as Case;

  test('is refused as a header, since it is not a signed one', () => {
    const answer = verifier(context)(parse(header.signed_request));
    assert.equal(answer.kind, 'refused');
    assert.match(String(answer.kind === 'refused' && answer.error.text), /'X-Amz-Security-Token'/);
  });

  test('is refused in the query, since the signature is another one', () => {
    const answer = verifier(context)(parse(query.signed_request));
    assert.equal(answer.kind, 'refused');
    assert.match(String(answer.kind === 'refused' && answer.error.text), /does not match/);
  });
});

describe('further published values', () => {
  const secret = sealSecret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY');

  test('the signing key of the IAM user guide', () => {
    const key = deriveSigningKey(secret, '20150830/us-east-1/iam/aws4_request');
    assert.equal(
      key.export().toString('hex'),
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
  });

  test('the presigned GET of the S3 manual', () => {
    const s3Secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
    const s3Scope = '20130524/us-east-1/s3/aws4_request';
    const canonical = canonicalRequest({
      method: 'GET',
      target:
        '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F' +
        'us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host',
      headers: new Map([['host', 'examplebucket.s3.amazonaws.com']]),
      signedNames: ['host'],
      payloadHash: 'UNSIGNED-PAYLOAD',
      service: 's3',
      presigned: true,
    }) as string;
    const text = stringToSign({
      timestamp: '20130524T000000Z',
      scope: s3Scope,
      canonicalRequest: canonical,
    });
    assert.equal(
      signatureOf(deriveSigningKey(sealSecret(s3Secret), s3Scope), text),
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  // smithy-rs, double-url-encode: the ARN in a Lambda path is encoded once by the client and once
  // more to be signed.
  test('a path with an encoded ARN in it is encoded again', () => {
    const canonical = canonicalRequest({
      method: 'POST',
      target:
        '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A892717189312%3Afunction%3Amy-rusty-fun/invocations',
      headers: new Map([
        ['host', 'lambda.us-east-2.amazonaws.com'],
        ['x-amz-date', '20210511T154045Z'],
      ]),
      signedNames: ['host', 'x-amz-date'],
      payloadHash: payloadHash(Buffer.alloc(0)),
      service: 'lambda',
      presigned: false,
    }) as string;
    const text = stringToSign({
      timestamp: '20210511T154045Z',
      scope: '20210511/us-east-2/lambda/aws4_request',
      canonicalRequest: canonical,
    });
    assert.match(text, /684dbb3c92a8b6b1e452e23e523c1ea941c713a4c13500bb9f3bdad1e19afaf7$/);
  });
});
