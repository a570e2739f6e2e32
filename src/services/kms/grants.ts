/** CreateGrant, RetireGrant, RevokeGrant, ListGrants and ListRetirableGrants. */
import type {
  CreateGrantRequest,
  CreateGrantResponse,
  KmsModel,
} from '../../model/kms.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { findRetirable, type Retirable, retireGrant, revokeGrant } from './end-grant.ts';
import type { Grant, GrantTerms } from './grant.ts';
import type { GrantPrincipal } from './grant-principal.ts';
import { checkedTerms, requireSuitable } from './grant-request.ts';
import { tokenRandomBytes } from './grant-token.ts';
import { requireState } from './key-state.ts';
import { foundRetiring, listGrants, listRetirableGrants } from './list-grants.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun } from './usable.ts';

/** A key and what is to be allowed on it. */
interface GrantWish {
  readonly entry: KeyEntry;
  /** Decided before authorization: a right to CreateGrant may be for some grants only. */
  readonly terms: GrantTerms;
}

export function grantOperations(kms: KmsContext) {
  return {
    CreateGrant: {
      readOnly: false,
      find: async (input, call): Promise<Found<GrantWish>> => {
        const { resource, subject: entry } = await kms.finder.namedByKeyId(input, call);
        return { resource, subject: { entry, terms: checkedTerms(input, call.partition) } };
      },
      run: (input, call, wish: GrantWish) => createGrant(kms, input, call, wish),
    },
    RetireGrant: {
      readOnly: false,
      find: (input, call) => findRetirable(kms, input, call),
      run: (input, call, grant: Retirable) => retireGrant(kms, input, call, grant),
    },
    RevokeGrant: {
      readOnly: false,
      find: kms.finder.namedByKeyId,
      run: (input, call, entry: KeyEntry) => revokeGrant(kms, input, call, entry),
    },
    ListGrants: {
      readOnly: true,
      find: kms.finder.namedByKeyId,
      run: (input, _call, { value: key }: KeyEntry) => {
        requireState(key, 'ListGrants');
        return listGrants(kms, input, key);
      },
    },
    ListRetirableGrants: {
      readOnly: true,
      find: foundRetiring,
      run: (input, call, retiring: GrantPrincipal) =>
        listRetirableGrants(kms, { input, call, retiring }),
    },
  } satisfies Operations<
    KmsModel,
    'CreateGrant' | 'ListGrants' | 'ListRetirableGrants' | 'RetireGrant' | 'RevokeGrant'
  >;
}

/** What the key can take, then its state, then whether there is room; as for other operations. */
async function createGrant(
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
