import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { keySpecs } from '../../crypto/key-spec.ts';
import { uuidFrom } from '../../uuid.ts';
import { createGrantTokens, type GrantRef, tokenRandomBytes } from './grant-token.ts';

function tokensOf(secret: Buffer) {
  const loaded = keySpecs.get('SYMMETRIC_DEFAULT')?.load(secret);
  assert.equal(loaded?.kind, 'secret');
  return createGrantTokens((loaded as Extract<typeof loaded, { kind: 'secret' }>).secret);
}
const installation = Buffer.alloc(32, 7);
const tokens = tokensOf(installation);
const grant: GrantRef = {
  account: '000000000042',
  region: 'eu-central-1',
  keyId: '1234abcd-12ab-44cd-96ef-1234567890ab',
  grantId: 'ab'.repeat(32),
};
const issue = (ref = grant) => tokens.issue(ref, randomBytes(tokenRandomBytes));

describe('a grant token', () => {
  test('names its grant, whatever key, account and Region', () => {
    const hex = (sizeBytes: number) =>
      fc.uint8Array({ minLength: sizeBytes, maxLength: sizeBytes }).map((b) => Buffer.from(b));
    fc.assert(
      fc.property(
        fc.record(
          {
            account: fc
              .integer({ min: 0, max: 999_999_999_999 })
              .map((n) => `${n}`.padStart(12, '0')),
            region: fc.constantFrom('us-east-1', 'us-gov-west-1', 'cn-north-1', 'eu-central-1'),
            keyId: fc.oneof(
              hex(16).map(uuidFrom),
              hex(16).map((bytes) => `mrk-${bytes.toString('hex')}`),
            ),
            grantId: hex(32).map((bytes) => bytes.toString('hex')),
          },
          { noNullPrototype: true },
        ),
        (ref) => assert.deepEqual(tokens.read(issue(ref)), ref),
      ),
    );
  });

  test('is another one each time, and good after a restart', () => {
    const [one, other] = [issue(), issue()];
    assert.notEqual(one, other);
    assert.deepEqual(tokensOf(Buffer.from(installation)).read(one), grant);
  });

  test('is none when any bit of it was altered, cut off or added', () => {
    const bytes = Buffer.from(issue(), 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered[bit >> 3] = altered[bit >> 3]! ^ (1 << (bit & 7));
      assert.equal(tokens.read(altered.toString('base64')), undefined, `bit ${bit}`);
    }
    for (let size = 0; size < bytes.length; size++)
      assert.equal(tokens.read(bytes.subarray(0, size).toString('base64')), undefined);
    const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
    assert.equal(tokens.read(longer.toString('base64')), undefined);
  });

  test('has one spelling', () => {
    const token = issue();
    for (const other of [
      `${token}\n`,
      ` ${token}`,
      token.replace(/.$/, ''),
      `${token}A`,
      `!${token}`,
    ])
      assert.equal(tokens.read(other), undefined);
    assert.equal(
      tokens.read(token.replaceAll('+', '-').replaceAll('/', '_')) === undefined,
      /[+/]/.test(token),
    );
  });

  test('of another installation is none here', () => {
    const stranger = tokensOf(Buffer.alloc(32, 8));
    assert.equal(tokens.read(stranger.issue(grant, randomBytes(tokenRandomBytes))), undefined);
  });

  test('is never made of any other text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => tokens.read(text) === undefined),
    );
    assert.equal(tokens.read('A'.repeat(8192)), undefined);
  });
});
