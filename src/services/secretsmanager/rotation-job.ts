/** A rotation under way: which step it is at, and who is at it. Pure. */

/**
 * The four steps, in order
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html).
 */
export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type Step = (typeof steps)[number];

/** Present from the start of a rotation until it has succeeded or is given up. */
export interface RotationJob {
  /** Of the secret: its record id, its own id, and its ARN. */
  readonly secretRecord: string;
  readonly secretId: string;
  readonly secretArn: string;
  /** `test`: only testSecret is invoked, on a version that goes afterwards. */
  readonly kind: 'rotation' | 'test';
  /** The id of the version that is to become current. */
  readonly token: string;
  readonly rotationToken: string;
  /** The next step to invoke. */
  readonly step: Step;
  /** 1 for the first. */
  readonly attempt: number;
  /** When it goes on: its start, its next attempt, or the end of the lease of who is at it. */
  readonly at: number;
  /** Of the node that is at it. */
  readonly holder?: string | undefined;
}

export const firstStep = (kind: RotationJob['kind']): Step =>
  kind === 'test' ? 'testSecret' : 'createSecret';

/** Undefined after the last one. */
export function stepAfter({ kind, step }: RotationJob): Step | undefined {
  return kind === 'test' ? undefined : steps[steps.indexOf(step) + 1];
}

/** How long a node that dies leaves a rotation alone. Who is at it renews its claim. */
export const leaseMs = 30_000;

const minuteMs = 60_000;
/**
 * How long after each failure the whole rotation is tried again. AWS tells neither number nor
 * times; people see a handful of attempts within a day.
 */
const retryMs = [1, 10, 60, 360].map((minutes) => minutes * minuteMs);

/** When to try again after the failure of an attempt; undefined: it is given up. */
export function retryAt({ attempt }: RotationJob, now: number): number | undefined {
  const wait = retryMs[attempt - 1];
  return wait === undefined ? undefined : now + wait;
}

/** What the records of one rotation have in common. */
export const rotationRequestId = ({ secretArn, token }: RotationJob): string =>
  `Rotation-${secretArn}-${token}`;
