/** What a function may be configured to, and how its configuration is shown. Pure. */
import type {
  CreateFunctionRequest,
  EnvironmentResponse,
  FunctionConfiguration,
  UpdateFunctionConfigurationRequest,
} from '../../model/lambda.generated.ts';
import { handlerMissing, notRunHere, outOfRange, runtimeNotRun } from './errors.ts';
import { recordArn } from './names.ts';
import type { FunctionRecord, VersionRecord } from './records.ts';

/** Lambda's defaults and quotas, where they are narrower than the model. */
const defaults = { timeoutSeconds: 3, megabytes: 128, storageMegabytes: 512 } as const;
const most = { timeoutSeconds: 900, megabytes: 10_240 } as const;

/** The members that both requests have. */
type Asked = Partial<CreateFunctionRequest> & UpdateFunctionConfigurationRequest;

/** What Lambda has and we don't, by the member that asks for it. */
const missing: ReadonlyArray<readonly [noun: string, isAsked: (asked: Asked) => boolean]> = [
  ['container images', ({ PackageType, ImageConfig }) => PackageType === 'Image' || !!ImageConfig],
  ['layers', ({ Layers }) => (Layers ?? []).length > 0],
  ['VPCs', ({ VpcConfig }) => (VpcConfig?.SubnetIds ?? []).length > 0],
  ['file systems', ({ FileSystemConfigs }) => (FileSystemConfigs ?? []).length > 0],
  ['dead-letter queues', ({ DeadLetterConfig }) => !!DeadLetterConfig?.TargetArn],
  ['X-Ray', ({ TracingConfig }) => TracingConfig?.Mode === 'Active'],
  ['SnapStart', ({ SnapStart }) => SnapStart?.ApplyOn === 'PublishedVersions'],
  ['code signing', ({ CodeSigningConfigArn }) => !!CodeSigningConfigArn],
  ['JSON logs', ({ LoggingConfig }) => LoggingConfig?.LogFormat === 'JSON'],
  ['tenant isolation', ({ TenancyConfig }) => TenancyConfig !== undefined],
  ['capacity providers', (asked) => !!asked.CapacityProviderConfig || !!asked.PublishTo],
  ['durable executions', ({ DurableConfig }) => DurableConfig !== undefined],
  ['chosen runtime versions', ({ RuntimeConfig }) => RuntimeConfig !== undefined],
  ['accelerators', ({ AcceleratorConfig }) => AcceleratorConfig !== undefined],
];

/** @throws ApiError InvalidParameterValueException for what a function here can't have. */
export function checkAsked(asked: Asked): void {
  for (const [noun, isAsked] of missing) if (isAsked(asked)) throw notRunHere(noun);
  if (asked.Runtime !== undefined && !/^(nodejs\d|python3\.|provided)/.test(asked.Runtime))
    throw runtimeNotRun(asked.Runtime);
  const bounds: ReadonlyArray<readonly [string, number | undefined, number]> = [
    ['Timeout', asked.Timeout, most.timeoutSeconds],
    ['MemorySize', asked.MemorySize, most.megabytes],
    ['EphemeralStorage', asked.EphemeralStorage?.Size, most.megabytes],
  ];
  for (const [member, value, limit] of bounds)
    if (value !== undefined && value > limit) throw outOfRange(member, limit);
}

/** What a configuration is but for its code, its environment and when it was made. */
export type Settings = Omit<
  VersionRecord,
  'version' | 'environment' | 'code' | 'revisionId' | 'modifiedAt'
>;

/** @throws ApiError InvalidParameterValueException */
export function newSettings(asked: CreateFunctionRequest): Settings {
  checkAsked(asked);
  if (asked.Runtime === undefined || asked.Handler === undefined) throw handlerMissing();
  return {
    description: asked.Description ?? '',
    role: asked.Role,
    runtime: asked.Runtime,
    handler: asked.Handler,
    timeoutSeconds: asked.Timeout ?? defaults.timeoutSeconds,
    memoryMegabytes: asked.MemorySize ?? defaults.megabytes,
    storageMegabytes: asked.EphemeralStorage?.Size ?? defaults.storageMegabytes,
    architecture: asked.Architectures?.[0] ?? 'x86_64',
    logGroup: asked.LoggingConfig?.LogGroup ?? `/aws/lambda/${nameIn(asked.FunctionName)}`,
    ...keyOf(asked.KMSKeyArn),
  };
}

const nameIn = (given: string): string => given.replace(/^(.*:)?function:/, '').split(':')[0] ?? '';

/** An empty ARN takes the key away. */
const keyOf = (arn: string | undefined): { kmsKeyArn?: string } =>
  arn === undefined || arn === '' ? {} : { kmsKeyArn: arn };

/** What is asked for stands, the rest stays. @throws ApiError InvalidParameterValueException */
export function changedSettings(
  now: VersionRecord,
  asked: UpdateFunctionConfigurationRequest,
): Settings {
  checkAsked(asked);
  const { kmsKeyArn } = asked.KMSKeyArn === undefined ? now : keyOf(asked.KMSKeyArn);
  return {
    description: asked.Description ?? now.description,
    role: asked.Role ?? now.role,
    runtime: asked.Runtime ?? now.runtime,
    handler: asked.Handler ?? now.handler,
    timeoutSeconds: asked.Timeout ?? now.timeoutSeconds,
    memoryMegabytes: asked.MemorySize ?? now.memoryMegabytes,
    storageMegabytes: asked.EphemeralStorage?.Size ?? now.storageMegabytes,
    architecture: now.architecture,
    logGroup: asked.LoggingConfig?.LogGroup ?? now.logGroup,
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
  };
}

/** Whether two versions are the same but for their numbers and dates. */
export function isSameVersion(a: VersionRecord, b: VersionRecord): boolean {
  const essence = ({ version: _v, revisionId: _r, modifiedAt: _m, code, ...rest }: VersionRecord) =>
    JSON.stringify([Object.entries(rest).sort(([x], [y]) => (x < y ? -1 : 1)), code.sha256]);
  return essence(a) === essence(b);
}

/** `environment`: as the caller may see it; undefined where there is none. */
export function shownConfiguration(
  record: FunctionRecord,
  version: VersionRecord,
  options: {
    readonly environment: EnvironmentResponse | undefined;
    /** Whether the ARN names the version, as it does where one was asked for. */
    readonly isQualified: boolean;
  },
): FunctionConfiguration {
  const qualifier = options.isQualified ? version.version : undefined;
  return {
    FunctionName: record.name,
    FunctionArn: recordArn(record, qualifier),
    Runtime: version.runtime,
    Role: version.role,
    Handler: version.handler,
    CodeSize: version.code.sizeBytes,
    Description: version.description,
    Timeout: version.timeoutSeconds,
    MemorySize: version.memoryMegabytes,
    LastModified: new Date(version.modifiedAt).toISOString().replace('Z', '+0000'),
    CodeSha256: version.code.sha256,
    Version: version.version,
    ...(options.environment === undefined ? {} : { Environment: options.environment }),
    ...(version.kmsKeyArn === undefined ? {} : { KMSKeyArn: version.kmsKeyArn }),
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: version.revisionId,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [version.architecture],
    EphemeralStorage: { Size: version.storageMegabytes },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: version.logGroup },
  };
}
