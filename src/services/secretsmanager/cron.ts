/**
 * Secrets Manager's cron expressions: `cron(0 hours day-of-month month day-of-week *)`, in UTC.
 * Pure. (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html)
 */

export interface Cron {
  /** Sorted, 0 to 23. */
  readonly hours: readonly number[];
  /** Whether it is a schedule of days: one hour of each. */
  readonly isDaily: boolean;
  readonly matchesDay: (day: Day) => boolean;
}

/** A day in UTC, as a field of the expression sees it. */
export interface Day {
  /** 1 to 31 */
  readonly date: number;
  /** How many days the month has. */
  readonly monthDays: number;
  /** 1 to 12 */
  readonly month: number;
  /** 1 (Sunday) to 7 */
  readonly weekday: number;
}

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const hourField: Field = { min: 0, max: 23, names: [] };
const dateField: Field = { min: 1, max: 31, names: [] };
const monthField: Field = {
  min: 1,
  max: 12,
  names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' '),
};
const weekdayField: Field = { min: 1, max: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') };

/** Undefined: it is none. */
export function parseCron(expression: string): Cron | undefined {
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/);
  if (fields?.length !== 6) return undefined;
  const [minutes, hourText = '', dateText = '', monthText = '', weekdayText = '', year] = fields;
  if (minutes !== '0' || year !== '*') return undefined;
  const hours = setOf(hourText, hourField);
  const months = setOf(monthText, monthField);
  const date = matcherOf(dateText, dateOf);
  const weekday = matcherOf(weekdayText, weekdayOf);
  if (hours === undefined || months === undefined) return undefined;
  // One of the two says which days, the other one is a question mark.
  if ((dateText === '?') === (weekdayText === '?')) return undefined;
  const matches = dateText === '?' ? weekday : date;
  if (matches === undefined) return undefined;
  return {
    hours: [...hours].sort((a, b) => a - b),
    isDaily: /^\d+$/.test(hourText),
    matchesDay: (day) => months.has(day.month) && matches(day),
  };
}

type DayMatcher = (day: Day) => boolean;

/** A field of parts with commas between them, one of which must hold. */
function matcherOf(
  text: string,
  partOf: (part: string) => DayMatcher | undefined,
): DayMatcher | undefined {
  const matchers: DayMatcher[] = [];
  for (const part of text.split(',')) {
    const matcher = partOf(part);
    if (matcher === undefined) return undefined;
    matchers.push(matcher);
  }
  return (day) => matchers.some((matches) => matches(day));
}

function dateOf(part: string): DayMatcher | undefined {
  if (part === 'L') return ({ date, monthDays }) => date === monthDays;
  const dates = rangeOf(part, dateField);
  return dates === undefined ? undefined : ({ date }) => dates.has(date);
}

function weekdayOf(part: string): DayMatcher | undefined {
  if (part === 'L') return ({ weekday }) => weekday === weekdayField.max;
  const [, lastText] = /^(\w+)L$/.exec(part) ?? [];
  const last = lastText === undefined ? undefined : numberOf(lastText, weekdayField);
  if (last !== undefined)
    return ({ weekday, date, monthDays }) => weekday === last && date > monthDays - 7;
  const [, nthText, nth] = /^(\w+)#([1-5])$/.exec(part) ?? [];
  const named = nthText === undefined ? undefined : numberOf(nthText, weekdayField);
  if (named !== undefined)
    return ({ weekday, date }) => weekday === named && Math.ceil(date / 7) === Number(nth);
  const weekdays = rangeOf(part, weekdayField);
  return weekdays === undefined ? undefined : ({ weekday }) => weekdays.has(weekday);
}

function setOf(text: string, field: Field): ReadonlySet<number> | undefined {
  const all = new Set<number>();
  for (const part of text.split(',')) {
    const values = rangeOf(part, field);
    if (values === undefined) return undefined;
    for (const value of values) all.add(value);
  }
  return all;
}

/** `*`, `3`, `3-5`, `3/4`, `/4`, `*\/4`, `3-20/4`. */
function rangeOf(part: string, field: Field): ReadonlySet<number> | undefined {
  const [, from = '', to, step] = /^(\*|\w*)(?:-(\w+))?(?:\/(\d+))?$/.exec(part) ?? [];
  if (part === '' || step === '0') return undefined;
  const isOpen = from === '*' || (from === '' && step !== undefined);
  if (isOpen && to !== undefined) return undefined;
  const start = isOpen ? field.min : numberOf(from, field);
  const onlyOne = !isOpen && to === undefined && step === undefined;
  const end = to === undefined ? (onlyOne ? start : field.max) : numberOf(to, field);
  if (start === undefined || end === undefined || end < start) return undefined;
  const values = new Set<number>();
  for (let value = start; value <= end; value += Number(step ?? 1)) values.add(value);
  return values;
}

function numberOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return named + min;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
