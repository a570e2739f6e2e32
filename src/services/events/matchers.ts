/**
 * What a pattern may ask of one value of an event, and whether a value has it. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html)
 */
import { addressBytes, isWithin } from './ip-range.ts';
import { matchesWildcard, type Wildcard } from './wildcard.ts';

export type Scalar = string | number | boolean | null;

export type Matcher =
  /** `exists: false`: there must be no value. All others ask for one. */
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present';
      readonly accepts: (value: Scalar) => boolean;
      /** Where only one value will do. */
      readonly literal?: Scalar;
    };

export const absent: Matcher = { kind: 'absent' };
type Present = Matcher & { readonly kind: 'present' };
const present = (accepts: Present['accepts']): Present => ({ kind: 'present', accepts });

/** A test of texts as a test of values: other values are no texts. */
type Test = (text: string) => boolean;
const ofText = (test: Test): Present =>
  present((value) => typeof value === 'string' && test(value));

export const exists: Matcher = present(() => true);

/** The same value; addresses are compared as addresses, however they are written. */
export function equals(wanted: Scalar): Matcher {
  const address = typeof wanted === 'string' ? addressBytes(wanted) : undefined;
  const test =
    address === undefined
      ? present((value) => value === wanted)
      : ofText((text) => text === wanted || addressBytes(text)?.equals(address) === true);
  return { ...test, literal: wanted };
}

export const startsWith =
  (start: string): Test =>
  (text) =>
    text.startsWith(start);
export const endsWith =
  (end: string): Test =>
  (text) =>
    text.endsWith(end);
export const equalsIgnoringCase = (wanted: string): Test => {
  const folded = wanted.toLowerCase();
  return (text) => text.length === wanted.length && text.toLowerCase() === folded;
};
export const startsIgnoringCase =
  (start: string): Test =>
  (text) =>
    equalsIgnoringCase(start)(text.slice(0, start.length));
export const endsIgnoringCase =
  (end: string): Test =>
  (text) =>
    end === '' || equalsIgnoringCase(end)(text.slice(-end.length));
export const matchesParts =
  (parts: Wildcard): Test =>
  (text) =>
    matchesWildcard(parts, text);

export const matches = (test: Test): Matcher => ofText(test);

/** Any value but texts for which one of the tests holds. */
export const anythingBut = (tests: readonly Test[]): Matcher =>
  present((value) => typeof value !== 'string' || !tests.some((test) => test(value)));

/** Any value but these. */
export const anythingButValues = (values: readonly Scalar[]): Matcher => {
  const set = new Set(values);
  return present((value) => !set.has(value));
};

export interface Bounds {
  readonly from?: { readonly value: number; readonly isOpen: boolean };
  readonly to?: { readonly value: number; readonly isOpen: boolean };
}

/** AWS compares numbers in this range only. */
export const maxNumber = 5e9;

export function numeric({ from, to }: Bounds): Matcher {
  return present((value) => {
    if (typeof value !== 'number' || Math.abs(value) > maxNumber) return false;
    if (from !== undefined && (from.isOpen ? value <= from.value : value < from.value))
      return false;
    return to === undefined || (to.isOpen ? value < to.value : value <= to.value);
  });
}

export const withinAddresses = (range: { readonly from: Buffer; readonly to: Buffer }): Matcher =>
  ofText((text) => isWithin(text, range));
