/** CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions and DeleteFunction. */
import type { FunctionConfiguration, LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { newUuid } from '../../uuid.ts';
import { dropCode, newCode, removeCode } from './code.ts';
import { newSettings, shownConfiguration } from './configuration.ts';
import {
  findFunction,
  findNothing,
  type LambdaContext,
  placeOf,
  requireFunction,
  requireQualified,
  type Subject,
  tagConditions,
} from './context.ts';
import { sealEnvironment, shownEnvironment } from './environment.ts';
import {
  functionExists,
  functionNotFound,
  latestIsPermanent,
  versionHasAliases,
} from './errors.ts';
import { retireGrants } from './grants.ts';
import { type Listed, listed } from './listed.ts';
import { functionArn, isVersion, namedArn, recordArn } from './names.ts';
import { pageOf } from './page.ts';
import {
  everyEntry,
  type FunctionEntry,
  type FunctionRecord,
  functionId,
  placeId,
  type VersionRecord,
  versionId,
} from './records.ts';
import { checkRole } from './role.ts';
import { checkTags } from './tags.ts';
import { publish, publishedVersions } from './versions.ts';

export function functionOperations(context: LambdaContext) {
  const { records } = context;
  return {
    CreateFunction: {
      readOnly: false,
      find: (input, call) =>
        findFunction(context, input, call, { conditions: tagConditions(input.Tags ?? {}) }),
      run: (input, call, subject: Subject) => {
        authorizeTags(call, input.Tags ?? {}, subject);
        return createFunction(context, call, input, subject);
      },
    },
    GetFunction: {
      readOnly: true,
      find: (input, call) => findFunction(context, input, call),
      run: async (_input, call, subject: Subject) => {
        const found = await requireQualified(context, subject);
        const { record } = found;
        const { reservedConcurrency } = record;
        return {
          Configuration: await shown(call, found, subject),
          Code: { RepositoryType: 'S3' },
          ...(Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags }),
          ...(reservedConcurrency === undefined
            ? {}
            : { Concurrency: { ReservedConcurrentExecutions: reservedConcurrency } }),
        };
      },
    },
    GetFunctionConfiguration: {
      readOnly: true,
      find: (input, call) => findFunction(context, input, call),
      run: async (_input, call, subject: Subject) =>
        shown(call, await requireQualified(context, subject), subject),
    },
    ListFunctions: {
      readOnly: true,
      find: findNothing,
      run: async (input, call) => {
        const place = placeOf(call);
        const functions = await everyEntry(records.functions, placeId(place));
        const versions = input.FunctionVersion === 'ALL' ? await everyVersion(context, place) : [];
        const all = functions.flatMap(({ value: record }) => [
          { record, version: record.latest },
          ...versions
            .filter(({ id }) => id.startsWith(`${functionId(record, record.name)}/`))
            .map(({ value: version }) => ({ record, version })),
        ]);
        const nameOf = ({ record, version }: Listed) => `${record.name}:${version.version}`;
        const { items, next } = pageOf(all, input, { list: 'functions', nameOf });
        const isQualified = input.FunctionVersion === 'ALL';
        return { ...next, Functions: await listed(call, items, isQualified) };
      },
    },
    DeleteFunction: {
      readOnly: false,
      find: (input, call) => findFunction(context, input, call),
      run: (_input, call, subject: Subject) => deleteFunction(context, call, subject),
    },
  } satisfies Operations<
    LambdaModel,
    | 'CreateFunction'
    | 'GetFunction'
    | 'GetFunctionConfiguration'
    | 'ListFunctions'
    | 'DeleteFunction'
  >;
}

async function everyVersion(context: LambdaContext, place: { account: string; region: string }) {
  return everyEntry(context.records.versions, placeId(place));
}

async function shown(
  call: Call,
  { record, version, isAlias }: Listed & { readonly isAlias: boolean },
  { named }: Subject,
): Promise<FunctionConfiguration> {
  const environment = await shownEnvironment(call, version.environment, recordArn(record));
  const isQualified = named.qualifier !== undefined;
  const configuration = shownConfiguration(record, version, { environment, isQualified });
  return isAlias ? { ...configuration, FunctionArn: namedArn(named) } : configuration;
}

