/** What Lambda needs of the node it runs on. */
import type { Functions } from '../../functions/functions.ts';
import type { Principal } from '../../operation.ts';
import type { Store } from '../../store/store.ts';
import type { World } from '../../world.ts';

/** A call that Lambda makes by itself: rejects with the operation's ApiError. */
export interface OwnCall {
  readonly principal: Principal;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  /** The services through which it comes. */
  readonly via?: readonly string[];
  readonly sourceArn?: string;
}

export interface LambdaPorts {
  readonly store: Store;
  readonly world: World;
  /** Undefined: this server does not run functions. */
  readonly functions: Functions | undefined;
  readonly perform: (call: OwnCall) => Promise<unknown>;
  /** Whose temporary credentials these are. */
  readonly identify: (credentials: {
    readonly accessKeyId: string;
    readonly sessionToken: string;
  }) => Promise<Principal | undefined>;
  /** The unique id of a user or role by its ARN; undefined when there is none. */
  readonly uniqueIdOf: (arn: string) => Promise<string | undefined>;
  /** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
  readonly arnOf: (named: {
    readonly arn: string;
    readonly id: string;
  }) => Promise<string | undefined>;
  /** For people who run the server. */
  readonly log: (line: string) => void;
}
