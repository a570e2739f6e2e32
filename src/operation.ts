/** What a row of an operation table is, and what an operation gets to work with. */
import type { Write } from './store/engine.ts';
import type { World } from './world.ts';

/** Who signed the request. */
export interface Principal {
  readonly type: 'Root' | 'IAMUser' | 'AssumedRole' | 'FederatedUser' | 'AWSService';
  readonly account: string;
  readonly arn: string;
  readonly principalId: string;
  readonly accessKeyId: string;
  readonly userName?: string;
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
  readonly world: World;
  /** `world.now()` when the call began; all of a call happens at one time. */
  readonly now: number;
  /**
   * Asks for a decision beyond the row's own; throws AccessDeniedException. `action` as
   * `kms:ReEncryptTo`.
   */
  authorize(action: string, resource: Resource): void;
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

export interface Found<Subject> {
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
