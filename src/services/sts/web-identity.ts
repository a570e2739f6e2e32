/**
 * AssumeRoleWithWebIdentity: a role for whom an OIDC issuer vouches, who signs nothing.
 * (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)
 */
import type {
  AssumeRoleWithWebIdentityRequest,
  AssumeRoleWithWebIdentityResponse,
  StsModel,
} from '../../model/sts.generated.ts';
import type { Call, ConditionKeys, Operations } from '../../operation.ts';
import {
  issuerUnreachable,
  missingClaim,
  noProvider,
  notAToken,
  noVerificationKey,
  providerIdUnknown,
  tokenExpired,
  tokenNotAccepted,
  wrongAudience,
} from './errors.ts';
import type { OidcProvider, Role, StsPorts, WebTokenClaims } from './ports.ts';
import { findRole, parseRoleArn, type RoleName, roleFound } from './role.ts';
import { openRoleSession, type SessionWish } from './role-session.ts';
import { sessionPoliciesOf } from './session-policies.ts';
import { type SessionTags, sessionTagsOf, tagCondition } from './session-tags.ts';
import { tagsInToken } from './token-tags.ts';

/** Who the token says is asking. */
interface WebIdentity {
  readonly provider: OidcProvider;
  readonly claims: WebTokenClaims;
  /** For whom the token was made: clients that the provider knows. */
  readonly audience: readonly string[];
}

interface Subject {
  readonly role: Role | undefined;
  readonly identity: WebIdentity;
  readonly wish: SessionWish;
}

export function webIdentityOperations(ports: StsPorts) {
  return {
    AssumeRoleWithWebIdentity: {
      readOnly: true,
      recordsAnswer: true,
      find: async (input, call) => {
        const name = parseRoleArn(input.RoleArn);
        if (input.ProviderId !== undefined) throw providerIdUnknown();
        const identity = await identify(ports, { token: input.WebIdentityToken, name }, call);
        const wish = wishOf(input, identity);
        const role = await findRole(ports, name);
        const subject = { role, identity, wish };
        return { ...roleFound(call, { name, role }, wish.keys), subject };
      },
      run: (_input, call, subject: Subject) => assume(ports, subject, call),
    },
  } satisfies Operations<StsModel, 'AssumeRoleWithWebIdentity'>;
}

async function assume(
  ports: StsPorts,
  { role, identity, wish }: Subject,
  call: Call,
): Promise<AssumeRoleWithWebIdentityResponse> {
  const session = await openRoleSession(ports, { role: role as Role, wish }, call);
  const { provider, claims, audience } = identity;
  return {
    ...session,
    SubjectFromWebIdentityToken: claims.sub,
    Provider: provider.arn,
    Audience: audience.join(','),
  };
}

/** Verifies the token, and makes the call the call of whom it names. */
async function identify(
  ports: StsPorts,
  { token, name }: { readonly token: string; readonly name: RoleName },
  call: Call,
): Promise<WebIdentity> {
  const issuer = ports.webTokens.issuerOf(token);
  if (issuer === undefined) throw notAToken();
  const url = issuer.replace(/^https:\/\/|\/$/g, '');
  const provider = await ports.findOidcProvider(name.account, url);
  if (provider === undefined) throw noProvider(issuer);
  const claims = await verified(ports, { token, issuer }, call);
  const audience = audienceOf(claims).filter((client) => provider.clientIds.includes(client));
  if (audience.length === 0) throw wrongAudience();
  call.identify({
    type: 'WebIdentityUser',
    account: '',
    arn: '',
    principalId: `${provider.arn}:${audience.join(',')}:${claims.sub}`,
    accessKeyId: '',
    userName: claims.sub,
    identityProvider: provider.arn,
  });
  return { provider, claims, audience };
}

async function verified(
  { webTokens }: StsPorts,
  { token, issuer }: { readonly token: string; readonly issuer: string },
  { now }: Call,
): Promise<WebTokenClaims> {
  const verdict = await webTokens.verify(token, issuer);
  switch (verdict.kind) {
    case 'valid':
      return verdict.claims;
    case 'expired':
      throw tokenExpired({ now: Math.floor(now / 1000), expiry: verdict.expiry });
    case 'missing-claim':
      throw missingClaim(verdict.claim);
    case 'no-key':
      throw noVerificationKey();
    case 'unreachable':
      throw issuerUnreachable();
    case 'invalid':
      throw tokenNotAccepted();
  }
}

/** Where a token says which party it was issued to, that counts, as in AWS. */
function audienceOf({ aud, azp }: WebTokenClaims): readonly string[] {
  if (azp !== undefined) return [azp];
  return typeof aud === 'string' ? [aud] : aud;
}

function wishOf(input: AssumeRoleWithWebIdentityRequest, identity: WebIdentity): SessionWish {
  const { claims, provider } = identity;
  const { sourceIdentity, ...given } = tagsInToken(claims);
  const tags = sessionTagsOf(given);
  return {
    members: input,
    policies: sessionPoliciesOf(input),
    tags,
    sourceIdentity,
    federatedProvider: provider.arn,
    keys: conditionsOf(input.RoleSessionName, { identity, tags, sourceIdentity }),
  };
}

function conditionsOf(
  sessionName: string,
  {
    identity,
    tags,
    sourceIdentity,
  }: {
    readonly identity: WebIdentity;
    readonly tags: SessionTags;
    readonly sourceIdentity: string | undefined;
  },
): ConditionKeys {
  const ofProvider = claimConditions(identity);
  return (key) => {
    if (key === 'sts:rolesessionname') return sessionName;
    if (key === 'sts:sourceidentity') return sourceIdentity;
    return ofProvider.get(key) ?? tagCondition(tags, key);
  };
}

/** `issuer.example/path:aud`, `:sub` and `:amr`, in lower case. */
function claimConditions({
  provider,
  claims,
  audience,
}: WebIdentity): ReadonlyMap<string, string | readonly string[]> {
  const url = provider.url.toLowerCase();
  const { sub, amr } = claims;
  const keys = new Map<string, string | readonly string[]>([
    [`${url}:aud`, audience.length === 1 ? (audience[0] as string) : audience],
    [`${url}:sub`, sub],
  ]);
  if (Array.isArray(amr))
    keys.set(
      `${url}:amr`,
      amr.filter((each) => typeof each === 'string'),
    );
  return keys;
}
