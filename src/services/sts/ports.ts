/** What STS needs of the node it runs on. */
import type { Principal } from '../../operation.ts';

export interface StsPorts {
  /** The account that an access key id names by itself or that is on record for it. */
  readonly accountOf: (accessKeyId: string) => Promise<string | undefined>;
  readonly findRole: (account: string, name: string) => Promise<Role | undefined>;
  /** Whether there is a managed policy with this ARN. */
  readonly hasPolicy: (arn: string) => Promise<boolean>;
  /** The OIDC provider of an account by its URL without `https://`. */
  readonly findOidcProvider: (account: string, url: string) => Promise<OidcProvider | undefined>;
  readonly sessions: IssueSessions;
  readonly webTokens: WebTokens;
  /** The text of an encoded authorization message, and whose it is; undefined: none of ours. */
  readonly decodeMessage: (
    encoded: string,
  ) => { readonly account: string; readonly text: string } | undefined;
}

/** What STS must know of a role. */
export interface Role {
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  /** `AROA…` */
  readonly roleId: string;
  readonly trustPolicy: string;
  /** ARN in the trust policy → the unique id that it had when the policy was saved. */
  readonly trusted: Readonly<Record<string, string>>;
  readonly maxSessionSeconds: number;
  readonly tags: ReadonlyArray<{ readonly key: string; readonly value: string }>;
}

export interface OidcProvider {
  readonly arn: string;
  /** Without `https://`. */
  readonly url: string;
  readonly clientIds: readonly string[];
}

export interface IssueSessions {
  /** `endsWith`: the long-term access key with which the session ends. */
  issue(
    claims: { readonly principal: Omit<Principal, 'accessKeyId'>; readonly endsWith?: string },
    minimumChars?: number,
  ): {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
}

/** Tokens of OIDC issuers. */
export interface WebTokens {
  /** The issuer that a token names, an https URL, unverified; undefined when it is no JWT. */
  issuerOf(token: string): string | undefined;
  verify(token: string, issuer: string): Promise<WebTokenVerdict>;
}

export type WebTokenVerdict =
  | { readonly kind: 'valid'; readonly claims: WebTokenClaims }
  /** Seconds since 1970. */
  | { readonly kind: 'expired'; readonly expiry: number }
  | { readonly kind: 'missing-claim'; readonly claim: string }
  /** The issuer is not configured, or has no such key. */
  | { readonly kind: 'no-key' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'invalid' };

/** Verified; other members are the issuer's own. */
export interface WebTokenClaims {
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly azp?: string;
  readonly [claim: string]: unknown;
}
