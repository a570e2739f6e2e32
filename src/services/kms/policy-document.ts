/**
 * Key policy documents: how they print, what makes one well formed, and whether it would lock its
 * owner out. Pure. They are evaluated elsewhere.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html)
 */
import {
  policyArnInvalid,
  policyLocksOut,
  policyNotJson,
  policyOverlyPermissive,
  policyPrincipalsInvalid,
  policySyntax,
  policyTooLong,
} from './errors.ts';

/** https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html */
export const policyLimitBytes = 32_768;

/** The policy of keys that are created without one. */
export function defaultPolicy(owner: { account: string; partition: string }): string {
  return printPolicy({
    Version: '2012-10-17',
    Id: 'key-default-1',
    Statement: [
      {
        Sid: 'Enable IAM User Permissions',
        Effect: 'Allow',
        Principal: { AWS: `arn:${owner.partition}:iam::${owner.account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
    ],
  });
}

/**
 * Prints JSON as AWS prints policies: two spaces, a space before each colon, arrays on the line
 * they begin.
 */
export function printPolicy(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return '[ ]';
    return `[ ${value.map((item) => printPolicy(item, indent)).join(', ')} ]`;
  }
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)} : ${printPolicy(member, inner)}`,
  );
  return members.length === 0 ? '{ }' : `{\n${members.join(',\n')}\n${indent}}`;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type JsonObject = { readonly [name: string]: Json };

interface Statement {
  readonly allows: boolean;
  /** Principals of type AWS. `not`: everyone but them. */
  readonly principals: { readonly not: boolean; readonly aws: readonly string[] };
  readonly actions: { readonly not: boolean; readonly patterns: readonly string[] };
  readonly resources: { readonly not: boolean; readonly patterns: readonly string[] };
  readonly isConditional: boolean;
}

export interface PolicyCheck {
  readonly account: string;
  readonly partition: string;
  readonly callerArn: string;
  readonly keyArn: string;
  /** BypassPolicyLockoutSafetyCheck. */
  readonly bypassLockoutCheck: boolean;
}

/**
 * Checks a policy that a caller wants to set and returns it as it will be shown.
 * @throws ApiError MalformedPolicyDocumentException, InvalidArnException or LimitExceededException.
 */
export function checkedPolicy(text: string, check: PolicyCheck): string {
  if (Buffer.byteLength(text) > policyLimitBytes) throw policyTooLong(policyLimitBytes);
  const document = parseDocument(text);
  const statements = readStatements(document);
  if (!check.bypassLockoutCheck && !keepsControl(statements, check)) throw policyLocksOut();
  return printPolicy(document);
}

function parseDocument(text: string): JsonObject {
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw policyNotJson();
  }
  if (!isObject(parsed)) throw policyNotJson();
  return parsed;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const documentMembers = new Set(['Version', 'Id', 'Statement']);
const versions = new Set<Json>(['2012-10-17', '2008-10-17']);

function readStatements(document: JsonObject): readonly Statement[] {
  for (const member of Object.keys(document))
    if (!documentMembers.has(member)) throw policySyntax(`unknown element ${member}`);
  const { Version, Id, Statement } = document;
  if (Version !== undefined && !versions.has(Version)) throw policySyntax('Version is not valid');
  if (Id !== undefined && typeof Id !== 'string') throw policySyntax('Id is not a string');
  if (Statement === undefined) throw policySyntax('Statement is missing');
  const list = Array.isArray(Statement) ? Statement : [Statement];
  if (list.length === 0) throw policySyntax('Statement is empty');
  return list.map(readStatement);
}

const statementMembers = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

function readStatement(statement: Json): Statement {
  if (!isObject(statement)) throw policySyntax('a statement is not an object');
  for (const member of Object.keys(statement))
    if (!statementMembers.has(member)) throw policySyntax(`unknown element ${member}`);
  const { Sid, Effect, Condition } = statement;
  if (Sid !== undefined && typeof Sid !== 'string') throw policySyntax('Sid is not a string');
  if (Effect !== 'Allow' && Effect !== 'Deny') throw policySyntax('Effect is not Allow or Deny');
  if (Condition !== undefined) checkCondition(Condition);
  return {
    allows: Effect === 'Allow',
    principals: readPrincipals(statement),
    actions: readPatterns(statement, 'Action'),
    resources: readPatterns(statement, 'Resource'),
    isConditional: isObject(Condition) && Object.keys(Condition).length > 0,
  };
}

/** Missing Action or Resource is accepted, as AWS does; such a statement matches nothing. */
function readPatterns(statement: JsonObject, member: 'Action' | 'Resource') {
  const [plain, negated] = [statement[member], statement[`Not${member}`]];
  if (plain !== undefined && negated !== undefined)
    throw policySyntax(`${member} and Not${member} in one statement`);
  if (negated !== undefined) return { not: true, patterns: strings(negated, `Not${member}`) };
  return { not: false, patterns: plain === undefined ? [] : strings(plain, member) };
}

function strings(value: Json, what: string): readonly string[] {
  const list: readonly Json[] = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item !== 'string') throw policySyntax(`${what} is not a string or list of strings`);
    return item;
  });
}

/**
 * Condition keys with one value in a request, for which ForAllValues is true when the request has
 * none.
 */
const singleValued = /^(kms:EncryptionContext:|aws:RequestTag\/)/i;

function checkCondition(condition: Json): void {
  if (!isObject(condition)) throw policySyntax('Condition is not an object');
  for (const [operator, keys] of Object.entries(condition)) {
    if (!isObject(keys)) throw policySyntax(`condition ${operator} is not an object`);
    for (const [key, values] of Object.entries(keys)) {
      if (operator.startsWith('ForAllValues:') && singleValued.test(key))
        throw policyOverlyPermissive();
      for (const value of Array.isArray(values) ? values : [values])
        if (value === null || typeof value === 'object')
          throw policySyntax(`condition value of ${key} is not a scalar`);
    }
  }
}

const principalTypes = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);

function readPrincipals(statement: JsonObject): Statement['principals'] {
  const { Principal, NotPrincipal } = statement;
  if ((Principal === undefined) === (NotPrincipal === undefined)) throw policyPrincipalsInvalid();
  const not = NotPrincipal !== undefined;
  const value = not ? NotPrincipal : Principal;
  if (value === '*') return { not, aws: ['*'] };
  if (!isObject(value) || Object.keys(value).length === 0) throw policyPrincipalsInvalid();
  const aws: string[] = [];
  for (const [type, names] of Object.entries(value)) {
    if (!principalTypes.has(type)) throw policyPrincipalsInvalid();
    const list: readonly Json[] = Array.isArray(names) ? names : [names];
    if (list.length === 0) throw policyPrincipalsInvalid();
    for (const name of list) {
      checkPrincipal(type, name);
      if (type === 'AWS') aws.push(String(name));
    }
  }
  return { not, aws };
}

const iamArn = /^arn:[a-z0-9-]+:iam::\d{12}:(root|user\/.+|role\/.+)$/;
const sessionArn = /^arn:[a-z0-9-]+:sts::\d{12}:(assumed-role\/[^/]+\/[^/]+|federated-user\/.+)$/;
const uniqueId = /^(AIDA|AROA)[A-Z0-9]{12,}$/;

/**
 * IAM groups and malformed ARNs are ARN errors, everything else that is no principal is a principal
 * error.
 */
function checkPrincipal(type: string, name: Json): void {
  if (typeof name !== 'string' || name === '') throw policyPrincipalsInvalid();
  if (type !== 'AWS') return;
  if (name === '*' || /^\d{12}$/.test(name) || uniqueId.test(name)) return;
  if (!name.startsWith('arn:')) throw policyPrincipalsInvalid();
  if (!iamArn.test(name) && !sessionArn.test(name)) throw policyArnInvalid();
}

/**
 * Whether the account's root or the caller may still call PutKeyPolicy. Conditions aren't evaluated
 * here: an Allow with one doesn't count, a Deny with one doesn't either.
 */
function keepsControl(statements: readonly Statement[], check: PolicyCheck): boolean {
  const relevant = statements.filter(
    (statement) =>
      !statement.isConditional &&
      matchesSet(statement.actions, 'kms:putkeypolicy') &&
      matchesSet(statement.resources, check.keyArn.toLowerCase()) &&
      namesOwner(statement.principals, check),
  );
  return relevant.some(({ allows }) => allows) && !relevant.some(({ allows }) => !allows);
}

function matchesSet(set: Statement['actions'], value: string): boolean {
  if (set.patterns.length === 0) return false;
  return set.not !== set.patterns.some((pattern) => matchesWildcard(pattern.toLowerCase(), value));
}

function namesOwner({ not, aws }: Statement['principals'], check: PolicyCheck): boolean {
  const own = new Set([
    '*',
    check.account,
    `arn:${check.partition}:iam::${check.account}:root`,
    check.callerArn,
  ]);
  return not !== aws.some((name) => own.has(name));
}

/**
 * `*` any text, `?` any one character. Linear in practice: one remembered `*`, no regular
 * expression.
 */
function matchesWildcard(pattern: string, value: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < value.length) {
    if (from < pattern.length && (pattern[from] === '?' || pattern[from] === value[at])) {
      at++;
      from++;
    } else if (pattern[from] === '*') {
      star = from++;
      mark = at;
    } else if (star >= 0) {
      from = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[from] === '*') from++;
  return from === pattern.length;
}
