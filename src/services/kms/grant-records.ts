/** What is stored of grants, and by what they are found. */
import { sha256Hex } from '../../crypto/hash.ts';
import type { Collection, Entry, Store } from '../../store/store.ts';
import type { Grant, GrantConstraints } from './grant.ts';
import { type GrantPrincipal, indexName } from './grant-principal.ts';
import { keyRecordId } from './key.ts';

export type GrantEntry = Entry<Grant>;

/** How many grants a key has whose ids begin with one hexadecimal digit. */
export interface GrantCount {
  readonly count: number;
}

/** What says whose grants are meant. */
export type KeyWithGrants = Pick<Grant, 'account' | 'region' | 'keyId'>;

export interface GrantRecords {
  readonly grants: Collection<Grant>;
  /** Sixteen counters a key, so that calls at one time seldom wait for each other. */
  readonly grantCounts: Collection<GrantCount>;
  /** Written whenever a grant of the key comes or goes; its version says which grants there are. */
  readonly grantStamps: Collection<Record<string, never>>;
}

export function openGrantRecords(store: Store): GrantRecords {
  return {
    grants: store.collection<Grant>({
      path: 'kms/grants',
      indexes: {
        grantee: (_id, grant) => [`${granteePrefix(grant, grant.grantee)}${grant.grantId}`],
        retiring: (id, grant) =>
          grant.retiring === undefined
            ? []
            : [`${retiringPrefix(grant.region, grant.retiring)}${id}`],
        name: (_id, grant) =>
          grant.name === undefined ? [] : [`${grantsPrefix(grant)}${likenessOf(grant)}`],
      },
    }),
    grantCounts: store.collection<GrantCount>({ path: 'kms/grant-counts' }),
    grantStamps: store.collection<Record<string, never>>({ path: 'kms/grant-stamps' }),
  };
}

/** Below it stand all grants of a key, and its counters. */
export const grantsPrefix = (key: KeyWithGrants): string => `${keyRecordId(key)}/`;

export const grantRecordId = (grant: KeyWithGrants & { readonly grantId: string }): string =>
  `${grantsPrefix(grant)}${grant.grantId}`;

/** Paths lie open on the disk: names of principals don't stand in them. */
const hashed = (principal: GrantPrincipal): string => hashedName(indexName(principal));
const hashedName = (name: string): string => sha256Hex(name).slice(0, 32);

/** In the index `grantee`. */
const granteePrefix = (key: KeyWithGrants, grantee: GrantPrincipal): string =>
  `${grantsPrefix(key)}${hashed(grantee)}/`;
/** The same by the principal's index name. */
export const granteeNamePrefix = (key: KeyWithGrants, name: string): string =>
  `${grantsPrefix(key)}${hashedName(name)}/`;

/** In the index `retiring`: below it stand the grants of the Region, whoever's keys they are on. */
export const retiringPrefix = (region: string, retiring: GrantPrincipal): string =>
  `${region}/${hashed(retiring)}/`;

/**
 * The same for grants that are alike in all that a request for one says, name included: such a
 * request made twice is one grant (CreateGrant in the API reference, Name). The index lets one of
 * them in, also when two nodes are asked at the same time.
 */
export function likenessOf(grant: Omit<Grant, 'grantId' | 'createdAt'>): string {
  const { issuingAccount, grantee, retiring, operations, constraints, name } = grant;
  return sha256Hex(
    JSON.stringify([
      name ?? null,
      issuingAccount,
      [grantee.name, idOf(grantee)],
      [retiring?.name ?? null, idOf(retiring)],
      [...operations].sort(),
      constraintsInOrder(constraints),
    ]),
  );
}

const idOf = (principal: GrantPrincipal | undefined): string | null =>
  principal === undefined || principal.kind === 'service' ? null : (principal.id ?? null);

function constraintsInOrder({ contextEquals, contextSubset, sourceArn }: GrantConstraints) {
  const inOrder = (pairs: Readonly<Record<string, string>> | undefined) =>
    pairs === undefined ? null : Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
  return [inOrder(contextEquals), inOrder(contextSubset), sourceArn ?? null];
}
