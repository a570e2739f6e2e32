import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import { uuidFrom } from '../../uuid.ts';
import { multiRegionIdFrom, parseKeyName, parseKeyOnlyName } from './key-id.ts';

const place = { partition: 'aws', region: 'eu-central-1' };
const id = '1234abcd-12ab-34cd-56ef-1234567890ab';
const mrk = 'mrk-0123456789abcdef0123456789abcdef';
const arn = (rest: string, { region = 'eu-central-1', account = '111122223333' } = {}) =>
  `arn:aws:kms:${region}:${account}:${rest}`;

describe('a KeyId parameter', () => {
  test('may be a key id, and a UUID in any case', () => {
    assert.deepEqual(parseKeyName(id, place), {
      kind: 'key',
      keyId: id,
      written: id,
      account: undefined,
    });
    assert.deepEqual(parseKeyName(id.toUpperCase(), place), {
      kind: 'key',
      keyId: id,
      written: id.toUpperCase(),
      account: undefined,
    });
  });
  test('may be a multi-Region key id, in lower case only', () => {
    assert.equal(parseKeyName(mrk, place).kind, 'key');
    assert.throws(
      () => parseKeyName(mrk.toUpperCase(), place),
      refusal('NotFoundException', `Invalid keyId '${mrk.toUpperCase()}'`),
    );
  });
  test('may be a key ARN, an alias name or an alias ARN', () => {
    assert.deepEqual(parseKeyName(arn(`key/${id}`), place), {
      kind: 'key',
      keyId: id,
      written: id,
      account: '111122223333',
    });
    assert.deepEqual(parseKeyName('alias/app', place), {
      kind: 'alias',
      name: 'alias/app',
      account: undefined,
    });
    assert.deepEqual(parseKeyName(arn('alias/team/app'), place), {
      kind: 'alias',
      name: 'alias/team/app',
      account: '111122223333',
    });
  });

  const nothing: ReadonlyArray<readonly [what: string, text: string, answer: string]> = [
    ['a word', 'foo', "Invalid keyId 'foo'"],
    ['a UUID without hyphens', id.replaceAll('-', ''), `Invalid keyId '${id.replaceAll('-', '')}'`],
    ['a short multi-Region id', 'mrk-fake-key-id', "Invalid keyId 'mrk-fake-key-id'"],
    ['a malformed id in an ARN', arn('key/foo'), 'Invalid keyId foo'],
    [
      'an ARN of another Region',
      arn(`key/${id}`, { region: 'us-west-2' }),
      'Invalid arn us-west-2',
    ],
    [
      'an alias of another Region',
      arn('alias/a', { region: 'us-west-2' }),
      'Invalid arn us-west-2',
    ],
    ['an ARN of another partition', `arn:aws-cn:kms:eu-central-1:1:key/${id}`, ''],
    ['an ARN of another service', 'arn:aws:s3:::bucket', 'Invalid arn arn:aws:s3:::bucket'],
    ['an ARN of nobody', arn(`key/${id}`, { account: '' }), ''],
  ];
  for (const [what, text, answer] of nothing)
    test(`that is ${what} names nothing`, () => {
      const told = answer === '' ? `Invalid arn ${text}` : answer;
      assert.throws(() => parseKeyName(text, place), refusal('NotFoundException', told));
    });

  test('must not be an alias where keys only are taken, whatever its Region', () => {
    for (const text of ['alias/app', arn('alias/app'), arn('alias/a', { region: 'us-west-2' })])
      assert.throws(
        () => parseKeyOnlyName(text, place),
        refusal('InvalidArnException', 'Key Aliases are not supported for this operation.'),
      );
    assert.equal(parseKeyOnlyName(arn(`key/${mrk}`), place).keyId, mrk);
  });
});

describe('a new key id', () => {
  test('is a version 4 UUID', () => {
    assert.equal(uuidFrom(Buffer.alloc(16, 0xff)), 'ffffffff-ffff-4fff-bfff-ffffffffffff');
    assert.equal(uuidFrom(Buffer.alloc(16)), '00000000-0000-4000-8000-000000000000');
  });
  test('of a multi-Region key has 32 hex digits', () => {
    assert.equal(multiRegionIdFrom(Buffer.alloc(16, 0xab)), `mrk-${'ab'.repeat(16)}`);
  });
});
