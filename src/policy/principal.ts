/**
 * Principals: whom a statement of a resource policy names, and whether a caller is meant
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
 */
import type { Caller } from './context.ts';

export type PrincipalKind =
  | 'everyone'
  | 'account'
  | 'user'
  | 'role'
  | 'session'
  | 'federated-user'
  | 'user-id'
  | 'role-id'
  | 'service'
  | 'provider';

export interface PrincipalPattern {
  readonly kind: PrincipalKind;
  /** The ARN, id, service or provider as it is written; `*` for everyone. */
  readonly text: string;
  /** Of an account. */
  readonly account?: { readonly id: string; readonly partition: string | undefined };
}

/** The unique ids that users and roles had when the policy was saved, by the ARNs they had then. */
export type PrincipalIds = Readonly<Record<string, string>>;

/** Element of a principal map: `{ "AWS": … }`. */
export type PrincipalType = 'AWS' | 'Service' | 'Federated';

const accountId = /^[0-9]{12}$/;
const uniqueId = /^(AIDA|AROA)[A-Z0-9]{12,}$/;
const principalArn = /^arn:(aws[a-z-]*):(iam|sts)::([0-9]{12}):([a-z-]+)(?:\/(.+))?$/;
const roleSession = /^[^/]+\/[^/]+$/;
const serviceName = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

/** undefined: no principal. Partial wildcards and groups are none. */
export function parsePrincipal(type: PrincipalType, text: string): PrincipalPattern | undefined {
  if (type === 'AWS' && text === '*') return { kind: 'everyone', text };
  if (/[*?\s]/.test(text) || text === '') return undefined;
  if (type === 'Service') return serviceName.test(text) ? { kind: 'service', text } : undefined;
  if (type === 'Federated') return { kind: 'provider', text };
  if (accountId.test(text))
    return { kind: 'account', text, account: { id: text, partition: undefined } };
  const id = uniqueId.exec(text)?.[1];
  if (id !== undefined) return { kind: id === 'AIDA' ? 'user-id' : 'role-id', text };
  return parseArn(text);
}

function parseArn(text: string): PrincipalPattern | undefined {
  const [, partition, service, id = '', type, name] = principalArn.exec(text) ?? [];
  if (service === 'iam' && type === 'root' && name === undefined)
    return { kind: 'account', text, account: { id, partition } };
  if (name === undefined) return undefined;
  if (service === 'iam' && (type === 'user' || type === 'role')) return { kind: type, text };
  if (service === 'sts' && type === 'assumed-role' && roleSession.test(name))
    return { kind: 'session', text };
  if (service === 'sts' && type === 'federated-user' && !name.includes('/'))
    return { kind: 'federated-user', text };
  return undefined;
}

const noIds: PrincipalIds = {};

/** Whether the caller is the one that is named. Everyone is named by `*`, services included. */
export function isNamed(
  pattern: PrincipalPattern,
  caller: Caller,
  ids: PrincipalIds = noIds,
): boolean {
  const { text } = pattern;
  switch (pattern.kind) {
    case 'everyone':
      return true;
    case 'account':
      return belongsTo(caller, pattern.account);
    case 'user':
      return isMeant(text, userOf(caller), ids);
    case 'role':
      return isRoleSession(caller) && isMeant(text, caller.role, ids);
    case 'session':
      return isRoleSession(caller) && caller.arn === text && isSame(ids, text, caller.role?.id);
    case 'federated-user':
      return caller.type === 'FederatedUser' && caller.arn === text;
    case 'user-id':
      return userOf(caller)?.id === text;
    case 'role-id':
      return isRoleSession(caller) && caller.role?.id === text;
    case 'service':
      return caller.type === 'AWSService' && caller.serviceName === text;
    case 'provider':
      return isFederated(caller) && caller.federatedProvider === text;
  }
}

/** Root user, users and their sessions: they have an account and policies of their own. */
export function hasIdentity({ type, account }: Caller): boolean {
  const isOfAccount =
    type === 'Root' || type === 'IAMUser' || type === 'AssumedRole' || type === 'FederatedUser';
  return isOfAccount && account !== '';
}

function belongsTo(caller: Caller, account: PrincipalPattern['account']): boolean {
  if (account === undefined || !hasIdentity(caller) || caller.account !== account.id) return false;
  return account.partition === undefined || caller.arn.startsWith(`arn:${account.partition}:`);
}

type Entity = { readonly arn: string; readonly id: string } | undefined;

/** The user itself, or the one who let a federated user in. */
function userOf({ type, arn, principalId, user }: Caller): Entity {
  if (type === 'IAMUser') return { arn, id: principalId };
  return type === 'FederatedUser' ? user : undefined;
}

/**
 * Where the id is known that stood behind the ARN, it alone counts: a renamed user has it under
 * another ARN, and a recreated one has the ARN and another id.
 */
function isMeant(text: string, entity: Entity, ids: PrincipalIds): boolean {
  if (entity === undefined) return false;
  return Object.hasOwn(ids, text) ? ids[text] === entity.id : entity.arn === text;
}

function isSame(ids: PrincipalIds, arn: string, id: string | undefined): boolean {
  return !Object.hasOwn(ids, arn) || ids[arn] === id;
}

function isRoleSession({ type }: Caller): boolean {
  return type === 'AssumedRole';
}

function isFederated({ type }: Caller): boolean {
  return type === 'WebIdentityUser' || type === 'SAMLUser';
}
