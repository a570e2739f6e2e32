/** The recorded KMS cases about tags. */
import { type Ask, type Case, newKey, recordable } from './case.ts';

const tagList = async (ask: Ask, KeyId: string | undefined) =>
  (await ask('ListResourceTags', { KeyId })).body.Tags;
const tag = (TagKey: string, TagValue: string) => ({ TagKey, TagValue });

const refusedTags =
  (tags: (kind: string) => object[], name = 'invalid-tag-key'): Case =>
  async (ask, [kind]) => ({
    [name]: recordable(await ask('CreateKey', { Tags: tags(kind ?? '') })),
  });

const badTagKey = (kind: string): string =>
  ({ lowercase_prefix: 'aws:key1', uppercase_prefix: 'AWS:key1', too_long_key: 'a'.repeat(129) })[
    kind
  ] ?? 'aws:key1';

export const tagCases: ReadonlyMap<string, Case> = new Map<string, Case>([
  [
    'test_tag_existing_key_and_untag',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      await ask('TagResource', { KeyId, Tags: [tag('tag1', 'value1'), tag('tag2', 'value2')] });
      const before = await tagList(ask, KeyId);
      await ask('UntagResource', { KeyId, TagKeys: ['tag1', 'tag2'] });
      return {
        'list-resource-tags': before,
        'list-resource-tags-after-all-untagged': await tagList(ask, KeyId),
      };
    },
  ],
  [
    'test_create_key_with_tag_and_untag',
    async (ask) => {
      const { KeyId } = await newKey(ask, { Tags: [tag('tag1', 'value1'), tag('tag2', 'value2')] });
      const before = await tagList(ask, KeyId);
      await ask('UntagResource', { KeyId, TagKeys: ['tag1', 'tag2'] });
      return {
        'list-resource-tags': before,
        'list-resource-tags-after-all-untagged': await tagList(ask, KeyId),
      };
    },
  ],
  [
    'test_untag_key_partially',
    async (ask) => {
      const { KeyId } = await newKey(ask, {
        Tags: [1, 2, 3].map((n) => tag(`tag${n}`, `value${n}`)),
      });
      const before = await tagList(ask, KeyId);
      await ask('UntagResource', { KeyId, TagKeys: ['tag2'] });
      return {
        'list-resource-tags': before,
        'list-resource-tags-after-partially-untagged': await tagList(ask, KeyId),
      };
    },
  ],
  [
    'test_update_and_add_tags_on_tagged_key',
    async (ask) => {
      const { KeyId } = await newKey(ask, {
        Tags: [1, 2, 3].map((n) => tag(`tag${n}`, `value${n}`)),
      });
      const before = await tagList(ask, KeyId);
      await ask('TagResource', {
        KeyId,
        Tags: [tag('tag2', 'updated_value2'), tag('tag4', 'value4'), tag('tag5', 'value5')],
      });
      return {
        'list-resource-tags': before,
        'list-resource-tags-after-tags-updated': await tagList(ask, KeyId),
      };
    },
  ],
  [
    'test_tag_key_with_duplicate_tag_keys_raises_error',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      const Tags = [tag('a', '1'), tag('a', '2')];
      return { 'duplicate-tag-keys': recordable(await ask('TagResource', { KeyId, Tags })) };
    },
  ],
  [
    'test_create_key_with_too_many_tags_raises_error',
    refusedTags(() => Array.from({ length: 51 }, (_, n) => tag(`k${n}`, 'v'))),
  ],
  [
    'test_tag_existing_key_with_invalid_tag_key',
    async (ask) => {
      const { KeyId } = await newKey(ask);
      return {
        'invalid-tag-key': recordable(
          await ask('TagResource', { KeyId, Tags: [tag('aws:key1', 'v')] }),
        ),
      };
    },
  ],
  [
    'test_key_with_long_tag_value_raises_error',
    refusedTags(() => [tag('k', 'v'.repeat(257))], 'too-long-tag-value'),
  ],
  ['test_create_key_with_invalid_tag_key', refusedTags((kind) => [tag(badTagKey(kind), 'value')])],
]);
