/** Decimal numbers of any length, compared exactly: what the Numeric… operators work on. */

/** ± 0.digits × 10^exponent, with neither leading nor trailing zeros in `digits`; zero has none. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const syntax = /^([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?$/;
const maxChars = 1_000;

/** undefined: no number. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > maxChars) return undefined;
  const [, sign, whole, fraction = '', power = '0'] = syntax.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const all = whole + fraction;
  const first = leadingZeros(all);
  let end = all.length;
  while (end > first && all[end - 1] === '0') end--;
  if (first === end) return { negative: false, digits: '', exponent: 0 };
  const exponent = whole.length - first + Number(power);
  return { negative: sign === '-', digits: all.slice(first, end), exponent };
}

function leadingZeros(digits: string): number {
  let count = 0;
  while (digits[count] === '0') count++;
  return count;
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signs = signOf(a) - signOf(b);
  if (signs !== 0) return signs;
  return a.negative ? compareSizes(b, a) : compareSizes(a, b);
}

function signOf({ negative, digits }: Decimal): number {
  if (digits === '') return 0;
  return negative ? -1 : 1;
}

function compareSizes(a: Decimal, b: Decimal): number {
  if (a.exponent !== b.exponent) return a.exponent - b.exponent;
  if (a.digits === b.digits) return 0;
  // Digits behind the point, without trailing zeros, sort as text.
  return a.digits < b.digits ? -1 : 1;
}
