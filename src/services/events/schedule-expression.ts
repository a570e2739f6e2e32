/**
 * When a scheduled rule fires: `rate(5 minutes)` or `cron(0 12 * * ? *)`, in UTC. Pure.
 * (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html)
 */
import { type Cron, nextTime, parseCron } from '../../schedule/cron.ts';

export type Schedule =
  | { readonly kind: 'rate'; readonly periodMs: number }
  | { readonly kind: 'cron'; readonly cron: Cron };

const unitMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Undefined: it is none. */
export function parseSchedule(text: string): Schedule | undefined {
  const [, fields] = /^cron\((.*)\)$/.exec(text) ?? [];
  if (fields !== undefined) {
    const cron = parseCron(fields);
    return cron === undefined ? undefined : { kind: 'cron', cron };
  }
  const [, value = '', unit = '', plural] =
    /^rate\(([1-9]\d{0,7}) (minute|hour|day)(s?)\)$/.exec(text) ?? [];
  const isWellSaid = (value === '1') === (plural === '');
  const periodMs = Number(value) * (unitMs[unit] ?? 0);
  return periodMs > 0 && isWellSaid ? { kind: 'rate', periodMs } : undefined;
}

/**
 * The first time after `now`. `last`: when it fired last, or began. What was missed meanwhile is
 * not made up for. Undefined: never again.
 */
export function nextFiring(
  schedule: Schedule,
  { last, now }: { readonly last: number; readonly now: number },
): number | undefined {
  if (schedule.kind === 'cron') return nextTime(schedule.cron, now);
  const { periodMs } = schedule;
  return last + (Math.floor(Math.max(0, now - last) / periodMs) + 1) * periodMs;
}
