/**
 * CloudTrail's userIdentity
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
 */
import type { Principal, Session } from '../operation.ts';
import { cutText, eventTime } from './record-text.ts';

/** What a request without a valid signature says of itself. */
export interface Claimant {
  readonly type: 'Anonymous';
  /** The access key id that it names, believed by nobody. */
  readonly accessKeyId?: string;
}

const CLAIMED_ID_BYTES = 128;
const known = new WeakMap<Principal, string>();

/**
 * The JSON text for a principal. Principals don't change, so it is made once for each.
 * `invokedBy`: the service that calls for it, `secretsmanager.amazonaws.com`.
 */
export function userIdentity(principal: Principal, invokedBy?: string): string {
  const text = ownIdentity(principal);
  return invokedBy === undefined ? text : `${text.slice(0, -1)},"invokedBy":"${invokedBy}"}`;
}

function ownIdentity(principal: Principal): string {
  let text = known.get(principal);
  if (text === undefined) {
    text = JSON.stringify(members(principal));
    known.set(principal, text);
  }
  return text;
}

/** The JSON text for somebody who didn't prove to be anybody. */
export function claimantIdentity(claimant: Claimant): string {
  const { accessKeyId } = claimant;
  const claimed =
    accessKeyId === undefined || accessKeyId === ''
      ? {}
      : { accessKeyId: cutText(accessKeyId, CLAIMED_ID_BYTES) };
  const none = { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
  return JSON.stringify({ ...none, ...claimed });
}

/** The JSON text for what this program does by itself, as AWS writes it for its services. */
export function internalIdentity(account: string, invokedBy: string): string {
  return JSON.stringify({ accountId: account, invokedBy });
}

function members(principal: Principal): Record<string, unknown> {
  const { type, principalId, arn, account, accessKeyId, userName, session } = principal;
  if (type === 'AWSService') return { type, invokedBy: principal.serviceName ?? principalId };
  if (type === 'WebIdentityUser')
    return { type, principalId, userName, identityProvider: principal.identityProvider };
  const base = { type, principalId, arn, accountId: account, accessKeyId };
  const named = userName === undefined ? base : { ...base, userName };
  return session === undefined ? named : { ...named, sessionContext: sessionContext(principal) };
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF */
function sessionContext(principal: Principal): Record<string, unknown> {
  const { createdAt, isMfaPresent, sourceIdentity, federatedProvider } =
    principal.session as Session;
  const sessionIssuer = issuerOf(principal);
  const attributes = {
    creationDate: eventTime(createdAt),
    mfaAuthenticated: isMfaPresent === true ? 'true' : 'false',
  };
  return {
    ...(sessionIssuer === undefined ? {} : { sessionIssuer }),
    ...(federatedProvider === undefined
      ? {}
      : { webIdFederationData: { federatedProvider, attributes: {} } }),
    attributes,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
}

/** The role of a role session, the user who let a federated user in. */
function issuerOf({ account: accountId, arn, session }: Principal): object | undefined {
  const { role, issuer } = session as Session;
  if (role !== undefined)
    return { type: 'Role', principalId: role.id, arn: role.arn, accountId, userName: role.name };
  if (issuer === undefined) return undefined;
  if (issuer !== 'Root')
    return {
      type: 'IAMUser',
      principalId: issuer.userId,
      arn: issuer.arn,
      accountId,
      userName: issuer.userName,
    };
  const root = `arn:${arn.split(':', 2)[1]}:iam::${accountId}:root`;
  return { type: 'Root', principalId: accountId, arn: root, accountId };
}
