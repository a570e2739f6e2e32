/** Runs a function's version: makes of its records what the processes are told. */
import type { Functions } from '../../functions/functions.ts';
import type { FunctionSpec, InvocationResult } from '../../functions/spec.ts';
import { readCode } from './code.ts';
import type { LambdaContext } from './context.ts';
import { environmentFor } from './environment.ts';
import { recordArn } from './names.ts';
import type { FunctionRecord, VersionRecord } from './records.ts';
import { roleSession } from './role.ts';

export interface Run {
  readonly record: FunctionRecord;
  readonly version: VersionRecord;
  readonly requestId: string;
  /** JSON text. */
  readonly payload: Buffer;
  /** As the caller named the function. */
  readonly invokedArn: string;
  readonly clientContext: string | undefined;
}

/** What one node runs at once of a function that reserves nothing. */
const unreservedConcurrency = 10;
export const concurrencyOf = ({ reservedConcurrency }: FunctionRecord): number =>
  reservedConcurrency ?? unreservedConcurrency;

const mebibyte = 1024 * 1024;

/** @throws ApiError AccessDeniedException, KMS…Exception: what its start needs is refused. */
export function run(
  context: LambdaContext,
  functions: Functions,
  { record, version, ...invocation }: Run,
): Promise<InvocationResult> {
  return functions.invoke(specOf(context, record, version), invocation);
}

function specOf(
  context: LambdaContext,
  record: FunctionRecord,
  version: VersionRecord,
): FunctionSpec {
  const arn = recordArn(record);
  return {
    key: `${arn}:${version.version}:${version.revisionId}`,
    arn,
    name: record.name,
    version: version.version,
    region: record.region,
    runtime: version.runtime,
    handler: version.handler,
    memoryBytes: version.memoryMegabytes * mebibyte,
    storageBytes: version.storageMegabytes * mebibyte,
    timeoutMs: version.timeoutSeconds * 1000,
    logGroup: version.logGroup,
    codeId: version.code.codeId,
    code: () => readCode(context, version.code),
    concurrency: concurrencyOf(record),
    setting: async () => {
      const { role, environment } = version;
      const { ports } = context;
      const session = await roleSession(ports, { role, place: record, functionName: record.name });
      const { region } = record;
      const variables = await environmentFor(ports, environment, { arn, region, session });
      return { variables, credentials: session.credentials };
    },
  };
}
