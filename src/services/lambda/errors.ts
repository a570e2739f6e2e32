/** Every error that Lambda answers. A text that AWS is not known to use says so. */
import { ApiError } from '../../api-error.ts';

const notFound = (text: string) => new ApiError('ResourceNotFoundException', text);
const conflict = (text: string) => new ApiError('ResourceConflictException', text);
const invalid = (text: string) => new ApiError('InvalidParameterValueException', text);
const stale = (text: string) => new ApiError('PreconditionFailedException', text);

/* ---- What isn't there ---- */

export const functionNotFound = (arn: string) => notFound(`Function not found: ${arn}`);
export const functionsElsewhere = (named: string, here: string) =>
  notFound(`Functions from '${named}' are not reachable in this region ('${here}')`);
export const aliasNotFound = (arn: string) => notFound(`Cannot find alias arn: ${arn}`);
export const noPolicy = () => notFound('The resource you requested does not exist.');
export const noPolicyToRemoveFrom = () =>
  notFound('No policy is associated with the given resource.');
export const statementNotFound = (id: string) =>
  notFound(`Statement ${id} is not found in resource policy.`);
export const noInvokeConfig = (arn: string) =>
  notFound(`The function ${arn} doesn't have an EventInvokeConfig`);

/* ---- What is there already ---- */

export const functionExists = (name: string) => conflict(`Function already exist: ${name}`);
export const aliasExists = (arn: string) => conflict(`Alias already exists: ${arn}`);
export const statementExists = (id: string) =>
  conflict(
    `The statement id (${id}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
  );
/** Our text. */
export const versionHasAliases = (version: string, aliases: readonly string[]) =>
  conflict(`Version ${version} is used by the aliases [${aliases.join(', ')}]. Update them first.`);

/* ---- What has changed since the caller looked ---- */

export const staleFunction = () =>
  stale(
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );
export const stalePolicy = () =>
  stale(
    'The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id',
  );

/* ---- What a request asks for and may not ---- */

export const qualifiersDiffer = () =>
  invalid('The derived qualifier from the function name does not match the specified qualifier.');
export const unzipFailed = () =>
  invalid('Could not unzip uploaded file. Please check your file, then try to upload again.');
export const unzippedTooLarge = (bytes: number) =>
  invalid(`Unzipped size must be smaller than ${bytes} bytes`);
export const zippedTooLarge = (bytes: number) =>
  new ApiError(
    'RequestEntityTooLargeException',
    `Zip file must be at most ${bytes} bytes when it is uploaded directly`,
  );
export const roleNotAssumable = () =>
  invalid('The role defined for the function cannot be assumed by Lambda.');
export const roleOfAnotherAccount = () =>
  new ApiError('AccessDeniedException', 'Cross-account pass role is not allowed.');
export const environmentTooLarge = (measured: string) =>
  invalid(
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${measured}`,
  );
export const reservedVariablesUsed = (names: readonly string[]) =>
  invalid(
    `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${names.join(', ')}`,
  );
export const keyNotUsable = (error: ApiError) =>
  invalid(
    `Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: ${error.code} KMS Message: ${error.message}`,
  );
/** Our text, formed after AWS's. */
export const environmentNotReadable = (error: ApiError) =>
  new ApiError(
    'AccessDeniedException',
    `Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: ${error.code} KMS Message: ${error.message}`,
  );
export const codeShaDiffers = (given: string, current: string) =>
  invalid(
    `CodeSHA256 (${given}) is different from current CodeSHA256 in $LATEST (${current}). Please try again with the CodeSHA256 in $LATEST.`,
  );
export const policyOfLatest = () =>
  invalid('We currently do not support adding policies for $LATEST.');
export const principalInvalid = () =>
  invalid('The provided principal was invalid. Please check the principal and try again.');
export const policyTooLong = (sizeBytes: number, mostBytes: number) =>
  new ApiError(
    'PolicyLengthExceededException',
    `The final policy size (${sizeBytes}) is bigger than the limit (${mostBytes}).`,
  );
