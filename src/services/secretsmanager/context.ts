/** What the operations of Secrets Manager work with. */
import type { Principal } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import type { World } from '../../world.ts';
import type { Accesses } from './accesses.ts';
import type { SecretsEvent } from './event.ts';
import type { SecretFinder } from './finder.ts';
import type { SecretLimits } from './limits.ts';
import type { Records } from './records.ts';

/** A call that Secrets Manager makes as itself, or as a role that it has assumed. */
export interface OwnCall {
  readonly principal: Principal;
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  /** The services through which it comes. */
  readonly via?: readonly string[];
  /** The secret. */
  readonly sourceArn?: string;
}

/** What it asks IAM: whether whom a policy names is there. */
export interface Principals {
  /** The unique id of a user or role by its ARN; undefined when there is none. */
  uniqueIdOf(arn: string): Promise<string | undefined>;
  /** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
  arnOf(named: { readonly arn: string; readonly id: string }): Promise<string | undefined>;
}

/** What it needs of the node it runs on. */
export interface SecretsPorts {
  readonly world: World;
  /** Undefined: whom policies name is not looked at. */
  readonly principals?: Principals;
  /** Rejects with the operation's ApiError. */
  readonly own: (call: OwnCall) => Promise<unknown>;
  /** Whose temporary credentials these are. */
  readonly identify: (credentials: {
    readonly accessKeyId: string;
    readonly sessionToken: string;
  }) => Promise<Principal | undefined>;
  /** Commits what is not part of a call, in one batch with the record of an event. */
  readonly commit: (
    writes: readonly Write[],
    event: SecretsEvent | undefined,
  ) => Promise<'committed' | 'conflict'>;
}

export interface SecretsContext extends SecretsPorts {
  readonly records: Records;
  readonly finder: SecretFinder;
  readonly accesses: Accesses;
  readonly limits: SecretLimits;
  /** Lets a rotation that isn't complete go on soon, by the id of the secret's record. */
  readonly reattempt: (secretRecord: string) => void;
}
