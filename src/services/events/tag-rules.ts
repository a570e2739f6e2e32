/** The rules for tags of rules and buses. Pure. */
import { reservedTag, tooManyTags } from './errors.ts';
import type { Tag } from './records.ts';

const maxTags = 50;

type WireTags = ReadonlyArray<{ readonly Key: string; readonly Value: string }>;

/** Later ones stand for earlier ones of the same key. @throws ApiError ValidationException */
export function withTags(tags: readonly Tag[], added: WireTags = []): readonly Tag[] {
  if (added.some(({ Key }) => isReserved(Key))) throw reservedTag();
  const all = new Map(tags.map(({ key, value }) => [key, value]));
  for (const { Key, Value } of added) all.set(Key, Value);
  if (all.size > maxTags) throw tooManyTags();
  return [...all].map(([key, value]) => ({ key, value }));
}

/** Keys that are not there are none to take away. @throws ApiError ValidationException */
export function withoutTags(tags: readonly Tag[], keys: readonly string[]): readonly Tag[] {
  if (keys.some(isReserved)) throw reservedTag();
  return tags.filter(({ key }) => !keys.includes(key));
}

const isReserved = (key: string): boolean => /^aws:/i.test(key);
