/**
 * The JSON paths that say which part of an event a target gets: `$.detail.items[0].name`. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html)
 */

import { isNumberAsWritten } from './event-json.ts';

/** A member's name, an element's index, or every element. */
type Step = string | number | '*all';
export type JsonPath = readonly Step[];

const everyElement = '*all';
const steps = /\.([\p{L}\p{N}_-]+)|\[(\d{1,6})\]|\[(\*)\]|\['((?:[^'\\]|\\.){1,256})'\]/uy;

/** Undefined: it is none that we know. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined;
  const path: Step[] = [];
  let at = 1;
  while (at < text.length) {
    steps.lastIndex = at;
    const [whole, name, index, all, quoted] = steps.exec(text) ?? [];
    if (whole === undefined) return undefined;
    at += whole.length;
    if (index !== undefined) path.push(Number(index));
    else if (all !== undefined) path.push(everyElement);
    else path.push(name ?? (quoted as string).replace(/\\(.)/g, '$1'));
  }
  return path;
}

/** What is there; undefined when nothing is. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === everyElement) {
    if (!Array.isArray(value)) return undefined;
    const found = value.map((each) => valueAt(each, rest)).filter((each) => each !== undefined);
    return found.length === 0 ? undefined : found;
  }
  if (typeof value !== 'object' || value === null || isNumberAsWritten(value)) return undefined;
  if (Array.isArray(value) !== (typeof step === 'number')) return undefined;
  if (!Object.hasOwn(value, step)) return undefined;
  return valueAt((value as Readonly<Record<string, unknown>>)[step], rest);
}
