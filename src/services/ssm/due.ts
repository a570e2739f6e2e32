/** What Parameter Store does by itself when it falls due: the form of it. */
import type { Resource } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';

/** What CloudTrail shows of it. */
export interface SsmEvent {
  readonly eventName: 'DeleteParameter' | 'ParameterPolicyAction';
  readonly account: string;
  readonly region: string;
  readonly resources: readonly Resource[];
  readonly serviceEventDetails: Readonly<Record<string, unknown>>;
}

export interface DueChange {
  /** The parameter's ARN. */
  readonly id: string;
  /** One batch, to be committed with the event's record; it conflicts when it is no longer due. */
  readonly writes: readonly Write[];
  readonly event: SsmEvent;
}

export interface DueWork {
  readonly kind: string;
  /** What is due at `now`, oldest first, at most `limit` changes, nothing written yet. */
  readonly due: (now: number, limit: number) => Promise<readonly DueChange[]>;
}
