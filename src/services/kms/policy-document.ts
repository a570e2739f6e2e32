/**
 * Key policy documents: how they print and what makes one well formed. Pure.
 * (https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html)
 */
import { parsePolicy } from '../../policy/document.ts';
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

export interface PolicyCheck {
  /** BypassPolicyLockoutSafetyCheck. */
  readonly bypassLockoutCheck: boolean;
  /** Whether the account would keep control of the key under this policy. */
  readonly keepsControl: (policy: string) => boolean;
}

/**
 * Checks a policy that a caller wants to set and returns it as it will be shown.
 * @throws ApiError MalformedPolicyDocumentException, InvalidArnException or LimitExceededException.
 */
export function checkedPolicy(text: string, check: PolicyCheck): string {
  if (Buffer.byteLength(text) > policyLimitBytes) throw policyTooLong(policyLimitBytes);
  const document = parseDocument(text);
  checkStatements(document);
  const parsed = parsePolicy(text);
  if (parsed.kind === 'fault') throw policySyntax(parsed.fault.text);
  const policy = printPolicy(document);
  if (!check.bypassLockoutCheck && !check.keepsControl(policy)) throw policyLocksOut();
  return policy;
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

function checkStatements(document: JsonObject): void {
  for (const member of Object.keys(document))
    if (!documentMembers.has(member)) throw policySyntax(`unknown element ${member}`);
  const { Version, Id, Statement } = document;
  if (Version !== undefined && !versions.has(Version)) throw policySyntax('Version is not valid');
  if (Id !== undefined && typeof Id !== 'string') throw policySyntax('Id is not a string');
  if (Statement === undefined) throw policySyntax('Statement is missing');
  const list = Array.isArray(Statement) ? Statement : [Statement];
  if (list.length === 0) throw policySyntax('Statement is empty');
  for (const statement of list) checkStatement(statement);
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

function checkStatement(statement: Json): void {
  if (!isObject(statement)) throw policySyntax('a statement is not an object');
  for (const member of Object.keys(statement))
    if (!statementMembers.has(member)) throw policySyntax(`unknown element ${member}`);
  const { Sid, Effect, Condition } = statement;
  if (Sid !== undefined && typeof Sid !== 'string') throw policySyntax('Sid is not a string');
  if (Effect !== 'Allow' && Effect !== 'Deny') throw policySyntax('Effect is not Allow or Deny');
  if (Condition !== undefined) checkCondition(Condition);
  checkPrincipals(statement);
  checkPatterns(statement, 'Action');
  checkPatterns(statement, 'Resource');
}

/** Missing Action or Resource is accepted, as AWS does; such a statement matches nothing. */
function checkPatterns(statement: JsonObject, member: 'Action' | 'Resource'): void {
  const [plain, negated] = [statement[member], statement[`Not${member}`]];
  if (plain !== undefined && negated !== undefined)
    throw policySyntax(`${member} and Not${member} in one statement`);
  if (negated !== undefined) checkStrings(negated, `Not${member}`);
  if (plain !== undefined) checkStrings(plain, member);
}

function checkStrings(value: Json, what: string): void {
  for (const item of Array.isArray(value) ? value : [value])
    if (typeof item !== 'string') throw policySyntax(`${what} is not a string or list of strings`);
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

function checkPrincipals(statement: JsonObject): void {
  const { Principal, NotPrincipal } = statement;
  if ((Principal === undefined) === (NotPrincipal === undefined)) throw policyPrincipalsInvalid();
  const value = Principal ?? NotPrincipal;
  if (value === '*') return;
  if (!isObject(value) || Object.keys(value).length === 0) throw policyPrincipalsInvalid();
  for (const [type, names] of Object.entries(value)) {
    if (!principalTypes.has(type)) throw policyPrincipalsInvalid();
    const list: readonly Json[] = Array.isArray(names) ? names : [names];
    if (list.length === 0) throw policyPrincipalsInvalid();
    for (const name of list) checkPrincipal(type, name);
  }
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

/** The users and roles that a checked policy names by ARN, each once. */
export function namedPrincipals(policy: string): readonly string[] {
  const { Statement = [] } = JSON.parse(policy) as JsonObject;
  const named = new Set<string>();
  for (const statement of Array.isArray(Statement) ? Statement : [Statement]) {
    const { Principal, NotPrincipal } = statement as JsonObject;
    const value = Principal ?? NotPrincipal;
    const names = isObject(value) ? (value.AWS ?? []) : [];
    for (const name of Array.isArray(names) ? names : [names])
      if (userOrRole.test(String(name))) named.add(String(name));
  }
  return [...named];
}

const userOrRole = /^arn:[a-z0-9-]+:iam::\d{12}:(user|role)\/.+$/;
