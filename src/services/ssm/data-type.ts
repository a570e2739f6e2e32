/**
 * Data types: which values they take, for which types and tiers. Pure.
 * (https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-data-types.html)
 * What exactly AWS takes for the newer ones is not known in each case; these rules are the usual
 * ones.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { ParameterType } from '../../model/ssm.generated.ts';

export interface DataType {
  readonly name: string;
  readonly types: readonly ParameterType[];
  readonly needsAdvanced: boolean;
  /** No parameter gets this data type, or loses it, by an update. */
  readonly isFixed: boolean;
  /** Whether a value, or each item of a list, is of the data type. `path`: the parameter's. */
  readonly takes: (value: string, path: string) => boolean;
}

const any: readonly ParameterType[] = ['String', 'StringList', 'SecureString'];
const single: readonly ParameterType[] = ['String', 'SecureString'];

const form =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

type Row = readonly [
  name: string,
  types: readonly ParameterType[],
  takes: DataType['takes'],
  mark?: 'advanced' | 'fixed',
];

// biome-ignore format: a table
const rows: readonly Row[] = [
  ['text',                any,              () => true],
  ['aws:ec2:image',       ['String'],       form(/^ami-[0-9A-Za-z]{8,17}$/), 'fixed'],
  ['aws:ssm:integration', ['SecureString'], (_value, path) => integrationPath.test(path), 'fixed'],
  ['aws:region',          any,              form(/^[a-z]{2,8}(-[a-z]{1,16}){1,3}-\d{1,2}$/)],
  ['aws:account:id',      any,              form(/^\d{12}$/)],
  ['boolean',             any,              form(/^(true|false)$/)],
  ['integer',             any,              form(/^[+-]?\d+$/)],
  ['float',               any,              form(/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/)],
  ['binary',              any,              (value) => isBase64(value)],
  ['hostname',            any,              (value) => isHostname(value)],
  ['email',               any,              (value) => isEmail(value)],
  ['ipv4-address',        any,              (value) => isIPv4(value)],
  ['ipv6-address',        any,              (value) => isIPv6(value) && !value.includes('%')],
  ['url',                 single,           (value) => URL.canParse(value), 'advanced'],
  ['json',                single,           (value) => isJson(value), 'advanced'],
  ['jsonc',               single,           (value) => isJson(withoutComments(value)), 'advanced'],
];

/** Secrets of webhooks lie below one path (Systems Manager, "Creating webhook integrations"). */
const integrationPath = /^d9d01087-[0-9a-f-]{27}\/./;

export const dataTypes: ReadonlyMap<string, DataType> = new Map(
  rows.map(([name, types, takes, mark]) => [
    name,
    { name, types, takes, needsAdvanced: mark === 'advanced', isFixed: mark === 'fixed' },
  ]),
);

const isBase64 = (value: string): boolean =>
  value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value);

/** RFC 1123 section 2.1. */
const isHostname = (value: string): boolean =>
  value.length <= 253 &&
  value
    .replace(/\.$/, '')
    .split('.')
    .every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));

/** As RFC 5321 section 4.1.2 has it, without quoted local parts and addresses in brackets. */
function isEmail(value: string): boolean {
  const at = value.lastIndexOf('@');
  const local = value.slice(0, Math.max(0, at));
  if (local.length === 0 || local.length > 64) return false;
  return (
    local.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/.test(atom)) &&
    isHostname(value.slice(at + 1))
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON with comments and trailing commas, as plain JSON: strings stay as they are. */
function withoutComments(text: string): string {
  const token = /"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/|,(?=\s*[\]}])/g;
  const plain = text.replace(token, (found) => {
    if (found.startsWith('"')) return found;
    return found === ',' ? ',' : ' ';
  });
  // A comment may stand between a comma and the bracket that closes.
  return plain.replace(/"(?:[^"\\]|\\.)*"|,(?=\s*[\]}])/g, (found) => (found === ',' ? '' : found));
}
