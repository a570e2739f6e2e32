/**
 * Every error that IAM answers and its text, once. A text that AWS is not known to use says so
 * beside it.
 */
import { ApiError } from '../../api-error.ts';

const noSuchEntity = (text: string) => new ApiError('NoSuchEntity', text);
const alreadyExists = (text: string) => new ApiError('EntityAlreadyExists', text);
const limitExceeded = (text: string) => new ApiError('LimitExceeded', text);
const deleteConflict = (text: string) => new ApiError('DeleteConflict', text);
const invalidInput = (text: string) => new ApiError('InvalidInput', text);
const validation = (text: string) => new ApiError('ValidationError', text);

/** What isn't there. `noun`: `user`, `group`, `role`. */
export const entityNotFound = (noun: string, name: string) =>
  noSuchEntity(`The ${noun} with name ${name} cannot be found.`);
export const inlinePolicyNotFound = (noun: string, name: string) =>
  noSuchEntity(`The ${noun} policy with name ${name} cannot be found.`);
export const accessKeyNotFound = (accessKeyId: string) =>
  noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`);
/** Of a key that is not the account's, it is not told whether it exists. */
export const accessKeyHidden = (callerArn: string, accessKeyId: string) =>
  new ApiError(
    'AccessDenied',
    `User: ${callerArn} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key ${accessKeyId}`,
  );
export const policyNotFound = (arn: string) => noSuchEntity(`Policy ${arn} was not found.`);
export const policyNotAttachable = (arn: string) =>
  noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
export const policyVersionNotFound = (arn: string, version: string) =>
  policyNotAttachable(`${arn} version ${version}`);
export const invalidPolicyArn = () => validation('Invalid ARN:  Could not be parsed!');
export const serviceRolePolicyNotAttachable = () =>
  new ApiError('PolicyNotAttachable', 'Cannot attach a Service Role Policy to a Customer Role.');
/** AWS's own policies can't be changed; AWS's text for a policy of any other account. */
export const foreignPolicyDenied = (by: { callerArn: string; action: string; arn: string }) =>
  new ApiError(
    'AccessDenied',
    `User: ${by.callerArn} is not authorized to perform: ${by.action} on resource: policy ${by.arn}`,
  );
export const boundaryNotFound = (noun: string, name: string) =>
  noSuchEntity(`The ${noun} with name ${name} does not have a permissions boundary attached.`);
/** What becomes a boundary must be there. */
export const boundaryNotAttachable = (arn: string) =>
  noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
export const profileNotFound = (name: string) =>
  noSuchEntity(`Instance Profile ${name} cannot be found.`);
export const roleNotInProfile = (role: string, profile: string) =>
  noSuchEntity(`Role ${role} in Instance Profile ${profile} cannot be found.`);
export const aliasNotFound = (alias: string) =>
  noSuchEntity(`The account alias ${alias} cannot be found.`);

/** What is there already. `noun` begins with a capital: `User`, `Group`, `Role`. */
export const entityExists = (noun: string, name: string) =>
  alreadyExists(`${noun} with name ${name} already exists.`);
export const profileExists = (name: string) =>
  alreadyExists(`Instance Profile ${name} already exists.`);
export const policyExists = (name: string) =>
  alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
export const aliasExists = (alias: string) =>
  alreadyExists(`The account alias ${alias} already exists.`);

/** What is in the way of a deletion. */
export const policiesAttached = () =>
  deleteConflict('Cannot delete entity, must detach all policies first.');
export const inlinePoliciesLeft = () =>
  deleteConflict('Cannot delete entity, must delete policies first.');
export const usersInGroup = () =>
  deleteConflict('Cannot delete entity, must remove users from group first.');
export const rolesInProfiles = () =>
  deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
export const accessKeysLeft = () =>
  deleteConflict('Cannot delete entity, must delete access keys first.');
export const policyInUse = () => deleteConflict('Cannot delete a policy attached to entities.');
export const policyHasVersions = () =>
  deleteConflict(
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
  );
export const defaultVersionStays = () =>
  deleteConflict('Cannot delete the default version of a policy.');

/** Quotas. `quota` is AWS's name of it: `AccessKeysPerUser`. */
export const quotaExceeded = (quota: string, limit: number) =>
  limitExceeded(`Cannot exceed quota for ${quota}: ${limit}`);
export const tooManyVersions = (limit: number) =>
  limitExceeded(
    `A managed policy can have up to ${limit} versions. Before you create a new version, you must delete an existing version.`,
  );
export const inlinePoliciesTooLong = (of: { limit: number; noun: string; name: string }) =>
  limitExceeded(`Maximum policy size of ${of.limit} bytes exceeded for ${of.noun} ${of.name}`);
export const tooManyTags = () => limitExceeded('The number of tags has reached the maximum limit.');

/** The credential report; AWS gives no texts. */
export const reportNotPresent = () => new ApiError('ReportNotPresent');
export const reportExpired = () => new ApiError('ReportExpired');

/** OIDC providers. */
export const providerNotFound = (arn: string) =>
  noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
export const providerExists = (url: string) =>
  alreadyExists(`Provider with url ${url} already exists.`);
export const tooManyThumbprints = (limit: number) =>
  invalidInput(`Thumbprint list must contain fewer than ${limit} entries.`);
export const noThumbprints = () => invalidInput('Thumbprint list must not be empty.');
export const invalidProviderUrl = () => validation('Invalid Open ID Connect Provider URL');
export const providerUrlNotHttps = () =>
  invalidInput('Invalid Open ID Connect Provider URL. The URL must begin with https://.');
export const providerUrlWithMore = () => invalidInput('Invalid Open ID Connect Provider URL.');
export const invalidProviderArn = (arn: string) => validation(`Invalid ARN: ${arn}`);

/** Simulation. */
export const invalidEntityArn = (arn: string) =>
  invalidInput(`Invalid Entity Arn: ${arn} does not clearly define entity type and name.`);
/** Our text: AWS's is not known. */
export const invalidSimulationPolicy = (name: string, fault: string) =>
  invalidInput(`${name} is not a valid policy: ${fault}`);
/** Our text: AWS's is not known. */
export const invalidSimulationAction = (action: string) =>
  invalidInput(`${action} is not a valid action name; it must be written as service:Operation.`);
/** Our text: AWS's is not known. */
export const callerNeeded = () =>
  invalidInput('CallerArn must name an IAM user where ResourcePolicy is given.');
/** Our text: AWS's is not known. */
export const oneBoundaryOnly = () =>
  invalidInput('PermissionsBoundaryPolicyInputList can hold one policy only.');

/** Service-linked roles. */
export const serviceRoleExists = (name: string) =>
  invalidInput(
    `Service role name ${name} has been taken in this account, please try a different suffix.`,
  );
export const serviceHasNoLinkedRoles = (service: string) =>
  invalidInput(`Service ${service} does not support service-linked roles`);
/** Our text: AWS's is not known. */
export const suffixNotSupported = (service: string) =>
  invalidInput(`Custom suffix is not allowed for ${service}`);
export const deletionTaskNotFound = (id: string) =>
  noSuchEntity(`Deletion task with id ${id} cannot be found.`);

/** Input. */
/** `text` says what is wrong with it. */
export const malformedPolicy = (text: string) => new ApiError('MalformedPolicyDocument', text);
export const duplicateTagKeys = () =>
  invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
/** Our text: AWS's is not known. */
export const reservedTag = () =>
  invalidInput('Tag keys that begin with aws: are reserved for AWS and cannot be set.');
/** Our text: AWS's for a marker that it did not give is not known. */
export const invalidMarker = () => validation('Invalid Marker');
export const userNameRequired = () =>
  validation('Must specify userName when calling with non-User credentials');
/** Service-linked roles belong to their service. */
export const serviceRoleUnmodifiable = (roleName: string) =>
  new ApiError(
    'UnmodifiableEntity',
    `Cannot perform the operation on the protected role '${roleName}' - this role is only modifiable by AWS`,
  );
