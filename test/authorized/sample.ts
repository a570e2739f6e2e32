/** What a call needs to reach its decision: things that are there, named in its members. */
import type { Credentials } from '../identities.ts';

export interface Sample {
  /** Instead of what the model alone would give; a member that is undefined is left out. */
  readonly input?: Readonly<Record<string, unknown>>;
  /** The actions that it is decided on, where they are not `<service>:<Operation>`. */
  readonly actions?: readonly string[];
}

/** Makes what the operation needs, as the account's root user. */
export type Samples = Readonly<Record<string, (root: Credentials) => Promise<Sample>>>;

let made = 0;
/** A name that nothing has yet. */
export const unused = (kind: string): string => `${kind}-${process.pid}-${++made}`;

/** Members that are the same for many operations of a service, made afresh for each call. */
export type Members = Readonly<Record<string, (root: Credentials) => Promise<unknown>>>;

/** Operations of a service and what they need. */
export interface ServiceSamples {
  /** By member name, for each operation whose input has it as a required member. */
  readonly members: Members;
  readonly operations: Samples;
}
