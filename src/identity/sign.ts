/**
 * Signs requests that our own command line sends, with the same code that the server verifies by.
 */
import type { KeyObject } from 'node:crypto';
import {
  algorithm,
  canonicalRequest,
  deriveSigningKey,
  payloadHash,
  sealSecret,
  signatureOf,
  stringToSign,
  terminator,
} from './sigv4.ts';
import { timestampOf } from './timestamp.ts';

export interface RequestToSign {
  readonly method: string;
  /** Absolute, as it will be sent: `http://127.0.0.1:4566/`. */
  readonly url: string;
  /**
   * All of them are signed. Without host, x-amz-date, x-amz-security-token and authorization: those
   * are made here.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly accessKeyId: string;
  /** As text, or as `sealSecret` (sigv4.ts) has made it. */
  readonly secretAccessKey: string | KeyObject;
  readonly sessionToken?: string;
  readonly region: string;
  /** The signing name: `kms`. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * The headers to send, names in lower case: those given, host and the signature's own. Throws a
 * TypeError for a bad URL.
 */
export function signRequest(request: RequestToSign): Record<string, string> {
  const url = new URL(request.url);
  const timestamp = timestampOf(Math.floor(request.at / 1000));
  const headers = new Map(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  headers.set('host', url.host);
  headers.set('x-amz-date', timestamp);
  if (request.sessionToken !== undefined) headers.set('x-amz-security-token', request.sessionToken);
  const signedNames = [...headers.keys()].sort();
  const canonical = canonicalRequest({
    method: request.method,
    target: url.pathname + url.search,
    headers,
    signedNames,
    payloadHash: payloadHash(Buffer.from(request.body)),
    service: request.service,
    presigned: false,
  }) as string;
  const scope = `${timestamp.slice(0, 8)}/${request.region}/${request.service}/${terminator}`;
  const secret = request.secretAccessKey;
  const sealed = typeof secret === 'string' ? sealSecret(secret) : secret;
  const signingKey = deriveSigningKey(sealed, scope);
  const signature = signatureOf(
    signingKey,
    stringToSign({ timestamp, scope, canonicalRequest: canonical }),
  );
  headers.set(
    'authorization',
    `${algorithm} Credential=${request.accessKeyId}/${scope}, ` +
      `SignedHeaders=${signedNames.join(';')}, Signature=${signature}`,
  );
  return Object.fromEntries(headers);
}
