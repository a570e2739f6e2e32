/** What a key of a JSON secret holds, as the text that goes into a reference's place. Pure. */

/** `why` says nothing of the value. */
export type JsonMember =
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The member of that name at the top of a JSON object: a text as it is; numbers, booleans, objects
 * and lists as JSON. A number keeps the digits that the secret has.
 */
export function jsonMember(secret: string, key: string): JsonMember {
  const parsed = parse(secret);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed) || isNumber(parsed))
    return none('The secret is not a JSON object');
  if (!Object.hasOwn(parsed, key)) return none(`The secret has no JSON key ${key}`);
  const value = (parsed as Readonly<Record<string, unknown>>)[key];
  if (value === null) return none(`The secret's JSON key ${key} is null`);
  return { kind: 'found', text: typeof value === 'string' ? value : JSON.stringify(value) };
}

const none = (why: string): JsonMember => ({ kind: 'none', why });

/** Undefined where it isn't JSON: what the parser says of it would quote it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text, asWritten);
  } catch {
    return undefined;
  }
}

/** What TypeScript's library doesn't know yet (ECMAScript's proposal of JSON.parse source text). */
interface Json {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}
const json = JSON as unknown as Json;
const isNumber = (value: unknown): boolean => json.isRawJSON(value);

/** Numbers as they are written: a JavaScript number would round long ones. */
function asWritten(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  return json.rawJSON(source);
}
