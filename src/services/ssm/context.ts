/** What the operations of Parameter Store work with. */
import type { PageTokens } from '../../paging/page-token.ts';
import type { Write } from '../../store/engine.ts';
import type { Counts } from './counts.ts';
import { invalidToken } from './errors.ts';
import type { ParameterEvent } from './events.ts';
import type { Records } from './records.ts';

/** What others do for Parameter Store. */
export interface Ports {
  /** The writes that hand an event to EventBridge, in the commit of what it tells of. */
  readonly emit: (event: ParameterEvent) => readonly Write[];
  /** What makes a text no resource policy; undefined when nothing is wrong. */
  readonly policyFault: (text: string) => string | undefined;
  /** The unique id of a user or role by its ARN; undefined when there is none. */
  readonly uniqueIdOf: (arn: string) => Promise<string | undefined>;
  /** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
  readonly arnOf: (named: {
    readonly arn: string;
    readonly id: string;
  }) => Promise<string | undefined>;
  /** A Java pattern that matches whole texts. Throws SyntaxError for what is none. */
  readonly javaPattern: (pattern: string) => RegExp;
}

export interface SsmContext {
  readonly records: Records;
  readonly counts: Counts;
  readonly tokens: PageTokens;
  readonly ports: Ports;
}

/** Where a list goes on. @throws ApiError InvalidNextToken for a token that it did not give. */
export function tokenCursor(
  { tokens }: SsmContext,
  list: readonly unknown[],
  token: string,
): readonly unknown[] {
  const cursor = tokens.open(list, token);
  if (cursor === undefined) throw invalidToken();
  return cursor;
}
