/** What KMS does by itself when it falls due: the form of it, for whoever runs and records it. */
import type { Resource } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';

/** What CloudTrail shows of something that KMS does by itself. */
export interface KmsEvent {
  readonly eventName:
    | 'DeleteKey'
    | 'SynchronizeMultiRegionKey'
    | 'RotateKey'
    | 'DeleteExpiredKeyMaterial';
  /** AwsServiceEvent unless told (KMS Developer Guide, "Understanding KMS log entries"). */
  readonly eventType?: 'AwsApiCall';
  readonly account: string;
  readonly region: string;
  readonly resources: readonly Resource[];
  readonly responseElements?: Readonly<Record<string, unknown>>;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
  readonly serviceEventDetails?: Readonly<Record<string, unknown>>;
}

export interface DueChange {
  /** The key's ARN. */
  readonly id: string;
  /** One batch, to be committed with the event's record; it conflicts when it is no longer due. */
  readonly writes: readonly Write[];
  /** Undefined for the first parts of something long: its last part has the event. */
  readonly event: KmsEvent | undefined;
}

export interface DueWork {
  /** `kms/delete-key` */
  readonly kind: string;
  /** What is due at `now`, oldest first, at most `limit` changes, nothing written yet. */
  readonly due: (now: number, limit: number) => Promise<readonly DueChange[]>;
}
