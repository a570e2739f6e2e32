/**
 * The rules for tags of secrets. Pure.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html)
 */
import type { Tag as WireTag } from '../../model/secretsmanager.generated.ts';
import { duplicateTagKeys, reservedTagKey, tagKeyNeeded, tooManyTags } from './errors.ts';
import type { Tag } from './secret.ts';

export const maxTags = 50;

/** The tags of a request. @throws ApiError InvalidParameterException */
export function checkedTags(tags: readonly WireTag[]): readonly Tag[] {
  const checked = tags.map(({ Key, Value = '' }) => {
    if (Key === undefined) throw tagKeyNeeded();
    if (/^aws:/i.test(Key)) throw reservedTagKey();
    return { key: Key, value: Value };
  });
  if (new Set(checked.map(({ key }) => key)).size < checked.length) throw duplicateTagKeys();
  if (checked.length > maxTags) throw tooManyTags(maxTags);
  return checked;
}

/** @throws ApiError InvalidParameterException when there would be more than 50. */
export function withTags(before: readonly Tag[], added: readonly Tag[]): readonly Tag[] {
  const values = new Map([...before, ...added].map(({ key, value }) => [key, value]));
  if (values.size > maxTags) throw tooManyTags(maxTags);
  return [...values].map(([key, value]) => ({ key, value }));
}

export const wireTags = (tags: readonly Tag[]): readonly WireTag[] =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }));
