/** What a decision is asked with, and what it answers. */
import type { Caller, ConditionKeys } from './context.ts';
import type { Policy } from './policy.ts';
import type { PrincipalIds } from './principal.ts';

export interface Question {
  readonly caller: Caller;
  /** `kms:Encrypt` */
  readonly action: string;
  readonly resource: {
    /** The ARN, or `*` for actions that have no resource. */
    readonly arn: string;
    /** The account that owns it. */
    readonly account: string;
  };
  readonly conditions: ConditionKeys;
}

export type PolicyType =
  | 'identity'
  | 'resource'
  | 'boundary'
  | 'session'
  | 'service-control'
  | 'resource-control'
  | 'vpc-endpoint'
  | 'trust';

export interface NamedPolicy {
  readonly policy: Policy;
  readonly type: PolicyType;
  readonly name: string;
  /** Of a managed policy. */
  readonly arn?: string;
  /** ARN of the user, group, role or resource that has it. */
  readonly attachedTo?: string;
}

/** Everything that may speak to a question. What isn't passed doesn't exist. */
export interface PolicySet {
  /** Of the caller: inline and managed, with those of a user's groups. */
  readonly identity: readonly NamedPolicy[];
  readonly boundary?: NamedPolicy;
  /**
   * Present, even if empty, when session policies were passed (or are demanded: a federated user's
   * session without any may do nothing by identity). One of them must allow.
   */
  readonly session?: readonly NamedPolicy[];
  /** The levels from an organization's root to the caller's account; each must allow. */
  readonly serviceControl?: readonly (readonly NamedPolicy[])[];
  /** The same towards the resource's account. */
  readonly resourceControl?: readonly (readonly NamedPolicy[])[];
  /** Of the endpoint that the request came through; it must allow. */
  readonly vpcEndpoint?: NamedPolicy;
  readonly resource?: ResourcePolicy;
  /** A grant that covers the use. Asked only when no policy allows and none denies. */
  readonly grant?: () => Grant | undefined;
}

export interface ResourcePolicy {
  readonly policy: NamedPolicy;
  /**
   * `required`: it must allow, or delegate to the account, even within the account that owns the
   * resource (KMS key policies, role trust policies). `ordinary`: there an identity policy alone is
   * enough.
   */
  readonly rule: 'ordinary' | 'required';
  readonly principalIds?: PrincipalIds;
}

export interface Grant {
  readonly id: string;
  /** The grantee is an account: the caller's own policies must allow as well. */
  readonly needsIdentityPolicy?: boolean;
}

export interface Allowed {
  readonly allowed: true;
  readonly because: 'root-user' | 'identity-policy' | 'resource-policy' | 'grant';
  /** The policy that allows, and which of its statements. */
  readonly policy?: NamedPolicy;
  readonly statement?: number;
  readonly grantId?: string;
}

export interface Denied {
  readonly allowed: false;
  /** A statement denies; otherwise none allows where one must. */
  readonly explicit: boolean;
  /** The type that denies, or that lacks an Allow. */
  readonly type: PolicyType;
  /** The policy that denies, and which of its statements. */
  readonly policy?: NamedPolicy;
  readonly statement?: number;
}

export type Decision = Allowed | Denied;
