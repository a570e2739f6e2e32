/**
 * JSON of events, read and written so that numbers stay as their senders wrote them: `1.0` and
 * `12345678901234567890` would not survive as numbers of JavaScript. Pure.
 */

interface RawJson {
  readonly rawJSON: string;
}

/** Of TC39's "JSON.parse source text access", which the runtime has and its types do not yet. */
const { parse, rawJSON } = JSON as unknown as {
  readonly parse: (
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown;
  readonly rawJSON: (text: string) => RawJson;
};

/** For JSON.stringify and for looking into; numbers may be objects. @throws SyntaxError */
export const readJson = (text: string): unknown =>
  parse(text, (_name, value, { source }) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? rawJSON(source)
      : value,
  );

export const isNumberAsWritten = (value: unknown): boolean =>
  (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON(value);

/** Undefined: the text is no JSON. */
export function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: readJson(text) };
  } catch (error) {
    // A deeply nested text overflows the stack, and is none that anybody can use.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumberAsWritten(value);
