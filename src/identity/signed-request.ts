/**
 * Reads what a request says of its own signature: the Authorization header, or the query of a
 * presigned URL.
 */
import type { HttpRequest } from '../http/message.ts';
import * as refuse from './refusal.ts';
import { type Dialect, isRefusal, type Refusal } from './refusal.ts';
import { algorithm } from './sigv4.ts';
import { timestampOfHttpDate } from './timestamp.ts';

/** As sent and believed in nothing yet. */
export interface SignedRequest {
  readonly form: 'header' | 'query';
  /** `<access key id>/<yyyymmdd>/<region>/<service>/aws4_request` */
  readonly credential: string;
  /** The same taken apart at its slashes. */
  readonly credentialParts: readonly string[];
  readonly signedNames: readonly string[];
  readonly signature: string;
  /** `yyyymmddThhmmssZ` when it is well formed. */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** X-Amz-Expires of a presigned URL. */
  readonly expires: string | undefined;
}

/** Two of one of these would let the signature cover one and the server act on the other. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'date',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-target',
]);

/** Never throws, whatever the request holds. */
export function readSignedRequest(request: HttpRequest, dialect: Dialect): SignedRequest | Refusal {
  for (const name of request.repeated) if (single.has(name)) return refuse.repeatedHeader(name);
  const authorization = request.headers.get('authorization');
  const mark = request.target.indexOf('?');
  const query = mark < 0 ? undefined : readQuery(request.target.slice(mark + 1));
  if (query?.has('X-Amz-Algorithm')) {
    return authorization === undefined
      ? readPresigned(query, request.headers)
      : refuse.signedTwice(dialect);
  }
  return authorization === undefined
    ? refuse.noToken(dialect)
    : readAuthorization(authorization, request.headers);
}

function readAuthorization(
  header: string,
  headers: ReadonlyMap<string, string>,
): SignedRequest | Refusal {
  const sent = headers.get('x-amz-date');
  const timestamp = sent ?? headers.get('date');
  const parts = readAgain(header) ?? readParts(header);
  if (isRefusal(parts)) return parts;
  const { credential, signedHeaders, signature } = parts;
  if (!credential || !signedHeaders || !signature || !timestamp)
    return lacking({ header, credential, signature, signedHeaders, timestamp });
  return {
    form: 'header',
    credential,
    credentialParts: parts.credentialParts ?? credential.split('/'),
    signedNames: parts.signedNames ?? signedHeaders.split(';'),
    signature,
    timestamp: sent ?? timestampOfHttpDate(timestamp),
    sessionToken: headers.get('x-amz-security-token'),
    expires: undefined,
  };
}

interface AuthorizationParts {
  readonly credential: string | undefined;
  readonly signedHeaders: string | undefined;
  readonly signature: string | undefined;
  readonly credentialParts?: readonly string[];
  readonly signedNames?: readonly string[];
}

function readParts(header: string): AuthorizationParts | Refusal {
  const space = header.indexOf(' ');
  if ((space < 0 ? header : header.slice(0, space)) !== algorithm) {
    // A header without a space may be a bare token that was meant for another server: not repeated.
    return refuse.unsupportedAlgorithm(space < 0 ? '' : header.slice(0, Math.min(space, 64)));
  }
  let credential: string | undefined;
  let signedHeaders: string | undefined;
  let signature: string | undefined;
  for (let from = algorithm.length; from < header.length; ) {
    const comma = header.indexOf(',', from);
    const end = comma < 0 ? header.length : comma;
    const piece = header.slice(from, end).trim();
    from = end + 1;
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals < 0) return refuse.notAPair({ piece, header });
    const value = piece.slice(equals + 1);
    // A parameter that comes twice counts as missing: there is no telling which was meant.
    if (piece.startsWith('Credential=')) credential = credential === undefined ? value : '';
    else if (piece.startsWith('SignedHeaders='))
      signedHeaders = signedHeaders === undefined ? value : '';
    else if (piece.startsWith('Signature=')) signature = signature === undefined ? value : '';
  }
  if (credential && signedHeaders && signature) remember(header, { credential, signedHeaders });
  return { credential, signedHeaders, signature };
}

