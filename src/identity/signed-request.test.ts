import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HttpRequest } from '../http/message.ts';
import { readSignedRequest } from './signed-request.ts';

const read = (authorization: string) => {
  const request: HttpRequest = {
    method: 'POST',
    target: '/',
    headers: new Map(Object.entries({ authorization, 'x-amz-date': '20260830T123600Z' })),
    repeated: [],
    body: Buffer.alloc(0),
    remoteAddress: '127.0.0.1',
    tls: undefined,
  };
  return readSignedRequest(request, 'json');
};

const credential = 'AKIDEXAMPLE/20260830/us-east-1/kms/aws4_request';
const pieces = fc.constantFrom(
  `Credential=${credential}`,
  'SignedHeaders=host;x-amz-date',
  `Signature=${'ab'.repeat(32)}`,
  'Signature=short',
  'Other=1',
  '',
);
const joints = fc.constantFrom(', ', ',', ' ', ' , ');
const fronts = fc
  .array(fc.tuple(pieces, joints), { maxLength: 5 })
  .map((parts) => `AWS4-HMAC-SHA256 ${parts.flat().join('')}`);

test('a header is read alike whether or not one that begins the same was read before', () => {
  let count = 0;
  fc.assert(
    fc.property(fronts, joints, (front, joint) => {
      const begin = (name: string) => `${front.replaceAll('AKID', name)}${joint}Signature=`;
      // Names that were never read, so that the second header alone has one before it.
      const [fresh, again] = [`A${count++}X`, `A${count++}X`];
      const signature = 'cd'.repeat(32);
      read(begin(again) + 'ef'.repeat(32));
      const first = JSON.stringify(read(begin(fresh) + signature)).replaceAll(fresh, '');
      const second = JSON.stringify(read(begin(again) + signature)).replaceAll(again, '');
      assert.equal(second, first);
    }),
    { numRuns: 2_000 },
  );
});

test('the usual header is taken apart: credential, names of headers, signature', () => {
  const signature = '0f'.repeat(32);
  const header = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=`;
  for (let i = 0; i < 2; i++)
    assert.deepEqual(read(header + signature), {
      form: 'header',
      credential,
      credentialParts: ['AKIDEXAMPLE', '20260830', 'us-east-1', 'kms', 'aws4_request'],
      signedNames: ['host', 'x-amz-date'],
      signature,
      timestamp: '20260830T123600Z',
      sessionToken: undefined,
      expires: undefined,
    });
});
