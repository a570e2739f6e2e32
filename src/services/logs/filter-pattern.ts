/**
 * Filter patterns of terms: all must be in the message, those with `-` must not, of those with `?`
 * one must. Pure.
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html)
 */
import { patternNotRead } from './errors.ts';

export type Matches = (message: string) => boolean;

/** @throws ApiError InvalidParameterException for patterns of JSON members and fields */
export function compilePattern(pattern: string | undefined): Matches {
  const text = (pattern ?? '').trim();
  if (/^[{[%]/.test(text)) throw patternNotRead();
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(
    ([, sign, quoted, bare]) => ({
      sign,
      term: quoted === undefined ? String(bare) : quoted.replace(/\\(.)/g, '$1'),
    }),
  );
  const of = (sign: string): string[] =>
    terms.filter((each) => each.sign === sign).map(({ term }) => term);
  const [all, none, some] = [of(''), of('-'), of('?')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || some.some((term) => message.includes(term)));
}
