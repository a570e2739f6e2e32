/**
 * Reads a policy document of any type, strictly: what isn't understood in full is refused, never
 * skipped (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
 */
import { type ActionFault, type ActionPattern, compileAction } from './action.ts';
import { compileResource, type ResourcePattern } from './arn.ts';
import { type Condition, compileCondition, isOperator } from './condition.ts';
import { type JsonNode, type JsonObject, parseJson } from './json.ts';
import type { Element, Policy, PolicyVersion, Position, Statement } from './policy.ts';
import { type PrincipalPattern, type PrincipalType, parsePrincipal } from './principal.ts';
import { templateParts } from './variables.ts';

export type { Policy, Position, Statement } from './policy.ts';

export type ParsedPolicy =
  | { readonly kind: 'policy'; readonly policy: Policy }
  | { readonly kind: 'fault'; readonly fault: PolicyFault };

export interface PolicyFault {
  readonly code: FaultCode;
  /** IAM's message of a MalformedPolicyDocument. */
  readonly text: string;
  /** What isn't understood, as it is written. */
  readonly detail?: string;
}

/** In the order in which IAM reports them, wherever in the document they stand. */
const faultCodes = [
  'json',
  'syntax',
  'condition',
  'version',
  'prohibited',
  'principal',
  'effect',
  'date',
  'legacy',
  'sid',
  'no-actions',
  'resources',
  'vendor',
  'actions',
  'no-resources',
] as const;
export type FaultCode = (typeof faultCodes)[number];

export const syntaxErrors = 'Syntax errors in policy.';
export const legacyParsing = 'The policy failed legacy parsing';
const maxStatements = 1_000;

/** Leaves the reading of a document that can't be read on; never leaves this file. */
class Malformed extends Error {
  readonly fault: PolicyFault;

  constructor(fault: PolicyFault) {
    super(fault.text);
    this.fault = fault;
  }
}

/**
 * Structure only: statements without actions or resources, which some services keep and which do
 * nothing, are accepted. What a type of policy demands beyond that is in validate.ts.
 */
export function parsePolicy(text: string): ParsedPolicy {
  const { draft, faults } = readDocument(text);
  const fault = firstFault(faults);
  if (fault !== undefined) return { kind: 'fault', fault };
  if (draft === undefined) throw new Error('A document without faults has a policy.');
  return { kind: 'policy', policy: draft };
}

export function firstFault(faults: readonly PolicyFault[]): PolicyFault | undefined {
  const rank = ({ code }: PolicyFault): number => faultCodes.indexOf(code);
  return faults.toSorted((a, b) => rank(a) - rank(b))[0];
}

export interface ReadDocument {
  /** Not to be decided by where there are faults. undefined: it couldn't be read to its end. */
  readonly draft: Policy | undefined;
  readonly faults: PolicyFault[];
}

export function readDocument(text: string): ReadDocument {
  const root = parseJson(text);
  if (root.kind === 'fault')
    return {
      draft: undefined,
      faults: [{ code: 'json', text: syntaxErrors, detail: root.reason }],
    };
  const faults: PolicyFault[] = [];
  try {
    return { draft: readPolicy(root, text, faults), faults };
  } catch (error) {
    if (error instanceof Malformed) return { draft: undefined, faults: [...faults, error.fault] };
    throw error;
  }
}

function refuse(code: FaultCode, detail: string): never {
  throw new Malformed({ code, text: syntaxErrors, detail });
}

function readPolicy(root: JsonNode, text: string, faults: PolicyFault[]): Policy {
  const members = membersOf(root, ['Version', 'Id', 'Statement']);
  const version = readVersion(members.get('Version'));
  const id = readString(members.get('Id'), 'Id');
  const written = members.get('Statement') ?? refuse('syntax', 'Statement is missing');
  const nodes = written.kind === 'array' ? written.items : [written];
  if (nodes.length > maxStatements) refuse('syntax', 'too many statements');
  const place = { variables: version === '2012-10-17', positionAt: positions(text), faults };
  const statements = nodes.map((node, index) => readStatement(node, index, place));
  return Object.freeze({
    version,
    id,
    statements: Object.freeze(statements),
    allows: Object.freeze(statements.filter(({ effect }) => effect === 'Allow')),
    denies: Object.freeze(statements.filter(({ effect }) => effect === 'Deny')),
  });
}

