/** What a recorded case is, and how its calls are made and its answers written down. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}
/** Signs and sends one call; a different Region on request. */
export type Ask = (operation: string, input: object, region?: string) => Promise<Answer>;
/** What a case answers, by the names of its recording. */
export type Case = (ask: Ask, parameters: readonly string[]) => Promise<Record<string, unknown>>;

/**
 * The form in which the recordings hold an answer: errors as botocore shows them, else the members
 * and the
 * status.
 */
export function recordable({ status, body }: Answer): Record<string, unknown> {
  const metadata = { ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: status } };
  if (status === 200) return { ...body, ...metadata };
  const text = (body.message ?? body.Message ?? '') as string;
  return { Error: { Code: body.__type, Message: text }, ...metadata };
}

export const b64 = (text: string) => Buffer.from(text).toString('base64');

export async function newKey(
  ask: Ask,
  input: object = {},
  region?: string,
): Promise<Record<string, string>> {
  const { body } = await ask('CreateKey', input, region);
  return body.KeyMetadata as Record<string, string>;
}