const signatureName = ', Signature=';
const signatureDigits = 64;
const hexOnly = /^[0-9a-f]+$/;

/**
 * All that a client's header says before its signature is the same for a day, and reading it costs
 * as much as hashing the body. What stands before a last `, Signature=` and 64 hex digits
 * determines what is read of it, whoever sent it. Bounded: at most so many, none longer than any
 * SDK's; when they are full, all are forgotten.
 */
const preambles = new Map<string, Omit<Required<AuthorizationParts>, 'signature'>>();
const mostPreambles = 1024;
const longestPreamble = 512;

function preambleLength(header: string): number {
  const at = header.length - signatureDigits;
  const isUsual =
    at <= longestPreamble &&
    header.startsWith(signatureName, at - signatureName.length) &&
    hexOnly.test(header.slice(at));
  return isUsual ? at : -1;
}

function readAgain(header: string): Required<AuthorizationParts> | undefined {
  const at = preambleLength(header);
  if (at < 0) return undefined;
  const known = preambles.get(header.slice(0, at));
  return known === undefined ? undefined : { ...known, signature: header.slice(at) };
}

function remember(
  header: string,
  { credential, signedHeaders }: { credential: string; signedHeaders: string },
): void {
  const at = preambleLength(header);
  if (at < 0) return;
  if (preambles.size >= mostPreambles) preambles.clear();
  preambles.set(header.slice(0, at), {
    credential,
    signedHeaders,
    credentialParts: credential.split('/'),
    signedNames: signedHeaders.split(';'),
  });
}

function lacking(found: {
  header: string;
  credential: string | undefined;
  signature: string | undefined;
  signedHeaders: string | undefined;
  timestamp: string | undefined;
}): Refusal {
  let text = '';
  if (!found.credential) text += "Authorization header requires 'Credential' parameter. ";
  if (!found.signature) text += "Authorization header requires 'Signature' parameter. ";
  if (!found.signedHeaders) text += "Authorization header requires 'SignedHeaders' parameter. ";
  if (!found.timestamp)
    text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  return refuse.refusal('incomplete', `${text}Authorization=${found.header}`);
}

/** Decoded parameters; one that comes twice or can't be decoded is there, but empty. */
function readQuery(query: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const piece of query.split('&')) {
    const equals = piece.indexOf('=');
    const name = decode(equals < 0 ? piece : piece.slice(0, equals));
    if (!name.startsWith('X-Amz-')) continue;
    found.set(name, equals < 0 || found.has(name) ? '' : decode(piece.slice(equals + 1)));
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return '';
  }
}

const required = ['X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date'];

function readPresigned(
  query: ReadonlyMap<string, string>,
  headers: ReadonlyMap<string, string>,
): SignedRequest | Refusal {
  const named = query.get('X-Amz-Algorithm') as string;
  if (named !== algorithm) return refuse.unsupportedAlgorithm(named.slice(0, 64));
  let text = '';
  for (const name of required)
    if (!query.get(name)) text += `AWS query-string parameters must include '${name}'. `;
  if (text !== '')
    return refuse.refusal('incomplete', `${text}Re-examine the query-string parameters.`);
  const credential = query.get('X-Amz-Credential') as string;
  return {
    form: 'query',
    credential,
    credentialParts: credential.split('/'),
    signedNames: (query.get('X-Amz-SignedHeaders') as string).split(';'),
    signature: query.get('X-Amz-Signature') as string,
    timestamp: query.get('X-Amz-Date') as string,
    sessionToken: query.get('X-Amz-Security-Token') ?? headers.get('x-amz-security-token'),
    expires: query.get('X-Amz-Expires'),
  };
}
