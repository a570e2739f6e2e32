/**
 * What a grant is, what it allows whom, who may end it, and which grants may come of it. Pure.
 * Grants allow and never deny, and they do not expire.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/grants.html)
 */
import type { GrantOperation } from '../../model/kms.generated.ts';
import type { EncryptionContext } from './envelope.ts';
import { type GrantCaller, type GrantPrincipal, isPrincipal } from './grant-principal.ts';

export interface GrantConstraints {
  /** The request's encryption context has these pairs and no others. */
  readonly contextEquals?: EncryptionContext;
  /** The request's encryption context has these pairs and may have others. */
  readonly contextSubset?: EncryptionContext;
  /** The resource for which a service asks (`aws:SourceArn`). */
  readonly sourceArn?: string;
}

const grantIdForm = /^[0-9a-f]{64}$/;
export const isGrantId = (text: string): boolean => grantIdForm.test(text);

/** What a grant gives, whoever gave it: the part that a request decides. */
export interface GrantTerms {
  readonly grantee: GrantPrincipal;
  readonly retiring?: GrantPrincipal;
  /** Without repetitions. */
  readonly operations: readonly GrantOperation[];
  readonly constraints: GrantConstraints;
  readonly name?: string;
}

/** Times are milliseconds since 1970. Account, Region and key id are the key's. */
export interface Grant extends GrantTerms {
  readonly account: string;
  readonly region: string;
  readonly keyId: string;
  readonly keyArn: string;
  /** 64 hex digits. */
  readonly grantId: string;
  readonly createdAt: number;
  /** The account under which it was made. */
  readonly issuingAccount: string;
}

/** One use of a key, as grants are asked about it. */
export type GrantUse =
  | {
      readonly operation: Exclude<GrantOperation, 'CreateGrant'>;
      readonly context?: EncryptionContext | undefined;
      readonly sourceArn?: string | undefined;
    }
  | {
      readonly operation: 'CreateGrant';
      /** The grant that is to be made. */
      readonly child: GrantTerms;
      readonly sourceArn?: string | undefined;
    };

export interface GrantFacts {
  readonly caller: GrantCaller;
  readonly use: GrantUse;
}

/**
 * The first of a key's grants that lets the caller do this, or undefined when none does. One grant
 * must allow it by itself. ReEncrypt asks twice, for ReEncryptFrom and for ReEncryptTo with the
 * same `sourceArn`, so two grants with different source ARNs never meet.
 */
export function grantsAllow(facts: GrantFacts, grants: Iterable<Grant>): Grant | undefined {
  for (const grant of grants)
    if (isPrincipal(grant.grantee, facts.caller) && permits(grant, facts.use)) return grant;
  return undefined;
}

/** Why a grant doesn't let the caller do this, for people. */
export function whyNot(grant: Grant, { caller, use }: GrantFacts): string {
  if (!isPrincipal(grant.grantee, { ...caller, identityAllows: true }))
    return `its grantee is ${grant.grantee.name}, another principal or an earlier one of that name`;
  if (!grant.operations.includes(use.operation))
    return `its operations are ${grant.operations.join(', ')}`;
  if (!permits(grant, use))
    return `its constraints are ${JSON.stringify(grant.constraints)}, which the request does not meet`;
  return "its grantee is the account, whose own policies don't allow the caller this";
}

/** Whether the grant allows this use to its grantee. */
export function permits(terms: GrantTerms, use: GrantUse): boolean {
  if (!terms.operations.includes(use.operation)) return false;
  const { sourceArn } = terms.constraints;
  if (use.operation === 'RetireGrant') return true;
  if (sourceArn !== undefined && sourceArn !== use.sourceArn) return false;
  if (use.operation === 'CreateGrant') return mayBeget(terms, use.child);
  // DescribeKey has no context; AWS lets it pass the constraint (CreateGrant in the API reference).
  return use.operation === 'DescribeKey' || contextFits(terms.constraints, use.context ?? {});
}

function contextFits(constraints: GrantConstraints, context: EncryptionContext): boolean {
  const { contextEquals, contextSubset } = constraints;
  if (contextEquals !== undefined && !isSame(contextEquals, context)) return false;
  return contextSubset === undefined || hasAll(context, contextSubset);
}

/**
 * Whether a grantee whose right to CreateGrant comes from `parent` may make `child`: no more
 * operations, and constraints at least as strict. So a child never allows what its parent doesn't.
 */
export function mayBeget(parent: GrantTerms, child: GrantTerms): boolean {
  if (!child.operations.every((operation) => parent.operations.includes(operation))) return false;
  const { contextEquals, contextSubset, sourceArn } = parent.constraints;
  const own = child.constraints;
  if (sourceArn !== undefined && sourceArn !== own.sourceArn) return false;
  if (contextEquals !== undefined) {
    if (own.contextEquals === undefined || !isSame(contextEquals, own.contextEquals)) return false;
  }
  if (contextSubset === undefined) return true;
  return [own.contextEquals, own.contextSubset].some(
    (pairs) => pairs !== undefined && hasAll(pairs, contextSubset),
  );
}

/** Own members only: a key of a context may be called `constructor`. */
function hasAll(context: EncryptionContext, pairs: EncryptionContext): boolean {
  return Object.entries(pairs).every(
    ([key, value]) => Object.hasOwn(context, key) && context[key] === value,
  );
}

const isSame = (one: EncryptionContext, other: EncryptionContext): boolean =>
  Object.keys(one).length === Object.keys(other).length && hasAll(one, other);

/**
 * Whether the grant itself lets the caller retire it: the retiring principal, the grantee when
 * RetireGrant is among its operations, and the account that made it. No constraint stands in the
 * way. (https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html)
 */
export function mayRetire(grant: Grant, caller: GrantCaller): boolean {
  if (grant.retiring !== undefined && isPrincipal(grant.retiring, caller)) return true;
  if (grant.operations.includes('RetireGrant') && isPrincipal(grant.grantee, caller)) return true;
  if (caller.kind === 'service' || caller.account !== grant.issuingAccount) return false;
  return caller.kind === 'root' || caller.identityAllows;
}
