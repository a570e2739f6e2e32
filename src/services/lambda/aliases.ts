/** CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. */
import type {
  AliasConfiguration,
  AliasRoutingConfiguration,
  LambdaModel,
} from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Entry } from '../../store/store.ts';
import { newUuid } from '../../uuid.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  type Subject,
  versionOf,
} from './context.ts';
import {
  aliasExists,
  aliasNotFound,
  functionNotFound,
  routingOfLatest,
  routingToItself,
  routingTooWide,
  staleFunction,
} from './errors.ts';
import { recordArn } from './names.ts';
import { pageOf } from './page.ts';
import {
  type AliasRecord,
  aliasId,
  everyEntry,
  type FunctionRecord,
  functionId,
} from './records.ts';

export function aliasOperations(context: LambdaContext) {
  const { records } = context;
  const find = (input: { readonly FunctionName: string }, call: Call) =>
    findFunction(context, { FunctionName: input.FunctionName }, call);
  return {
    CreateAlias: {
      readOnly: false,
      find,
      run: async (input, call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        const id = aliasId(record, input.Name);
        if ((await records.aliases.get(id)) !== undefined)
          throw aliasExists(recordArn(record, input.Name));
        const alias: AliasRecord = {
          name: input.Name,
          version: input.FunctionVersion,
          description: input.Description ?? '',
          routing: routingOf(input.RoutingConfig),
          revisionId: newUuid(call.world),
        };
        await checkTargets(context, record, alias);
        call.stage(records.aliases.insert(id, alias));
        return shownAlias(record, alias);
      },
    },
    GetAlias: {
      readOnly: true,
      find,
      run: async (input, _call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        return shownAlias(record, (await requireAlias(context, record, input.Name)).value);
      },
    },
    UpdateAlias: {
      readOnly: false,
      find,
      run: (input, call, subject: Subject) => updateAlias(context, call, input, subject),
    },
    DeleteAlias: {
      readOnly: false,
      find,
      run: async (input, call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        // Deleting what isn't there is no error.
        const entry = await records.aliases.get(aliasId(record, input.Name));
        if (entry !== undefined) call.stage(records.aliases.remove(entry));
      },
    },
    ListAliases: {
      readOnly: true,
      find,
      run: async (input, _call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        const all = await everyEntry(records.aliases, `${functionId(record, record.name)}/`);
        const wanted = all
          .map(({ value }) => value)
          .filter(({ version }) => (input.FunctionVersion ?? version) === version);
        const list = `aliases/${record.name}`;
        const { items, next } = pageOf(wanted, input, { list, nameOf: ({ name }) => name });
        return { ...next, Aliases: items.map((alias) => shownAlias(record, alias)) };
      },
    },
  } satisfies Operations<
    LambdaModel,
    'CreateAlias' | 'GetAlias' | 'UpdateAlias' | 'DeleteAlias' | 'ListAliases'
  >;
}

async function updateAlias(
  context: LambdaContext,
  call: Call,
  input: LambdaModel['UpdateAlias']['input'],
  subject: Subject,
): Promise<AliasConfiguration> {
  const { value: record } = requireFunction(subject);
  const entry = await requireAlias(context, record, input.Name);
  const { value: now } = entry;
  if (input.RevisionId !== undefined && input.RevisionId !== now.revisionId) throw staleFunction();
  const alias: AliasRecord = {
    name: now.name,
    version: input.FunctionVersion ?? now.version,
    description: input.Description ?? now.description,
    routing: input.RoutingConfig === undefined ? now.routing : routingOf(input.RoutingConfig),
    revisionId: newUuid(call.world),
  };
  await checkTargets(context, record, alias);
  call.stage(context.records.aliases.replace(entry, alias));
  return shownAlias(record, alias);
}

const routingOf = (given: AliasRoutingConfiguration | undefined): AliasRecord['routing'] => ({
  ...given?.AdditionalVersionWeights,
});

/** @throws ApiError ResourceNotFoundException, InvalidParameterValueException */
async function checkTargets(
  context: LambdaContext,
  record: FunctionRecord,
  { version, routing }: AliasRecord,
): Promise<void> {
  const others = Object.keys(routing);
  if (others.length > 1) throw routingTooWide();
  if (others.length > 0 && version === '$LATEST') throw routingOfLatest();
  if (others.includes(version)) throw routingToItself(version);
  for (const target of [version, ...others]) {
    if ((await versionOf(context, record, target)) === undefined)
      throw functionNotFound(recordArn(record, target));
  }
}

/** @throws ApiError ResourceNotFoundException */
async function requireAlias(
  { records }: LambdaContext,
  record: FunctionRecord,
  name: string,
): Promise<Entry<AliasRecord>> {
  const entry = await records.aliases.get(aliasId(record, name));
  if (entry === undefined) throw aliasNotFound(recordArn(record, name));
  return entry;
}

function shownAlias(record: FunctionRecord, alias: AliasRecord): AliasConfiguration {
  const { routing } = alias;
  return {
    AliasArn: recordArn(record, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    ...(Object.keys(routing).length === 0
      ? {}
      : { RoutingConfig: { AdditionalVersionWeights: routing } }),
    RevisionId: alias.revisionId,
  };
}
