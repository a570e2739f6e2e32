/**
 * Pages of parameters in the order of their names. A page goes on after a name, not after a number
 * of parameters: what is added or deleted meanwhile makes none come twice and none that stays be
 * left out.
 */
import type { Page } from '../../store/store.ts';
import type { Parameter } from './parameter.ts';
import { levelsOf, type Owner } from './parameter-name.ts';
import {
  levelPrefix,
  ownerPrefix,
  type ParameterEntry,
  parameterId,
  type Records,
} from './records.ts';

/** Parameters that stand together in the order of paths. */
export type Range =
  /** The parameter of exactly this path. */
  | { readonly kind: 'one'; readonly path: string }
  /** All whose paths start so. */
  | { readonly kind: 'start'; readonly start: string }
  /** Those directly below this path; empty = those of one level. */
  | { readonly kind: 'below'; readonly path: string };

/** Where a list goes on: in which of its ranges, after which path. */
export interface Cursor {
  readonly range: number;
  readonly after: string | undefined;
}

export const beginning: Cursor = { range: 0, after: undefined };

export interface ScanRequest {
  readonly owner: Owner;
  /** In their order, none within another. */
  readonly ranges: readonly Range[];
  /** Undefined: all. */
  readonly matches: ((parameter: Parameter) => boolean) | undefined;
  readonly cursor: Cursor;
  readonly limit: number;
}

export interface Scanned {
  readonly entries: readonly ParameterEntry[];
  readonly next: Cursor | undefined;
}

/** A request looks at so many parameters at most; its page may be short then, or empty. */
const maxExamined = 1_000;
const filteredChunk = 100;

export async function scanParameters(records: Records, request: ScanRequest): Promise<Scanned> {
  const { owner, ranges, matches, limit } = request;
  const entries: ParameterEntry[] = [];
  let { range, after } = request.cursor;
  let examined = 0;
  while (range < ranges.length) {
    if (entries.length === limit || examined >= maxExamined)
      return { entries, next: { range, after } };
    const wanted = limit - entries.length;
    const chunk = await readRange(records, owner, ranges[range] as Range, {
      after,
      limit: matches === undefined ? wanted : filteredChunk,
    });
    // Whoever looks for little among much must not keep others waiting.
    if (matches !== undefined) await new Promise((resolve) => setImmediate(resolve));
    for (const entry of chunk.entries) {
      after = entry.value.path;
      examined++;
      if (matches !== undefined && !matches(entry.value)) continue;
      entries.push(entry);
      if (entries.length === limit) break;
    }
    const isWhole =
      chunk.next === undefined && after === (chunk.entries.at(-1)?.value.path ?? after);
    if (isWhole) {
      range++;
      after = undefined;
    } else if (chunk.entries.length === 0) after = chunk.next;
  }
  return { entries, next: undefined };
}

/** `next` is the path to go on after. */
async function readRange(
  records: Records,
  owner: Owner,
  range: Range,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<Page<Parameter>> {
  if (range.kind === 'one') {
    const entry =
      after === undefined
        ? await records.parameters.get(parameterId(owner, range.path))
        : undefined;
    return { entries: entry === undefined ? [] : [entry], next: undefined };
  }
  const isStart = range.kind === 'start';
  const prefix = isStart
    ? ownerPrefix(owner)
    : levelPrefix(owner, range.path === '' ? 1 : levelsOf(range.path) + 1);
  const start = isStart ? range.start : range.path === '' ? '' : `${range.path}/`;
  const place = after === undefined ? {} : { after: `${prefix}${after}` };
  const { entries, next } = isStart
    ? await records.parameters.page({ prefix: `${prefix}${start}`, ...place, limit })
    : await records.parameters.pageBy('level', { key: `${prefix}${start}`, ...place, limit });
  return { entries, next: next?.slice(prefix.length) };
}
