/**
 * The environment of a function's process: what Lambda documents
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), what a client needs to
 * find this server, and the function's own variables. Nothing of the server's environment is in it.
 */
import type { FunctionSpec, RoleCredentials } from './spec.ts';

export interface Surroundings {
  readonly spec: FunctionSpec;
  readonly credentials: RoleCredentials;
  readonly variables: Readonly<Record<string, string>>;
  readonly logStream: string;
  /** Host, port and the process's own path: what stands before `/2018-06-01/`. */
  readonly runtimeApi: string;
  /** Where the unpacked code is. */
  readonly taskRoot: string;
  /** Where the runtime's own files are. */
  readonly runtimeDir: string;
  /** The process's own folder, which goes with it. */
  readonly scratchDir: string;
  readonly endpoint: string;
  /** A PEM file with the certificate of an endpoint that is no public one. */
  readonly endpointCertificate: string | undefined;
  readonly path: string;
}

/** What a function's configuration may not set, since Lambda does. */
export const reservedVariables: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

export function environmentOf(surroundings: Surroundings): Record<string, string> {
  const { spec, credentials, scratchDir, endpointCertificate } = surroundings;
  const fixed = {
    _HANDLER: spec.handler,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: spec.region,
    AWS_DEFAULT_REGION: spec.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: spec.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(Math.floor(spec.memoryBytes / (1024 * 1024))),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: spec.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: surroundings.logStream,
    AWS_LAMBDA_RUNTIME_API: surroundings.runtimeApi,
    LAMBDA_TASK_ROOT: surroundings.taskRoot,
    LAMBDA_RUNTIME_DIR: surroundings.runtimeDir,
  };
  return {
    PATH: surroundings.path,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    // SDKs look for files of settings and credentials below HOME; the server's are not theirs.
    HOME: scratchDir,
    TMPDIR: scratchDir,
    AWS_ENDPOINT_URL: surroundings.endpoint,
    ...(endpointCertificate === undefined
      ? {}
      : { AWS_CA_BUNDLE: endpointCertificate, NODE_EXTRA_CA_CERTS: endpointCertificate }),
    ...surroundings.variables,
    ...fixed,
  };
}
