/**
 * Spans of time as people write them: `30d`, `12h`, `90m`, `45s`, `500ms`, and sums such as
 * `1d12h`.
 */

const unitMs: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** Milliseconds, or undefined when the text is no span. A leading `-` goes back. */
export function parseDuration(text: string): number | undefined {
  const match = /^(-?)((?:\d{1,9}(?:ms|[smhdw]))+)$/.exec(text);
  if (match === null) return undefined;
  let sum = 0;
  for (const [, count, unit] of (match[2] as string).matchAll(/(\d+)(ms|[smhdw])/g))
    sum += Number(count) * (unitMs.get(unit as string) as number);
  return match[1] === '-' ? -sum : sum;
}
