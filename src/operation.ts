/** What a row of an operation table is, and what an operation gets to work with. */
import type { Write } from './store/engine.ts';
import type { World } from './world.ts';

/** Who signed the request. Never changed in place, so that what follows from it can be cached. */
export interface Principal {
  readonly type:
    | 'Root'
    | 'IAMUser'
    | 'AssumedRole'
    | 'FederatedUser'
    | 'WebIdentityUser'
    | 'AWSService'
    /** Nobody signed; only what AWS takes unsigned gets so far. */
    | 'Anonymous';
  /** Empty for nobody. */
  readonly account: string;
  /** Of a session: `arn:aws:sts::…:assumed-role/Role/Session`. */
  readonly arn: string;
  /** As `aws:userid` has it: a root user's account, `AIDA…`, `AROA…:session`, `account:name`. */
  readonly principalId: string;
  readonly accessKeyId: string;
  readonly userName?: string;
  /** Of temporary credentials. */
  readonly session?: Session;
  /** Of type AWSService: `secretsmanager.amazonaws.com`. */
  readonly serviceName?: string;
  /** Of type WebIdentityUser: ARN of the OIDC provider. */
  readonly identityProvider?: string;
}

/** What temporary credentials say beyond whose they are. Times are ms since 1970. */
export interface Session {
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The role that was assumed; its ARN has the path. */
  readonly role?: { readonly arn: string; readonly id: string; readonly name: string };
  /** The user whose policies a federated user has: an IAM user, or the root user. */
  readonly issuer?:
    | { readonly userName: string; readonly userId: string; readonly arn: string }
    | 'Root';
  /** Texts of session policies. Present when any were passed, or must count as passed. */
  readonly policies?: readonly string[];
  /** ARNs of managed policies that were passed as session policies. */
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
  readonly federatedProvider?: string;
  readonly isMfaPresent?: boolean;
}

/** What an action is decided on. */
export interface Resource {
  /** The ARN, or `*` for actions that have no resource. */
  readonly arn: string;
  /** The account that owns it. */
  readonly account: string;
  /**
   * CloudTrail's type, e.g. `AWS::KMS::Key`; undefined for `*`, which is not listed in the
   * record.
   */
  readonly type?: string;
  /** For `aws:ResourceTag/…`. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Its own policy, where it has one. */
  readonly policy?: ResourcePolicy;
}

export interface ResourcePolicy {
  /** JSON. The same string each time, since what it compiles to is kept by it. */
  readonly text: string;
  /** `required`: it must allow even in its own account, as KMS key policies must. */
  readonly rule: 'ordinary' | 'required';
  /** A role's trust policy says nothing of resources. */
  readonly type?: 'trust';
  /** `default`, or how the service calls it. */
  readonly name: string;
  /**
   * User or role ARN in it → the unique id that this principal had when the policy was saved. One
   * that was deleted and made again is another.
   */
  readonly principalIds?: Readonly<Record<string, string>>;
}

/** Values of condition keys, asked for by lower-case name: `kms:encryptioncontext:stage`. */
export type ConditionKeys = (lowerCaseKey: string) => string | readonly string[] | undefined;

export interface GrantStory {
  readonly grantId: string;
  readonly why: string;
}

export type GrantFound = { readonly id: string } | undefined;

/** What a decision turns on besides who, what and on which resource. */
export interface Circumstances {
  /**
   * The service's own condition keys, and of the global ones those that the request's members
   * give: `aws:requesttag/…`, `aws:tagkeys`. Other names in `aws:` are not asked for here.
   */
  readonly conditions?: ConditionKeys;
  /**
   * KMS: what other than policies allows this. Asked only when they don't, and nothing denies it.
   * `identityAllows`: whether the caller's own policies would.
   */
  readonly grant?: (identityAllows: boolean) => GrantFound | Promise<GrantFound>;
  /** Why each grant that concerns the caller doesn't allow this, for who asks about a denial. */
  readonly explainGrants?: () => readonly GrantStory[] | Promise<readonly GrantStory[]>;
  /**
   * How a denial names a resource of another account, whose existence it must not tell: `this
   * resource`.
   */
  readonly concealedAs?: string;
  /**
   * What a denial says where AWS gives no reason (`sts:AssumeRole`). As with `concealedAs`, other
   * accounts aren't told whether the resource exists.
   */
  readonly denialText?: string;
}

