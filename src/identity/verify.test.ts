import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  accessKeyId,
  assertRefused,
  invalidToken,
  kms,
  longTerm,
  mismatch,
  now,
  presigned,
  principal,
  reworded,
  secretAccessKey,
  sessionToken,
  signed,
  sts,
  temporary,
  verifier,
  withHeaders,
} from '../../test/vectors/sigv4-requests.ts';
import type { HttpRequest } from '../http/message.ts';
import { type AccessKey, rootPrincipal } from './access-key.ts';
import type { RequestToSign } from './sign.ts';
import {
  canonicalRequest,
  deriveSigningKey,
  payloadHash,
  sealSecret,
  signatureOf,
  stringToSign,
} from './sigv4.ts';
import { type Claim, createVerifier } from './verify.ts';

describe('a rightly signed request', () => {
  test('names its principal, region and service', () => {
    assert.deepEqual(verifier()(signed()), {
      kind: 'principal',
      principal,
      region: 'eu-central-1',
      signedService: 'kms',
    });
  });

  test('is let in from every kind of region', () => {
    for (const region of [
      'us-east-1',
      'us-gov-west-1',
      'cn-north-1',
      'us-isob-east-1',
      'ap-southeast-7',
    ])
      assert.equal(verifier()(signed({ region })).kind, 'principal', region);
  });

  test('may be a form for a Query service', () => {
    const request = signed({
      service: 'sts',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    assert.equal(verifier()(request, sts).kind, 'principal');
  });

  test('may be a presigned URL, for GET and for a body', () => {
    assert.equal(verifier()(presigned({ expires: '60' }), sts).kind, 'principal');
    assert.equal(verifier()(presigned({ expires: '60', body: 'x=1' }), sts).kind, 'principal');
  });

  test('may carry the commas of its Authorization without blanks, and its parts in any order', () => {
    const tight = reworded(signed(), /, /g, ',');
    assert.equal(verifier()(tight).kind, 'principal');
    const turned = reworded(
      signed(),
      /(Credential=\S+), (SignedHeaders=\S+), (Signature=\S+)/,
      '$3, $2, $1',
    );
    assert.equal(verifier()(turned).kind, 'principal');
  });

  test('may be dated by Date instead of X-Amz-Date', () => {
    const headers = new Map([
      ['host', 'localhost'],
      ['date', 'Fri, 02 Jan 2026 12:00:00 GMT'],
    ]);
    const scope = '20260102/us-east-1/kms/aws4_request';
    const canonical = canonicalRequest({
      method: 'POST',
      target: '/',
      headers,
      signedNames: ['date', 'host'],
      payloadHash: payloadHash(Buffer.from('{}')),
      service: 'kms',
      presigned: false,
    }) as string;
    const text = stringToSign({
      timestamp: '20260102T120000Z',
      scope,
      canonicalRequest: canonical,
    });
    const signature = signatureOf(deriveSigningKey(longTerm.secret, scope), text);
    headers.set(
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=date;host, Signature=${signature}`,
    );
    assert.equal(verifier()({ ...signed(), headers, body: Buffer.from('{}') }).kind, 'principal');
  });

  test('is answered by a promise only when its access key must be waited for', async () => {
    const verify = createVerifier({
      accessKeys: { find: async (id) => (id === accessKeyId ? longTerm : undefined) },
      world: {
        now: () => now,
        machineNow: () => now,
        monotonic: () => 0,
        randomBytes: Buffer.alloc,
      },
      services: new Set(['kms']),
    });
    const answer = verify(signed(), kms);
    assert.ok(answer instanceof Promise);
    assert.equal((await answer).kind, 'principal');
  });
});

describe("requests of AWS's own SDK", () => {
  async function captured(
    send: (requestHandler: { handle(request: unknown): Promise<never> }) => Promise<unknown>,
  ): Promise<HttpRequest> {
    let seen: Record<string, unknown> | undefined;
    const stop = new Error('captured');
    const handle = async (request: unknown): Promise<never> => {
      seen = request as Record<string, unknown>;
      throw stop;
    };
    await assert.rejects(send({ handle }), stop);
    assert.ok(seen);
    const headers = Object.entries(seen.headers as Record<string, string>);
    return {
      method: seen.method as string,
      target: seen.path as string,
      headers: new Map(headers.map(([name, value]) => [name.toLowerCase(), value])),
      repeated: [],
      body:
        typeof seen.body === 'string'
          ? Buffer.from(seen.body)
          : Buffer.concat([seen.body as Uint8Array]),
      remoteAddress: '127.0.0.1',
      tls: undefined,
    };
  }
  const config = {
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:4566',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
  };
  const sentAt = (request: HttpRequest): number => {
    const stamp = request.headers.get('x-amz-date') as string;
    return Date.parse(stamp.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
  };

  test('KMS: let in, and X-Amz-Target is one of the headers it signs', async () => {
    const request = await captured((requestHandler) =>
      new KMSClient({ ...config, requestHandler }).send(
        new EncryptCommand({ KeyId: 'alias/a', Plaintext: Buffer.from('hello') }),
      ),
    );
    assert.match(request.headers.get('authorization') as string, /x-amz-target/);
    const verify = verifier(undefined, { at: sentAt(request) });
    assert.equal(verify(request).kind, 'principal');
  });

  test('STS with a session token: let in', async () => {
    const credentials = {
      accessKeyId: temporary.accessKeyId,
      secretAccessKey,
      sessionToken,
    };
    const request = await captured((requestHandler) =>
      new STSClient({ ...config, credentials, requestHandler }).send(
        new GetCallerIdentityCommand({}),
      ),
    );
    const at = sentAt(request);
    const lasting = {
      ...temporary,
      session: { expiresAt: at + 1 },
    };
    assert.equal(verifier([lasting], { at })(request, sts).kind, 'principal');
  });
});

describe('an access key', () => {
  test('that is unknown, inactive or no key id at all is refused in the same words', () => {
    const inactive = { ...longTerm, status: 'Inactive' as const };
    for (const verify of [verifier([]), verifier([inactive])]) {
      assertRefused(verify(signed()), 'UnrecognizedClientException', invalidToken);
      assertRefused(verify(signed({ service: 'sts' }), sts), 'InvalidClientTokenId', invalidToken);
    }
    const odd = signed({ accessKeyId: 'AKIA IOSFODNN' });
    assertRefused(verifier()(odd), 'UnrecognizedClientException', invalidToken);
  });

  test('is not asked for by a hostile name', () => {
    const accessKeys = { find: (id: string) => assert.fail(id) };
    for (const id of ['a'.repeat(129), 'é', 'a b', '__proto__%00', 'a=b']) {
      const answer = verifier([], { accessKeys })(signed({ accessKeyId: id }));
      assertRefused(answer, 'UnrecognizedClientException', invalidToken);
    }
  });

  test('with another secret gives another signature', () => {
    const request = signed({ secretAccessKey: `${secretAccessKey}x` });
    assertRefused(verifier()(request), 'InvalidSignatureException', mismatch);
    const form = signed({ service: 'sts', secretAccessKey: 'x' });
    assertRefused(verifier()(form, sts), 'SignatureDoesNotMatch', mismatch);
  });

  test('of the long term must come without a session token', () => {
    const request = signed({ sessionToken: 'token' });
    assertRefused(verifier()(request), 'UnrecognizedClientException', invalidToken);
    const url = presigned({ token: 'token' });
    assertRefused(verifier()(url, sts), 'InvalidClientTokenId', invalidToken);
  });

  test('of a session must come with its own token', () => {
    const { accessKeyId: id } = temporary;
    const verify = verifier();
    assert.equal(verify(signed({ accessKeyId: id, sessionToken })).kind, 'principal');
    assert.equal(verify(presigned({ id, token: sessionToken }), sts).kind, 'principal');
    for (const change of [
      {},
      { sessionToken: 'other' },
      { sessionToken: sessionToken.replace('I', 'é') },
    ])
      assertRefused(
        verify(signed({ accessKeyId: id, ...change })),
        'UnrecognizedClientException',
        invalidToken,
      );
  });

  test('that looks temporary is refused without a token even when no session is on record', () => {
    const { session: _, ...bare } = temporary;
    const request = signed({ accessKeyId: bare.accessKeyId });
    assertRefused(verifier([bare])(request), 'UnrecognizedClientException', invalidToken);
  });

  test('of a session ends with it, by the clock of the product', () => {
    const change = {
      accessKeyId: temporary.accessKeyId,
      sessionToken,
    };
    const world = {
      now: () => now + 1,
      machineNow: () => now,
      monotonic: () => 0,
      randomBytes: Buffer.alloc,
    };
    const verify = verifier(undefined, { world });
    const text = 'The security token included in the request is expired';
    assertRefused(verify(signed(change)), 'ExpiredTokenException', text);
    assertRefused(verify(signed({ ...change, service: 'sts' }), sts), 'ExpiredToken', text);
  });

  test('that is replaced takes its cached signing keys with it', () => {
    let current: AccessKey = longTerm;
    const verify = verifier([], { accessKeys: { find: () => current } });
    assert.equal(verify(signed()).kind, 'principal');
    current = { ...longTerm, secret: sealSecret('another') };
    assertRefused(verify(signed()), 'InvalidSignatureException', mismatch);
    assert.equal(verify(signed({ secretAccessKey: 'another' })).kind, 'principal');
  });
});

describe('a signature', () => {
  test('is lower-case hex of 64 digits and nothing else', () => {
    const right = /Signature=(.*)/.exec(
      signed().headers.get('authorization') as string,
    )?.[1] as string;
    const wrong = [
      right.toUpperCase(),
      right.slice(1),
      `${right}0`,
      `${right.slice(1)}İ`,
      'é'.repeat(64),
    ];
    for (const signature of wrong) {
      const request = reworded(signed(), right, signature);
      assertRefused(verifier()(request), 'InvalidSignatureException', mismatch);
    }
  });

  test('over a header that did not arrive is wrong', () => {
    const request = withHeaders(signed(), { 'content-type': undefined });
    assertRefused(verifier()(request), 'InvalidSignatureException', mismatch);
    // An empty header is not an absent one.
    const empty = withHeaders(signed({ headers: { 'x-other': '' } }), { 'x-other': undefined });
    assertRefused(verifier()(empty), 'InvalidSignatureException', mismatch);
  });

  test('covers the body that x-amz-content-sha256 names, which must be the one that came', () => {
    const body = '{"a":1}';
    const hash = payloadHash(Buffer.from(body));
    const request = signed({ body, headers: { 'x-amz-content-sha256': hash } });
    assert.equal(verifier()(request).kind, 'principal');
    assertRefused(
      verifier()({ ...request, body: Buffer.from('{"a":2}') }),
      'InvalidSignatureException',
      mismatch,
    );
  });

  test('leaves the body out only where the operation allows it', () => {
    const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const target = presigned({
      service: 's3',
      headers,
      signedHeaders: 'host;x-amz-content-sha256',
      hash: 'UNSIGNED-PAYLOAD',
    });
    const claim: Claim = { protocol: 'rest-xml', service: 's3' };
    assertRefused(verifier()(target, claim), 'SignatureDoesNotMatch', mismatch);
    const allowed: Claim = { ...claim, payload: 'unsigned-allowed' };
    const body = Buffer.from('anything');
    assert.equal(verifier()({ ...target, body }, allowed).kind, 'principal');
    const bare = presigned({ service: 's3', hash: 'UNSIGNED-PAYLOAD' });
    assert.equal(verifier()({ ...bare, body }, allowed).kind, 'principal');
    assertRefused(verifier()({ ...bare, body }, claim), 'SignatureDoesNotMatch', mismatch);
    // Only S3's URLs are signed without the body being known.
    const other = presigned({ service: 'sts', hash: 'UNSIGNED-PAYLOAD' });
    const stsAllowed: Claim = { ...sts, payload: 'unsigned-allowed' };
    assertRefused(verifier()(other, stsAllowed), 'SignatureDoesNotMatch', mismatch);
  });
});

describe('credentials for a while', () => {
  const session = { createdAt: now, expiresAt: now + 1 };
  const iam: Claim = { protocol: 'query', service: 'iam' };
  const callOf = (change: object, service: string) => {
    const key = { ...temporary, principal: { ...principal, session, ...change } } as AccessKey;
    const verify = verifier([key], { services: new Set(['iam', 'sts']) });
    return verify(
      signed({ accessKeyId: key.accessKeyId, sessionToken, service }),
      service === 'iam' ? iam : sts,
    );
  };

  test('of a user open IAM only with MFA, those of a federated user never', () => {
    for (const type of ['Root', 'IAMUser', 'FederatedUser']) {
      assertRefused(callOf({ type }, 'iam'), 'InvalidClientTokenId', invalidToken);
      assert.equal(callOf({ type }, 'sts').kind, 'principal');
    }
    const withMfa = { session: { ...session, isMfaPresent: true } };
    assert.equal(callOf({ type: 'IAMUser', ...withMfa }, 'iam').kind, 'principal');
    assert.equal(callOf({ type: 'FederatedUser', ...withMfa }, 'iam').kind, 'refused');
  });

  test('of a role open IAM', () => {
    const role = { arn: 'arn:aws:iam::111122223333:role/r', id: 'AROA', name: 'r' };
    const change = { type: 'AssumedRole', session: { ...session, role } };
    assert.equal(callOf(change, 'iam').kind, 'principal');
  });
});

describe('dev mode', () => {
  const unknownKey = (id: string) => rootPrincipal({ account: '000000000000', accessKeyId: id });
  const verify = verifier([longTerm], { unknownKey });

  test('lets an unknown access key in as its principal', () => {
    const answer = verify(signed({ accessKeyId: 'test', secretAccessKey: 'whatever' }));
    assert.equal(
      answer.kind === 'principal' && answer.principal.arn,
      'arn:aws:iam::000000000000:root',
    );
    const withToken = signed({ accessKeyId: 'ASIAX', sessionToken: 'any' });
    assert.equal(verify(withToken).kind, 'principal');
  });

  test("doesn't let in credentials of ours that are no good any more", () => {
    const accessKeys = { find: () => 'refused' as const };
    const answer = verifier([], { unknownKey, accessKeys })(signed());
    assertRefused(answer, 'UnrecognizedClientException', invalidToken);
  });

  test('still checks a known access key', () => {
    assertRefused(verify(signed({ secretAccessKey: 'x' })), 'InvalidSignatureException', mismatch);
  });

  test('still wants form, age, coverage and scope to be right', () => {
    const stranger = (change: Partial<RequestToSign>) => signed({ accessKeyId: 'test', ...change });
    assert.equal(verify(stranger({ at: now - 301_000 })).kind, 'refused');
    assert.equal(verify(stranger({ region: 'nowhere' })).kind, 'refused');
    assert.equal(verify(stranger({ service: 'sts' })).kind, 'refused');
    assert.equal(verify(reworded(stranger({}), 'host;', '')).kind, 'refused');
    assert.equal(verify(stranger({ accessKeyId: 'a b' })).kind, 'refused');
    assert.equal(
      verify(withHeaders(stranger({}), { authorization: 'AWS4-HMAC-SHA256' })).kind,
      'refused',
    );
  });
});
