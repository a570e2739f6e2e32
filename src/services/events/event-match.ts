/**
 * Whether an event matches a pattern. Pure.
 *
 * An event's list matches when one of its elements does; what a pattern asks for below a list must
 * all be in the same element. A dot in a name is a step into what is below.
 */
import type { EventPattern, PatternNode } from './event-pattern.ts';
import type { Matcher, Scalar } from './matchers.ts';

/** An event, made ready: the values at each step, lists without lists in them. */
export type EventValue = Scalar | EventObject | EventList;
export interface EventObject {
  /** A name may have several values: `{"a": {"b": 1}, "a.b": 2}`. */
  readonly members: ReadonlyMap<string, readonly EventValue[]>;
}
export type EventList = readonly (Scalar | EventObject)[];

/** Deeper than this nothing is read: no event needs it, and hostile ones end here. */
const maxDepth = 200;

/** Undefined for what is nested too deep. */
export function readEvent(value: unknown): EventValue | undefined {
  try {
    return valueAt(value, 0);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function valueAt(value: unknown, depth: number): EventValue {
  if (depth > maxDepth) throw new RangeError('an event is nested too deep');
  if (Array.isArray(value)) return listOf(value, depth + 1);
  if (typeof value !== 'object' || value === null) return value as Scalar;
  const members = new Map<string, EventValue[]>();
  const add = (name: string, member: EventValue): void => {
    const values = members.get(name);
    if (values === undefined) members.set(name, [member]);
    else values.push(member);
  };
  for (const [name, member] of Object.entries(value)) {
    const [step = '', ...rest] = name.split('.');
    const below = rest.reduceRight<EventValue>(
      (inner, each) => ({ members: new Map([[each, [inner]]]) }),
      valueAt(member, depth + 1),
    );
    if (rest.length > maxDepth) throw new RangeError('a name has too many steps');
    add(step, below);
  }
  return { members };
}

function listOf(values: readonly unknown[], depth: number): EventList {
  return values.flatMap((value): EventList => {
    const read = valueAt(value, depth);
    return isList(read) ? read : [read];
  });
}

const isList = (value: EventValue): value is EventList => Array.isArray(value);
const isObject = (value: EventValue): value is EventObject =>
  typeof value === 'object' && value !== null && !isList(value);

/**
 * So many places of an event are looked at for one pattern; what needs more doesn't match. Only
 * lists of lists within lists, against patterns that fit nearly everywhere, come near it.
 */
const maxLooks = 50_000;

export function matchesEvent({ alternatives }: EventPattern, event: EventValue): boolean {
  const budget = { looks: maxLooks };
  return alternatives.some((node) => matchesNode(node, [event], budget));
}

interface Budget {
  looks: number;
}

/** `values`: all that the event has at the node's place. */
function matchesNode(node: PatternNode, values: readonly EventValue[], budget: Budget): boolean {
  if (budget.looks-- <= 0) return false;
  if (node.matchers.length > 0 && !matchesLeaf(node.matchers, values)) return false;
  return node.children.size === 0 || matchesBelow(node.children, values, budget);
}

function matchesLeaf(matchers: readonly Matcher[], values: readonly EventValue[]): boolean {
  const scalars = values
    .flatMap((value): readonly EventValue[] => (isList(value) ? value : [value]))
    .filter((value): value is Scalar => !isList(value) && !isObject(value));
  if (scalars.length === 0) return matchers.some(({ kind }) => kind === 'absent');
  return matchers.some(
    (matcher) => matcher.kind === 'present' && scalars.some((value) => matcher.accepts(value)),
  );
}

type Children = PatternNode['children'];

function matchesBelow(children: Children, values: readonly EventValue[], budget: Budget): boolean {
  const lists = values.filter(isList).map((list) => list.filter(isObject));
  const some = { children, budget, lists: lists.filter((list) => list.length > 0) };
  return matchesChoice(some, 0, values.filter(isObject));
}

/** Whether it matches for some choice of one element from each list, with what is there anyway. */
function matchesChoice(
  given: {
    readonly children: Children;
    readonly budget: Budget;
    readonly lists: readonly (readonly EventObject[])[];
  },
  at: number,
  chosen: readonly EventObject[],
): boolean {
  const list = given.lists[at];
  if (list === undefined) return matchesChildren(given.children, chosen, given.budget);
  return list.some((element) => matchesChoice(given, at + 1, [...chosen, element]));
}

function matchesChildren(
  children: Children,
  objects: readonly EventObject[],
  budget: Budget,
): boolean {
  for (const [step, child] of children) {
    const values = objects.flatMap(({ members }) => members.get(step) ?? []);
    if (!matchesNode(child, values, budget)) return false;
  }
  return true;
}
