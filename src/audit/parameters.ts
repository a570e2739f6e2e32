/**
 * Writes a call's input or output into its record, as the model says: member names with a
 * lower-case first letter, dates as text, and nothing that is secret. A shape is compiled once to a
 * function that concatenates text.
 */
import type { MapShape, Shape, StructureShape } from '../model/schema.ts';
import { memberDate, membersText } from './record-text.ts';

/**
 * The JSON text of a value; noted members stand for those of the same name, undefined ones leave
 * them out.
 */
export type StructureWriter = (
  value: unknown,
  noted: Readonly<Record<string, unknown>> | undefined,
) => string;

type Writer = (value: never) => string;

/**
 * Members that are left out although the model doesn't mark them: who has the text can use it as a
 * token. All blobs and all that the model marks as sensitive are left out anyway.
 */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  'GrantToken',
  'GrantTokens',
  'ImportToken',
  'SessionToken',
  'TokenCode',
  'SecretAccessKey',
  'WebIdentityToken',
  'SAMLAssertion',
  'TradeInToken',
]);

/**
 * What writes a structure; one without members that may be written, or none at all, is written as
 * `null`.
 */
export function compileStructure(shape: StructureShape | undefined): StructureWriter {
  const members = shape === undefined ? [] : compileMembers(shape, new Map());
  return (value, noted) => {
    const modelled = value === undefined ? '' : memberTexts(members, value as never, noted);
    const added = noted === undefined ? '' : membersText(noted);
    const between = modelled !== '' && added !== '' ? ',' : '';
    const json = modelled + between + added;
    return json === '' ? 'null' : `{${json}}`;
  };
}

interface Member {
  readonly name: string;
  /** As in the record. */
  readonly lowerName: string;
  /** `"keyId":` */
  readonly label: string;
  readonly write: Writer;
}

type Known = Map<Shape, Writer | undefined>;

function compileMembers(shape: StructureShape, known: Known): Member[] {
  const members: Member[] = [];
  for (const [name, member] of Object.entries(shape.members)) {
    const write = SECRET_MEMBERS.has(name) ? undefined : compile(member, known);
    // `ARN` stands as `arn`, as Secrets Manager records it since 2024.
    const lowerName = name === 'ARN' ? 'arn' : name.charAt(0).toLowerCase() + name.slice(1);
    if (write !== undefined) members.push({ name, lowerName, label: `"${lowerName}":`, write });
  }
  return members;
}

function memberTexts(
  members: readonly Member[],
  value: Readonly<Record<string, never>>,
  noted?: Readonly<Record<string, unknown>>,
): string {
  let json = '';
  for (const member of members) {
    const part = value[member.name];
    if (part === undefined || part === null) continue;
    if (noted !== undefined && Object.hasOwn(noted, member.lowerName)) continue;
    json += json === '' ? member.label : `,${member.label}`;
    json += member.write(part);
  }
  return json;
}

/** Undefined for what is never written. */
function compile(shape: Shape, known: Known): Writer | undefined {
  if (shape.sensitive === true) return undefined;
  switch (shape.type) {
    case 'blob':
      return undefined;
    case 'string':
    case 'document':
      return JSON.stringify as Writer;
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return ((number: number) => (Number.isFinite(number) ? String(number) : 'null')) as Writer;
    case 'boolean':
      return String as Writer;
    case 'timestamp':
      return ((ms: number) => `"${memberDate(ms)}"`) as Writer;
    case 'list':
      return compileList(compile(shape.member, known));
    case 'map':
      return compileMap(shape, known);
    case 'structure':
      return compileNested(shape, known);
  }
}

function compileList(item: Writer | undefined): Writer | undefined {
  if (item === undefined) return undefined;
  return ((items: readonly never[]) => `[${items.map((part) => item(part)).join(',')}]`) as Writer;
}

function compileMap(shape: MapShape, known: Known): Writer | undefined {
  const write = compile(shape.value, known);
  if (write === undefined || shape.key.sensitive === true) return undefined;
  if (shape.value.type === 'string') return JSON.stringify as Writer;
  return ((map: Readonly<Record<string, never>>) => {
    const parts = Object.keys(map).map((key) => `${JSON.stringify(key)}:${write(map[key]!)}`);
    return `{${parts.join(',')}}`;
  }) as Writer;
}

function compileNested(shape: StructureShape, known: Known): Writer | undefined {
  if (known.has(shape)) return known.get(shape);
  let members: readonly Member[] = [];
  const write = ((value: Readonly<Record<string, never>>) =>
    `{${memberTexts(members, value)}}`) as Writer;
  // Known before its members are: a shape may contain itself.
  known.set(shape, write);
  members = compileMembers(shape, known);
  if (members.length > 0 || Object.keys(shape.members).length === 0) return write;
  known.set(shape, undefined);
  return undefined;
}
