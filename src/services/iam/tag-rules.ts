/**
 * Tags of IAM's things: keys are unique without regard to case, and lists are sorted by key. Pure.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html)
 */
import { duplicateTagKeys, reservedTag, tooManyTags } from './errors.ts';
import { limits } from './limits.ts';
import type { Tag } from './records.ts';

interface WireTag {
  readonly Key: string;
  readonly Value: string;
}

const sameKey = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/**
 * The tags with those added that a request brings; a key that is there gets the new value, and the
 * new case.
 */
export function withTags(tags: readonly Tag[], added: readonly WireTag[] = []): readonly Tag[] {
  if (new Set(added.map(({ Key }) => Key.toLowerCase())).size < added.length)
    throw duplicateTagKeys();
  if (added.some(({ Key }) => /^aws:/i.test(Key))) throw reservedTag();
  const kept = tags.filter(({ key }) => !added.some(({ Key }) => sameKey(Key, key)));
  const all = [...kept, ...added.map(({ Key, Value }) => ({ key: Key, value: Value }))];
  if (all.length > limits.tags) throw tooManyTags();
  return all.sort((a, b) => (a.key < b.key ? -1 : 1));
}

export const withoutTags = (tags: readonly Tag[], keys: readonly string[]): readonly Tag[] =>
  tags.filter(({ key }) => !keys.some((gone) => sameKey(gone, key)));

export const shownTags = (tags: readonly Tag[]): readonly WireTag[] =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }));
