/** DescribeParameters and GetParametersByPath. */
import type {
  DescribeParametersRequest,
  DescribeParametersResult,
  GetParametersByPathRequest,
  GetParametersByPathResult,
  ParameterStringFilter,
  Parameter as ShownParameter,
  SsmModel,
} from '../../model/ssm.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import { type SsmContext, tokenCursor } from './context.ts';
import { bothKindsOfFilters } from './errors.ts';
import {
  legacyQueryOf,
  type Query,
  queryOf,
  type VersionQuery,
  versionQueryOf,
} from './filters.ts';
import { circumstances, ownerOf } from './finder.ts';
import type { Parameter, Version } from './parameter.ts';
import { parameterArn, parseHierarchy } from './parameter-name.ts';
import { type ParameterEntry, sharedPrefix } from './records.ts';
import { beginning, type Cursor, scanParameters } from './scan.ts';
import { shownMetadata, shownParameter, versionOf } from './show.ts';

const describePage = 50;
const pathPage = 10;

export function listOperations(ssm: SsmContext) {
  return {
    DescribeParameters: {
      readOnly: true,
      find: (_input, call): Found<undefined> => {
        const { partition, account, region } = ownerOf(call);
        return {
          resource: { arn: `arn:${partition}:ssm:${region}:${account}:*`, account },
          subject: undefined,
        };
      },
      run: (input, call) =>
        input.Shared === true ? describeShared(ssm, input, call) : describe(ssm, input, call),
    },
    GetParametersByPath: {
      readOnly: true,
      /** The path alone is decided on, as AWS does: who may list it gets all that is below. */
      find: (input, call): Found<string> => {
        const path = parseHierarchy(input.Path);
        const owner = ownerOf(call);
        return {
          resource: { arn: parameterArn(owner, path), account: owner.account },
          subject: path,
          ...circumstances(input, undefined, 'path'),
        };
      },
      run: (input, call, path: string) => byPath(ssm, input, call, path),
    },
  } satisfies Operations<SsmModel, 'DescribeParameters' | 'GetParametersByPath'>;
}

/** What makes a list what it is; its tokens are good for no other. */
function listOf(call: Call, asked: readonly unknown[]): readonly unknown[] {
  const { account, region } = ownerOf(call);
  return [call.operation, account, region, ...asked];
}

const listOfDescribe = (call: Call, input: DescribeParametersRequest): readonly unknown[] =>
  listOf(call, [
    input.Shared === true,
    (input.Filters ?? []).map(({ Key, Values }) => [Key, Values]),
    listOfFilters(input.ParameterFilters),
  ]);

const listOfFilters = (filters: readonly ParameterStringFilter[] = []): readonly unknown[] =>
  filters.map(({ Key, Option, Values }) => [Key, Option ?? null, Values ?? null]);

function cursorOf(ssm: SsmContext, list: readonly unknown[], token: string | undefined): Cursor {
  if (token === undefined) return beginning;
  const [range, after] = tokenCursor(ssm, list, token);
  return { range: Number(range), after: typeof after === 'string' ? after : undefined };
}

const tokenOf = (ssm: SsmContext, list: readonly unknown[], next: Cursor | undefined) =>
  next === undefined ? {} : { NextToken: ssm.tokens.seal(list, [next.range, next.after ?? null]) };

function queryOfDescribe({ Filters, ParameterFilters }: DescribeParametersRequest): Query {
  const isLegacy = Filters !== undefined && Filters.length > 0;
  if (isLegacy && ParameterFilters !== undefined && ParameterFilters.length > 0)
    throw bothKindsOfFilters();
  return isLegacy ? legacyQueryOf(Filters) : queryOf(ParameterFilters ?? []);
}

async function describe(
  ssm: SsmContext,
  input: DescribeParametersRequest,
  call: Call,
): Promise<DescribeParametersResult> {
  const query = queryOfDescribe(input);
  const list = listOfDescribe(call, input);
  const { entries, next } = await scanParameters(ssm.records, {
    ...query,
    owner: ownerOf(call),
    cursor: cursorOf(ssm, list, input.NextToken),
    limit: input.MaxResults ?? describePage,
  });
  return {
    Parameters: entries.map(({ value }) => shownMetadata(value)),
    ...tokenOf(ssm, list, next),
  };
}

/** The parameters of other accounts that are shared with the caller's, by owner and name. */
async function describeShared(
  ssm: SsmContext,
  input: DescribeParametersRequest,
  call: Call,
): Promise<DescribeParametersResult> {
  const { matches } = queryOfDescribe(input);
  const list = listOfDescribe(call, input);
  const { after } = cursorOf(ssm, list, input.NextToken);
  const page = await ssm.records.parameters.pageBy('shared', {
    key: sharedPrefix(call.principal.account, call.region),
    ...(after === undefined ? {} : { after }),
    limit: input.MaxResults ?? describePage,
  });
  const shown = page.entries.map(({ value }) => value).filter((each) => matches?.(each) !== false);
  const next = page.next === undefined ? undefined : { range: 0, after: page.next };
  return { Parameters: shown.map(shownMetadata), ...tokenOf(ssm, list, next) };
}

async function byPath(
  ssm: SsmContext,
  input: GetParametersByPathRequest,
  call: Call,
  path: string,
): Promise<GetParametersByPathResult> {
  const wanted = versionQueryOf(input.ParameterFilters ?? []);
  const isRecursive = input.Recursive === true;
  const list = listOf(call, [path, isRecursive, listOfFilters(input.ParameterFilters)]);
  const { entries, next } = await scanParameters(ssm.records, {
    owner: ownerOf(call),
    ranges: [
      isRecursive
        ? { kind: 'start', start: path === '' ? '' : `${path}/` }
        : { kind: 'below', path },
    ],
    matches: mayMatch(wanted),
    cursor: cursorOf(ssm, list, input.NextToken),
    limit: input.MaxResults ?? pathPage,
  });
  const Parameters: ShownParameter[] = [];
  for (const entry of entries) {
    const version = await wantedVersion(ssm, entry, wanted);
    if (version === undefined || wanted.matches?.(version) === false) continue;
    const asked = { call, withDecryption: input.WithDecryption };
    Parameters.push(await shownParameter(entry.value, version, asked));
  }
  return { Parameters, ...tokenOf(ssm, list, next) };
}

/** What can be told from the parameter alone, before a version of it is read. */
function mayMatch({
  labels,
  matches,
}: VersionQuery): ((parameter: Parameter) => boolean) | undefined {
  if (labels !== undefined) return (parameter) => latestLabelled(parameter, labels) !== undefined;
  return matches === undefined ? undefined : ({ current }) => matches(current);
}

function latestLabelled({ labels }: Parameter, names: readonly string[]): number | undefined {
  const versions = labels.filter(({ name }) => names.includes(name)).map(({ version }) => version);
  return versions.length === 0 ? undefined : Math.max(...versions);
}

async function wantedVersion(
  ssm: SsmContext,
  entry: ParameterEntry,
  { labels }: VersionQuery,
): Promise<Version | undefined> {
  if (labels === undefined) return entry.value.current;
  const number = latestLabelled(entry.value, labels);
  return number === undefined ? undefined : versionOf(ssm, entry, number);
}
