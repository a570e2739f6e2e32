/**
 * The global condition keys of a call, and how a service's own join them.
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html)
 * Keys that can't be known here, such as those of VPCs and organizations, are absent.
 */

import type { Circumstances, ConditionKeys, Principal, Resource } from '../operation.ts';
import { foldCase } from '../policy/context.ts';

/** What of a call the keys tell. */
export interface CallFacts {
  readonly principal: Principal;
  readonly region: string;
  /** ms since 1970 */
  readonly now: number;
  /** The services through which it came, first to last. */
  readonly via: readonly string[];
  readonly source: RequestSource;
  /** The tags of the user or role, and of the session above them. Names in lower case. */
  readonly principalTags: ReadonlyMap<string, string>;
}

/** Where a request came from. */
export interface RequestSource {
  /** As the socket has it. */
  readonly remoteAddress: string;
  readonly userAgent: string | undefined;
  readonly referer?: string | undefined;
  readonly tls: unknown;
  /** The resource for which a service calls, and its account. */
  readonly sourceArn?: string | undefined;
  readonly sourceAccount?: string | undefined;
}

type Value = string | readonly string[] | undefined;
type Key = (facts: CallFacts, resource: Resource) => Value;

const yesOrNo = (is: boolean): string => (is ? 'true' : 'false');
const isDirect = (facts: CallFacts): boolean =>
  facts.via.length === 0 && facts.principal.type !== 'AWSService';

const principalTypes: Readonly<Record<Principal['type'], string | undefined>> = {
  Root: 'Account',
  IAMUser: 'User',
  AssumedRole: 'AssumedRole',
  FederatedUser: 'FederatedUser',
  WebIdentityUser: undefined,
  AWSService: undefined,
  Anonymous: 'Anonymous',
};

const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** By lower-case name. */
const globalKeys: ReadonlyMap<string, Key> = new Map<string, Key>([
  [
    'aws:principalarn',
    ({ principal: { session, arn } }) => session?.role?.arn ?? (arn === '' ? undefined : arn),
  ],
  ['aws:principalaccount', ({ principal }) => ofAccount(principal, principal.account)],
  ['aws:principaltype', ({ principal }) => principalTypes[principal.type]],
  ['aws:userid', ({ principal }) => principal.principalId],
  ['aws:username', ({ principal }) => principal.userName],
  ['aws:principalisawsservice', ({ principal }) => yesOrNo(principal.type === 'AWSService')],
  ['aws:principalservicename', ({ principal }) => principal.serviceName],
  ['aws:sourceidentity', ({ principal }) => principal.session?.sourceIdentity],
  [
    'aws:federatedprovider',
    ({ principal }) => principal.session?.federatedProvider ?? principal.identityProvider,
  ],
  [
    'aws:tokenissuetime',
    ({ principal }) =>
      principal.session === undefined ? undefined : iso(principal.session.createdAt),
  ],
  [
    'aws:multifactorauthpresent',
    ({ principal }) =>
      principal.session === undefined
        ? undefined
        : yesOrNo(principal.session.isMfaPresent === true),
  ],
  ['aws:currenttime', ({ now }) => iso(now)],
  ['aws:epochtime', ({ now }) => String(Math.floor(now / 1000))],
  ['aws:requestedregion', ({ region }) => region],
  ['aws:securetransport', (facts) => yesOrNo(!isDirect(facts) || facts.source.tls !== undefined)],
  ['aws:sourceip', (facts) => (isDirect(facts) ? plainAddress(facts.source) : undefined)],
  ['aws:useragent', ({ source }) => source.userAgent],
  ['aws:referer', ({ source }) => source.referer],
  ['aws:sourcearn', ({ source }) => source.sourceArn],
  ['aws:sourceaccount', ({ source }) => source.sourceAccount],
  ['aws:viaawsservice', ({ via }) => yesOrNo(via.length > 0)],
  ['aws:calledvia', ({ via }) => (via.length === 0 ? undefined : via)],
  ['aws:calledviafirst', ({ via }) => via[0]],
  ['aws:calledvialast', ({ via }) => via.at(-1)],
  ['aws:resourceaccount', (_facts, resource) => resource.account],
]);

const ofAccount = (principal: Principal, value: string): string | undefined =>
  principal.type === 'AWSService' || principal.type === 'Anonymous' ? undefined : value;

/** The addresses of IPv4 clients of an IPv6 socket, as the clients know them. */
function plainAddress({ remoteAddress }: RequestSource): string {
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
}

const principalTag = 'aws:principaltag/';
const resourceTag = 'aws:resourcetag/';
/** The global keys that a request's members give, which only its operation knows. */
const fromMembers = /^aws:(?:requesttag\/|tagkeys$)/;

/**
 * All condition keys of one decision. A service can't answer for a global key that isn't its
 * request's: what a caller writes into a member never becomes who or where the caller is.
 */
export function conditionKeys(
  facts: CallFacts,
  resource: Resource,
  { conditions }: Circumstances,
): ConditionKeys {
  return (key) => {
    if (!key.startsWith('aws:')) return conditions?.(key);
    const known = globalKeys.get(key);
    if (known !== undefined) return known(facts, resource);
    if (key.startsWith(principalTag))
      return facts.principalTags.get(key.slice(principalTag.length));
    if (key.startsWith(resourceTag)) return tagOf(resource, key.slice(resourceTag.length));
    return fromMembers.test(key) ? conditions?.(key) : undefined;
  };
}

/**
 * Tag keys are compared without regard to case in conditions, and only there: of tags that differ
 * by case only all values count.
 */
function tagOf({ tags }: Resource, lowerCaseKey: string): Value {
  if (tags === undefined) return undefined;
  const fitting = Object.keys(tags).filter((key) => foldCase(key) === lowerCaseKey);
  return fitting.length > 1 ? fitting.map((key) => tags[key] as string) : tags[fitting[0] ?? ''];
}

/** The global keys' names, for those who list what a decision was asked with. */
export const globalKeyNames: readonly string[] = [...globalKeys.keys()];
