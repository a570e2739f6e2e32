import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  accessKeyId,
  assertRefused,
  now,
  presigned,
  reworded,
  signed,
  sts,
  verifier,
  withHeaders,
} from '../../test/vectors/sigv4-requests.ts';
import { queryStatuses } from './refusal.ts';
import type { Claim } from './verify.ts';

describe('a request that says too little or too much of its signature', () => {
  test('nothing at all', () => {
    const request = withHeaders(signed(), { authorization: undefined });
    assertRefused(
      verifier()(request),
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    );
    assertRefused(
      verifier()(request, sts),
      'MissingAuthenticationToken',
      'Request is missing Authentication Token',
    );
  });

  test('both a header and a presigned query', () => {
    const text =
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    for (const target of ['/?X-Amz-Algorithm=AWS4-HMAC-SHA256', '/?X%2DAmz-Algorithm']) {
      const request = { ...signed(), target };
      assertRefused(verifier()(request), 'InvalidSignatureException', text);
      assertRefused(verifier()(request, sts), 'IncompleteSignature', text);
    }
  });

  test('another algorithm', () => {
    assertRefused(
      verifier()(reworded(signed(), 'AWS4', 'AWS5')),
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'AWS5-HMAC-SHA256'.",
    );
    const request = presigned();
    const target = request.target.replace('AWS4', 'AWS5');
    assertRefused(
      verifier()({ ...request, target }, sts),
      'IncompleteSignature',
      "Unsupported AWS 'algorithm': 'AWS5-HMAC-SHA256'.",
    );
  });

  test("another server's bearer token is not repeated", () => {
    for (const authorization of ['hvs.CAESIsecret', 'Bearer hvs.CAESIsecret']) {
      const answer = verifier()(withHeaders(signed(), { authorization }));
      assertRefused(answer, 'IncompleteSignatureException', /^((?!hvs).)*$/);
    }
  });

  test('a header without its parts: each missing one has its sentence, in order', () => {
    const request = withHeaders(signed(), {
      authorization: 'AWS4-HMAC-SHA256',
      'x-amz-date': undefined,
    });
    assertRefused(
      verifier()(request),
      'IncompleteSignatureException',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' " +
        "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires " +
        "existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    );
    const unsigned = reworded(signed(), /, Signature=.*/, '');
    assertRefused(
      verifier()(unsigned),
      'IncompleteSignatureException',
      `Authorization header requires 'Signature' parameter. Authorization=${unsigned.headers.get('authorization')}`,
    );
  });

  test('a part that is no pair', () => {
    const authorization = 'AWS4-HMAC-SHA256 FooBar, BazBurp';
    assertRefused(
      verifier()(withHeaders(signed(), { authorization })),
      'IncompleteSignatureException',
      "'FooBar' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 FooBar, BazBurp'.",
    );
  });

  test('a part twice counts as missing', () => {
    const request = reworded(signed(), /$/, ', Signature=00');
    assertRefused(verifier()(request), 'IncompleteSignatureException', /requires 'Signature'/);
  });

  test('a presigned query without its parts', () => {
    assertRefused(
      verifier()({ ...presigned(), target: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256' }, sts),
      'IncompleteSignature',
      "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include " +
        "'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string " +
        "parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    );
    const twice = `${presigned().target}&X-Amz-Signature=00`;
    assertRefused(
      verifier()({ ...presigned(), target: twice }, sts),
      'IncompleteSignature',
      "AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters.",
    );
  });

  test('a header twice that the server acts on', () => {
    for (const name of [
      'authorization',
      'x-amz-date',
      'host',
      'x-amz-target',
      'x-amz-security-token',
    ])
      assertRefused(
        verifier()({ ...signed(), repeated: [name] }),
        'IncompleteSignatureException',
        `Header '${name}' must not be sent more than once.`,
      );
    assert.equal(verifier()({ ...signed(), repeated: ['x-other'] }).kind, 'principal');
  });

  test('a header that decides what is done, outside the signature', () => {
    const unsignedHeader = (name: string) => reworded(signed(), new RegExp(`;?${name}`), '');
    assertRefused(
      verifier()(reworded(signed(), 'host;', '')),
      'InvalidSignatureException',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
    assertRefused(
      verifier()(unsignedHeader('x-amz-date')),
      'InvalidSignatureException',
      /'X-Amz-Date'/,
    );
    assertRefused(
      verifier()(unsignedHeader('x-amz-target')),
      'InvalidSignatureException',
      "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
    );
    // The signature itself is right: only the header was added to it on the way.
    const form = signed({ headers: {} });
    assert.equal(verifier()(form).kind, 'principal');
    for (const header of ['x-amz-target', 'x-amz-security-token'])
      assertRefused(
        verifier()(withHeaders(form, { [header]: 'TrentService.Decrypt' })),
        'InvalidSignatureException',
        /must be a 'SignedHeader'/,
      );
    // REST has members of the input in headers.
    const rest: Claim = { protocol: 'rest-json', service: 'kms' };
    assert.equal(verifier()(form, rest).kind, 'principal');
    const changed = withHeaders(form, { 'x-amz-invocation-type': 'DryRun' });
    assert.equal(verifier()(changed).kind, 'principal');
    assertRefused(
      verifier()(changed, rest),
      'InvalidSignatureException',
      "'x-amz-invocation-type' must be a 'SignedHeader' in the AWS Authorization.",
    );
    const url = withHeaders(presigned(), { 'x-amz-target': 'TrentService.Decrypt' });
    assertRefused(verifier()(url, sts), 'SignatureDoesNotMatch', /'X-Amz-Target'/);
  });
});

describe('the age of a signature', () => {
  const minutes = (count: number): number => count * 60_000;

  test('is at most 5 minutes either way for a JSON service', () => {
    for (const at of [now + minutes(5) + 999, now - minutes(5)])
      assert.equal(verifier(undefined, { at })(signed()).kind, 'principal');
    assertRefused(
      verifier(undefined, { at: now + minutes(5) + 1000 })(signed()),
      'InvalidSignatureException',
      'Signature expired: 20260102T120000Z is now earlier than 20260102T120001Z (20260102T120501Z - 5 min.)',
    );
    assertRefused(
      verifier(undefined, { at: now - minutes(5) - 1000 })(signed()),
      'InvalidSignatureException',
      'Signature not yet current: 20260102T120000Z is still later than 20260102T115959Z (20260102T115459Z + 5 min.)',
    );
  });

  test('is at most 15 minutes for a Query service', () => {
    const request = signed({ service: 'sts' });
    assert.equal(verifier(undefined, { at: now + minutes(15) })(request, sts).kind, 'principal');
    assertRefused(
      verifier(undefined, { at: now + minutes(16) })(request, sts),
      'SignatureDoesNotMatch',
      'Signature expired: 20260102T120000Z is now earlier than 20260102T120100Z (20260102T121600Z - 15 min.)',
    );
  });

  test('is judged by the clock of the machine, not by the one that dev mode moves', () => {
    const world = {
      now: () => now + minutes(1_000_000),
      machineNow: () => now,
      monotonic: () => 0,
      randomBytes: Buffer.alloc,
    };
    assert.equal(verifier(undefined, { world })(signed()).kind, 'principal');
  });

  test('of a presigned URL is what the URL allows', () => {
    const claim: Claim = { protocol: 'json-1.1', service: 'kms' };
    const request = presigned({ expires: '604800', service: 'kms' });
    assert.equal(verifier(undefined, { at: now + 604_800_000 })(request, claim).kind, 'principal');
    assertRefused(
      verifier(undefined, { at: now + 604_801_000 })(request, claim),
      'InvalidSignatureException',
      'Signature expired: 20260102T120000Z is now earlier than 20260102T120001Z (20260109T120001Z - 10080 min.)',
    );
  });

  test('of a presigned URL to STS is 15 minutes, whatever the URL says', () => {
    for (const expires of ['60', '604800']) {
      const request = presigned({ expires });
      assert.equal(verifier(undefined, { at: now + minutes(15) })(request, sts).kind, 'principal');
      const late = verifier(undefined, { at: now + minutes(15) + 1000 })(request, sts);
      assertRefused(late, 'SignatureDoesNotMatch', /^Signature expired/);
    }
  });

  test('can only be 1 to 604800 seconds in a URL', () => {
    for (const expires of ['0', '-1', '604801', '1e3', 'x', '']) {
      const answer = verifier()(presigned({ expires }), sts);
      assertRefused(answer, 'IncompleteSignature', /^X-Amz-Expires/);
    }
  });

  test('must be readable', () => {
    const bad = [
      '201',
      '20260102T250000Z',
      '20260230T120000Z',
      '2026-01-02T12:00:00Z',
      '20260102T12000xZ',
    ];
    for (const date of bad)
      assertRefused(
        verifier()(withHeaders(signed(), { 'x-amz-date': date })),
        'IncompleteSignatureException',
        `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      );
  });
});

describe('a credential', () => {
  test('has five parts', () => {
    for (const [from, to] of [
      ['/aws4_request', ''],
      ['/aws4_request', '/aws4_request/x'],
    ] as const)
      assertRefused(
        verifier()(reworded(signed(), from, to)),
        'IncompleteSignatureException',
        `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${accessKeyId}/20260102/eu-central-1/kms${to}'`,
      );
  });

  test('is scoped to the service that is called', () => {
    const text = "Credential should be scoped to correct service: 'sts'. ";
    assertRefused(verifier()(signed(), sts), 'SignatureDoesNotMatch', text);
    assertRefused(
      verifier()(signed({ service: 'sts' })),
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'kms'. ",
    );
    const claim: Claim = { protocol: 'json-1.1', service: 'iot' };
    assertRefused(
      verifier()(signed({ service: 'iot' }), claim),
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'iot'. ",
    );
  });

  test('says all that is wrong with its scope at once', () => {
    const credential = `Credential=${accessKeyId}/20260103/nowhere/sqs/aws5`;
    const rest =
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. Date in Credential " +
      "scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260103' != '20260102', " +
      "from '20260102T120000Z'.";
    const request = reworded(signed(), /Credential=[^,]+/, credential);
    assertRefused(
      verifier()(request),
      'InvalidSignatureException',
      `Credential should be scoped to a valid Region, not 'nowhere'. Credential should be scoped to correct service: 'kms'. ${rest}`,
    );
    assertRefused(
      verifier()(request, sts),
      'SignatureDoesNotMatch',
      `Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. ${rest}`,
    );
  });

  test('names a region of AWS form', () => {
    for (const region of [
      '',
      'US-EAST-1',
      'us_east_1',
      'useast1',
      'us-east',
      'us-east-1/..',
      '../x-1',
    ])
      assert.equal(verifier()(signed({ region })).kind, 'refused', region);
  });
});

test('every failure of a Query service has a status', () => {
  assert.deepEqual(Object.fromEntries(queryStatuses), {
    MissingAuthenticationToken: 403,
    IncompleteSignature: 400,
    SignatureDoesNotMatch: 403,
    InvalidClientTokenId: 403,
    ExpiredToken: 403,
  });
});
