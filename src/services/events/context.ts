/** What the operations of EventBridge and its dispatcher work with. */

import type { ConditionKeys, Principal, Resource } from '../../operation.ts';
import type { PageTokens } from '../../paging/page-token.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';
import { invalidToken } from './errors.ts';
import type { Outgoing } from './outgoing.ts';
import type { Records } from './records.ts';

/** A call that EventBridge makes by itself: rejects with the operation's ApiError. */
export interface OwnCall {
  readonly principal: Principal;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly via?: readonly string[];
  /** The rule for which it calls. */
  readonly sourceArn?: string;
}

/** May this be done, by an action that is no operation of ours to call? */
export interface Question {
  readonly principal: Principal;
  readonly region: string;
  readonly action: string;
  readonly resource: Resource;
  readonly conditions?: ConditionKeys;
}

/** What could not be delivered, and why, as AWS tells a dead-letter queue. */
export interface DeadLetter {
  readonly ruleArn: string;
  readonly targetArn: string;
  readonly errorCode: string;
  readonly errorMessage: string;
  readonly retryAttempts: number;
  readonly exhaustedRetryCondition?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';
  /** JSON text. */
  readonly event: string;
}

export interface EventsPorts {
  readonly store: Store;
  readonly world: World;
  readonly perform: (call: OwnCall) => Promise<unknown>;
  /** Whose temporary credentials these are. */
  readonly identify: (credentials: {
    readonly accessKeyId: string;
    readonly sessionToken: string;
  }) => Promise<Principal | undefined>;
  readonly isAllowed: (question: Question) => Promise<boolean>;
  /** What makes a text no resource policy; undefined when nothing is wrong. */
  readonly policyFault: (text: string) => string | undefined;
  /** The unique id of a user or role by its ARN; undefined when there is none. */
  readonly uniqueIdOf: (arn: string) => Promise<string | undefined>;
  /** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
  readonly arnOf: (named: {
    readonly arn: string;
    readonly id: string;
  }) => Promise<string | undefined>;
  readonly logs: LogSink;
  readonly http: Outgoing;
  /** Resolves when the letter will be there after a crash too. */
  readonly keepDeadLetter: (letter: DeadLetter) => Promise<void>;
  /** For people who run the server. */
  readonly log: (line: string) => void;
}

/** Where log groups are written to; `flush` stores what waits. */
export interface LogSink {
  readonly append: (
    place: { readonly functionArn: string; readonly group: string; readonly stream: string },
    events: ReadonlyArray<{ readonly at: number; readonly message: string }>,
  ) => void;
  readonly flush: () => Promise<void>;
}

export interface EventsContext {
  readonly records: Records;
  readonly tokens: PageTokens;
  readonly ports: EventsPorts;
  /** To be called by whoever is about to change a rule. */
  readonly rulesChange: () => void;
}

/** Where a list goes on. @throws ApiError ValidationException for a token that it did not give. */
export function cursorOf(
  { tokens }: EventsContext,
  list: readonly unknown[],
  token: string | undefined,
): string | undefined {
  if (token === undefined) return undefined;
  const cursor = tokens.open(list, token);
  if (cursor === undefined) throw invalidToken();
  return String(cursor[0]);
}

/** The member that a page has when there are more. */
export const nextToken = (
  { tokens }: EventsContext,
  list: readonly unknown[],
  next: string | undefined,
): { readonly NextToken?: string } =>
  next === undefined ? {} : { NextToken: tokens.seal(list, [next]) };