/** Offsets must be asked in ascending order: then all of them cost one walk over the text. */
function positions(text: string): (offset: number) => Position {
  let line = 1;
  let lineStart = 0;
  return (offset) => {
    for (;;) {
      const end = text.indexOf('\n', lineStart);
      if (end < 0 || end >= offset) break;
      line++;
      lineStart = end + 1;
    }
    return Object.freeze({ line, column: offset - lineStart + 1 });
  };
}

function membersOf(node: JsonNode, allowed: readonly string[]): JsonObject['members'] {
  if (node.kind !== 'object') return refuse('syntax', 'an object is missing');
  for (const name of node.members.keys())
    if (!allowed.includes(name)) refuse('syntax', `unknown element ${name}`);
  return node.members;
}

function readVersion(node: JsonNode | undefined): PolicyVersion {
  if (node === undefined) return '2008-10-17';
  const value = node.kind === 'string' ? node.value : '';
  if (value === '2012-10-17' || value === '2008-10-17') return value;
  return refuse('syntax', `Version ${value}`);
}

function readString(node: JsonNode | undefined, name: string): string | undefined {
  if (node === undefined) return undefined;
  return node.kind === 'string' ? node.value : refuse('syntax', `${name} is no string`);
}

interface Place {
  readonly variables: boolean;
  readonly positionAt: (offset: number) => Position;
  /** Where faults are noted after which the rest can still be read. */
  readonly faults: PolicyFault[];
}

/** What a statement is compiled by. */
interface Rules extends Place {
  readonly isDeny: boolean;
}

const statementElements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function readStatement(node: JsonNode, index: number, place: Place): Statement {
  const members = membersOf(node, statementElements);
  const { start, end } = node as JsonObject;
  const effect = readEffect(members.get('Effect'), place);
  const rules = { ...place, isDeny: effect === 'Deny' };
  return Object.freeze({
    index,
    sid: readString(members.get('Sid'), 'Sid'),
    effect,
    principals: readElement(members, 'Principal', rules, readPrincipals),
    actions: readElement(members, 'Action', rules, readActions),
    resources: readElement(members, 'Resource', rules, readResources),
    conditions: Object.freeze(readConditions(members.get('Condition'), rules)),
    start: place.positionAt(start),
    end: place.positionAt(end),
  });
}

function readEffect(node: JsonNode | undefined, { faults }: Place): 'Allow' | 'Deny' {
  const value = readString(node, 'Effect') ?? refuse('syntax', 'Effect is missing');
  if (value === 'Allow' || value === 'Deny') return value;
  // IAM's first parser takes other cases; the one behind it doesn't.
  if (!/^(allow|deny)$/i.test(value)) return refuse('syntax', `Effect ${value}`);
  faults.push({ code: 'effect', text: legacyParsing, detail: value });
  return 'Deny';
}

type Read<T> = (node: JsonNode, rules: Rules & { readonly not: boolean }) => T[];

function readElement<T>(
  members: JsonObject['members'],
  name: string,
  rules: Rules,
  read: Read<T>,
): Element<T> | undefined {
  const positive = members.get(name);
  const negative = members.get(`Not${name}`);
  if (positive !== undefined && negative !== undefined)
    refuse('syntax', `${name} beside Not${name}`);
  const node = positive ?? negative;
  if (node === undefined) return undefined;
  const not = negative !== undefined;
  const patterns = read(node, { ...rules, not }).map((pattern) => Object.freeze(pattern));
  return Object.freeze({ not, patterns: Object.freeze(patterns) });
}

