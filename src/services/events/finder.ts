/** From what a request names to the bus or rule, and what is decided on. */
import type { Call, ConditionKeys, Found, Resource } from '../../operation.ts';
import type { EventsContext } from './context.ts';
import { noSuchBus, noSuchRule } from './errors.ts';
import {
  type BusName,
  busArn,
  defaultBus,
  type Place,
  parseBusName,
  type RuleName,
  ruleArn,
} from './names.ts';
import { type Bus, type BusEntry, busId, type RuleEntry, ruleId, type Tag } from './records.ts';

/** A bus that a request names, which may not be there. */
export interface NamedBus {
  readonly name: BusName;
  readonly entry: BusEntry | undefined;
}

export interface NamedRule {
  readonly name: RuleName;
  readonly bus: NamedBus;
  readonly entry: RuleEntry | undefined;
}

export const placeOf = ({ principal, region, partition }: Call): Place => ({
  account: principal.account,
  region,
  partition,
});

export async function findBus(
  { records }: EventsContext,
  given: string | undefined,
  call: Call,
): Promise<NamedBus> {
  const name = parseBusName(given, placeOf(call));
  // Nobody calls into another Region: there is no such bus here.
  const entry = name.region === call.region ? await records.buses.get(busId(name)) : undefined;
  return { name, entry };
}

export async function findRule(
  context: EventsContext,
  given: { readonly bus: string | undefined; readonly rule: string },
  call: Call,
): Promise<NamedRule> {
  const bus = await findBus(context, given.bus, call);
  const name = { bus: bus.name, name: given.rule };
  const entry =
    bus.name.region === call.region ? await context.records.rules.get(ruleId(name)) : undefined;
  return { name, bus, entry };
}

/** Every account has a default bus in each Region, recorded or not. */
export function requireBus({ name, entry }: NamedBus, call: Call): Bus {
  if (entry !== undefined) return entry.value;
  if (name.name === defaultBus && name.region === call.region) return newBus(name, call.now);
  throw noSuchBus(name.name);
}

export const newBus = (name: BusName, now: number): Bus => ({
  ...name,
  createdAt: now,
  modifiedAt: now,
  tags: [],
  hadRules: false,
});

export function requireRule(named: NamedRule, call: Call): RuleEntry {
  requireBus(named.bus, call);
  if (named.entry === undefined) throw noSuchRule(named.name.name, named.name.bus.name);
  return named.entry;
}

const policies = new WeakMap<Bus, NonNullable<Resource['policy']>>();

/** The same object for the same record: what the policy compiles to is kept by it. */
function policyOf(bus: Bus | undefined): Pick<Resource, 'policy'> {
  if (bus?.policy === undefined) return {};
  let policy = policies.get(bus);
  if (policy === undefined) {
    const { text, principalIds } = bus.policy;
    policy = { text, rule: 'ordinary', name: 'default', principalIds };
    policies.set(bus, policy);
  }
  return { policy };
}

export const busResource = ({ name, entry }: NamedBus): Resource => ({
  arn: busArn(name),
  account: name.account,
  type: 'AWS::Events::EventBus',
  ...(entry === undefined ? {} : { tags: tagsOf(entry.value.tags) }),
  ...policyOf(entry?.value),
});

/** A rule on a bus of another account is that account's; the policy of the bus decides. */
export const ruleResource = ({ name, bus, entry }: NamedRule): Resource => ({
  arn: ruleArn(name),
  account: name.bus.account,
  type: 'AWS::Events::Rule',
  ...(entry === undefined ? {} : { tags: tagsOf(entry.value.tags) }),
  ...policyOf(bus.entry?.value),
});

const tagsOf = (tags: readonly Tag[]): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map(({ key, value }) => [key, value]));

export const foundBus = (bus: NamedBus, input: RequestTags = {}): Found<NamedBus> => ({
  resource: busResource(bus),
  subject: bus,
  conditions: tagConditions(input),
  concealedAs: 'this resource',
});

export function foundRule(
  rule: NamedRule,
  call: Call,
  more: ConditionKeys = () => undefined,
): Found<NamedRule> {
  const createdBy = rule.entry?.value.createdBy ?? call.principal.account;
  return {
    resource: ruleResource(rule),
    subject: rule,
    conditions: (key) => (key === 'events:creatoraccount' ? createdBy : more(key)),
    concealedAs: 'this resource',
  };
}

/** An action that has no one resource. */
export const foundNothing = (call: Call): Found<undefined> => ({
  resource: { arn: '*', account: call.principal.account },
  subject: undefined,
});

export interface RequestTags {
  readonly Tags?: ReadonlyArray<{ readonly Key: string; readonly Value: string }>;
  readonly TagKeys?: readonly string[];
}

const requestTag = 'aws:requesttag/';

export const tagConditions =
  ({ Tags = [], TagKeys = [] }: RequestTags): ConditionKeys =>
  (key) => {
    if (key === 'aws:tagkeys') {
      const keys = [...Tags.map(({ Key }) => Key), ...TagKeys];
      return keys.length === 0 ? undefined : keys;
    }
    if (!key.startsWith(requestTag)) return undefined;
    const wanted = key.slice(requestTag.length);
    // Two tags may differ by case only; then both values count.
    const values = Tags.filter(({ Key }) => Key.toLowerCase() === wanted).map(({ Value }) => Value);
    return values.length > 1 ? values : values[0];
  };
