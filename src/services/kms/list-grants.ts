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
  const grantees = await Promise.all(granteesOf(input).map((name) => granteeNamed(kms, name)));
  const page = await pageOfKey(kms, { input, key, after, grantees });
  const wanted = page.grants.filter((grant) => isWanted(grant, input, grantees));
  return { Grants: await shown(kms, wanted), ...pageTail(list, page.next) };
}

const granteesOf = (input: ListGrantsRequest) =>
  [input.GranteePrincipal, input.GranteeServicePrincipal].filter((name) => name !== undefined);

interface Sought {
  /** The id of who has this ARN now, or else the text as it was given. */
  readonly wanted: string;
  /** What its grants are found by. */
  readonly index: string;
}

/** What is no principal's ARN may be the id of one that is gone, or nobody's. */
async function granteeNamed(kms: KmsContext, name: string): Promise<Sought> {
  const principal = parseGrantPrincipal(name, name.split(':')[1] ?? '');
  if (principal === undefined) return { wanted: name, index: name };
  const known = await withId(kms, principal);
  return { wanted: idOf(known) ?? name, index: indexName(known) };
}

const idOf = (principal: GrantPrincipal): string | undefined =>
  principal.kind === 'service' ? undefined : principal.id;

async function withId({ principals }: KmsContext, named: GrantPrincipal): Promise<GrantPrincipal> {
  if (named.kind !== 'user' && named.kind !== 'role') return named;
  const id = await principals?.uniqueIdOf(named.name);
  return id === undefined ? named : { ...named, id };
}

function isWanted(
  { grantId, grantee }: Grant,
  { GrantId }: ListGrantsRequest,
  sought: readonly Sought[],
): boolean {
  if (GrantId !== undefined && GrantId !== grantId) return false;
  return sought.every(({ wanted }) => wanted === idOf(grantee) || wanted === grantee.name);
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
    readonly grantees: readonly Sought[];
  },
): Promise<GrantPage> {
  const { input, key, after, grantees } = query;
  if (input.GrantId !== undefined) {
    const entry = await kms.grants.find({ ...key, grantId: input.GrantId });
    return { grants: entry === undefined ? [] : [entry.value], next: undefined };
  }
  const { grants } = kms.records;
  const [grantee] = grantees;
  const prefix = grantee === undefined ? grantsPrefix(key) : granteeNamePrefix(key, grantee.index);
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
  const sought = await withId(kms, retiring);
  const prefix = retiringPrefix(call.region, sought);
  const page = await kms.records.grants.pageBy('retiring', {
    key: prefix,
    ...(after === undefined ? {} : { after: `${prefix}${after}` }),
    limit: limitOf(input),
  });
  const grants = page.entries
    .map(({ value }) => value)
    // Where the id isn't known, roles are found without their path, and asked for with it.
    .filter(({ retiring: found }) => idOf(sought) !== undefined || found?.name === retiring.name);
  return { Grants: await shown(kms, grants), ...pageTail(list, page.next?.slice(prefix.length)) };
}

const shown = (kms: KmsContext, grants: readonly Grant[]): Promise<readonly GrantListEntry[]> =>
  Promise.all(grants.map(async (grant) => listed(await withCurrentNames(kms, grant))));

/** Users and roles stand in a grant by the ARN that they have now; who is gone, by its id. */
async function withCurrentNames({ principals }: KmsContext, grant: Grant): Promise<Grant> {
  const current = async (principal: GrantPrincipal): Promise<GrantPrincipal> => {
    if (principal.kind === 'service' || principal.id === undefined) return principal;
    const { id, name: arn } = principal;
    const now = await principals?.arnOf({ arn, id });
    return { ...principal, name: now ?? id };
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
