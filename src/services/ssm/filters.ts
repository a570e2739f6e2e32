/**
 * Filters of DescribeParameters and GetParametersByPath: what they mean, and where to look for it.
 * Pure. (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html)
 */
import type { ParameterStringFilter, ParametersFilter } from '../../model/ssm.generated.ts';
import {
  commonPath,
  filterKeyInvalid,
  filterOptionInvalid,
  filterRepeated,
  filterValueInvalid,
  filterValuesMissing,
} from './errors.ts';
import type { Parameter, Version } from './parameter.ts';
import { parseHierarchy } from './parameter-name.ts';
import type { Range } from './scan.ts';

/** A filter as it is meant: all members given, all values valid. */
interface Filter {
  readonly key: string;
  readonly option: string;
  /** Undefined: of a tag, any value. */
  readonly values: readonly string[] | undefined;
}

export interface Query {
  readonly ranges: readonly Range[];
  readonly matches: ((parameter: Parameter) => boolean) | undefined;
}

/** Every parameter. */
const everything: readonly Range[] = [{ kind: 'start', start: '' }];

/**
 * What DescribeParameters is asked for.
 * @throws ApiError InvalidFilterKey, InvalidFilterOption, InvalidFilterValue, ValidationException
 */
export function queryOf(filters: readonly ParameterStringFilter[]): Query {
  const read = filters.map((filter) => readFilter(filter, describeKeys));
  refuseRepeated(read);
  return { ranges: rangesOf(read), matches: matchesAll(read) };
}

/** As `queryOf`, of the older kind of filters: names match by their start. */
export function legacyQueryOf(filters: readonly ParametersFilter[]): Query {
  return queryOf(
    filters.map(({ Key, Values }) => ({
      Key,
      Values,
      Option: Key === 'Name' ? 'BeginsWith' : 'Equals',
    })),
  );
}

/** What GetParametersByPath filters by. */
export interface VersionQuery {
  /** Of the versions with one of these labels the latest is meant; undefined: the current one. */
  readonly labels: readonly string[] | undefined;
  readonly matches: ((version: Version) => boolean) | undefined;
}

/** @throws ApiError as `queryOf`. */
export function versionQueryOf(filters: readonly ParameterStringFilter[]): VersionQuery {
  const read = filters.map((filter) => readFilter(filter, pathKeys));
  refuseRepeated(read);
  const others = read.filter(({ key }) => key !== 'Label');
  return {
    labels: read.find(({ key }) => key === 'Label')?.values,
    matches:
      others.length === 0
        ? undefined
        : (version) => others.every((filter) => versionMatches(filter, version)),
  };
}

interface Key {
  readonly options: readonly string[];
  readonly values?: readonly string[];
  readonly check?: (value: string) => void;
}

const exactOrStart: readonly string[] = ['BeginsWith', 'Equals'];
const typeKey: Key = { options: exactOrStart, values: ['String', 'StringList', 'SecureString'] };
const keyIdKey: Key = { options: exactOrStart };

const describeKeys: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['Path', { options: ['Recursive', 'OneLevel'], check: checkPath }],
  ['Name', { options: ['BeginsWith', 'Equals', 'Contains'] }],
  ['Type', typeKey],
  ['KeyId', keyIdKey],
  ['Tier', { options: exactOrStart, values: ['Standard', 'Advanced', 'Intelligent-Tiering'] }],
  ['DataType', { options: exactOrStart }],
]);

const pathKeys: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['Type', typeKey],
  ['KeyId', keyIdKey],
  ['Label', { options: ['Equals'] }],
]);

/** As AWS prints the keys that are valid. */
const printed = (keys: ReadonlyMap<string, Key>): readonly string[] =>
  keys === pathKeys ? ['Type', 'KeyId'] : ['Path', 'Name', 'Type', 'KeyId', 'Tier'];

function checkPath(value: string): void {
  if (/^\/?(aws|ssm)/i.test(value)) throw commonPath();
  parseHierarchy(value);
}

