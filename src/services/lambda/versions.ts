/** PublishVersion and ListVersionsByFunction. */
import type { FunctionConfiguration, LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { Write } from '../../store/engine.ts';
import { isSameVersion, shownConfiguration } from './configuration.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  type Subject,
  versionOf,
} from './context.ts';
import { shownEnvironment } from './environment.ts';
import { codeShaDiffers, notRunHere, staleFunction } from './errors.ts';
import { listed } from './listed.ts';
import { recordArn } from './names.ts';
import { pageOf } from './page.ts';
import {
  everyEntry,
  type FunctionRecord,
  functionId,
  type VersionRecord,
  versionId,
} from './records.ts';

export interface Published {
  readonly record: FunctionRecord;
  readonly version: VersionRecord;
  readonly writes: readonly Write[];
}

/** Makes of `$LATEST` the next version; whoever asked stores the record. */
export function publish(
  { records }: LambdaContext,
  record: FunctionRecord,
  description?: string,
): Published {
  const number = record.lastVersion + 1;
  const { latest } = record;
  const version: VersionRecord = {
    ...latest,
    version: String(number),
    description: description ?? latest.description,
  };
  return {
    version,
    record: { ...record, lastVersion: number },
    writes: records.versions.insert(versionId(record, version.version), version),
  };
}

/** What has been published, in order. */
export async function publishedVersions(
  { records }: LambdaContext,
  record: FunctionRecord,
): Promise<readonly VersionRecord[]> {
  const entries = await everyEntry(records.versions, `${functionId(record, record.name)}/`);
  return entries.map(({ value }) => value);
}

export function versionOperations(context: LambdaContext) {
  return {
    PublishVersion: {
      readOnly: false,
      find: (input, call) => findFunction(context, input, call),
      run: (input, call, subject: Subject) => publishVersion(context, call, input, subject),
    },
    ListVersionsByFunction: {
      readOnly: true,
      find: (input, call) => findFunction(context, input, call),
      run: async (input, call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        const all = [record.latest, ...(await publishedVersions(context, record))];
        const list = `versions/${record.name}`;
        const { items, next } = pageOf(all, input, { list, nameOf: ({ version }) => version });
        const pairs = items.map((version) => ({ record, version }));
        return { ...next, Versions: await listed(call, pairs, true) };
      },
    },
  } satisfies Operations<LambdaModel, 'PublishVersion' | 'ListVersionsByFunction'>;
}

async function publishVersion(
  context: LambdaContext,
  call: Call,
  input: LambdaModel['PublishVersion']['input'],
  subject: Subject,
): Promise<FunctionConfiguration> {
  const entry = requireFunction(subject);
  const { value: record } = entry;
  const { latest } = record;
  if (input.PublishTo !== undefined) throw notRunHere('capacity providers');
  if (input.RevisionId !== undefined && input.RevisionId !== latest.revisionId)
    throw staleFunction();
  if (input.CodeSha256 !== undefined && input.CodeSha256 !== latest.code.sha256)
    throw codeShaDiffers(input.CodeSha256, latest.code.sha256);
  const environment = await shownEnvironment(call, latest.environment, recordArn(record));
  const show = (version: VersionRecord): FunctionConfiguration =>
    shownConfiguration(record, version, { environment, isQualified: true });
  // Nothing is published twice.
  const last = await versionOf(context, record, String(record.lastVersion));
  const wanted = { ...latest, description: input.Description ?? latest.description };
  if (last !== undefined && isSameVersion(last, wanted)) return show(last);
  const published = publish(context, record, input.Description);
  call.stage(context.records.functions.replace(entry, published.record), published.writes);
  return show(published.version);
}
