import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';
import type { Tag } from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const newKey = async (Tags: readonly Tag[] = []) => {
  const { KeyMetadata } = await kms.ask('CreateKey', { Tags });
  return KeyMetadata?.KeyId ?? '';
};
const tag = (TagKey: string, TagValue = '') => ({ TagKey, TagValue });
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => tag(`t${from + i}`));
const tagsOf = async (KeyId: string) => (await kms.ask('ListResourceTags', { KeyId })).Tags;

describe('tags of a key', () => {
  test('come with the key, and are authorized as TagResource', async () => {
    const { output, authorized } = await kms.call('CreateKey', { Tags: [tag('a', 'b')] });
    assert.deepEqual(await tagsOf(output.KeyMetadata?.KeyId ?? ''), [tag('a', 'b')]);
    assert.deepEqual(authorized, ['kms:CreateKey *', 'kms:TagResource *']);
  });

  test('are set, overwritten in place, and removed; absent ones without harm', async () => {
    const KeyId = await newKey([tag('a', '1'), tag('b', '2')]);
    await kms.ask('TagResource', { KeyId, Tags: [tag('a', '3'), tag('A', '4')] });
    assert.deepEqual(await tagsOf(KeyId), [tag('a', '3'), tag('b', '2'), tag('A', '4')]);
    await kms.ask('UntagResource', { KeyId, TagKeys: ['b', 'none'] });
    assert.deepEqual(await tagsOf(KeyId), [tag('a', '3'), tag('A', '4')]);
  });

  test('are refused when twice, too many, or of AWS', async () => {
    const KeyId = await newKey(many(49));
    for (const [Tags, text] of [
      [[tag('x'), tag('x', 'y')], 'Duplicate tag keys'],
      [many(2, 100), 'Too many tags'],
      [many(51), 'Too many tags'],
      [[tag('aws:a')], 'Tags beginning with aws: are reserved'],
      [[tag('AWS:a')], 'Tags beginning with aws: are reserved'],
    ] as const) {
      await assert.rejects(kms.ask('TagResource', { KeyId, Tags }), refusal('TagException', text));
    }
    await kms.ask('TagResource', { KeyId, Tags: [tag('t0', 'new'), tag('fiftieth')] });
    assert.equal((await tagsOf(KeyId))?.length, 50);
    await assert.rejects(newKey(many(51)), refusal('TagException', 'Too many tags'));
  });

  test('are listed in pages of at most 50', async () => {
    const KeyId = await newKey(many(5));
    const first = await kms.ask('ListResourceTags', { KeyId, Limit: 3 });
    assert.deepEqual(first.Tags, many(3));
    assert.equal(first.Truncated, true);
    const Marker = first.NextMarker ?? '';
    assert.deepEqual(await kms.ask('ListResourceTags', { KeyId, Limit: 3, Marker }), {
      Tags: many(2, 3),
      Truncated: false,
    });
  });
});