export const latestIsPermanent = () =>
  invalid('$LATEST version cannot be deleted without deleting the function.');
export const routingOfLatest = () =>
  invalid('$LATEST is not supported for an alias pointing to more than 1 version');
export const routingTooWide = () =>
  invalid('Number of items in AdditionalVersionWeights cannot be greater than 1');
export const routingToItself = (version: string) =>
  invalid(
    `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
  );
/** Our texts. */
export const nulInVariables = () =>
  invalid('The value of an environment variable may not hold the character NUL.');
export const markerInvalid = () => invalid('The marker is not one of this list.');
export const codeMissing = () => invalid('Please provide a zip file as ZipFile.');
export const handlerMissing = () =>
  invalid(
    'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
  );
export const notRunHere = (what: string) =>
  invalid(`Sealhold runs functions as processes of its own machine and has no ${what}.`);
export const runtimeNotRun = (runtime: string) =>
  invalid(
    `Sealhold runs Node.js, Python 3 and custom runtimes (provided); it does not run ${runtime}.`,
  );
export const outOfRange = (member: string, most: number) =>
  invalid(`${member} may be at most ${most}.`);
export const tooManyTags = () => invalid('A function may have at most 50 tags.');
export const reservedTag = () => invalid('Tag keys may not begin with aws:, which is reserved.');

/* ---- Invocations ---- */

export const payloadInvalid = (why: string) =>
  new ApiError(
    'InvalidRequestContentException',
    `Could not parse request body into json: Could not parse payload into json: ${why}`,
  );
export const clientContextInvalid = () =>
  new ApiError(
    'InvalidRequestContentException',
    'Client context must be a valid Base64-encoded JSON object.',
  );
export const payloadTooLarge = (facts: {
  readonly sizeBytes: number;
  readonly mostBytes: number;
  readonly type: string;
}) =>
  new ApiError(
    'RequestTooLargeException',
    `${facts.sizeBytes} byte payload is too large for the ${facts.type} invocation type (limit ${facts.mostBytes} bytes)`,
  );
export const tooManyInvocations = () => new ApiError('TooManyRequestsException', 'Rate Exceeded.');
/** Our texts. */
export const functionsAreOff = () =>
  new ApiError(
    'InvalidRuntimeException',
    'This server does not run functions: their code would run on its own machine. Start it with --functions process to allow that.',
  );
export const cannotRun = (why: string) => new ApiError('InvalidRuntimeException', why);
export const codeUnreadable = (why: string) =>
  new ApiError('InvalidZipFileException', `Lambda could not unzip the deployment package: ${why}.`);
export const roleGone = (error: ApiError) =>
  new ApiError(
    'AccessDeniedException',
    `Lambda was unable to assume the function's execution role: ${error.message}`,
  );

/** The API reference, Invoke, Errors. */
const kmsFailures: ReadonlyMap<string, readonly [code: string, text: string]> = new Map([
  [
    'DisabledException',
    [
      'KMSDisabledException',
      "Lambda couldn't decrypt the environment variables because the KMS key used is disabled. Check the function's KMS key settings.",
    ],
  ],
  [
    'KMSInvalidStateException',
    [
      'KMSInvalidStateException',
      "Lambda couldn't decrypt the environment variables because the state of the KMS key used is not valid for Decrypt. Check the function's KMS key settings.",
    ],
  ],
  [
    'NotFoundException',
    [
      'KMSNotFoundException',
      "Lambda couldn't decrypt the environment variables because the KMS key was not found. Check the function's KMS key settings.",
    ],
  ],
]);

export function environmentNotDecrypted(error: ApiError): ApiError {
  const [code, text] = kmsFailures.get(error.code) ?? [
    'KMSAccessDeniedException',
    "Lambda couldn't decrypt the environment variables because KMS access was denied. Check the function's KMS permissions.",
  ];
  return new ApiError(code, `${text} KMS Exception: ${error.code} KMS Message: ${error.message}`);
}
