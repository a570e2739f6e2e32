/** TagResource, UntagResource and ListResourceTags. */
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import { changeKey } from './change-key.ts';
import type { KmsContext } from './context.ts';
import { untagged } from './key.ts';
import { requireState } from './key-state.ts';
import { pageOf } from './marker.ts';
import type { KeyEntry } from './records.ts';
import { withTags } from './tag-rules.ts';

const defaultLimit = 50;
/** The model allows more; the API reference says 50 (ListResourceTags, Limit). */
const maxLimit = 50;

export function tagOperations(kms: KmsContext) {
  const find = kms.finder.namedByKeyId;
  return {
    TagResource: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) =>
        changeKey(kms, call, { entry, operation: 'TagResource' }, (key) =>
          withTags(key, input.Tags),
        ),
    },
    UntagResource: {
      readOnly: false,
      find,
      run: (input, call, entry: KeyEntry) =>
        changeKey(kms, call, { entry, operation: 'UntagResource' }, (key) =>
          untagged(key, input.TagKeys),
        ),
    },
    ListResourceTags: {
      readOnly: true,
      find,
      run: (input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'ListResourceTags');
        const { items, tail } = pageOf(key.tags, (tag) => tag.key, {
          list: 'tags',
          marker: input.Marker,
          limit: Math.min(input.Limit ?? defaultLimit, maxLimit),
        });
        return {
          Tags: items.map((tag) => ({ TagKey: tag.key, TagValue: tag.value })),
          ...tail,
        };
      },
    },
  } satisfies Operations<KmsModel, 'TagResource' | 'UntagResource' | 'ListResourceTags'>;
}
