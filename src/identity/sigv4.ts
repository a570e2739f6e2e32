/**
 * AWS Signature Version 4 as computation alone: canonical request, string to sign, signing key,
 * signature. Knows nothing of who may sign. Texts are bytes in the way Node gives them: one
 * character (0–255) is one byte.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

export const algorithm = 'AWS4-HMAC-SHA256';
export const terminator = 'aws4_request';
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

export interface CanonicalParts {
  readonly method: string;
  /** Path and query as they came over the wire, undecoded. */
  readonly target: string;
  /** Lower-case name → value, repeated headers joined by `,`. */
  readonly headers: ReadonlyMap<string, string>;
  /** Lower-case names in the order in which they were signed. */
  readonly signedNames: readonly string[];
  /** Lower-case hex SHA-256 of the body, or one of AWS's special values. */
  readonly payloadHash: string;
  /** S3 signs its paths differently from all others. */
  readonly service: string;
  /** The signature is in the query, so it can't cover itself. */
  readonly presigned: boolean;
}

/**
 * The canonical request; undefined when a signed header isn't there, since no signature can then be
 * right.
 */
export function canonicalRequest(parts: CanonicalParts): string | undefined {
  const { headers, signedNames, target } = parts;
  let lines = '';
  for (let i = 0; i < signedNames.length; i++) {
    const name = signedNames[i] as string;
    const value = headers.get(name);
    if (value === undefined) return undefined;
    lines += `${name}:${tidyValue(value)}\n`;
  }
  const mark = target.indexOf('?');
  const path = canonicalPath(mark < 0 ? target : target.slice(0, mark), parts.service);
  const query = mark < 0 ? '' : canonicalQuery(target.slice(mark + 1), parts.presigned);
  const names = signedNames.join(';');
  return `${parts.method}\n${path}\n${query}\n${lines}\n${names}\n${parts.payloadHash}`;
}

/**
 * The path as it is signed. All services but S3 resolve dots and doubled slashes, then encode what
 * was already encoded once more (`%20` → `%2520`); S3 only puts the one encoding into its canonical
 * spelling.
 */
export function canonicalPath(path: string, service: string): string {
  if (path === '/' || path === '') return '/';
  return service === 's3' ? respell(path, keptInPath) : encode(withoutDots(path));
}

/** The query as it is signed: every name and value decoded and encoded again, sorted by both. */
export function canonicalQuery(query: string, presigned: boolean): string {
  if (query === '') return '';
  const pairs: Array<readonly [name: string, value: string]> = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = respell(equals < 0 ? piece : piece.slice(0, equals), keptInQuery);
    if (presigned && name === 'X-Amz-Signature') continue;
    pairs.push([name, equals < 0 ? '' : respell(piece.slice(equals + 1), keptInQuery)]);
  }
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// Not \s: it takes the byte A0 of a UTF-8 sequence for a space.
const untidy = /^ | $| {2}|[\t\n\v\f\r]/;

function tidyValue(value: string): string {
  if (!untidy.test(value)) return value;
  return value.replace(/[ \t\n\v\f\r]+/g, ' ').replace(/^ | $/g, '');
}

/** RFC 3986 §5.2.4, and doubled slashes count as one. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  if (kept.length === 0) return '/';
  return `/${kept.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

const unreserved = /[^A-Za-z0-9\-._~/]/g;

function encode(path: string): string {
  return path.replace(unreserved, percent);
}

function percent(character: string): string {
  const code = character.charCodeAt(0);
  return `%${code < 16 ? '0' : ''}${code.toString(16).toUpperCase()}`;
}

const keptInPath = /^[A-Za-z0-9\-._~/]*$/;
const keptInQuery = /^[A-Za-z0-9\-._~]*$/;
const escapeOrOther = /%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~]/g;

/**
 * The one spelling of percent-encoded text: unreserved characters plain, all others as upper-case
 * escapes.
 */
function respell(text: string, kept: RegExp): string {
  if (kept.test(text)) return text;
  const inPath = kept === keptInPath;
  return text.replace(escapeOrOther, (found) => {
    if (found.length === 3) {
      const character = String.fromCharCode(Number.parseInt(found.slice(1), 16));
      return keptInQuery.test(character) ? character : found.toUpperCase();
    }
    if (inPath) return found === '/' ? '/' : percent(found);
    // A form decoder reads a plus as a space, so that is what the signature must have meant.
    return found === '+' ? '%20' : percent(found);
  });
}

/** `scope` is `<yyyymmdd>/<region>/<service>/aws4_request`, `timestamp` is `yyyymmddThhmmssZ`. */
export function stringToSign(parts: {
  readonly timestamp: string;
  readonly scope: string;
  readonly canonicalRequest: string;
}): string {
  const { canonicalRequest: text } = parts;
  const bytes = text.length > scratch.length ? Buffer.from(text, 'latin1') : inScratch(text);
  return `${algorithm}\n${parts.timestamp}\n${parts.scope}\n${hash('sha256', bytes, 'hex')}`;
}

/** Filled anew for each request; nothing awaits. */
const scratch = Buffer.alloc(4096);

function inScratch(text: string): Buffer {
  return scratch.subarray(0, scratch.write(text, 'latin1'));
}

/** Lower-case hex SHA-256 of a request's body. */
export function payloadHash(body: Uint8Array): string {
  return body.length === 0 ? emptyHash : hash('sha256', body, 'hex');
}
const emptyHash = hash('sha256', '', 'hex');

/**
 * A secret access key in the only form that this program holds: an object that no log or dump
 * prints.
 */
export function sealSecret(secretAccessKey: string): KeyObject {
  return createSecretKey(Buffer.from(`AWS4${secretAccessKey}`, 'utf8'));
}

/** The key of one day, region and service. `scope` as for `stringToSign`. */
export function deriveSigningKey(secret: KeyObject, scope: string): KeyObject {
  let key = secret;
  for (const part of scope.split('/')) {
    const next = createHmac('sha256', key).update(part).digest();
    key = createSecretKey(next);
    next.fill(0);
  }
  return key;
}

/** Lower-case hex. */
export function signatureOf(signingKey: KeyObject, text: string): string {
  return createHmac('sha256', signingKey).update(text).digest('hex');
}
