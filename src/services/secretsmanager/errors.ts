/**
 * Every error that Secrets Manager answers and its text, once. A text that AWS is not known to use
 * says so beside it.
 */
import { ApiError } from '../../api-error.ts';

const invalidRequest = (text: string) => new ApiError('InvalidRequestException', text);
const invalidParameter = (text: string) => new ApiError('InvalidParameterException', text);
const notFound = (text: string) => new ApiError('ResourceNotFoundException', text);
const validation = (text: string) => new ApiError('ValidationException', text);
const limitExceeded = (text: string) => new ApiError('LimitExceededException', text);
const malformedPolicy = (text: string) => new ApiError('MalformedPolicyDocumentException', text);
const accessDenied = (text: string) => new ApiError('AccessDeniedException', text);

/** Naming a secret. */
export const invalidName = () =>
  validation(
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
export const secretNotFound = () => notFound("Secrets Manager can't find the specified secret.");
export const secretExists = (name: string) =>
  new ApiError(
    'ResourceExistsException',
    `The operation failed because the secret ${name} already exists.`,
  );
export const nameScheduledForDeletion = () =>
  invalidRequest(
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
  );

/** Values and versions. */
const tokenNeededText =
  'You must provide a ClientRequestToken value. We recommend a UUID-type value.';
export const tokenNeeded = () => invalidRequest(tokenNeededText);
export const rotationTokenNeeded = () => invalidParameter(tokenNeededText);
/** Ours. */
export const tokenNotText = () =>
  invalidParameter('ClientRequestToken must be well-formed Unicode.');
export const tokenUsed = (token: string, arn: string) =>
  new ApiError(
    'ResourceExistsException',
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  );
export const bothValues = () =>
  invalidParameter(
    "You can't specify both a binary secret value and a string secret value in the same secret.",
  );
export const valueNeeded = () =>
  invalidRequest('You must provide either SecretString or SecretBinary.');
/** As the model's check says it of characters; this one is of bytes. */
export const valueTooLong = (maxBytes: number) =>
  validation(
    `1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to ${maxBytes}`,
  );
/** Ours. */
export const valueNotText = () =>
  invalidParameter('SecretString must be well-formed Unicode text.');
const valueNotFound = (what: string) =>
  notFound(`Secrets Manager can't find the specified secret value for ${what}`);
export const versionNotFound = (id: string) => valueNotFound(`VersionId: ${id}`);
export const stageNotFound = (stage: string) => valueNotFound(`staging label: ${stage}`);
export const versionWithoutStage = () =>
  invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
/** Ours. */
export const tooManyVersions = () =>
  limitExceeded(
    'The secret has too many versions. Versions without staging labels can be removed once they are older than 24 hours.',
  );
/** Ours. */
export const tooManyLabels = (max: number) =>
  limitExceeded(`A secret can have at most ${max} staging labels attached to its versions.`);

/** Moving labels. */
export const removeFromNeeded = (stage: string, id: string) =>
  invalidParameter(
    `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${id}, so you must explicitly reference that version in RemoveFromVersionId.`,
  );
export const stageNotOnVersion = (stage: string, id: string) =>
  invalidParameter(
    `The parameter RemoveFromVersionId is invalid. Staging label ${stage} isn't currently attached to version ${id}.`,
  );
/** Ours. */
export const currentNotDetachable = () =>
  invalidParameter('You can only move staging label AWSCURRENT to a different version.');
/** Ours. */
export const stageMoveEmpty = () =>
  invalidParameter('You must provide RemoveFromVersionId, MoveToVersionId, or both.');

/** Deletion. */
export const markedForDeletion = () =>
  invalidRequest(
    "You can't perform this operation on the secret because it was marked for deletion.",
  );
export const alreadyScheduled = () =>
  invalidRequest(
    "You can't perform this operation on the secret because it was already scheduled for deletion.",
  );
export const recoveryWindowInvalid = () =>
  invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
export const forceWithWindow = () =>
  invalidParameter(
    "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
  );
export const hasReplicas = (arn: string, regions: readonly string[]) =>
  invalidParameter(
    `You can't delete secret ${arn} that still has replica regions [${regions.join(', ')}]`,
  );
/** Ours. */
export const hasCrossAccountLink = (arn: string) =>
  invalidParameter(`You can't delete secret ${arn} that still has cross-account replication.`);

/** KMS. */
export const kmsDenied = () => accessDenied('Access to KMS is not allowed');
export const encryptionFailed = () =>
  new ApiError(
    'EncryptionFailure',
    "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the KMS key is available, enabled, and not in an invalid state.",
  );
export const decryptionFailed = () =>
  new ApiError(
    'DecryptionFailure',
    "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
  );
export const internalError = (text: string | undefined) =>
  new ApiError('InternalServiceError', text);
export const rateExceeded = () => new ApiError('ThrottlingException', 'Rate exceeded');
export const defaultKeyAcrossAccounts = () =>
  invalidRequest(
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
  );

/** Resource policies. */
export const policyMalformed = () =>
  malformedPolicy('This resource policy contains a syntax error.');
export const policyPrincipalUnsupported = () =>
  malformedPolicy('This resource policy contains an unsupported principal.');
export const policyLocksOut = () =>
  malformedPolicy('Your requested changes will not allow you to manage this secret in the future.');
/** The start of what AWS's console shows; how AWS goes on is not known. */
export const policyPublic = () =>
  new ApiError(
    'PublicPolicyException',
    'This resource policy grants broad access to your secret. Secrets Manager does not allow resource policies that grant broad access when BlockPublicPolicy is set.',
  );
/** Ours. */
export const policyNameNotWritable = (name: string) =>
  invalidParameter(
    `PolicyName ${name} can't be written. The name of a resource policy is default.`,
  );
/** Ours. */
export const policyNotFound = (name: string) =>
  notFound(`Secrets Manager can't find the resource policy named ${name}.`);

/** Tags. The texts are ours. */
export const reservedTagKey = () =>
  invalidParameter('Tag keys that start with aws: are reserved for AWS use.');
export const duplicateTagKeys = () => invalidParameter('A tag key is given more than once.');
export const tooManyTags = (max: number) =>
  invalidParameter(`A secret can have at most ${max} tags.`);
export const tagKeyNeeded = () => invalidParameter('A tag needs a Key.');

/** Lists. */
export const invalidNextToken = () =>
  new ApiError('InvalidNextTokenException', 'The NextToken value is invalid.');
export const idsOrFilters = () =>
  invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
export const maxResultsWithoutFilters = () =>
  invalidParameter(
    "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
  );
/** Ours. */
export const filterIncomplete = () => invalidParameter('A filter needs a Key and Values.');

/** GetRandomPassword. */
export const passwordTooShort = () =>
  invalidParameter('Password length is too short based on the required types.');
export const requiredCharactersExcluded = () =>
  invalidParameter('All characters of the desired type have been excluded.');
export const allCharactersExcluded = () =>
  invalidParameter('All characters have been excluded from selection.');

/** Replication. */
export const notOnReplica = () =>
  invalidParameter(
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  );
export const replicaRegionInvalid = () => invalidParameter('Invalid replica region.');
/** Ours. */
export const notAReplica = () =>
  invalidRequest('Operation not permitted. The secret is not a replica.');
/** Ours. */
export const regionNotReplicated = (region: string) =>
  invalidParameter(`The secret is not replicated to Region ${region}.`);
/** Ours. */
export const alreadyReplicated = (region: string) =>
  invalidParameter(`The secret is already replicated to Region ${region}.`);

/** Replication across accounts. The texts are ours. */
export const notOnCrossAccountReplica = () =>
  invalidRequest(
    'Operation not permitted on a cross-account replica secret. Stop the replication first with StopReplicationToReplica.',
  );
export const crossAccountMembers = (members: readonly string[]) =>
  invalidParameter(`You can't use CrossAccountPrimaryARN together with ${members.join(', ')}.`);
export const crossAccountKeyNeeded = () =>
  invalidParameter('A cross-account replica needs a customer managed KMS key.');
export const crossAccountArnInvalid = (member: string) =>
  invalidParameter(
    `${member} must be the ARN of a secret in another account, in this Region and partition.`,
  );
export const crossAccountOwnerOnly = () =>
  invalidRequest('Only the account that owns the primary secret can call this operation.');
export const crossAccountPrimaryMismatch = () =>
  invalidRequest('The replica secret was not created as a replica of this primary secret.');
export const crossAccountReplicaLimit = () =>
  limitExceeded('A primary secret can have at most one cross-account replica.');
export const crossAccountReplicaNotFound = () =>
  notFound("Secrets Manager can't find the specified cross-account replica.");
export const replicationRoleOfAnotherAccount = () =>
  invalidParameter('ReplicationRoleARN must be the ARN of a role in the account of the primary.');
export const replicationRoleNotAssumable = () =>
  accessDenied('Secrets Manager cannot assume the replication role.');
export const replicaRestricted = () =>
  invalidRequest(
    'The replica account is not known to be in the organization of the primary account. Use NoRestriction.',
  );

/** Rotation. */
export const noLambda = () =>
  invalidRequest('No Lambda rotation function ARN is associated with this secret.');
export const lambdaNotInvocable = () =>
  accessDenied(
    'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
  );
export const rotationPending = () =>
  invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
/** Ours. */
export const rotationNotConfigured = () =>
  invalidRequest("You can't cancel rotation of a secret that is not configured for rotation.");
/** The texts about rules are ours. */
export const rotationRulesInvalid = (what: string) => invalidParameter(`RotationRules: ${what}`);
export const rotationRulesNeeded = () =>
  invalidParameter('You must provide RotationRules to set up rotation.');
export const partnerRotationUnsupported = () =>
  invalidRequest(
    'Sealhold does not rotate managed external secrets: it reaches no partner. Use a Lambda rotation function.',
  );

/** Quotas. The text is ours. */
export const tooManySecrets = (limit: number) =>
  limitExceeded(`You have reached the limit of ${limit} secrets in this Region.`);
