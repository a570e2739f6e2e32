/** What Secrets Manager does when it falls due: the form of it, for whoever runs and records it. */
import type { Write } from '../../store/engine.ts';
import type { SecretsEvent } from './event.ts';

export interface DueChange {
  /** The secret's ARN. */
  readonly id: string;
  /** One batch, to be committed with the event's record; it conflicts when it is no longer due. */
  readonly writes: readonly Write[];
  readonly event: SecretsEvent | undefined;
  /**
   * What the writes were the claim for: done after their commit and beside other work, ends in
   * commits of its own. The signal says that the node stops.
   */
  readonly perform?: (stopped: AbortSignal) => Promise<void>;
}

export interface DueWork {
  /** `secretsmanager/rotate` */
  readonly kind: string;
  /** What is due at `now`, oldest first, at most `limit` changes, nothing written yet. */
  readonly due: (now: number, limit: number) => Promise<readonly DueChange[]>;
}
