/** How often and how long an event that nobody waits for is tried. */
import type { FunctionEventInvokeConfig, LambdaModel } from '../../model/lambda.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import {
  findFunction,
  type LambdaContext,
  requireFunction,
  requireQualified,
  type Subject,
} from './context.ts';
import { noInvokeConfig, notRunHere } from './errors.ts';
import { recordArn } from './names.ts';
import { pageOf } from './page.ts';
import type { FunctionRecord, InvokeConfigRecord } from './records.ts';

type PutInput = LambdaModel['PutFunctionEventInvokeConfig']['input'];

type Given = { readonly FunctionName: string; readonly Qualifier?: string };

export function invokeConfigOperations(context: LambdaContext) {
  const find = (input: Given, call: Call) => findFunction(context, input, call);
  return {
    PutFunctionEventInvokeConfig: {
      readOnly: false,
      find,
      run: (input, call, subject: Subject) => put(context, call, input, { subject, before: {} }),
    },
    UpdateFunctionEventInvokeConfig: {
      readOnly: false,
      find,
      run: (input, call, subject: Subject) => {
        const before = requireConfig(requireFunction(subject).value, subject);
        return put(context, call, input, { subject, before });
      },
    },
    GetFunctionEventInvokeConfig: {
      readOnly: true,
      find,
      run: (_input, _call, subject: Subject) => {
        const { value: record } = requireFunction(subject);
        return shown(record, qualifierOf(subject), requireConfig(record, subject));
      },
    },
    DeleteFunctionEventInvokeConfig: {
      readOnly: false,
      find,
      run: (_input, call, subject: Subject) => {
        const entry = requireFunction(subject);
        requireConfig(entry.value, subject);
        const { [qualifierOf(subject)]: _, ...invokeConfigs } = entry.value.invokeConfigs;
        call.stage(context.records.functions.replace(entry, { ...entry.value, invokeConfigs }));
      },
    },
    ListFunctionEventInvokeConfigs: {
      readOnly: true,
      find,
      run: (input, _call, subject: Subject) => listConfigs(input, requireFunction(subject).value),
    },
  } satisfies Operations<
    LambdaModel,
    | 'PutFunctionEventInvokeConfig'
    | 'UpdateFunctionEventInvokeConfig'
    | 'GetFunctionEventInvokeConfig'
    | 'DeleteFunctionEventInvokeConfig'
    | 'ListFunctionEventInvokeConfigs'
  >;
}

async function put(
  context: LambdaContext,
  call: Call,
  input: PutInput,
  { subject, before }: { readonly subject: Subject; readonly before: Partial<InvokeConfigRecord> },
): Promise<FunctionEventInvokeConfig> {
  const entry = requireFunction(subject);
  await requireQualified(context, subject);
  const destinations = input.DestinationConfig;
  if (destinations?.OnFailure?.Destination || destinations?.OnSuccess?.Destination)
    throw notRunHere('destinations for events');
  const { value: record } = entry;
  const config: InvokeConfigRecord = { ...before, ...askedIn(input), modifiedAt: call.now };
  const invokeConfigs = { ...record.invokeConfigs, [qualifierOf(subject)]: config };
  call.stage(context.records.functions.replace(entry, { ...record, invokeConfigs }));
  return shown(record, qualifierOf(subject), config);
}

function listConfigs(
  input: LambdaModel['ListFunctionEventInvokeConfigs']['input'],
  record: FunctionRecord,
): LambdaModel['ListFunctionEventInvokeConfigs']['output'] {
  const all = Object.entries(record.invokeConfigs);
  const list = `invoke-configs/${record.name}`;
  const { items, next } = pageOf(all, input, { list, nameOf: ([qualifier]) => qualifier });
  const configs = items.map(([qualifier, config]) => shown(record, qualifier, config));
  return { ...next, FunctionEventInvokeConfigs: configs };
}

const qualifierOf = ({ named }: Subject): string => named.qualifier ?? '$LATEST';

function askedIn(input: PutInput): Partial<InvokeConfigRecord> {
  const { MaximumRetryAttempts: attempts, MaximumEventAgeInSeconds: seconds } = input;
  return {
    ...(attempts === undefined ? {} : { maximumRetryAttempts: attempts }),
    ...(seconds === undefined ? {} : { maximumEventAgeSeconds: seconds }),
  };
}

/** @throws ApiError ResourceNotFoundException */
function requireConfig(record: FunctionRecord, subject: Subject): InvokeConfigRecord {
  const qualifier = qualifierOf(subject);
  const config = record.invokeConfigs[qualifier];
  if (config === undefined) throw noInvokeConfig(recordArn(record, qualifier));
  return config;
}

function shown(
  record: FunctionRecord,
  qualifier: string,
  config: InvokeConfigRecord,
): FunctionEventInvokeConfig {
  const { maximumRetryAttempts: attempts, maximumEventAgeSeconds: seconds } = config;
  return {
    LastModified: config.modifiedAt,
    FunctionArn: recordArn(record, qualifier),
    ...(attempts === undefined ? {} : { MaximumRetryAttempts: attempts }),
    ...(seconds === undefined ? {} : { MaximumEventAgeInSeconds: seconds }),
    DestinationConfig: { OnSuccess: {}, OnFailure: {} },
  };
}