export interface Call {
  readonly requestId: string;
  /** The id that the call's CloudTrail record will have. */
  readonly eventId: string;
  /** `kms` */
  readonly service: string;
  /** `Encrypt` */
  readonly operation: string;
  readonly region: string;
  readonly partition: string;
  readonly principal: Principal;
  /** The services through which the call came, first to last: `secretsmanager.amazonaws.com`. */
  readonly via: readonly string[];
  /** The resource for which a service calls. */
  readonly sourceArn: string | undefined;
  readonly world: World;
  /** `world.now()` when the call began; all of a call happens at one time. */
  readonly now: number;
  /**
   * Asks for a decision beyond the row's own; throws AccessDeniedException. `action` as
   * `kms:ReEncryptTo`.
   */
  authorize(action: string, resource: Resource, circumstances?: Circumstances): void;
  /** As `authorize`, where a grant may allow what policies don't; to be awaited when it waits. */
  authorizeWithGrants(
    action: string,
    resource: Resource,
    circumstances: Circumstances,
  ): void | Promise<void>;
  /**
   * Whether the caller, or whoever the account lets act for it, could do this if the resource were
   * as it is given here. Authorizes nothing.
   */
  wouldAllow(action: string, resource: Resource, circumstances?: Circumstances): boolean;
  /**
   * Whether a policy of the caller asks for this condition key, in lower case. For keys whose
   * values are dear.
   */
  mentions(conditionKey: string): boolean;
  /**
   * Calls an operation of another service as this service, for the caller: authorized as the
   * caller's (`kms:ViaService`), recorded as a call of its own, its writes in this call's commit.
   * At once when the operation needs not wait. Throws, or rejects with, the operation's ApiError.
   * `direct`: no service stands between, as when one of the caller's requests amounts to several.
   */
  invoke(
    service: string,
    operation: string,
    input: unknown,
    options?: { readonly region?: string; readonly direct?: true },
  ): unknown;
  /**
   * From now on the call is this principal's, who proved by what the request brings who it is.
   * Only for calls that nobody signed; throws an Error for others.
   */
  identify(principal: Principal): void;
  /**
   * What this call and those inside it have made and not committed yet, for those of them that come
   * later. Whoever takes something from here stages its writes again: of those that are staged
   * twice one counts.
   */
  readonly made: Map<string, unknown>;
  /**
   * Stages writes. They commit with the call's audit record, in one transaction, after `run` has
   * returned; on a conflict the operation runs again from its
   * start.
   */
  stage(...writes: ReadonlyArray<readonly Write[]>): void;
  /** Members of the CloudTrail record that the model cannot know. */
  note(facts: {
    readonly requestParameters?: Readonly<Record<string, unknown>>;
    readonly responseElements?: Readonly<Record<string, unknown>>;
    readonly additionalEventData?: Readonly<Record<string, unknown>>;
    readonly resources?: readonly Resource[];
  }): void;
}

export interface Operation<Input, Output, Subject = unknown> {
  /** CloudTrail's readOnly. A read-only operation's answer is not repeated in its record. */
  readonly readOnly: boolean;
  /** Its answer is in its record though it changes nothing (`sts:AssumeRole`). */
  readonly recordsAnswer?: true;
  /** AWS lets everyone who signed do this; no policy can deny it (`sts:GetCallerIdentity`). */
  readonly open?: true;
  /**
   * Finds what the call acts on, before it is authorized. `subject` is handed to `run`.
   * An operation without `find` must call `call.authorize` itself: an answer that nothing
   * authorized is refused.
   */
  readonly find?: (input: Input, call: Call) => Found<Subject> | Promise<Found<Subject>>;
  readonly run: (input: Input, call: Call, subject: Subject) => Output | Promise<Output>;
}

export interface Found<Subject> extends Circumstances {
  readonly resource: Resource;
  readonly subject: Subject;
  /** The action to authorize where it is not `<service>:<operation>`. */
  readonly action?: string;
}

/** An operation table as the pipeline sees it. */
// Each row is typed where it is written.
// biome-ignore lint/suspicious/noExplicitAny: rows of different types stand in one table
export type OperationTable = ReadonlyMap<string, Operation<any, any, any>>;

/** What a generated model says of an operation: `KmsModel['Encrypt']`. */
interface OperationTypes {
  readonly input: unknown;
  readonly output: unknown;
}

/**
 * The type that a service's rows are held against: `{ Encrypt: …, Decrypt: … } satisfies
 * Operations<KmsModel, 'Encrypt' | 'Decrypt'>`. A missing or misspelt operation and an output that
 * is not AWS's do not compile. Without names: all operations.
 */
export type Operations<
  Model extends { readonly [Name in keyof Model]: OperationTypes },
  Names extends keyof Model = keyof Model,
> = {
  // biome-ignore lint/suspicious/noExplicitAny: what `find` hands to `run` differs by row
  readonly [Name in Names]: Operation<Model[Name]['input'], Model[Name]['output'], any>;
};
