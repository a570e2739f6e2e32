/**
 * Verifies the tokens of OIDC issuers (JWT, RFC 7519): signature by one of the issuer's public keys
 * under an asymmetric algorithm, and the times. For whom a token is, its user decides.
 */
import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { World } from '../world.ts';
import type { FindKey, IssuerKeys } from './issuer-keys.ts';

/** What a verified token says; other members are the issuer's own. */
export interface TokenClaims extends JWTPayload {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | string[];
  readonly azp?: string;
}

export type TokenVerdict =
  | { readonly kind: 'valid'; readonly claims: TokenClaims }
  /** Seconds since 1970. */
  | { readonly kind: 'expired'; readonly expiry: number }
  | { readonly kind: 'missing-claim'; readonly claim: string }
  /** The issuer is not configured, or has no such key. */
  | { readonly kind: 'no-key' }
  | { readonly kind: 'unreachable' }
  /** Everything else, without a reason: who made the token is not to learn how near it came. */
  | { readonly kind: 'invalid' };

export interface WebTokenVerifier {
  /** The issuer that a token names, unverified; undefined when it is no JWT of an https issuer. */
  issuerOf(token: string): string | undefined;
  /** Never rejects. */
  verify(token: string, issuer: string): Promise<TokenVerdict>;
}

/** Public-key algorithms only: a public key is never taken for the secret of an HMAC. */
const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];
const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat'];
/** Between the issuer's clock and ours. */
const leewaySeconds = 60;
const issuerForm = /^https:\/\/[A-Za-z0-9.:-]{1,253}(?:\/[\w.~-]+)*\/?$/;
const longestIssuer = 255;
const longestSubject = 255;

export function createWebTokenVerifier(options: {
  readonly keys: IssuerKeys;
  readonly world: Pick<World, 'now'>;
}): WebTokenVerifier {
  const { keys, world } = options;
  const attempt = (token: string, issuer: string, findKey: FindKey): Promise<TokenVerdict> => {
    const now = world.now();
    return jwtVerify(token, findKey, {
      algorithms,
      requiredClaims,
      issuer,
      currentDate: new Date(now),
      clockTolerance: leewaySeconds,
    }).then(({ payload }) => verdictOf(payload, now), faultOf);
  };
  return {
    issuerOf,
    verify: async (token, issuer) => {
      const known = await keys.current(issuer);
      if (typeof known === 'string') return withoutKeys(known);
      const verdict = await attempt(token, issuer, known);
      if (verdict.kind !== 'no-key') return verdict;
      // The issuer may have a new key since.
      const renewed = await keys.renewed(issuer);
      if (typeof renewed === 'string') return withoutKeys(renewed);
      return renewed === known ? verdict : attempt(token, issuer, renewed);
    },
  };
}

const withoutKeys = (why: 'unknown' | 'unreachable'): TokenVerdict =>
  why === 'unknown' ? { kind: 'no-key' } : { kind: 'unreachable' };

function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    const fits = typeof iss === 'string' && iss.length <= longestIssuer && issuerForm.test(iss);
    return fits ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** jose has checked the signature, issuer, expiry and beginning; what is left are the types. */
function verdictOf(payload: JWTPayload, now: number): TokenVerdict {
  const { sub, aud, azp, iat } = payload;
  const isSubject = typeof sub === 'string' && sub.length > 0 && sub.length <= longestSubject;
  const isAudience =
    typeof aud === 'string' || (Array.isArray(aud) && aud.every((one) => typeof one === 'string'));
  const isParty = azp === undefined || typeof azp === 'string';
  const isIssued = typeof iat === 'number' && iat <= Math.floor(now / 1000) + leewaySeconds;
  return isSubject && isAudience && isParty && isIssued
    ? { kind: 'valid', claims: payload as TokenClaims }
    : { kind: 'invalid' };
}

function faultOf(error: unknown): TokenVerdict {
  if (error instanceof errors.JWTExpired)
    return { kind: 'expired', expiry: Number(error.payload.exp) };
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'missing')
    return { kind: 'missing-claim', claim: error.claim };
  if (error instanceof errors.JWKSNoMatchingKey) return { kind: 'no-key' };
  return { kind: 'invalid' };
}
