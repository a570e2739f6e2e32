/**
 * The rules for tags of keys. Pure.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html)
 */
import type { Tag as WireTag } from '../../model/kms.generated.ts';
import { duplicateTagKeys, reservedTagKey, tooManyTags } from './errors.ts';
import { type Key, type Tag, tagged } from './key.ts';

export const maxTags = 50;

/** The tags of a request. @throws ApiError TagException */
export function checkedTags(tags: readonly WireTag[]): readonly Tag[] {
  if (tags.some((tag) => /^aws:/i.test(tag.TagKey))) throw reservedTagKey();
  if (new Set(tags.map((tag) => tag.TagKey)).size < tags.length) throw duplicateTagKeys();
  if (tags.length > maxTags) throw tooManyTags();
  return tags.map((tag) => ({ key: tag.TagKey, value: tag.TagValue }));
}

/** The key with tags set. @throws ApiError TagException when it would have more than 50. */
export function withTags(key: Key, tags: readonly WireTag[]): Key {
  const changed = tagged(key, checkedTags(tags));
  if (changed.tags.length > maxTags) throw tooManyTags();
  return changed;
}
