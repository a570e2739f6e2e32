/**
 * Holds decoded input against the constraints of AWS's model and says what is wrong in AWS's words.
 */
import type { ListShape, MapShape, ServiceModel, Shape, StructureShape } from '../model/schema.ts';
import { javaPattern } from './pattern.ts';

/**
 * Collects what is wrong with a value; `path` is where it stands (`tags.1.member`), empty for the
 * whole input.
 */
export type Check = (value: unknown, path: string, failures: Failure[]) => void;

interface Failure {
  readonly path: string;
  /** What is wrong, with a blank behind it; empty when it must not be seen. */
  readonly shown: string;
  readonly constraint: Constraint;
}

/** AWS names at most this many failures. */
const failureLimit = 10;

/** AWS's text for the failures of one request, or undefined when there are none. */
export function validationText(
  check: Check | undefined,
  input: unknown,
  { printsValues }: Pick<ServiceModel, 'printsValues'>,
): string | undefined {
  if (check === undefined) return undefined;
  const failures: Failure[] = [];
  check(input, '', failures);
  if (failures.length === 0) return undefined;
  const told = failures.filter(({ constraint }) => constraint.refusal === undefined);
  const [refused] = failures;
  // A sentence of the service's own comes alone, and last.
  if (told.length === 0 && refused !== undefined)
    return `The specified value for ${refused.path} is invalid. ${refused.constraint.refusal}`;
  const texts = printsValues === false ? discreetly(told) : told.map(openly);
  const noun = told.length === 1 ? 'error' : 'errors';
  return `${told.length} validation ${noun} detected: ${texts.join('; ')}`;
}

const openly = ({ shown, path, constraint: { text } }: Failure): string =>
  `Value ${shown}at '${path}' failed to satisfy constraint: ${text}`;

/** In the order of the members' names, with neither what was given nor what could be. */
const discreetly = (failures: readonly Failure[]): readonly string[] =>
  failures
    .toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(
      ({ path, constraint: { text, brief = text } }) =>
        `Value at '${path}' failed to satisfy constraint: ${brief}`,
    );

/** Compiled once for each shape; undefined when nothing about the shape can be wrong. */
export function compileCheck(shape: Shape): Check | undefined {
  switch (shape.type) {
    case 'structure':
      return structureCheck(shape);
    case 'list':
      return all([constraintCheck(shape), memberCheck(shape)]);
    case 'map':
      return all([constraintCheck(shape), entryCheck(shape)]);
    default:
      return constraintCheck(shape);
  }
}

function all(checks: ReadonlyArray<Check | undefined>): Check | undefined {
  const [first, second] = checks.filter((check) => check !== undefined);
  if (first === undefined || second === undefined) return first;
  return (value, path, failures) => {
    first(value, path, failures);
    second(value, path, failures);
  };
}

interface MemberPlan {
  readonly name: string;
  /** The name in AWS's texts: `KeyId` is `keyId`. */
  readonly label: string;
  readonly required: boolean;
  readonly hidden: boolean;
  readonly check: Check | undefined;
}

function structureCheck(shape: StructureShape): Check | undefined {
  const plans: MemberPlan[] = [];
  for (const [name, member] of Object.entries(shape.members)) {
    const label = name.charAt(0).toLowerCase() + name.slice(1);
    const required = shape.required?.includes(name) === true;
    const check = compileCheck(member);
    if (required || check !== undefined)
      plans.push({ name, label, required, hidden: member.sensitive === true, check });
  }
  if (plans.length === 0) return undefined;
  return (value, path, failures) => {
    const structure = value as Record<string, unknown>;
    for (const plan of plans) {
      const member = structure[plan.name];
      if (member === undefined && !plan.required) continue;
      const at = path === '' ? plan.label : `${path}.${plan.label}`;
      if (member !== undefined) plan.check?.(member, at, failures);
      else fail(plan.hidden ? '' : 'null ', at, mustNotBeNull, failures);
    }
  };
}

interface Constraint {
  readonly text: string;
  /** Without the values of an enum. */
  readonly brief?: string;
  /** The service's own sentence, instead of AWS's usual ones. */
  readonly refusal?: string | undefined;
  readonly holds: (value: unknown) => boolean;
}

const mustNotBeNull: Constraint = { text: 'Member must not be null', holds: () => false };

function constraintCheck(shape: Shape): Check | undefined {
  const constraints = constraintsOf(shape);
  if (constraints.length === 0) return undefined;
  const hidden = isHidden(shape);
  return (value, path, failures) => {
    for (const constraint of constraints) {
      if (!constraint.holds(value))
        fail(hidden ? '' : `'${print(value)}' `, path, constraint, failures);
    }
  };
}

