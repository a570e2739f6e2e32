/**
 * Whom a grant names: the forms of principals, and which of them a caller is. Pure.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html, "Grantee principal")
 */
import type { Principal } from '../../operation.ts';

export type GrantPrincipal =
  | {
      readonly kind: 'account' | 'user' | 'role' | 'session' | 'federated-user';
      readonly account: string;
      /** The ARN as the request gave it. */
      readonly name: string;
      /**
       * The unique id that the user or role had when the grant was made. Where it is known it alone
       * counts: another of the same name is not meant, the same one under another name is. Absent
       * where it wasn't looked up.
       */
      readonly id?: string;
    }
  | {
      readonly kind: 'service';
      /** `dynamodb.amazonaws.com` */
      readonly name: string;
    };

/** Who asks, as the rules of grants see it. */
export interface GrantCaller {
  readonly kind: 'root' | 'service' | 'other';
  readonly account: string;
  /**
   * What it signs under: the ARN of the account's root, the user, the role session or the federated
   * user. For a service its principal, `dynamodb.amazonaws.com`.
   */
  readonly name: string;
  /** Of a user: `AIDA…`; of a session: `AROA…` of its role. Others have none. */
  readonly id?: string;
  /**
   * Whether its own identity policies allow the action. A grant to an account is the account's to
   * pass on, so it reaches only those whom the account's policies let. Root users need none.
   */
  readonly identityAllows: boolean;
}

/** The caller of an operation. `identityAllows`: what its identity policies said of the action. */
export const grantCaller = (
  { type, account, arn, principalId, session }: Principal,
  identityAllows: boolean,
): GrantCaller =>
  type === 'AWSService'
    ? { kind: 'service', account, name: principalId, identityAllows }
    : {
        kind: type === 'Root' ? 'root' : 'other',
        account,
        name: arn,
        ...(type === 'IAMUser' || type === 'AssumedRole'
          ? { id: session?.role?.id ?? principalId }
          : {}),
        identityAllows,
      };

type PrincipalKind = Exclude<GrantPrincipal['kind'], 'service'>;

/** A path may stand before the last part, the name, which is all that a role session repeats. */
const forms: readonly (readonly [PrincipalKind, RegExp])[] = [
  ['account', /^arn:([^:]+):iam::(\d{12}):root$/],
  ['user', /^arn:([^:]+):iam::(\d{12}):user\/(?:[^/:]+\/)*[^/:]+$/],
  ['role', /^arn:([^:]+):iam::(\d{12}):role\/(?:[^/:]+\/)*[^/:]+$/],
  ['session', /^arn:([^:]+):sts::(\d{12}):assumed-role\/[^/:]+\/[^/:]+$/],
  ['federated-user', /^arn:([^:]+):sts::(\d{12}):federated-user\/[^/:]+$/],
];

/**
 * Reads an ARN that a request names as grantee or retiring principal. Undefined for everything that
 * can be neither: groups, services, other partitions, what is no ARN.
 */
export function parseGrantPrincipal(name: string, partition: string): GrantPrincipal | undefined {
  for (const [kind, form] of forms) {
    const [, arnPartition, account] = form.exec(name) ?? [];
    if (account !== undefined && arnPartition === partition) return { kind, account, name };
  }
  return undefined;
}

const sessionOfRole = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//;

/**
 * Whether the caller is the principal: itself, a session of the role, or somebody to whom the
 * account passed on what it was given.
 */
export function isPrincipal(principal: GrantPrincipal, caller: GrantCaller): boolean {
  if (principal.kind === 'service')
    return caller.kind === 'service' && caller.name === principal.name;
  if (caller.kind === 'service' || caller.account !== principal.account) return false;
  if (principal.kind === 'account') return caller.kind === 'root' || caller.identityAllows;
  if (principal.id !== undefined) return principal.id === caller.id;
  if (principal.kind === 'role') return roleOfSession(caller.name) === indexName(principal);
  return caller.name === principal.name;
}

/** The role of a session as `indexName` writes it. Role names are unique whatever their path. */
function roleOfSession(sessionArn: string): string | undefined {
  const [, partition, account, role] = sessionOfRole.exec(sessionArn) ?? [];
  return role === undefined ? undefined : `arn:${partition}:iam::${account}:role/${role}`;
}

/** What grants are found by: the principal's unique id, or its name, a role's without its path. */
export function indexName(principal: GrantPrincipal): string {
  const { kind, name } = principal;
  if (kind === 'service') return name;
  if (principal.id !== undefined) return principal.id;
  return kind === 'role' ? name.replace(/:role\/.*\//, ':role/') : name;
}

/** The index names under which a grant to this caller may stand. */
export function indexNamesOf(caller: GrantCaller): readonly string[] {
  if (caller.kind === 'service') return [caller.name];
  const [, partition] = caller.name.split(':');
  const root = `arn:${partition}:iam::${caller.account}:root`;
  const names = [caller.name, root, roleOfSession(caller.name), caller.id];
  return [...new Set(names.filter((name) => name !== undefined))];
}
