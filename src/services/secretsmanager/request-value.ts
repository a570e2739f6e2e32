/** The value and the token of a request that writes a secret. Pure. */
import {
  bothValues,
  rotationTokenNeeded,
  tokenNeeded,
  tokenNotText,
  valueNotText,
  valueTooLong,
} from './errors.ts';
import type { Plaintext } from './value.ts';

interface WithValue {
  readonly SecretString?: string;
  readonly SecretBinary?: Buffer;
}

export const maxValueBytes = 65_536;

/**
 * The value that a request gives; undefined when it gives none. A string becomes UTF-8, so it must
 * be Unicode: otherwise it would come back as another one.
 * @throws ApiError
 */
export function requestValue({ SecretString, SecretBinary }: WithValue): Plaintext | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw bothValues();
  // A copy: what is given back is wiped, and the request may be run again.
  if (SecretBinary !== undefined) return { kind: 'binary', bytes: Buffer.from(SecretBinary) };
  if (SecretString === undefined) return undefined;
  if (!SecretString.isWellFormed()) throw valueNotText();
  const bytes = Buffer.from(SecretString);
  if (bytes.length > maxValueBytes) throw valueTooLong(maxValueBytes);
  return { kind: 'string', bytes };
}

/** @throws ApiError for a request without a token, which SDKs fill in. */
export function requestToken(token: string | undefined, operation?: 'RotateSecret'): string {
  if (token === undefined) throw operation === undefined ? tokenNeeded() : rotationTokenNeeded();
  if (!token.isWellFormed()) throw tokenNotText();
  return token;
}
