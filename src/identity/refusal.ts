/**
 * Why a request isn't let in: AWS's error code by protocol, status and text. The order of checks is
 * verify.ts's.
 */
import { ApiError } from '../api-error.ts';

export type Reason = 'no-token' | 'incomplete' | 'mismatch' | 'unknown' | 'expired';

/** A reason and AWS's text for it, not yet in a protocol's words. */
export interface Refusal {
  readonly reason: Reason;
  readonly text: string;
}

/** Services that speak JSON have longer names for the same failures, and a few other texts. */
export type Dialect = 'json' | 'query';

const codes: Readonly<Record<Dialect, Readonly<Record<Reason, string>>>> = {
  json: {
    'no-token': 'MissingAuthenticationTokenException',
    incomplete: 'IncompleteSignatureException',
    mismatch: 'InvalidSignatureException',
    unknown: 'UnrecognizedClientException',
    expired: 'ExpiredTokenException',
  },
  query: {
    'no-token': 'MissingAuthenticationToken',
    incomplete: 'IncompleteSignature',
    mismatch: 'SignatureDoesNotMatch',
    unknown: 'InvalidClientTokenId',
    expired: 'ExpiredToken',
  },
};

/**
 * Status of each failure where the protocol is Query. JSON services answer all of them with 400.
 */
export const queryStatuses: ReadonlyMap<string, number> = new Map([
  ['MissingAuthenticationToken', 403],
  ['IncompleteSignature', 400],
  ['SignatureDoesNotMatch', 403],
  ['InvalidClientTokenId', 403],
  ['ExpiredToken', 403],
]);

export function toApiError(refusal: Refusal, dialect: Dialect): ApiError {
  return new ApiError(codes[dialect][refusal.reason], refusal.text);
}

export function refusal(reason: Reason, text: string): Refusal {
  return { reason, text };
}

export function isRefusal(value: object): value is Refusal {
  return 'reason' in value;
}

export const noToken = (dialect: Dialect): Refusal =>
  refusal(
    'no-token',
    dialect === 'json' ? 'Missing Authentication Token' : 'Request is missing Authentication Token',
  );

export const signedTwice = (dialect: Dialect): Refusal =>
  refusal(
    dialect === 'json' ? 'mismatch' : 'incomplete',
    "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
  );

export const repeatedHeader = (name: string): Refusal =>
  refusal('incomplete', `Header '${name}' must not be sent more than once.`);

export const unsupportedAlgorithm = (name: string): Refusal =>
  refusal('incomplete', `Unsupported AWS 'algorithm': '${name}'.`);

export const notAPair = (options: { piece: string; header: string }): Refusal =>
  refusal(
    'incomplete',
    `'${options.piece}' not a valid key=value pair (missing equal-sign) in Authorization header: ` +
      `'${options.header}'.`,
  );

export const notSigned = (name: string): Refusal =>
  refusal('mismatch', `${name} must be a 'SignedHeader' in the AWS Authorization.`);

export const badDate = (text: string): Refusal =>
  refusal(
    'incomplete',
    `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );

export const badCredential = (credential: string): Refusal =>
  refusal(
    'incomplete',
    'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, ' +
      `got '${credential}'`,
  );

export const invalidToken: Refusal = refusal(
  'unknown',
  'The security token included in the request is invalid.',
);

export const expiredToken: Refusal = refusal(
  'expired',
  'The security token included in the request is expired',
);

export const wrongSignature: Refusal = refusal(
  'mismatch',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret ' +
    'Access Key and signing method. Consult the service documentation for details.',
);
