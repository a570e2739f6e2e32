/**
 * Every error that Parameter Store answers and its text, once. A text that AWS is not known to use
 * says so beside it.
 */
import { ApiError } from '../../api-error.ts';

const validation = (text: string) => new ApiError('ValidationException', text);

/** Names. */
export const malformedName = () =>
  validation(
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
  );
export const reservedPrefix = () =>
  validation('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
export const reservedName = (name: string) =>
  new ApiError('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
export const notFullyQualified = () => validation('Parameter name must be a fully qualified name.');
export const nameTooLong = (name: string) =>
  validation(
    `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 1011`,
  );
export const tooManyLevels = () =>
  new ApiError(
    'HierarchyLevelLimitExceededException',
    'A hierarchy can have a maximum of 15 levels. For more information, see Requirements and constraints for parameter names in the AWS Systems Manager User Guide.',
  );
/** Of a path to list below, or of a filter. */
export const malformedPath = () =>
  validation(
    'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
  );
export const commonPath = () =>
  validation(
    'Filters for common parameters can\'t be prefixed with "aws" or "ssm" (case-insensitive). When using global parameters, please specify within a global namespace.',
  );

/** What isn't there. AWS tells no text of a parameter. */
export const parameterNotFound = () => new ApiError('ParameterNotFound');
export const versionNotFound = (name: string, version: string) =>
  new ApiError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
  );
/** Our text, after AWS's of versions. */
export const labelNotFound = (name: string, label: string) =>
  new ApiError(
    'ParameterVersionNotFound',
    `Systems Manager could not find label ${label} for parameter ${name}. Verify the label name and try again.`,
  );
export const secretNotFound = (reference: string) =>
  new ApiError(
    'ParameterNotFound',
    `An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret ${reference} not found.`,
  );
export const secretNeedsDecryption = () =>
  validation('WithDecryption flag must be True for retrieving a Secret Manager secret.');

/** Values. What was refused is never repeated: it may be secret. */
export const valueEmpty = () =>
  validation(
    "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
  );
export const valueBeyondModel = () =>
  validation(
    "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length less than or equal to 32768",
  );
export const valueTooLargeForStandard = () =>
  validation(
    'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html',
  );
export const valueTooLarge = () =>
  validation(
    'The specified parameter value is too large. Advanced-tier parameters support a maximum parameter value of 8192 characters.',
  );
/** AWS adds the value. */
export const valueNests = () =>
  validation('Parameter value can\'t nest another parameter. Do not use "{{}}" in the value.');
export const patternMismatch = (pattern: string) =>
  new ApiError(
    'ParameterPatternMismatchException',
    `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
  );
/** Our text. */
export const patternInvalid = (pattern: string) =>
  new ApiError(
    'InvalidAllowedPatternException',
    `The request doesn't meet the regular expression requirement: ${pattern}`,
  );
/** Ours alone: AWS's limits for matching are not known. */
export const patternTooSlow = () =>
  new ApiError(
    'InvalidAllowedPatternException',
    'Holding the value against allowedPattern takes too long. Use a simpler pattern.',
  );
export const dataTypeUnknown = (dataType: string) =>
  validation(
    `The following data type is not supported: ${dataType} (Data type names are all lowercase.)`,
  );
/** These three are our texts. */
export const dataTypeMismatch = (dataType: string) =>
  validation(`The parameter value isn't valid for the data type ${dataType}.`);
export const dataTypeNotForType = (dataType: string, type: string) =>
  validation(`The data type ${dataType} can't be used with parameters of type ${type}.`);
export const dataTypeFixed = (from: string, to: string) =>
  validation(`The data type of a parameter can't be changed from ${from} to ${to}.`);

/** PutParameter. */
export const tagsWithOverwrite = () =>
  validation(
    "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
  );
export const typeNeeded = () =>
  validation('A parameter type is required when you create a parameter.');
export const alreadyExists = () =>
  new ApiError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  );
/** Our text. */
export const keyIdNotForType = () =>
  validation('KeyId is required for SecureString type parameter only.');
export const cannotDowngrade = () =>
  validation(
    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter. Be aware that standard parameters have a value limit of 4096 characters.",
  );
/** Our text. */
export const needsAdvanced = (what: string) =>
  validation(
    `${what} can be used with parameters of the advanced-parameter tier only. Upgrade the parameter to use the advanced-parameter tier.`,
  );
export const tooManyParameters = (tier: 'Standard' | 'Advanced', limit: number) =>
  new ApiError(
    'ParameterLimitExceeded',
    `You have exceeded the number of parameters for this AWS account and Region: at most ${limit} ${tier.toLowerCase()} parameters. Delete one or more parameters and try again.`,
  );
