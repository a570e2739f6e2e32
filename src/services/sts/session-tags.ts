/**
 * Session tags: what a request gives, what a chain of roles passes on. Pure.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html)
 */
import type { Session } from '../../operation.ts';
import { foldCase } from '../../policy/context.ts';
import {
  duplicateTagKeys,
  reservedTag,
  transitiveConflict,
  transitiveKeyNotGiven,
} from './errors.ts';

export interface WireTag {
  readonly Key: string;
  readonly Value: string;
}

export interface SessionTags {
  /** As the request gives them. */
  readonly given: readonly WireTag[];
  readonly givenTransitiveKeys: readonly string[];
  /** Transitive ones of the calling session, which nobody down the chain can change. */
  readonly inherited: readonly WireTag[];
}

export function sessionTagsOf(
  {
    Tags = [],
    TransitiveTagKeys = [],
  }: {
    readonly Tags?: readonly WireTag[] | undefined;
    readonly TransitiveTagKeys?: readonly string[] | undefined;
  },
  calling?: Session,
): SessionTags {
  const keys = new Set(Tags.map(({ Key }) => foldCase(Key)));
  if (keys.size < Tags.length) throw duplicateTagKeys();
  if (Tags.some(({ Key }) => foldCase(Key).startsWith('aws:'))) throw reservedTag();
  if (TransitiveTagKeys.some((key) => !keys.has(foldCase(key)))) throw transitiveKeyNotGiven();
  const passedOn = new Set((calling?.transitiveTagKeys ?? []).map(foldCase));
  if ([...passedOn].some((key) => keys.has(key))) throw transitiveConflict();
  const inherited = Object.entries(calling?.tags ?? {})
    .filter(([key]) => passedOn.has(foldCase(key)))
    .map(([Key, Value]) => ({ Key, Value }));
  return { given: Tags, givenTransitiveKeys: TransitiveTagKeys, inherited };
}

/** The members of a session that its tags are; none where there are none. */
export function taggedSession({
  given,
  givenTransitiveKeys,
  inherited,
}: SessionTags): Pick<Session, 'tags' | 'transitiveTagKeys'> {
  const tags = [...inherited, ...given];
  if (tags.length === 0) return {};
  const transitiveTagKeys = [...inherited.map(({ Key }) => Key), ...givenTransitiveKeys];
  return {
    tags: Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])),
    ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
  };
}

/** Whether the session would have tags from anywhere, which needs `sts:TagSession`. */
export const hasTags = ({ given, inherited }: SessionTags): boolean =>
  given.length + inherited.length > 0;

/** Their condition keys: `aws:requesttag/…`, `aws:tagkeys`, `sts:transitivetagkeys`. */
export function tagCondition(
  { given, givenTransitiveKeys }: SessionTags,
  key: string,
): string | readonly string[] | undefined {
  if (key === 'aws:tagkeys') return orNone(given.map(({ Key }) => Key));
  if (key === 'sts:transitivetagkeys') return orNone(givenTransitiveKeys);
  if (!key.startsWith(requestTag)) return undefined;
  const name = key.slice(requestTag.length);
  return given.find(({ Key }) => foldCase(Key) === name)?.Value;
}

const requestTag = 'aws:requesttag/';

const orNone = (values: readonly string[]): readonly string[] | undefined =>
  values.length === 0 ? undefined : values;
