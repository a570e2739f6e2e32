/**
 * Reproduces the IAM cases recorded from real AWS, asked by the SDK. The recordings lie beside the
 * checkout where we work; without them the test says that it was skipped.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type IamUnderTest, openIam } from '../open-iam.ts';
import { iamCases, ofOthers } from './iam-cases.ts';
import { compare } from './match.ts';

const folder = join(import.meta.dirname, '../../../shared/recorded/iam');
const skip = existsSync(folder) ? false : `the recordings are not here (${folder})`;

let under: IamUnderTest;
before(async () => {
  if (skip === false) under = await openIam();
});
after(() => under?.close());

/** Server certificates are no part of what this server is about. */
const notHad = new Set(['test_server_certificate']);

type Recorded = Readonly<Record<string, { 'recorded-content': Record<string, unknown> }>>;

const recordings = (): Recorded =>
  Object.assign(
    {},
    ...readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  );

/** An answer in the form of the recordings: times as texts, documents as what they say. */
function asRecorded(value: unknown, name = ''): unknown {
  if (value instanceof Date) return value.toISOString();
  if (name.endsWith('Document') && typeof value === 'string')
    return JSON.parse(decodeURIComponent(value));
  if (Array.isArray(value)) return value.map((each) => asRecorded(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) =>
        key === '$metadata'
          ? [
              'ResponseMetadata',
              {
                HTTPHeaders: {},
                HTTPStatusCode: (member as { httpStatusCode: number }).httpStatusCode,
              },
            ]
          : [key, asRecorded(member, key)],
      ),
  );
}

describe('IAM answers as recorded from AWS', { skip }, () => {
  let reproduced = 0;
  let left = 0;
  for (const [name, { 'recorded-content': content }] of Object.entries(
    skip === false ? recordings() : {},
  )) {
    const short = name.replace(/^.*::/, '');
    if (notHad.has(short)) {
      left++;
      continue;
    }
    test(short, async () => {
      const reproduce = iamCases.get(short);
      assert.ok(reproduce, 'no case reproduces this recording');
      const expected = Object.fromEntries(
        Object.entries(content).filter(([part]) => !ofOthers.has(part)),
      );
      const actual = asRecorded(await reproduce(under.root));
      assert.deepEqual(compare(expected, actual).differences, []);
      reproduced++;
    });
  }
  test('the count', () => {
    console.log(`Recorded IAM cases: ${reproduced} reproduced, ${left} of what is not had.`);
    assert.ok(reproduced > 0);
  });
});