export const versionLabelled = (name: string, version: number) =>
  new ApiError(
    'ParameterMaxVersionLimitExceeded',
    `You attempted to create a new version of ${name} by calling the PutParameter API with the overwrite flag. Version ${version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  );

/** Parameter policies. */
export const policiesUnreadable = (policies: string) =>
  validation(`Invalid policies input: ${policies}.`);
export const tooManyPolicies = () =>
  new ApiError(
    'PoliciesLimitExceededException',
    'You specified more than the maximum number of allowed policies for the parameter. The maximum is 10.',
  );
export const policyTypeUnknown = () =>
  new ApiError(
    'InvalidPolicyTypeException',
    "The policy type isn't supported. Parameter Store supports the following policy types: Expiration, ExpirationNotification, and NoChangeNotification.",
  );
export const policyAttributeInvalid = () =>
  new ApiError('InvalidPolicyAttributeException', 'A policy attribute or its value is invalid.');
export const policiesConflict = () =>
  new ApiError(
    'IncompatiblePolicyException',
    "There is a conflict in the policies specified for this parameter. You can't, for example, specify two Expiration policies for a parameter. Review your policies, and try again.",
  );

/** Lists. */
export const invalidToken = () =>
  new ApiError('InvalidNextToken', "The specified token isn't valid.");
export const bothKindsOfFilters = () =>
  validation('You can use either Filters or ParameterFilters in a single request.');
export const filterKeyInvalid = (key: string, valid: readonly string[]) =>
  new ApiError(
    'InvalidFilterKey',
    `The following filter key is not valid: ${key}. Valid filter keys include: [${valid.join(', ')}].`,
  );
export const filterRepeated = (key: string) =>
  new ApiError(
    'InvalidFilterKey',
    `The following filter is duplicated in the request: ${key}. A request can contain only one occurrence of a specific filter.`,
  );
export const filterOptionInvalid = (option: string, valid: readonly string[]) =>
  new ApiError(
    'InvalidFilterOption',
    `The following filter option is not valid: ${option}. Valid options include: [${valid.join(', ')}].`,
  );
export const filterValuesMissing = (key: string) =>
  new ApiError(
    'InvalidFilterValue',
    `The following filter values are missing : null for filter key ${key}.`,
  );
export const filterValueInvalid = (value: string, valid: readonly string[]) =>
  new ApiError(
    'InvalidFilterOption',
    `The following filter value is not valid: ${value}. Valid values include: [${valid.join(', ')}].`,
  );

/** Labels and tags. */
export const tooManyLabels = () =>
  new ApiError(
    'ParameterVersionLabelLimitExceeded',
    'A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.',
  );
export const invalidResourceId = () =>
  new ApiError(
    'InvalidResourceId',
    "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
  );
export const tooManyTags = () =>
  new ApiError(
    'TooManyTagsError',
    'The Targets parameter includes too many tags. Remove one or more tags and try the command again.',
  );
/** Our texts. */
export const duplicateTags = () => validation('The request has two tags with the same key.');
export const reservedTag = () =>
  validation('Tag keys that begin with aws: are reserved for AWS and can not be set or removed.');

/** Service settings. */
export const settingNotFound = (settingId: string) =>
  new ApiError('ServiceSettingNotFound', `Setting not found: ${settingId}`);
/** Our text. */
export const settingValueInvalid = (value: string, valid: readonly string[]) =>
  validation(`The setting value ${value} is not valid. Valid values: [${valid.join(', ')}].`);

/** Resource policies. */
export const noSuchResource = () =>
  new ApiError(
    'ResourceNotFoundException',
    'The specified parameter to be shared could not be found.',
  );
export const notShareable = (why: string) =>
  new ApiError('ResourcePolicyInvalidParameterException', why);
export const policyMalformed = (why: string) =>
  new ApiError('MalformedResourcePolicyDocumentException', why);
export const policyConflict = () =>
  new ApiError(
    'ResourcePolicyConflictException',
    "The hash provided in the call doesn't match the stored hash. This exception is thrown when trying to update an obsolete policy version or when multiple requests to update a policy are sent.",
  );
export const policyMissing = () =>
  new ApiError(
    'ResourcePolicyNotFoundException',
    'No policies with the specified policy ID and hash could be found.',
  );
export const tooManyResourcePolicies = () =>
  new ApiError(
    'ResourcePolicyLimitExceededException',
    'The PutResourcePolicy API action enforces one policy for each parameter. Give its PolicyId and PolicyHash to replace it.',
  );

/** KMS. `InvalidKeyId` stands for all that is wrong with a key. */
export function ofKms(error: ApiError, requestId: string): ApiError {
  const { code } = error;
  const text = `${error.text ?? 'null'} (Service: AWSKMS; Status Code: 400; Error Code: ${code}; Request ID: ${requestId})`;
  if (code === 'AccessDeniedException' || code === 'ThrottlingException')
    return new ApiError(code, text);
  if (code === 'KMSInternalException') return new ApiError('InternalServerError', error.text);
  return new ApiError('InvalidKeyId', text);
}