/** In the order in which AWS names the constraints of list members. */
function constraintsOf(shape: Shape): Constraint[] {
  const found: Constraint[] = [];
  const add = (text: string, holds: Constraint['holds'], more: Partial<Constraint> = {}): void => {
    found.push({ text: `Member must ${text}`, holds, ...more });
  };
  if ('max' in shape && shape.max !== undefined)
    add(`have ${noun(shape)} less than or equal to ${shape.max}`, atMost(shape, shape.max));
  if ('min' in shape && shape.min !== undefined)
    add(`have ${noun(shape)} greater than or equal to ${shape.min}`, atLeast(shape, shape.min));
  if (shape.type === 'string' && shape.pattern !== undefined) {
    const pattern = javaPattern(shape.pattern);
    const holds = (value: unknown): boolean => pattern.test(value as string);
    add(`satisfy regular expression pattern: ${shape.pattern}`, holds, { refusal: shape.refusal });
  }
  if (shape.type === 'string' && shape.enum !== undefined) {
    const accepted = new Set(shape.accepts ?? shape.enum);
    const brief = 'Member must satisfy enum value set';
    const holds = (value: unknown): boolean => accepted.has(value as string);
    add(`satisfy enum value set: [${shape.enum.join(', ')}]`, holds, { brief });
  }
  return found;
}

function noun(shape: Shape): string {
  return shape.type in sizes ? 'length' : 'value';
}

const sizes: Readonly<Record<string, (value: unknown) => number>> = {
  string: (value) => characters(value as string),
  blob: (value) => (value as Uint8Array).length,
  list: (value) => (value as readonly unknown[]).length,
  map: (value) => Object.keys(value as object).length,
};

function sizeOf(shape: Shape): (value: unknown) => number {
  return sizes[shape.type] ?? ((value) => value as number);
}

/** UTF-16 units bound the characters from above, so that most texts need no counting. */
function atMost(shape: Shape, max: number): Constraint['holds'] {
  const size = sizeOf(shape);
  return shape.type === 'string'
    ? (value) => (value as string).length <= max || size(value) <= max
    : (value) => size(value) <= max;
}

function atLeast(shape: Shape, min: number): Constraint['holds'] {
  const size = sizeOf(shape);
  return shape.type === 'string'
    ? (value) => (value as string).length >= 2 * min || size(value) >= min
    : (value) => size(value) >= min;
}

/**
 * Unicode characters, not UTF-16 units (Smithy's `length` trait). Decoded text has no half pairs.
 */
function characters(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff) pairs++;
  }
  return text.length - pairs;
}

/**
 * AWS names a wrong structure in a list by its place, a wrong string by the whole list and all that
 * holds for its members.
 */
function memberCheck(shape: ListShape): Check {
  const { member } = shape;
  if (member.type === 'structure' || member.type === 'list' || member.type === 'map') {
    const check = compileCheck(member);
    return (value, path, failures) => {
      const list = value as readonly unknown[];
      for (let i = 0; i < list.length && failures.length < failureLimit; i++) {
        const at = `${path}.${i + 1}.member`;
        if (list[i] === null) fail('null ', at, mustNotBeNull, failures);
        else check?.(list[i], at, failures);
      }
    };
  }
  return eachCheck({
    shape,
    part: member,
    prefix: 'Member must',
    values: (value) => value as unknown[],
  });
}

function entryCheck(shape: MapShape): Check | undefined {
  const keys = eachCheck({
    shape,
    part: shape.key,
    prefix: 'Map keys must',
    values: (value) => Object.keys(value as object),
  });
  const values = eachCheck({
    shape,
    part: shape.value,
    prefix: 'Map value must',
    values: (value) => Object.values(value as object),
  });
  return constraintsOf(shape.key).length === 0 ? values : all([keys, values]);
}

function eachCheck(options: {
  shape: ListShape | MapShape;
  part: Shape;
  prefix: string;
  values: (value: unknown) => readonly unknown[];
}): Check {
  const constraints = constraintsOf(options.part);
  const hidden = isHidden(options.shape);
  const holds = (part: unknown): boolean =>
    constraints.every((constraint) => constraint.holds(part));
  const brokenOf = (broken: readonly Constraint[]): Constraint => {
    const all = (texts: readonly string[]): string =>
      `${options.prefix} satisfy constraint: [${texts.join(', ')}]`;
    const brief = all(broken.map((each) => each.brief ?? each.text));
    return { text: all(broken.map(({ text }) => text)), brief, holds };
  };
  return (value, path, failures) => {
    const parts = options.values(value);
    const hasNull = parts.includes(null);
    if (!hasNull && (constraints.length === 0 || parts.every(holds))) return;
    const broken = brokenOf(hasNull ? [...constraints, mustNotBeNull] : constraints);
    fail(hidden ? '' : `'${print(value)}' `, path, broken, failures);
  };
}

function fail(shown: string, path: string, constraint: Constraint, failures: Failure[]): void {
  if (failures.length < failureLimit) failures.push({ shown, path, constraint });
}

/** AWS prints no bytes; we print nothing that is or may hold a secret. */
function isHidden(shape: Shape): boolean {
  if (shape.sensitive === true || shape.type === 'blob' || shape.type === 'structure') return true;
  if (shape.type === 'list') return isHidden(shape.member);
  return shape.type === 'map' && (isHidden(shape.key) || isHidden(shape.value));
}

/** As Java prints it: `[a, b]`, `{k=v}`. */
function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, part]) => `${key}=${print(part)}`);
  return `{${entries.join(', ')}}`;
}
