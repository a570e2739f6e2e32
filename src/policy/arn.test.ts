import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileResource, type Reading, splitArn } from './arn.ts';
import { templateParts } from './variables.ts';

const v = (inside: string): string => `\${${inside}}`;

function matches(pattern: string, text: string, reading: Reading): boolean | undefined {
  const parts = templateParts(pattern, { variables: true, wildcards: true });
  assert.ok(parts !== undefined);
  const keys = (key: string) => (key === 'aws:username' ? 'a:b' : undefined);
  return compileResource(pattern, parts, reading).matches({ text, segments: splitArn(text) }, keys);
}

test('an ARN has six segments; the last may hold colons', () => {
  assert.deepEqual(splitArn('arn:aws:s3:::a:b/c'), ['arn', 'aws', 's3', '', '', 'a:b/c']);
  for (const text of ['', '*', 'arn:aws:s3::a', 'urn:aws:s3:::a', 'ARN:aws:s3:::a'])
    assert.equal(splitArn(text), undefined, text);
});

const key = 'arn:aws:kms:us-east-1:111122223333:key/1:2';

/** Pattern, text, and what the narrow and the wide reading say. */
const rows: readonly (readonly [string, string, boolean | undefined, boolean | undefined])[] = [
  ['*', key, true, true],
  ['*', '*', true, true],
  ['***', '*', true, true],
  [key, key, true, true],
  [key.toUpperCase(), key, false, false],
  ['arn:aws:kms:*:111122223333:key/*', key, true, true],
  ['arn:aws:kms:us-*-1:*:key/?:?', key, true, true],
  ['arn:*:*:*:*:*', key, true, true],
  ['arn:aws:kms:*:*:alias/*', key, false, false],
  // An action without a resource takes stars alone.
  ['arn:aws:kms:*:*:*', '*', false, false],
  ['?', '*', false, false],
  ['arn:*', '*', false, false],
  // Short ones are completed where they end in a star.
  ['arn:aws:kms:*', key, true, true],
  ['arn:aws:k*', key, true, true],
  ['arn:*', key, true, true],
  ['arn:aws:kms', key, false, true],
  ['arn:aws:kms:us-east-?', key, false, true],
  ['key/*', key, false, false],
  // A star stays in its segment; whether it may leave it is left open by AWS.
  ['arn:aws:kms:*:key/*', key, false, true],
  ['arn:aws:*:key/*', key, false, true],
  ['arn:*:key/1:2', key, false, true],
  ['*:key/*', key, false, true],
  ['arn:aws:kms:us-east-1:*:2', key, false, true],
  // Variables stand in the last segment, and what they bring moves no boundary.
  [`arn:aws:s3:::${v('aws:username')}`, 'arn:aws:s3:::a:b', true, true],
  [`arn:aws:s3::${v('aws:username')}`, 'arn:aws:s3::a:b', false, true],
  [`arn:aws:s3:${v('aws:username')}::x`, 'arn:aws:s3:a:b::x', false, true],
  [v('aws:username'), 'arn:aws:s3:::a:b', false, false],
  // Without a value nothing is known, unless the rest already speaks against it.
  [`arn:aws:s3:::${v('aws:nobody')}`, 'arn:aws:s3:::a', undefined, undefined],
  [`arn:aws:sqs:::${v('aws:nobody')}`, 'arn:aws:s3:::a', false, undefined],
  // What isn't an ARN.
  ['arn:aws:s3:::*', 'bucket', false, false],
  ['buck*', 'bucket', false, true],
];

describe('a resource pattern', () => {
  for (const [pattern, text, narrow, wide] of rows)
    test(`${pattern} on ${text}: ${narrow}, read widely ${wide}`, () => {
      assert.equal(matches(pattern, text, 'narrow'), narrow);
      assert.equal(matches(pattern, text, 'wide'), wide);
    });
});
