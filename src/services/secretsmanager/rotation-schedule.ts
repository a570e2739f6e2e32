/**
 * When a secret is rotated: the rules of a request, and the window that they give. Pure. All times
 * are ms since 1970, all days those of UTC.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html)
 */
import type { RotationRulesType } from '../../model/secretsmanager.generated.ts';
import { type Cron, parseCron } from './cron.ts';
import { rotationRulesInvalid } from './errors.ts';
import type { RotationRules, Secret, Window } from './secret.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A rotation every four hours is the most. */
const minHours = 4;
const maxRateDays = 999;

/** What the rules of a rotation amount to. */
type Schedule =
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'hours'; readonly hours: number }
  | { readonly kind: 'cron'; readonly cron: Cron };

/** @throws ApiError InvalidParameterException, also for rules that never come true after `now`. */
export function checkedRules(given: RotationRulesType, now: number): RotationRules {
  const { AutomaticallyAfterDays, ScheduleExpression, Duration } = given;
  if ((AutomaticallyAfterDays === undefined) === (ScheduleExpression === undefined))
    throw rotationRulesInvalid('give AutomaticallyAfterDays or ScheduleExpression, and not both.');
  const rules: RotationRules = {
    automaticallyAfterDays: AutomaticallyAfterDays,
    scheduleExpression: ScheduleExpression,
    duration: Duration,
  };
  const schedule = scheduleOf(rules);
  if (schedule === undefined)
    throw rotationRulesInvalid('ScheduleExpression is no rate() or cron() expression.');
  checkFrequency(schedule);
  checkDuration(rules, schedule);
  if (nextOpening(schedule, now) === undefined)
    throw rotationRulesInvalid('ScheduleExpression names no day that comes.');
  return rules;
}

function scheduleOf({
  automaticallyAfterDays,
  scheduleExpression = '',
}: RotationRules): Schedule | undefined {
  if (automaticallyAfterDays !== undefined) return { kind: 'days', days: automaticallyAfterDays };
  const [, count, unit] = /^rate\((\d{1,4}) (hour|day)s?\)$/.exec(scheduleExpression) ?? [];
  if (unit === 'hour') return { kind: 'hours', hours: Number(count) };
  if (unit === 'day') return { kind: 'days', days: Number(count) };
  const cron = parseCron(scheduleExpression);
  return cron === undefined ? undefined : { kind: 'cron', cron };
}

function checkFrequency(schedule: Schedule): void {
  const isTooOften =
    (schedule.kind === 'hours' && schedule.hours < minHours) ||
    (schedule.kind === 'days' && schedule.days < 1) ||
    (schedule.kind === 'cron' && leastGap(schedule.cron) < minHours);
  if (isTooOften) throw rotationRulesInvalid('a secret rotates every four hours at the most.');
  const isTooSeldom =
    (schedule.kind === 'hours' && schedule.hours > maxRateDays * 24) ||
    (schedule.kind === 'days' && schedule.days > 1_000);
  if (isTooSeldom) throw rotationRulesInvalid(`the interval has at most ${maxRateDays} days.`);
}

/** Hours between two beginnings, as if every day matched. */
function leastGap({ hours }: Cron): number {
  const gaps = hours.map((hour, i) => (hours[i + 1] ?? (hours[0] ?? 0) + 24) - hour);
  return Math.min(24, ...gaps);
}

/** Undefined where the rules name none. */
function durationHours({ duration }: RotationRules): number | undefined {
  const [, hours] = /^(\d{1,2})h$/.exec(duration ?? '') ?? [];
  return hours === undefined ? undefined : Number(hours);
}

function checkDuration(rules: RotationRules, schedule: Schedule): void {
  if (rules.duration === undefined) return;
  const hours = durationHours(rules) ?? 0;
  if (hours < 1 || hours > 24)
    throw rotationRulesInvalid('Duration is a number of hours from 1h to 24h.');
  const lastStart = schedule.kind === 'cron' ? (schedule.cron.hours.at(-1) ?? 0) : 0;
  const room = Math.min(24 - lastStart, intervalHours(schedule));
  if (hours > room)
    throw rotationRulesInvalid('the window must not reach the next window or the next day.');
}

