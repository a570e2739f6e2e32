/**
 * When a delivery that failed is tried again, and when it is given up. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html)
 */
import type { DeadLetter } from './context.ts';
import type { Delivery } from './records.ts';

/** How an attempt ended. */
export type Attempt =
  | { readonly kind: 'delivered' }
  /** May go better the next time, but not before so long. */
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly waitMs?: number;
    }
  /** Will not go better. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** Was none: the target may not be called so soon. */
  | { readonly kind: 'postponed'; readonly waitMs: number };

export type Next =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly attempts: number; readonly dueAt: number }
  | {
      readonly kind: 'dead';
      readonly code: string;
      readonly message: string;
      readonly condition?: NonNullable<DeadLetter['exhaustedRetryCondition']>;
    };

/** EventBridge's defaults. */
const defaultRetries = 185;
const defaultAgeSeconds = 24 * 60 * 60;
/** Doubled each time: 185 retries with the longest fill a day. */
const firstDelayMs = 1_000;
const longestDelayMs = 10 * 60_000;

/** `chance`: from 0 to 1. `delivery.attempts` counts the one that ended so. */
export function nextStep(
  { target, attempts, ingestedAt }: Pick<Delivery, 'target' | 'attempts' | 'ingestedAt'>,
  attempt: Attempt,
  { now, chance }: { readonly now: number; readonly chance: number },
): Next {
  if (attempt.kind === 'delivered') return { kind: 'done' };
  if (attempt.kind === 'postponed')
    return { kind: 'again', attempts: attempts - 1, dueAt: now + attempt.waitMs };
  const { code, message } = attempt;
  if (attempt.kind === 'refused') return { kind: 'dead', code, message };
  const { MaximumRetryAttempts: retries, MaximumEventAgeInSeconds: ageSeconds } =
    target.RetryPolicy ?? {};
  if (attempts > (retries ?? defaultRetries))
    return { kind: 'dead', code, message, condition: 'MaximumRetryAttempts' };
  const doubled = firstDelayMs * 2 ** Math.min(attempts - 1, 30);
  const delayMs = Math.min(doubled, longestDelayMs) * (0.5 + chance / 2);
  const dueAt = now + Math.max(Math.ceil(delayMs), attempt.waitMs ?? 0);
  if (dueAt - ingestedAt > (ageSeconds ?? defaultAgeSeconds) * 1000)
    return { kind: 'dead', code, message, condition: 'MaximumEventAgeInSeconds' };
  return { kind: 'again', attempts, dueAt };
}
