/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import type { FunctionConfiguration, LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import { newUuid } from '../../uuid.ts';
import { dropCode, newCode } from './code.ts';
import { changedSettings, shownConfiguration } from './configuration.ts';
import { findFunction, type LambdaContext, requireFunction, type Subject } from './context.ts';
import { openEnvironment, sealEnvironment, shownEnvironment } from './environment.ts';
import { notRunHere, staleFunction } from './errors.ts';
import { retireGrants } from './grants.ts';
import { recordArn } from './names.ts';
import type { FunctionEntry, FunctionRecord, SealedEnvironment, VersionRecord } from './records.ts';
import { checkRole } from './role.ts';
import { publish, publishedVersions } from './versions.ts';

export function updateOperations(context: LambdaContext) {
  return {
    UpdateFunctionCode: {
      readOnly: false,
      find: (input, call) => findFunction(context, input, call),
      run: (input, call, subject: Subject) => updateCode(context, call, input, subject),
    },
    UpdateFunctionConfiguration: {
      readOnly: false,
      find: (input, call) => findFunction(context, input, call),
      run: (input, call, subject: Subject) => updateConfiguration(context, call, input, subject),
    },
  } satisfies Operations<LambdaModel, 'UpdateFunctionCode' | 'UpdateFunctionConfiguration'>;
}

async function updateCode(
  context: LambdaContext,
  call: Call,
  input: LambdaModel['UpdateFunctionCode']['input'],
  subject: Subject,
): Promise<FunctionConfiguration> {
  const entry = requireUnchanged(subject, input.RevisionId);
  const { value: record } = entry;
  if (input.PublishTo !== undefined) throw notRunHere('capacity providers');
  const code = newCode(context, call, input);
  const latest: VersionRecord = {
    ...changedAt(record.latest, call),
    architecture: input.Architectures?.[0] ?? record.latest.architecture,
    code: code.facts,
  };
  const arn = recordArn(record);
  const environment = await shownEnvironment(call, latest.environment, arn);
  const changed: FunctionRecord = { ...record, latest };
  const options = { environment, isQualified: false };
  if (input.DryRun === true) return shownConfiguration(changed, latest, options);
  const published = input.Publish === true ? publish(context, changed) : undefined;
  call.stage(
    code.writes,
    await dropCode(context, record, record.latest.code),
    published?.writes ?? [],
  );
  replace(context, call, entry, published?.record ?? changed);
  return published === undefined
    ? shownConfiguration(changed, latest, options)
    : shownConfiguration(published.record, published.version, { environment, isQualified: true });
}

async function updateConfiguration(
  context: LambdaContext,
  call: Call,
  input: LambdaModel['UpdateFunctionConfiguration']['input'],
  subject: Subject,
): Promise<FunctionConfiguration> {
  const entry = requireUnchanged(subject, input.RevisionId);
  const { value: record } = entry;
  const { latest: now } = record;
  const settings = changedSettings(now, input);
  const { role } = settings;
  if (role !== now.role)
    await checkRole(context.ports, call, { role, place: record, functionName: record.name });
  const environment = await changedEnvironment(call, record, { input, settings });
  const { kmsKeyArn: _, environment: __, ...kept } = changedAt(now, call);
  const latest: VersionRecord = {
    ...kept,
    ...settings,
    ...(environment === undefined ? {} : { environment }),
  };
  // Published versions are still decrypted by the grant that they were published with.
  const left = [latest, ...(await publishedVersions(context, record))];
  call.stage(retireGrants(context, record, { gone: [now], left }));
  const changed: FunctionRecord = { ...record, latest };
  replace(context, call, entry, changed);
  const shown =
    input.Environment?.Variables === undefined
      ? await shownEnvironment(call, environment, recordArn(record))
      : environment && { Variables: input.Environment.Variables };
  return shownConfiguration(changed, latest, { environment: shown, isQualified: false });
}

/** @throws ApiError ResourceNotFoundException, PreconditionFailedException */
function requireUnchanged(subject: Subject, revisionId: string | undefined): FunctionEntry {
  const entry = requireFunction(subject);
  if (revisionId !== undefined && revisionId !== entry.value.latest.revisionId)
    throw staleFunction();
  return entry;
}

const changedAt = (version: VersionRecord, call: Call): VersionRecord => ({
  ...version,
  revisionId: newUuid(call.world),
  modifiedAt: call.now,
});

/** Encrypted anew when the variables, the key or the role are other ones. */
async function changedEnvironment(
  call: Call,
  record: FunctionRecord,
  {
    input,
    settings,
  }: {
    readonly input: LambdaModel['UpdateFunctionConfiguration']['input'];
    readonly settings: { readonly role: string; readonly kmsKeyArn?: string };
  },
): Promise<SealedEnvironment | undefined> {
  const { latest } = record;
  const given = input.Environment === undefined ? undefined : (input.Environment.Variables ?? {});
  const { role, kmsKeyArn } = settings;
  const isSame = role === latest.role && kmsKeyArn === latest.kmsKeyArn;
  if (given === undefined && isSame) return latest.environment;
  const arn = recordArn(record);
  const variables = given ?? (await openEnvironment(call, latest.environment, arn));
  return sealEnvironment(call, variables, { arn, role, kmsKeyArn });
}

/** The processes of what it was before are of no more use. */
function replace(
  { records, ports }: LambdaContext,
  call: Call,
  entry: FunctionEntry,
  record: FunctionRecord,
): void {
  call.stage(records.functions.replace(entry, record));
  ports.functions?.retire(recordArn(record));
}