function stringsOf(node: JsonNode, name: string): readonly string[] {
  const nodes = node.kind === 'array' ? node.items : [node];
  return nodes.map((item) => readString(item, name) as string);
}

const principalTypes: readonly PrincipalType[] = ['AWS', 'Service', 'Federated'];

const readPrincipals: Read<PrincipalPattern> = (node, { not, isDeny, faults }) => {
  const invalid = (detail: string): void => {
    faults.push({ code: 'principal', text: `Invalid principal in policy: ${detail}`, detail });
  };
  if (not && !isDeny) invalid('NotPrincipal with Allow');
  const named = principalsOf(node);
  if (named.length === 0) invalid('nobody');
  return named.flatMap(({ type, text }) => {
    const known = principalTypes.find((name) => name === type);
    const pattern = known && parsePrincipal(known, text);
    if (pattern !== undefined && !(not && pattern.kind === 'everyone')) return [pattern];
    invalid(`"${type}":"${text}"`);
    return [];
  });
};

function principalsOf(node: JsonNode): { type: string; text: string }[] {
  if (node.kind === 'string') return [{ type: node.value === '*' ? 'AWS' : '', text: node.value }];
  if (node.kind !== 'object') return refuse('syntax', 'Principal is no object');
  return [...node.members].flatMap(([type, written]) =>
    stringsOf(written, 'Principal').map((text) => ({ type, text })),
  );
}

const actionFaults: Readonly<Record<ActionFault, (text: string) => PolicyFault>> = {
  'no vendor': (detail) => ({
    code: 'vendor',
    text: 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    detail,
  }),
  'two colons': (detail) => ({
    code: 'actions',
    text: 'Actions/Condition can contain only one colon.',
    detail,
  }),
  'bad vendor': (detail) => ({
    code: 'vendor',
    text: `Vendor ${detail.slice(0, detail.indexOf(':'))} is not valid`,
    detail,
  }),
};

/** Stands where something faulty stood, so that it doesn't look missing. */
const nothing = { matches: () => false };

const readActions: Read<ActionPattern> = (node, { faults }) =>
  stringsOf(node, 'Action').map((text) => {
    const pattern = compileAction(text);
    if (typeof pattern !== 'string') return pattern;
    faults.push(actionFaults[pattern](text));
    return { text, ...nothing };
  });

const readResources: Read<ResourcePattern> = (node, { variables, isDeny, not, faults }) =>
  stringsOf(node, 'Resource').map((text) => {
    const parts = templateParts(text, { variables, wildcards: true });
    // What AWS leaves open is read against the caller.
    if (parts !== undefined)
      return compileResource(text, parts, isDeny !== not ? 'wide' : 'narrow');
    faults.push({ code: 'legacy', text: legacyParsing, detail: text });
    return { text, ...nothing };
  });

function readConditions(node: JsonNode | undefined, rules: Rules): Condition[] {
  if (node === undefined) return [];
  if (node.kind !== 'object') return refuse('syntax', 'Condition is no object');
  return [...node.members].flatMap(([operator, keys]) => {
    if (keys.kind !== 'object') return refuse('syntax', `${operator} is no object`);
    if (!isOperator(operator) && keys.members.size > 0)
      return refuse('condition', `operator ${operator}`);
    return [...keys.members].flatMap(([name, written]) => {
      const condition = compileCondition({ operator, name, values: scalarsOf(written) }, rules);
      if (typeof condition !== 'string') return [condition];
      const text = condition === 'date' ? legacyParsing : syntaxErrors;
      const code = condition === 'date' ? 'date' : 'condition';
      rules.faults.push({ code, text, detail: `${operator} ${name}` });
      return [];
    });
  });
}

function scalarsOf(node: JsonNode): readonly string[] {
  const nodes = node.kind === 'array' ? node.items : [node];
  return nodes.map((item) => {
    if (item.kind === 'string' || item.kind === 'number') return item.value;
    if (item.kind === 'boolean') return `${item.value}`;
    return refuse('syntax', 'a value is no scalar');
  });
}
