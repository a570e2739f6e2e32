/**
 * Which secrets the filters of a list let through, as recorded from AWS. Pure.
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html)
 */
import type { Filter, FilterNameStringType } from '../../model/secretsmanager.generated.ts';
import { filterIncomplete } from './errors.ts';
import type { Secret } from './secret.ts';

type Matches = (secret: Secret) => boolean;

/** A secret passes if every filter lets it. @throws ApiError for a filter without Key or Values. */
export function filtersOf(filters: readonly Filter[] = []): Matches {
  const all = filters.map(({ Key, Values }) => {
    if (Key === undefined || Values === undefined) throw filterIncomplete();
    return filterOf(Key, Values);
  });
  return (secret) => all.every((matches) => matches(secret));
}

/** One of the values is enough; a `!` before a value turns it round. */
function filterOf(key: FilterNameStringType, values: readonly string[]): Matches {
  const matchers = values.map((value): Matches => {
    const matches = matcherOf(key, value.replace(/^!/, ''));
    return value.startsWith('!') ? (secret) => !matches(secret) : matches;
  });
  return (secret) => matchers.some((matches) => matches(secret));
}

function matcherOf(key: FilterNameStringType, value: string): Matches {
  const begins = (text: string | undefined): boolean => text?.startsWith(value) === true;
  switch (key) {
    case 'name':
      return ({ name }) => begins(name);
    case 'tag-key':
      return ({ tags = [] }) => tags.some((tag) => begins(tag.key));
    case 'tag-value':
      return ({ tags = [] }) => tags.some((tag) => begins(tag.value));
    case 'primary-region':
      return (secret) => begins(primaryRegion(secret));
    // No service owns a secret here.
    case 'owning-service':
      return () => false;
    case 'description':
      return byWords(value, ({ description }) => [description ?? '']);
    case 'all':
      return byWords(value, ({ name, description, tags = [] }) => [
        name,
        description ?? '',
        ...tags.flatMap((tag) => [tag.key, tag.value]),
      ]);
  }
}

/** The Region of a replicated secret's primary. */
export const primaryRegion = ({ replicaOf, replicas, region }: Secret): string | undefined =>
  replicaOf ?? (replicas === undefined ? undefined : region);

/** Each word of the value begins a word of the texts, in whatever order and case. */
function byWords(value: string, textsOf: (secret: Secret) => readonly string[]): Matches {
  const wanted = wordsOf(value);
  if (wanted.length === 0) return () => false;
  return (secret) => {
    const words = textsOf(secret).flatMap(wordsOf);
    return wanted.every((begin) => words.some((word) => word.startsWith(begin)));
  };
}

/**
 * Words in lower case: what stands between separators, split where a capital letter goes before a
 * small one (`AppBeta`, and `COMPANYthings` as `COMPAN`, `Ythings`), and between letters and
 * digits.
 */
export function wordsOf(text: string): readonly string[] {
  return text
    .split(/[\s/\-_+=.@:!]+/)
    .flatMap((part) =>
      part.split(
        /(?<!^)(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])/,
      ),
    )
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}
