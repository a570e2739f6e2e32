/** ListGrants and ListRetirableGrants. */
import type {
  GrantListEntry,
  ListGrantsRequest,
  ListGrantsResponse,
  ListRetirableGrantsRequest,
  GrantConstraints as WireConstraints,
} from '../../model/kms.generated.ts';
import type { Call, Found } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { retiringPrincipalNeeded } from './errors.ts';
import type { Grant, GrantConstraints } from './grant.ts';
import { type GrantPrincipal, indexName, parseGrantPrincipal } from './grant-principal.ts';
import { granteeNamePrefix, grantsPrefix, retiringPrefix } from './grant-records.ts';
import { checkedPrincipal, requireGrantId } from './grant-request.ts';
import type { Key } from './key.ts';
import { decodeMarker, pageTail } from './marker.ts';

const defaultLimit = 50;
/** The model allows more; the API reference says 100 (ListGrants, Limit). */
const maxLimit = 100;

const limitOf = ({ Limit }: { readonly Limit?: number }): number =>
  Math.min(Limit ?? defaultLimit, maxLimit);

/** A key's grants, in the order of their ids. Filters may leave a page with less than its limit. */
export async function listGrants(
  kms: KmsContext,
  input: ListGrantsRequest,
  key: Key,
): Promise<ListGrantsResponse> {
  if (input.GrantId !== undefined) requireGrantId(input.GrantId);
  const list = ['grants', key.arn, input.GrantId, ...granteesOf(input)].join(' ');
  const after = decodeMarker(list, input.Marker);
  const page = await pageOfKey(kms, { input, key, after });
  return {
    Grants: await shown(
      kms,
      page.grants.filter((grant) => isWanted(grant, input)),
    ),
    ...pageTail(list, page.next),
  };
}

const granteesOf = (input: ListGrantsRequest) =>
  [input.GranteePrincipal, input.GranteeServicePrincipal].filter((name) => name !== undefined);

function isWanted(grant: Grant, input: ListGrantsRequest): boolean {
  if (input.GrantId !== undefined && input.GrantId !== grant.grantId) return false;
  return granteesOf(input).every((name) => name === grant.grantee.name);
}

interface GrantPage {
  readonly grants: readonly Grant[];
  /** The grant id to go on after. */
  readonly next: string | undefined;
}

/** By the most exact that is asked for: the one grant, those of a grantee, or all of the key. */
async function pageOfKey(
  kms: KmsContext,
  query: {
    readonly input: ListGrantsRequest;
    readonly key: Key;
    readonly after: string | undefined;
  },
): Promise<GrantPage> {
  const { input, key, after } = query;
  if (input.GrantId !== undefined) {
    const entry = await kms.grants.find({ ...key, grantId: input.GrantId });
    return { grants: entry === undefined ? [] : [entry.value], next: undefined };
  }
  const { grants } = kms.records;
  const [grantee] = granteesOf(input);
  const prefix = grantee === undefined ? grantsPrefix(key) : granteeNamePrefix(key, named(grantee));
  const from = after === undefined ? {} : { after: `${prefix}${after}` };
  const limit = limitOf(input);
  const page =
    grantee === undefined
      ? await grants.page({ prefix, ...from, limit })
      : await grants.pageBy('grantee', { key: prefix, ...from, limit });
  return {
    grants: page.entries.map(({ value }) => value),
    next: page.next?.slice(prefix.length),
  };
}

/** The index name of a grantee given as text; what is no principal is no grant's grantee either. */
function named(grantee: string): string {
  const principal = parseGrantPrincipal(grantee, grantee.split(':')[1] ?? '');
  return principal === undefined ? grantee : indexName(principal);
}

/** A principal asks for itself and is what is authorized: the grants may be on anyone's keys. */
export function foundRetiring(
  input: ListRetirableGrantsRequest,
  call: Call,
): Found<GrantPrincipal> {
  const { RetiringPrincipal, RetiringServicePrincipal } = input;
  if ((RetiringPrincipal === undefined) === (RetiringServicePrincipal === undefined))
    throw retiringPrincipalNeeded();
  const principal: GrantPrincipal =
    RetiringPrincipal === undefined
      ? { kind: 'service', name: RetiringServicePrincipal ?? '' }
      : checkedPrincipal(RetiringPrincipal, call.partition);
  // A service belongs to no account: for everybody else its grants are somebody else's.
  const account = principal.kind === 'service' ? '' : principal.account;
  return { resource: { arn: principal.name, account }, subject: principal };
}

/** The grants of this Region that a principal may retire because they name it for that. */
export async function listRetirableGrants(
  kms: KmsContext,
  {
    input,
    call,
    retiring,
  }: {
    readonly input: ListRetirableGrantsRequest;
    readonly call: Call;
    readonly retiring: GrantPrincipal;
  },
): Promise<ListGrantsResponse> {
  const list = `retirable grants ${retiring.name}`;
  const after = decodeMarker(list, input.Marker);
  const prefix = retiringPrefix(call.region, retiring);
  const page = await kms.records.grants.pageBy('retiring', {
    key: prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit: limitOf(input),
  });
  const grants = page.entries
    .map(({ value }) => value)
    // Roles are found without their path, and asked for with it.
    .filter((grant) => grant.retiring?.name === retiring.name);
  return { Grants: await shown(kms, grants), ...pageTail(list, page.next?.slice(prefix.length)) };
}

const shown = (kms: KmsContext, grants: readonly Grant[]): Promise<readonly GrantListEntry[]> =>
  Promise.all(grants.map(async (grant) => listed(await withUniqueIds(kms, grant))));

/** A user or role that is gone stands in a grant by its unique id, which nobody else ever has. */
async function withUniqueIds({ principals }: KmsContext, grant: Grant): Promise<Grant> {
  const current = async (principal: GrantPrincipal): Promise<GrantPrincipal> => {
    if (principal.kind === 'service' || principal.id === undefined) return principal;
    const id = await principals?.uniqueIdOf(principal.name);
    return id === principal.id ? principal : { ...principal, name: principal.id };
  };
  const { retiring } = grant;
  return {
    ...grant,
    grantee: await current(grant.grantee),
    ...(retiring === undefined ? {} : { retiring: await current(retiring) }),
  };
}

/** As AWS shows a grant; for a service it stands in GranteePrincipal too. */
function listed(grant: Grant): GrantListEntry {
  const { grantee, retiring, constraints } = grant;
  const [, partition] = grant.keyArn.split(':');
  return {
    KeyId: grant.keyArn,
    GrantId: grant.grantId,
    Name: grant.name ?? '',
    CreationDate: grant.createdAt,
    GranteePrincipal: grantee.name,
    ...(grantee.kind === 'service' ? { GranteeServicePrincipal: grantee.name } : {}),
    ...retiringMember(retiring),
    IssuingAccount: `arn:${partition}:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations,
    ...(Object.keys(constraints).length === 0 ? {} : { Constraints: wireConstraints(constraints) }),
  };
}

function retiringMember(retiring: GrantPrincipal | undefined) {
  if (retiring === undefined) return {};
  return retiring.kind === 'service'
    ? { RetiringServicePrincipal: retiring.name }
    : { RetiringPrincipal: retiring.name };
}

const wireConstraints = ({
  contextEquals,
  contextSubset,
  sourceArn,
}: GrantConstraints): WireConstraints => ({
  ...(contextEquals === undefined ? {} : { EncryptionContextEquals: contextEquals }),
  ...(contextSubset === undefined ? {} : { EncryptionContextSubset: contextSubset }),
  ...(sourceArn === undefined ? {} : { SourceArn: sourceArn }),
});
