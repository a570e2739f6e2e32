/**
 * Reads a policy document of any type, strictly: what isn't understood in full is refused, never
 * skipped (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
 */
import { compileAction } from './action.ts';
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
  readonly code:
    | 'json'
    | 'syntax'
    | 'version'
    | 'effect'
    | 'principal'
    | 'actions'
    | 'resources'
    | 'vendor'
    | 'condition'
    | 'date'
    | 'sid';
  /** IAM's message of a MalformedPolicyDocument. */
  readonly text: string;
  /** What isn't understood, as it is written. */
  readonly detail?: string;
}

export const syntaxErrors = 'Syntax errors in policy.';
export const legacyParsing = 'The policy failed legacy parsing';
const maxStatements = 1_000;

/** Leaves the reading of a document; never leaves this file. */
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
  const root = parseJson(text);
  if (root.kind === 'fault')
    return { kind: 'fault', fault: { code: 'json', text: syntaxErrors, detail: root.reason } };
  try {
    return { kind: 'policy', policy: readPolicy(root, text) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'fault', fault: error.fault };
    throw error;
  }
}

function refuse(code: PolicyFault['code'], detail: string, text = syntaxErrors): never {
  throw new Malformed({ code, text, detail });
}

function readPolicy(root: JsonNode, text: string): Policy {
  const members = membersOf(root, ['Version', 'Id', 'Statement']);
  const version = readVersion(members.get('Version'));
  const id = readString(members.get('Id'), 'Id');
  const written = members.get('Statement') ?? refuse('syntax', 'Statement is missing');
  const nodes = written.kind === 'array' ? written.items : [written];
  if (nodes.length > maxStatements) refuse('syntax', 'too many statements');
  const positionAt = positions(text);
  const variables = version === '2012-10-17';
  const statements = nodes.map((node, index) =>
    readStatement(node, { index, variables, positionAt }),
  );
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
  return refuse('version', `Version ${value}`);
}

function readString(node: JsonNode | undefined, name: string): string | undefined {
  if (node === undefined) return undefined;
  return node.kind === 'string' ? node.value : refuse('syntax', `${name} is no string`);
}

interface Place {
  readonly index: number;
  readonly variables: boolean;
  readonly positionAt: (offset: number) => Position;
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

function readStatement(node: JsonNode, { index, variables, positionAt }: Place): Statement {
  const members = membersOf(node, statementElements);
  const { start, end } = node as JsonObject;
  const effect = readEffect(members.get('Effect'));
  const isDeny = effect === 'Deny';
  const element = <T>(name: string, read: (node: JsonNode, not: boolean) => T[]) =>
    readElement(members, name, read);
  const principals = element('Principal', readPrincipals);
  if (principals?.not && !isDeny) refuse('principal', 'NotPrincipal with Allow');
  return Object.freeze({
    index,
    sid: readString(members.get('Sid'), 'Sid'),
    effect,
    principals,
    actions: element('Action', readActions),
    resources: element('Resource', (written, not) =>
      // What AWS leaves open is read against the caller.
      readResources(written, { variables, reading: isDeny !== not ? 'wide' : 'narrow' }),
    ),
    conditions: Object.freeze(readConditions(members.get('Condition'), { variables, isDeny })),
    start: positionAt(start),
    end: positionAt(end),
  });
}

function readEffect(node: JsonNode | undefined): 'Allow' | 'Deny' {
  const value = readString(node, 'Effect') ?? refuse('syntax', 'Effect is missing');
  if (value === 'Allow' || value === 'Deny') return value;
  // IAM's own parser takes other cases; the one behind it doesn't.
  const isCased = /^(allow|deny)$/i.test(value);
  return refuse('effect', `Effect ${value}`, isCased ? legacyParsing : syntaxErrors);
}

function readElement<T>(
  members: JsonObject['members'],
  name: string,
  read: (node: JsonNode, not: boolean) => T[],
): Element<T> | undefined {
  const positive = members.get(name);
  const negative = members.get(`Not${name}`);
  if (positive !== undefined && negative !== undefined)
    refuse('syntax', `${name} beside Not${name}`);
  const node = positive ?? negative;
  if (node === undefined) return undefined;
  const not = negative !== undefined;
  const patterns = Object.freeze(read(node, not).map((pattern) => Object.freeze(pattern)));
  return Object.freeze({ not, patterns });
}

function stringsOf(node: JsonNode, name: string): readonly string[] {
  const nodes = node.kind === 'array' ? node.items : [node];
  return nodes.map((item) => readString(item, name) as string);
}

const principalTypes: readonly PrincipalType[] = ['AWS', 'Service', 'Federated'];

function readPrincipals(node: JsonNode, not: boolean): PrincipalPattern[] {
  if (node.kind === 'string')
    return node.value === '*' && !not
      ? [{ kind: 'everyone', text: '*' }]
      : refuse('principal', node.value);
  if (node.kind !== 'object') return refuse('syntax', 'Principal is no object');
  const patterns: PrincipalPattern[] = [];
  for (const [name, written] of node.members) {
    const type = principalTypes.find((known) => known === name);
    if (type === undefined) return refuse('principal', name);
    for (const text of stringsOf(written, 'Principal')) {
      const pattern = parsePrincipal(type, text);
      if (pattern === undefined || (not && pattern.kind === 'everyone'))
        return refuse('principal', `"${name}":"${text}"`);
      patterns.push(pattern);
    }
  }
  return patterns.length === 0 ? refuse('principal', 'nobody is named') : patterns;
}

const noVendor = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';

function readActions(node: JsonNode) {
  return stringsOf(node, 'Action').map((text) => {
    const pattern = compileAction(text);
    if (pattern === 'no vendor') return refuse('vendor', text, noVendor);
    if (pattern === 'two colons')
      return refuse('actions', text, 'Actions/Condition can contain only one colon.');
    if (pattern === 'bad vendor')
      return refuse('vendor', text, `Vendor ${text.slice(0, text.indexOf(':'))} is not valid`);
    return pattern;
  });
}

function readResources(
  node: JsonNode,
  { variables, reading }: { variables: boolean; reading: 'narrow' | 'wide' },
): ResourcePattern[] {
  return stringsOf(node, 'Resource').map((text) => {
    const parts = templateParts(text, { variables, wildcards: true });
    if (parts === undefined) return refuse('resources', text);
    return compileResource(text, parts, reading);
  });
}

function readConditions(
  node: JsonNode | undefined,
  rules: { variables: boolean; isDeny: boolean },
): Condition[] {
  if (node === undefined) return [];
  if (node.kind !== 'object') return refuse('syntax', 'Condition is no object');
  return [...node.members].flatMap(([operator, keys]) => {
    if (keys.kind !== 'object') return refuse('syntax', `${operator} is no object`);
    if (!isOperator(operator) && keys.members.size > 0)
      return refuse('condition', `operator ${operator}`);
    return [...keys.members].map(([name, written]) => {
      const condition = compileCondition({ operator, name, values: scalarsOf(written) }, rules);
      if (condition === 'date') return refuse('date', name, legacyParsing);
      return typeof condition === 'string' ? refuse('condition', `${operator} ${name}`) : condition;
    });
  });
}

function scalarsOf(node: JsonNode): readonly string[] {
  const nodes = node.kind === 'array' ? node.items : [node];
  return nodes.map((item) => {
    if (item.kind === 'string' || item.kind === 'number') return item.value;
    if (item.kind === 'boolean') return `${item.value}`;
    return refuse('condition', 'a value is no scalar');
  });
}
