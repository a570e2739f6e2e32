/**
 * What Secrets Manager does by itself, as CloudTrail shows it
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html).
 */
import type { Secret } from './secret.ts';

export type SecretsEventName =
  | 'RotationStarted'
  | 'RotationSucceeded'
  | 'RotationFailed'
  | 'RotationAbandoned'
  | 'TestRotationStarted'
  | 'TestRotationSucceeded'
  | 'TestRotationFailed'
  | 'StartSecretVersionDelete'
  | 'EndSecretVersionDelete'
  | 'CancelSecretVersionDelete';

export interface SecretsEvent {
  readonly eventName: SecretsEventName;
  /** ms since 1970 */
  readonly at: number;
  readonly account: string;
  readonly region: string;
  readonly secretArn: string;
  /** Of rotations: what the records of one of them have in common. */
  readonly requestId?: string;
  readonly errorMessage?: string;
  /** Of deletions. */
  readonly versionId?: string;
}

export function secretEvent(
  eventName: SecretsEventName,
  { account, region, arn }: Pick<Secret, 'account' | 'region' | 'arn'>,
  at: number,
  told: Pick<SecretsEvent, 'requestId' | 'errorMessage' | 'versionId'> = {},
): SecretsEvent {
  return { eventName, at, account, region, secretArn: arn, ...told };
}