function intervalHours(schedule: Schedule): number {
  if (schedule.kind === 'hours') return schedule.hours;
  return schedule.kind === 'days' ? 24 : leastGap(schedule.cron);
}

/** The first window after a rotation at `from`. Undefined where the rules give none. */
export function nextWindow(rules: RotationRules, from: number): Window | undefined {
  const schedule = scheduleOf(rules);
  if (schedule === undefined) return undefined;
  const opensAt = nextOpening(schedule, from);
  if (opensAt === undefined) return undefined;
  const endOfDay = floor(opensAt, dayMs) + dayMs;
  const isHourly =
    schedule.kind === 'hours' || (schedule.kind === 'cron' && !schedule.cron.isDaily);
  const hours = durationHours(rules) ?? (isHourly ? 1 : 24);
  return { opensAt, closesAt: Math.min(opensAt + hours * hourMs, endOfDay) - 1_000 };
}

const floor = (ms: number, unitMs: number): number => ms - (ms % unitMs);

function nextOpening(schedule: Schedule, from: number): number | undefined {
  if (schedule.kind === 'days') return floor(from, dayMs) + schedule.days * dayMs;
  if (schedule.kind === 'hours') return floor(from, hourMs) + schedule.hours * hourMs;
  return nextMatch(schedule.cron, from);
}

/** February 29th on a Monday may be 40 years away. */
const farthestDays = 40 * 366;

function nextMatch({ hours, matchesDay }: Cron, from: number): number | undefined {
  const today = floor(from, dayMs);
  for (let i = 0; i <= farthestDays; i++) {
    const start = today + i * dayMs;
    if (!matchesDay(dayOf(start))) continue;
    for (const hour of hours) if (start + hour * hourMs > from) return start + hour * hourMs;
  }
  return undefined;
}

function dayOf(ms: number) {
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    date: date.getUTCDate(),
    monthDays: new Date(Date.UTC(year, month + 1, 0)).getUTCDate(),
    month: month + 1,
    weekday: date.getUTCDay() + 1,
  };
}

/** What AWS shows as AutomaticallyAfterDays once a ScheduleExpression has rotated a secret. */
function daysBetween(rules: RotationRules, from: number): number | undefined {
  if (rules.automaticallyAfterDays !== undefined) return undefined;
  const first = nextWindow(rules, from);
  const second = first === undefined ? undefined : nextWindow(rules, first.opensAt);
  if (first === undefined || second === undefined) return undefined;
  return Math.max(1, Math.round((second.opensAt - first.opensAt) / dayMs));
}

/** With the window that follows `from`, in which it is rotated; none where it isn't to be. */
export function scheduled(secret: Secret, from: number): Secret {
  const { rotation } = secret;
  if (rotation === undefined) return secret;
  const window =
    rotation.isEnabled && rotation.rules !== undefined
      ? nextWindow(rotation.rules, from)
      : undefined;
  return { ...secret, rotation: { ...rotation, nextWindow: window, dueAt: window?.opensAt } };
}

/** A value that a user writes counts as a rotation. One under way goes by its own end. */
export const withManualRotation = (secret: Secret, now: number): Secret =>
  secret.rotation?.dueAt === undefined ? secret : scheduled(secret, now);

/** After a rotation. */
export function rotated(secret: Secret, now: number): Secret {
  const { rotation } = secret;
  if (rotation === undefined) return secret;
  const computedDays = rotation.rules === undefined ? undefined : daysBetween(rotation.rules, now);
  return scheduled({ ...secret, rotation: { ...rotation, lastRotatedAt: now, computedDays } }, now);
}

/**
 * With its window as it was, to be rotated in it: after a rotation that was given up, and when a
 * deletion is taken back.
 */
export function rescheduled(secret: Secret, now: number): Secret {
  const { rotation } = secret;
  if (rotation?.nextWindow === undefined) return secret;
  const isPast = rotation.nextWindow.opensAt <= now;
  const next = isPast && rotation.rules !== undefined ? nextWindow(rotation.rules, now) : undefined;
  // What is shown stays in the past, as AWS has it: the secret is overdue.
  const dueAt = isPast ? next?.opensAt : rotation.nextWindow.opensAt;
  return { ...secret, rotation: { ...rotation, dueAt } };
}
