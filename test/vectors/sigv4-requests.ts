/**
 * Requests signed rightly, ways to spoil them, and a verifier of fixed time for them: what the
 * tests of identity/ share.
 */
import assert from 'node:assert/strict';
import type { HttpRequest } from '../../src/http/message.ts';
import { type AccessKey, rootPrincipal } from '../../src/identity/access-key.ts';
import { type RequestToSign, signRequest } from '../../src/identity/sign.ts';
import {
  canonicalRequest,
  deriveSigningKey,
  payloadHash,
  sealSecret,
  signatureOf,
  stringToSign,
} from '../../src/identity/sigv4.ts';
import {
  type Claim,
  createVerifier,
  type Identified,
  type VerifierOptions,
  type Verify,
} from '../../src/identity/verify.ts';

export const now = Date.UTC(2026, 0, 2, 12, 0, 0);
export const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
export const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
export const principal = rootPrincipal({ account: '111122223333', accessKeyId });
export const longTerm: AccessKey = {
  accessKeyId,
  secret: sealSecret(secretAccessKey),
  principal,
  status: 'Active',
};
export const temporary: AccessKey = {
  ...longTerm,
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  session: { expiresAt: now + 1 },
};
/** Of `temporary`. */
export const sessionToken = 'IQoJb3JpZ2luX2Vj+token/==';
export const kms: Claim = { protocol: 'json-1.1', service: 'kms' };
export const sts: Claim = { protocol: 'query', service: 'sts' };

export function verifier(
  keys: readonly AccessKey[] = [longTerm, temporary],
  options: Partial<VerifierOptions> & { readonly at?: number } = {},
): (request: HttpRequest, claim?: Claim) => Identified {
  const at = options.at ?? now;
  const verify: Verify = createVerifier({
    accessKeys: {
      find: (id, token) => {
        const found = keys.find((key) => key.accessKeyId === id);
        return found?.session === undefined || token === sessionToken ? found : 'refused';
      },
    },
    world: {
      now: () => at,
      machineNow: () => at,
      monotonic: () => 0,
      randomBytes: (size) => Buffer.alloc(size),
    },
    services: new Set(['kms', 'sts', 's3']),
    ...options,
  });
  return (request, claim = kms) => {
    const answer = verify(request, claim);
    assert.ok(!(answer instanceof Promise));
    return answer;
  };
}

export function signed(change: Partial<RequestToSign> = {}): HttpRequest {
  const request: RequestToSign = {
    method: 'POST',
    url: 'http://127.0.0.1:4566/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.Encrypt',
    },
    body: '{"KeyId":"alias/app","Plaintext":"aGVsbG8="}',
    accessKeyId,
    secretAccessKey,
    region: 'eu-central-1',
    service: 'kms',
    at: now,
    ...change,
  };
  const url = new URL(request.url);
  return {
    method: request.method,
    target: url.pathname + url.search,
    headers: new Map(Object.entries(signRequest(request))),
    repeated: [],
    body: Buffer.from(request.body),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
}

export function withHeaders(
  request: HttpRequest,
  change: Readonly<Record<string, string | undefined>>,
): HttpRequest {
  const headers = new Map(request.headers);
  for (const [name, value] of Object.entries(change))
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  return { ...request, headers };
}

/** Replaces within the Authorization header. */
export function reworded(request: HttpRequest, from: string | RegExp, to: string): HttpRequest {
  const header = request.headers.get('authorization') as string;
  assert.match(header, new RegExp(from));
  return withHeaders(request, { authorization: header.replace(from, to) });
}

export function presigned(
  change: {
    expires?: string;
    service?: string;
    token?: string;
    id?: string;
    headers?: Record<string, string>;
    signedHeaders?: string;
    hash?: string;
    body?: string;
  } = {},
): HttpRequest {
  const { expires, service = 'sts', token, id = accessKeyId, body = '' } = change;
  const scope = `20260102/us-east-1/${service}/aws4_request`;
  const signedHeaders = change.signedHeaders ?? 'host';
  const target =
    '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256' +
    `&X-Amz-Credential=${encodeURIComponent(`${id}/${scope}`)}&X-Amz-Date=20260102T120000Z` +
    (expires === undefined ? '' : `&X-Amz-Expires=${expires}`) +
    (token === undefined ? '' : `&X-Amz-Security-Token=${encodeURIComponent(token)}`) +
    `&X-Amz-SignedHeaders=${encodeURIComponent(signedHeaders)}`;
  const headers = new Map(Object.entries({ host: 'localhost:4566', ...change.headers }));
  const canonical = canonicalRequest({
    method: 'GET',
    target,
    headers,
    signedNames: signedHeaders.split(';'),
    payloadHash: change.hash ?? payloadHash(Buffer.from(body)),
    service,
    presigned: true,
  }) as string;
  const signature = signatureOf(
    deriveSigningKey(longTerm.secret, scope),
    stringToSign({ timestamp: '20260102T120000Z', scope, canonicalRequest: canonical }),
  );
  return {
    method: 'GET',
    target: `${target}&X-Amz-Signature=${signature}`,
    headers,
    repeated: [],
    body: Buffer.from(body),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
}

export function assertRefused(answer: Identified, code: string, text: string | RegExp): void {
  assert.equal(answer.kind, 'refused');
  if (answer.kind !== 'refused') return;
  assert.equal(answer.error.code, code);
  if (typeof text === 'string') assert.equal(answer.error.text, text);
  else assert.match(String(answer.error.text), text);
}

export const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
  'Access Key and signing method. Consult the service documentation for details.';
export const invalidToken = 'The security token included in the request is invalid.';
