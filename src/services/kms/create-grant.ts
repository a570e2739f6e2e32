/** CreateGrant: what is to be allowed, and the grant that comes of it. */
import type { CreateGrantRequest, CreateGrantResponse } from '../../model/kms.generated.ts';
import type { Call, Found } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { grantPrincipalInvalid } from './errors.ts';
import type { Grant, GrantTerms } from './grant.ts';
import type { GrantPrincipal } from './grant-principal.ts';
import { checkedTerms, requireSuitable } from './grant-request.ts';
import { tokenRandomBytes } from './grant-token.ts';
import { requireState } from './key-state.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun } from './usable.ts';

/** A key and what is to be allowed on it. */
export interface GrantWish {
  readonly entry: KeyEntry;
  /** Decided before authorization: a right to CreateGrant may be for some grants only. */
  readonly terms: GrantTerms;
}

export async function findWish(
  kms: KmsContext,
  input: CreateGrantRequest,
  call: Call,
): Promise<Found<GrantWish>> {
  const { resource, subject: entry } = await kms.finder.namedByKeyId(input, call);
  const terms = checkedTerms(input, call.partition);
  const grantee = await identified(kms, terms.grantee);
  const retiring = terms.retiring === undefined ? undefined : await identified(kms, terms.retiring);
  const known = { ...terms, grantee, ...(retiring === undefined ? {} : { retiring }) };
  return { resource, subject: { entry, terms: known } };
}

/** @throws ApiError InvalidArnException for a user or role that isn't there. */
async function identified(
  { principals }: KmsContext,
  principal: GrantPrincipal,
): Promise<GrantPrincipal> {
  if (principals === undefined) return principal;
  if (principal.kind !== 'user' && principal.kind !== 'role') return principal;
  const id = await principals.uniqueIdOf(principal.name);
  if (id === undefined) throw grantPrincipalInvalid(principal.name);
  return { ...principal, id };
}

/** What the key can take, then its state, then whether there is room; as for other operations. */
export async function createGrant(
  kms: KmsContext,
  input: CreateGrantRequest,
  call: Call,
  { entry: { value: key }, terms }: GrantWish,
): Promise<CreateGrantResponse> {
  requireSuitable(terms, key);
  requireState(key, 'CreateGrant');
  const wanted = {
    ...terms,
    account: key.account,
    region: key.region,
    keyId: key.keyId,
    keyArn: key.arn,
    issuingAccount: call.principal.account,
  };
  const alike = terms.name === undefined ? undefined : await kms.grants.findAlike(wanted);
  const grant = alike?.value ?? newGrant(wanted, call);
  const writes = alike === undefined ? await kms.grants.add(grant) : [];
  endDryRun(input);
  call.stage(writes);
  call.note({ responseElements: { keyId: key.arn } });
  const GrantToken = kms.grants.tokens.issue(grant, call.world.randomBytes(tokenRandomBytes));
  return { GrantToken, GrantId: grant.grantId };
}

const grantIdBytes = 32;

const newGrant = (wanted: Omit<Grant, 'grantId' | 'createdAt'>, call: Call): Grant => ({
  ...wanted,
  grantId: call.world.randomBytes(grantIdBytes).toString('hex'),
  createdAt: call.now,
});
