/**
 * The small texts that records are made of: limits, dates, ids, and values that no model describes.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Cuts a text to so many UTF-8 bytes, never inside a character. */
export function cutText(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** What CloudTrail writes in place of a field that is too large. */
export function limitField(
  json: string,
  limit: { readonly field: string; readonly maxBytes: number },
): string {
  if (json.length * 3 <= limit.maxBytes) return json;
  const originalSize = Buffer.byteLength(json);
  if (originalSize <= limit.maxBytes) return json;
  return `{"omitted":true,"originalSize":${originalSize},"reason":"${limit.field} too large"}`;
}

/** `2025-01-01T00:00:00Z` of milliseconds since 1970. */
export function eventTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastTime = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastTime;
}
let lastSecond = Number.NaN;
let lastTime = '';

/**
 * `Aug 10, 2022, 10:38:27 PM` of milliseconds since 1970: how dates stand in a KMS record's
 * members, in UTC.
 */
export function memberDate(ms: number): string {
  const date = new Date(ms);
  // A caller may name any number; what is no date is written as it came.
  if (Number.isNaN(date.getTime())) return String(ms);
  const hour = date.getUTCHours();
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  const time = `${hour % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `${day}, ${time} ${hour < 12 ? 'AM' : 'PM'}`;
}

const quotedTexts = new Map<string, string>();
const MOST_QUOTED = 1024;
const LONGEST_QUOTED = 256;

/**
 * A text as JSON, for texts that come again with every call, such as a key's ARN: those are kept,
 * which is twenty times cheaper than looking for what must be escaped. When they are full, all are
 * forgotten.
 */
export function quoted(text: string): string {
  if (text.length > LONGEST_QUOTED) return JSON.stringify(text);
  let json = quotedTexts.get(text);
  if (json === undefined) {
    json = JSON.stringify(text);
    if (quotedTexts.size >= MOST_QUOTED) quotedTexts.clear();
    quotedTexts.set(text, json);
  }
  return json;
}

/**
 * The JSON text of a noted value; undefined for what has none. Bytes have none: they could be a
 * secret.
 */
export function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
  if (typeof value === 'boolean' || value === null) return String(value);
  if (typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return undefined;
  }
  if (!Array.isArray(value)) return `{${membersText(value as Record<string, unknown>)}}`;
  return `[${value
    .map(valueText)
    .filter((text) => text !== undefined)
    .join(',')}]`;
}

/** `"a":1,"b":"x"` of an object's own members. */
export function membersText(members: Readonly<Record<string, unknown>>): string {
  let json = '';
  for (const name of Object.keys(members)) {
    const text = valueText(members[name]);
    if (text !== undefined) json += `${json === '' ? '' : ','}${quoted(name)}:${text}`;
  }
  return json;
}
