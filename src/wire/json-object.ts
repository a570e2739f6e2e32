/** Reads a body that must be a JSON object. */
import { isUtf8 } from 'node:buffer';

/** The body as a JSON object (RFC 8259), or undefined. Of members with one name the last counts. */
export function parseObject(body: Buffer): object | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? value : undefined;
  } catch {
    return undefined;
  }
}