function readFilter(
  { Key: key, Option, Values }: ParameterStringFilter,
  keys: ReadonlyMap<string, Key>,
): Filter {
  if (key.startsWith('tag:') && keys === describeKeys)
    return { key, option: checkedOption(Option, exactOrStart, 'Equals'), values: Values };
  const known = keys.get(key);
  if (known === undefined) throw filterKeyInvalid(key, printed(keys));
  if (Values === undefined) throw filterValuesMissing(key);
  const preset = key === 'Path' ? 'OneLevel' : 'Equals';
  const option = checkedOption(Option, known.options, preset);
  for (const value of Values) {
    const isValid = option === 'BeginsWith' || known.values?.includes(value) !== false;
    if (!isValid) throw filterValueInvalid(value, known.values ?? []);
    known.check?.(value);
  }
  return { key, option, values: Values };
}

function checkedOption(
  option: string | undefined,
  valid: readonly string[],
  preset: string,
): string {
  if (option === undefined) return preset;
  if (!valid.includes(option)) throw filterOptionInvalid(option, valid);
  return option;
}

function refuseRepeated(filters: readonly Filter[]): void {
  const seen = new Set<string>();
  for (const { key } of filters) {
    if (seen.has(key)) throw filterRepeated(key);
    seen.add(key);
  }
}

/** The filter that says where to look; the others only say what to keep. */
function rangesOf(filters: readonly Filter[]): readonly Range[] {
  const of = (key: string, option?: string): readonly string[] | undefined =>
    filters.find((each) => each.key === key && (option ?? each.option) === each.option)?.values;
  const exact = of('Name', 'Equals');
  if (exact !== undefined)
    return sorted(exact.map(withoutSlash), (path) => ({ kind: 'one', path }));
  const direct = of('Path', 'OneLevel');
  if (direct !== undefined)
    return sorted(direct.map(parseHierarchy), (path) => ({ kind: 'below', path }));
  const trees = of('Path', 'Recursive');
  if (trees !== undefined)
    return sorted(outermost(trees.map(parseHierarchy).map(asStart)), (start) => ({
      kind: 'start',
      start,
    }));
  const starts = of('Name', 'BeginsWith');
  if (starts !== undefined)
    return sorted(outermost(starts.map(withoutSlash)), (start) => ({ kind: 'start', start }));
  return everything;
}

const sorted = (texts: readonly string[], range: (text: string) => Range): readonly Range[] =>
  [...new Set(texts)].sort().map(range);

/** Without those that begin with another. */
const outermost = (starts: readonly string[]): readonly string[] =>
  starts.filter((start) => !starts.some((other) => other !== start && start.startsWith(other)));

const withoutSlash = (name: string): string => (name.startsWith('/') ? name.slice(1) : name);
/** What the paths below a path begin with. */
const asStart = (path: string): string => (path === '' ? '' : `${path}/`);

function matchesAll(filters: readonly Filter[]): Query['matches'] {
  if (filters.length === 0) return undefined;
  return (parameter) => filters.every((filter) => matches(filter, parameter));
}

function matches(filter: Filter, parameter: Parameter): boolean {
  const { key, option, values = [] } = filter;
  const { path, tags, current } = parameter;
  if (key === 'Name')
    return values.some((value) =>
      option === 'Contains'
        ? `/${path}`.includes(value)
        : compares(path, { option, value: withoutSlash(value) }),
    );
  if (key === 'Path') return values.some((value) => liesBelow(path, parseHierarchy(value), option));
  if (!key.startsWith('tag:')) return versionMatches(filter, current);
  const tag = tags.find((each) => each.key === key.slice('tag:'.length));
  if (tag === undefined) return false;
  return (
    filter.values === undefined || values.some((value) => compares(tag.value, { option, value }))
  );
}

function versionMatches({ key, option, values = [] }: Filter, version: Version): boolean {
  const member = { Type: version.type, KeyId: version.keyId, Tier: version.tier }[key];
  const text = key === 'DataType' ? version.dataType : member;
  return text !== undefined && values.some((value) => compares(text, { option, value }));
}

const compares = (
  text: string,
  { option, value }: { readonly option: string; readonly value: string },
): boolean => (option === 'BeginsWith' ? text.startsWith(value) : text === value);

function liesBelow(path: string, hierarchy: string, option: string): boolean {
  const start = asStart(hierarchy);
  if (!path.startsWith(start)) return false;
  return option === 'Recursive' || !path.slice(start.length).includes('/');
}
