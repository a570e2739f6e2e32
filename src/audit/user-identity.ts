/**
 * CloudTrail's userIdentity
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
 */
import type { Principal } from '../operation.ts';
import { cutText } from './record-text.ts';

/** What a request without a valid signature says of itself. */
export interface Claimant {
  readonly type: 'Anonymous';
  /** The access key id that it names, believed by nobody. */
  readonly accessKeyId?: string;
}

const CLAIMED_ID_BYTES = 128;
const known = new WeakMap<Principal, string>();

/** The JSON text for a principal. Principals don't change, so it is made once for each. */
export function userIdentity(principal: Principal): string {
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
    accessKeyId === undefined ? {} : { accessKeyId: cutText(accessKeyId, CLAIMED_ID_BYTES) };
  const none = { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
  return JSON.stringify({ ...none, ...claimed });
}

/** The JSON text for what this program does by itself, as AWS writes it for its services. */
export function internalIdentity(account: string): string {
  return JSON.stringify({ accountId: account, invokedBy: 'AWS Internal' });
}

function members(principal: Principal): Record<string, unknown> {
  const { type, principalId, arn, account, accessKeyId, userName } = principal;
  if (type === 'AWSService') return { type, invokedBy: principalId };
  const base = { type, principalId, arn, accountId: account, accessKeyId };
  if (type === 'AssumedRole') return { ...base, sessionContext: roleSession(principal) };
  return userName === undefined ? base : { ...base, userName };
}

/**
 * The issuer's ARN is left out: a role's path isn't in the session's ARN, and a wrong ARN misleads
 * more than none.
 */
function roleSession(principal: Principal): Record<string, unknown> {
  const [issuerId] = principal.principalId.split(':');
  const role = /:assumed-role\/([^/]+)\//.exec(principal.arn)?.[1];
  const accountId = principal.account;
  return { sessionIssuer: { type: 'Role', principalId: issuerId, accountId, userName: role } };
}
