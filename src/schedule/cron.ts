/**
 * AWS's cron expressions: `minutes hours day-of-month month day-of-week year`, in UTC. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html)
 */

export interface Cron {
  /** Sorted. */
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly years: readonly number[];
  readonly matchesDay: (day: Day) => boolean;
}

/** A day, as a field of the expression sees it. */
interface Day {
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

const minuteField: Field = { min: 0, max: 59, names: [] };
const hourField: Field = { min: 0, max: 23, names: [] };
const dateField: Field = { min: 1, max: 31, names: [] };
const monthField: Field = {
  min: 1,
  max: 12,
  names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' '),
};
const weekdayField: Field = { min: 1, max: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') };
const yearField: Field = { min: 1970, max: 2199, names: [] };

/** The six fields, without `cron(…)` around them. Undefined: it is none. */
export function parseCron(fields: string): Cron | undefined {
  const texts = fields.trim().split(/\s+/);
  if (texts.length !== 6) return undefined;
  const [minuteText = '', hourText = '', dateText = '', monthText = ''] = texts;
  const [weekdayText = '', yearText = ''] = texts.slice(4);
  const minutes = valuesOf(minuteText, minuteField);
  const hours = valuesOf(hourText, hourField);
  const months = valuesOf(monthText, monthField);
  const years = valuesOf(yearText, yearField);
  if (!minutes || !hours || !months || !years) return undefined;
  // One of the two says which days; the other one is a question mark.
  if ((dateText === '?') === (weekdayText === '?')) return undefined;
  const matches =
    dateText === '?' ? matcherOf(weekdayText, weekdayOf) : matcherOf(dateText, dateOf);
  if (matches === undefined) return undefined;
  const ofMonths = new Set(months);
  const matchesDay = (day: Day): boolean => ofMonths.has(day.month) && matches(day);
  return { minutes, hours, years, matchesDay };
}

/** The first time after this one, in ms since 1970; undefined when there is none any more. */
export function nextTime(
  { minutes, hours, years, matchesDay }: Cron,
  after: number,
): number | undefined {
  const firstDay = Date.UTC(...dateParts(after));
  const firstYear = new Date(after).getUTCFullYear();
  for (const year of years) {
    if (year < firstYear) continue;
    for (let month = 1; month <= 12; month++) {
      const monthDays = new Date(Date.UTC(year, month, 0)).getUTCDate();
      for (let date = 1; date <= monthDays; date++) {
        const start = Date.UTC(year, month - 1, date);
        if (start < firstDay) continue;
        const weekday = new Date(start).getUTCDay() + 1;
        if (!matchesDay({ date, monthDays, month, weekday })) continue;
        const time = firstTimeOf(start, { minutes, hours }, after);
        if (time !== undefined) return time;
      }
    }
  }
  return undefined;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function firstTimeOf(
  startOfDay: number,
  { minutes, hours }: Pick<Cron, 'minutes' | 'hours'>,
  after: number,
): number | undefined {
  for (const hour of hours) {
    const startOfHour = startOfDay + hour * hourMs;
    if (startOfHour + hourMs <= after) continue;
    for (const minute of minutes) {
      const time = startOfHour + minute * minuteMs;
      if (time > after) return time;
    }
  }
  return undefined;
}

function dateParts(time: number): [number, number, number] {
  const date = new Date(time);
  return [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
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

/** `L`, `LW`, `15W` or dates. */
function dateOf(part: string): DayMatcher | undefined {
  if (part === 'L') return ({ date, monthDays }) => date === monthDays;
  if (part === 'LW') return (day) => day.date === nearestWorkday(day, day.monthDays);
  const near = numberOf(/^(\d{1,2})W$/.exec(part)?.[1] ?? '', dateField);
  if (near !== undefined)
    return (day) => near <= day.monthDays && day.date === nearestWorkday(day, near);
  const dates = rangeOf(part, dateField);
  return dates === undefined ? undefined : ({ date }) => dates.includes(date);
}

/** The date from Monday to Friday that is nearest to one, in the same month. */
function nearestWorkday({ date, weekday, monthDays }: Day, wanted: number): number {
  const wantedWeekday = modulo(weekday - 1 + wanted - date, 7) + 1;
  const [sunday, saturday] = [weekdayField.min, weekdayField.max];
  if (wantedWeekday === saturday) return wanted === 1 ? 3 : wanted - 1;
  if (wantedWeekday === sunday) return wanted === monthDays ? wanted - 2 : wanted + 1;
  return wanted;
}

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

/** `L`, `6L` (the last Friday), `MON#2` or weekdays. */
function weekdayOf(part: string): DayMatcher | undefined {
  if (part === 'L') return ({ weekday }) => weekday === weekdayField.max;
  const last = numberOf(/^(\w+)L$/.exec(part)?.[1] ?? '', weekdayField);
  if (last !== undefined)
    return ({ weekday, date, monthDays }) => weekday === last && date > monthDays - 7;
  const [, nthText = '', nth] = /^(\w+)#([1-5])$/.exec(part) ?? [];
  const named = numberOf(nthText, weekdayField);
  if (named !== undefined)
    return ({ weekday, date }) => weekday === named && Math.ceil(date / 7) === Number(nth);
  const weekdays = rangeOf(part, weekdayField);
  return weekdays === undefined ? undefined : ({ weekday }) => weekdays.includes(weekday);
}

function valuesOf(text: string, field: Field): readonly number[] | undefined {
  const all = new Set<number>();
  for (const part of text.split(',')) {
    const values = rangeOf(part, field);
    if (values === undefined) return undefined;
    for (const value of values) all.add(value);
  }
  return [...all].sort((a, b) => a - b);
}

/** `*`, `3`, `3-5`, `3/4`, `/4`, `*\/4`, `3-20/4`. */
function rangeOf(part: string, field: Field): readonly number[] | undefined {
  const [, from = '', to, stepText] = /^(\*|\w*)(?:-(\w+))?(?:\/(\d{1,4}))?$/.exec(part) ?? [];
  const step = Number(stepText ?? 1);
  if (part === '' || step === 0) return undefined;
  const isOpen = from === '*' || (from === '' && stepText !== undefined);
  if (isOpen && to !== undefined) return undefined;
  const start = isOpen ? field.min : numberOf(from, field);
  const isOne = !isOpen && to === undefined && stepText === undefined;
  const end = to === undefined ? (isOne ? start : field.max) : numberOf(to, field);
  if (start === undefined || end === undefined || end < start) return undefined;
  const values: number[] = [];
  for (let value = start; value <= end; value += step) values.push(value);
  return values;
}

function numberOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase());
  if (named >= 0) return named + min;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}
