/**
 * The two forms in which a signed request says when it was signed, and the one in which signatures
 * do.
 */

const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let lastTimestamp = '';
let lastSeconds: number | undefined;

/**
 * Seconds since 1970 of `yyyymmddThhmmssZ`; undefined when it isn't one. The last one is kept: all
 * requests of one second bear the same.
 */
export function secondsOf(timestamp: string): number | undefined {
  if (timestamp !== lastTimestamp) {
    lastSeconds = readSeconds(timestamp);
    lastTimestamp = timestamp;
  }
  return lastSeconds;
}

function readSeconds(timestamp: string): number | undefined {
  if (timestamp.length !== 16 || timestamp[8] !== 'T' || timestamp[15] !== 'Z') return undefined;
  const year = digits(timestamp, 0, 4);
  const month = digits(timestamp, 4, 6);
  const day = digits(timestamp, 6, 8);
  const hour = digits(timestamp, 9, 11);
  const minute = digits(timestamp, 11, 13);
  const second = digits(timestamp, 13, 15);
  // NaN fails every comparison, so a text with a non-digit falls out here too.
  const valid =
    year >= 1970 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    (day <= (daysInMonth[month - 1] as number) || (month === 2 && day === 29 && isLeap(year))) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59;
  return valid ? Date.UTC(year, month - 1, day, hour, minute, second) / 1000 : undefined;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** `yyyymmddThhmmssZ` of seconds since 1970. */
export function timestampOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
}

const imfFixdate = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;

/**
 * The signing form of a Date header: `Sun, 30 Aug 2015 12:36:00 GMT` (RFC 9110 §5.6.7) becomes
 * ours, else as is.
 */
export function timestampOfHttpDate(text: string): string {
  const found = imfFixdate.exec(text);
  if (found === null) return text;
  const [, day, month, year, hour, minute, second] = found;
  const number = String(months.indexOf(month as string) + 1).padStart(2, '0');
  return `${year}${number}${day}T${hour}${minute}${second}Z`;
}
