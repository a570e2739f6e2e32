/** CreateGrant, RetireGrant, RevokeGrant, ListGrants and ListRetirableGrants. */
import type { KmsModel } from '../../model/kms.generated.ts';
import type { Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { createGrant, findWish, type GrantWish } from './create-grant.ts';
import { findRetirable, type Retirable, retireGrant, revokeGrant } from './end-grant.ts';
import type { GrantPrincipal } from './grant-principal.ts';
import { requireState } from './key-state.ts';
import { foundRetiring, listGrants, listRetirableGrants } from './list-grants.ts';
import type { KeyEntry } from './records.ts';

export function grantOperations(kms: KmsContext) {
  return {
    CreateGrant: {
      readOnly: false,
      find: (input, call) => findWish(kms, input, call),
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