/** Who may not tag a function can't create one with tags either. */
function authorizeTags(
  call: Call,
  tags: Readonly<Record<string, string>>,
  { named }: Subject,
): void {
  if (Object.keys(tags).length === 0) return;
  const resource = { arn: functionArn(named, named.name), account: named.account };
  call.authorize('lambda:TagResource', resource, { conditions: tagConditions(tags) });
}

async function createFunction(
  context: LambdaContext,
  call: Call,
  input: LambdaModel['CreateFunction']['input'],
  { named, entry }: Subject,
): Promise<FunctionConfiguration> {
  const { records, ports } = context;
  const settings = newSettings(input);
  const tags = checkTags(input.Tags ?? {});
  if (entry !== undefined) throw functionExists(named.name);
  const { role } = settings;
  await checkRole(ports, call, { role, place: named, functionName: named.name });
  const code = newCode(context, call, input.Code);
  const { account, region, partition, name } = named;
  const variables = input.Environment?.Variables ?? {};
  const owner = { arn: functionArn(named, name), role, kmsKeyArn: settings.kmsKeyArn };
  const environment = await sealEnvironment(call, variables, owner);
  const latest: VersionRecord = {
    ...settings,
    version: '$LATEST',
    ...(environment === undefined ? {} : { environment }),
    code: code.facts,
    revisionId: newUuid(call.world),
    modifiedAt: call.now,
  };
  const record: FunctionRecord = {
    ...{ account, region, partition, name, latest, tags },
    lastVersion: 0,
    policies: {},
    invokeConfigs: {},
  };
  const told = environment === undefined ? undefined : { Variables: variables };
  const published = input.Publish === true ? publish(context, record) : undefined;
  const { version, writes } = published ?? { version: latest, writes: [] };
  const stored = published?.record ?? record;
  call.stage(records.functions.insert(functionId(named, name), stored), writes, code.writes);
  return shownConfiguration(record, version, {
    environment: told,
    isQualified: published !== undefined,
  });
}

async function deleteFunction(
  context: LambdaContext,
  call: Call,
  subject: Subject,
): Promise<{ StatusCode: number }> {
  const entry = requireFunction(subject);
  const { qualifier } = subject.named;
  if (qualifier === undefined) await deleteAll(context, call, entry);
  else await deleteVersion(context, call, { entry, subject, qualifier });
  context.ports.functions?.retire(recordArn(entry.value));
  return { StatusCode: 204 };
}

async function deleteAll(context: LambdaContext, call: Call, entry: FunctionEntry): Promise<void> {
  const { records } = context;
  const { value: record } = entry;
  const below = `${functionId(record, record.name)}/`;
  const versions = await everyEntry(records.versions, below);
  const aliases = await everyEntry(records.aliases, below);
  const all = [record.latest, ...versions.map(({ value }) => value)];
  for (const codeId of new Set(all.map(({ code }) => code.codeId)))
    call.stage(await removeCode(context, codeId));
  call.stage(
    records.functions.remove(entry),
    versions.flatMap((version) => records.versions.remove(version)),
    aliases.flatMap((alias) => records.aliases.remove(alias)),
    retireGrants(context, record, { gone: all, left: [] }),
  );
}

async function deleteVersion(
  context: LambdaContext,
  call: Call,
  facts: { readonly entry: FunctionEntry; readonly subject: Subject; readonly qualifier: string },
): Promise<void> {
  const { records } = context;
  const { value: record } = facts.entry;
  const { qualifier } = facts;
  if (qualifier === '$LATEST') throw latestIsPermanent();
  const found = isVersion(qualifier)
    ? await records.versions.get(versionId(record, qualifier))
    : undefined;
  if (found === undefined) throw functionNotFound(namedArn(facts.subject.named));
  const aliases = await everyEntry(records.aliases, `${functionId(record, record.name)}/`);
  const users = aliases.filter(
    ({ value }) => value.version === qualifier || value.routing[qualifier] !== undefined,
  );
  if (users.length > 0)
    throw versionHasAliases(
      qualifier,
      users.map(({ value }) => value.name),
    );
  const { code } = found.value;
  const isLast = code.codeId !== record.latest.code.codeId;
  const others = (await publishedVersions(context, record)).filter(
    ({ version }) => version !== qualifier,
  );
  const left = [record.latest, ...others];
  call.stage(
    records.versions.remove(found),
    retireGrants(context, record, { gone: [found.value], left }),
  );
  if (isLast) call.stage(await dropCode(context, record, code, qualifier));
}
