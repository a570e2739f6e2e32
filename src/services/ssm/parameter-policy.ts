/**
 * Parameter policies: what they say, and when they fall due. Pure.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html)
 */
import {
  policiesConflict,
  policiesUnreadable,
  policyAttributeInvalid,
  policyTypeUnknown,
  tooManyPolicies,
} from './errors.ts';

export type PolicyType = 'Expiration' | 'ExpirationNotification' | 'NoChangeNotification';

export interface ParameterPolicy {
  readonly type: PolicyType;
  /** JSON, as it was given. */
  readonly text: string;
  readonly status: 'Pending' | 'Finished';
  /** When it acts: ms since 1970. */
  readonly at: number;
  /** Of NoChangeNotification: how long after a change. */
  readonly afterMs?: number;
}

const maxPolicies = 10;

/**
 * The policies of a request; none for `[{}]`, which takes all away.
 * @throws ApiError ValidationException, PoliciesLimitExceededException,
 * InvalidPolicyTypeException, InvalidPolicyAttributeException, IncompatiblePolicyException
 */
export function parsePolicies(text: string, now: number): readonly ParameterPolicy[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) throw policiesUnreadable(text);
  if (list.length > maxPolicies) throw tooManyPolicies();
  const drafts: Draft[] = [];
  for (const item of list as readonly unknown[]) {
    if (!isObject(item)) throw policiesUnreadable(text);
    if (Object.keys(item).length > 0) drafts.push(readPolicy(item));
  }
  return scheduled(drafts, now);
}

/**
 * The policies as they go on when the parameter changes without new ones: the time without a change
 * begins anew, the others stay as they are.
 */
export function afterChange(
  policies: readonly ParameterPolicy[],
  now: number,
): readonly ParameterPolicy[] {
  return policies.map((policy) =>
    policy.afterMs === undefined
      ? policy
      : { ...policy, status: 'Pending', at: now + policy.afterMs },
  );
}

/** The policies that have to act at `now`, earliest first; an expiration is the last. */
export function duePolicies(
  policies: readonly ParameterPolicy[],
  now: number,
): readonly ParameterPolicy[] {
  return policies
    .filter(({ status, at }) => status === 'Pending' && at <= now)
    .sort(
      (a, b) => Number(a.type === 'Expiration') - Number(b.type === 'Expiration') || a.at - b.at,
    );
}

/** The policies once what was due has acted. */
export function finished(
  policies: readonly ParameterPolicy[],
  done: readonly ParameterPolicy[],
): readonly ParameterPolicy[] {
  return policies.map((policy) =>
    done.includes(policy) ? { ...policy, status: 'Finished' } : policy,
  );
}

/** A policy as it is written: a time, or a span before the expiration or after a change. */
interface Draft {
  readonly type: PolicyType;
  readonly text: string;
  readonly value: number;
}

function scheduled(drafts: readonly Draft[], now: number): readonly ParameterPolicy[] {
  const expirations = drafts.filter(({ type }) => type === 'Expiration');
  if (expirations.length > 1) throw policiesConflict();
  const expiresAt = expirations[0]?.value;
  // One that would delete the parameter at once is a mistake in the time.
  if (expiresAt !== undefined && expiresAt <= now) throw policyAttributeInvalid();
  return drafts.map(({ type, text, value }) => {
    if (type === 'Expiration') return { type, text, status: 'Pending', at: value };
    if (type === 'NoChangeNotification')
      return { type, text, status: 'Pending', at: now + value, afterMs: value };
    if (expiresAt === undefined) throw policiesConflict();
    return { type, text, status: 'Pending', at: expiresAt - value };
  });
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readPolicy(policy: Json): Draft {
  const { Type, Version, Attributes, ...rest } = policy;
  const read = typeof Type === 'string' ? readers.get(Type) : undefined;
  if (read === undefined) throw policyTypeUnknown();
  if (Version !== '1.0' || !isObject(Attributes) || Object.keys(rest).length > 0)
    throw policyAttributeInvalid();
  const value = read(Attributes);
  if (value === undefined) throw policyAttributeInvalid();
  return { type: Type as PolicyType, text: JSON.stringify(policy), value };
}

const readers: ReadonlyMap<string, (attributes: Json) => number | undefined> = new Map([
  ['Expiration', ({ Timestamp, ...rest }) => (isEmpty(rest) ? instant(Timestamp) : undefined)],
  ['ExpirationNotification', (attributes) => span(attributes, 'Before')],
  ['NoChangeNotification', (attributes) => span(attributes, 'After')],
]);

const isEmpty = (object: object): boolean => Object.keys(object).length === 0;

/** ISO_INSTANT or ISO_OFFSET_DATE_TIME of Java: the offset may have seconds. */
const instantForm = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-].*)$/;
const offsetForm = /^([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/;

function instant(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  const [, minutes, seconds = '00', fraction = '', zone] = instantForm.exec(text) ?? [];
  if (minutes === undefined || zone === undefined) return undefined;
  const utc = Date.parse(`${minutes}:${seconds}Z`);
  if (Number.isNaN(utc) || !new Date(utc).toISOString().startsWith(minutes)) return undefined;
  const offset = offsetMs(zone);
  if (offset === undefined) return undefined;
  return utc + Number(fraction.slice(0, 3).padEnd(3, '0')) - offset;
}

function offsetMs(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [, sign, hours, minutes, seconds = '0'] = offsetForm.exec(zone) ?? [];
  if (Number(hours ?? 99) > 18 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}

const unitMs: ReadonlyMap<unknown, number> = new Map([
  ['Days', 86_400_000],
  ['Hours', 3_600_000],
]);

/** The longest that AWS's texts show is a year; ten keep every time within what dates can say. */
const maxSpanMs = 3_660 * 86_400_000;

function span(attributes: Json, member: 'Before' | 'After'): number | undefined {
  const { [member]: amount, Unit, ...rest } = attributes;
  const unit = unitMs.get(Unit);
  if (unit === undefined || !isEmpty(rest)) return undefined;
  if (typeof amount !== 'string' || !/^[1-9]\d{0,5}$/.test(amount)) return undefined;
  const ms = Number(amount) * unit;
  return ms <= maxSpanMs ? ms : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
