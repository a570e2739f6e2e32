/**
 * Points in time as policies write them: ISO 8601 in the profile of
 * https://www.w3.org/TR/NOTE-datetime, or seconds since 1970.
 */

export interface Instant {
  /** Since 1970-01-01T00:00:00Z. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

const epoch = /^(\d{1,12})(?:\.(\d{1,9}))?$/;
const calendar = /^(\d{4})-(\d\d)(?:-(\d\d))?$/;
const timed = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)$/;
const year = /^\d{4}$/;

/**
 * undefined: no point in time. Four digits alone are none: they could be a year as well as a second
 * of 1970.
 */
export function parseInstant(text: string): Instant | undefined {
  if (year.test(text)) return undefined;
  const [, seconds, fraction] = epoch.exec(text) ?? [];
  if (seconds !== undefined)
    return { seconds: Number(seconds), nanoseconds: nanosecondsOf(fraction) };
  return parseCalendar(text) ?? parseTimed(text);
}

function parseCalendar(text: string): Instant | undefined {
  const [, years, months, days = '01'] = calendar.exec(text) ?? [];
  const seconds = secondsOf([years, months, days, '00', '00', '00']);
  return seconds === undefined ? undefined : { seconds, nanoseconds: 0 };
}

function parseTimed(text: string): Instant | undefined {
  const found = timed.exec(text);
  if (found === null) return undefined;
  const [years, months, days, hours, minutes, second = '00', fraction, zone = 'Z'] = found.slice(1);
  const local = secondsOf([years, months, days, hours, minutes, second]);
  const offset = offsetSeconds(zone);
  if (local === undefined || offset === undefined) return undefined;
  return { seconds: local - offset, nanoseconds: nanosecondsOf(fraction) };
}

/** undefined: a day or an hour that doesn't exist. */
function secondsOf(fields: readonly (string | undefined)[]): number | undefined {
  const [years = NaN, months = NaN, days = NaN, hours = NaN, minutes = NaN, seconds = NaN] =
    fields.map(Number);
  const date = new Date(0);
  date.setUTCFullYear(years, months - 1, days);
  date.setUTCHours(hours, minutes, seconds);
  const isReal =
    date.getUTCMonth() === months - 1 &&
    date.getUTCDate() === days &&
    date.getUTCHours() === hours &&
    date.getUTCMinutes() === minutes &&
    date.getUTCSeconds() === seconds;
  return isReal ? date.getTime() / 1_000 : undefined;
}

function offsetSeconds(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (hours * 60 + minutes) * (zone[0] === '-' ? -60 : 60);
}

function nanosecondsOf(fraction = ''): number {
  return Number(fraction.padEnd(9, '0'));
}

/** Negative, zero or positive, as `a` is before, at or after `b`. */
export function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || a.nanoseconds - b.nanoseconds;
}
