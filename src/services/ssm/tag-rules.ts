/** The rules for tags of parameters. Pure. */
import type { Tag as WireTag } from '../../model/ssm.generated.ts';
import { duplicateTags, reservedTag, tooManyTags } from './errors.ts';
import { type Parameter, type Tag, tagged } from './parameter.ts';

const maxTags = 50;

/** The tags of a request. @throws ApiError ValidationException, TooManyTagsError */
export function checkedTags(tags: readonly WireTag[]): readonly Tag[] {
  if (tags.some(({ Key }) => isReserved(Key))) throw reservedTag();
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) throw duplicateTags();
  if (tags.length > maxTags) throw tooManyTags();
  return tags.map(({ Key, Value }) => ({ key: Key, value: Value }));
}

/** @throws ApiError TooManyTagsError when the parameter would have more than 50. */
export function withTags(parameter: Parameter, tags: readonly WireTag[]): Parameter {
  const changed = tagged(parameter, checkedTags(tags));
  if (changed.tags.length > maxTags) throw tooManyTags();
  return changed;
}

export const isReserved = (key: string): boolean => /^aws:/i.test(key);
