/**
 * Every error that KMS answers and its text, once. A text that AWS is not known to use says so
 * beside it.
 */
import { ApiError } from '../../api-error.ts';

const validation = (text?: string) => new ApiError('ValidationException', text);
const notFound = (text: string) => new ApiError('NotFoundException', text);
const invalidState = (text: string) => new ApiError('KMSInvalidStateException', text);
const invalidUsage = (text: string) => new ApiError('InvalidKeyUsageException', text);
const unsupported = (text?: string) => new ApiError('UnsupportedOperationException', text);
const malformedPolicy = (text?: string) => new ApiError('MalformedPolicyDocumentException', text);

/** Naming a key. */
export const keyNotFound = (arn: string) => notFound(`Key '${arn}' does not exist`);
export const invalidKeyId = (text: string) => notFound(`Invalid keyId '${text}'`);
export const invalidKeyIdInArn = (keyId: string) => notFound(`Invalid keyId ${keyId}`);
export const invalidArn = (part: string) => notFound(`Invalid arn ${part}`);
export const aliasNotFound = (arn: string) => notFound(`Alias ${arn} is not found.`);
export const aliasesNotSupported = () =>
  new ApiError('InvalidArnException', 'Key Aliases are not supported for this operation.');

const deniedUnseen =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access';

export interface DeniedAction {
  readonly callerArn: string;
  /** `kms:Encrypt` */
  readonly action: string;
}
const denied = ({ callerArn, action }: DeniedAction, rest: string) =>
  new ApiError(
    'AccessDeniedException',
    `User: ${callerArn} is not authorized to perform: ${action} ${rest}`,
  );
/** A key of another account: missing and forbidden look the same. */
export const foreignKeyDenied = (by: DeniedAction) =>
  denied(by, `on this resource ${deniedUnseen}`);
/** The key that a ciphertext names is not in this account and Region. */
export const ciphertextKeyDenied = (by: DeniedAction) =>
  denied(by, `on the resource associated with this ciphertext ${deniedUnseen}`);

/** State, usage, algorithm. */
export const keyDisabled = (arn: string) =>
  new ApiError('DisabledException', `${arn} is disabled.`);
export const keyIs = (arn: string, state: string) => invalidState(`${arn} is ${state}.`);
export const wrongUsage = (key: { arn: string; usage: string }, operation: string) =>
  invalidUsage(`${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`);
export const incompatibleAlgorithm = ({ algorithm, spec }: { algorithm: string; spec: string }) =>
  invalidUsage(`Algorithm ${algorithm} is incompatible with key spec ${spec}.`);
export const dataKeyNeedsSymmetricKey = () =>
  invalidUsage('You cannot generate a data key with an asymmetric CMK');
/** The key spec is the reason; AWS gives no text. */
export const unsupportedSpec = () => unsupported();

/** Encrypt, Decrypt, data keys. */
export const invalidCiphertext = () => new ApiError('InvalidCiphertextException');
export const incorrectKey = () =>
  new ApiError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  );
export const contextNotSupported = () =>
  validation('EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.');
/** Our text: AWS's for text that is not Unicode is not known. */
export const contextNotUnicode = () =>
  validation('EncryptionContext must be well-formed Unicode text.');
export const plaintextTooLong = (limit: {
  readonly algorithm: string;
  readonly spec: string;
  readonly maxBytes: number;
}) =>
  validation(
    `Algorithm ${limit.algorithm} and key spec ${limit.spec} cannot encrypt data larger than ${limit.maxBytes} bytes.`,
  );
export const dataKeySizeNeeded = () =>
  validation('Please specify either number of bytes or key spec.');
export const numberOfBytesNeeded = () => validation('NumberOfBytes is required.');
/** In the words of the model's own constraint errors; `member` in lowerCamel. */
export const memberNeeded = (member: string) =>
  validation(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
export const dryRunSucceeded = () =>
  new ApiError(
    'DryRunOperationException',
    'The request would have succeeded, but the DryRun option is set.',
  );
/** Our text. */
export const dryRunModifiersWithoutDryRun = () =>
  validation('DryRunModifiers can only be specified when DryRun is true.');
/** The exception is AWS's; the texts are ours. */
export const attestationRefused = (fault: keyof typeof attestationFaults) =>
  validation(`The attestation document is not valid: ${attestationFaults[fault]}.`);
const attestationFaults = {
  malformed: 'it is malformed',
  untrusted: 'its certificates do not lead to a trusted root',
  expired: 'a certificate of its chain is not valid at this time',
  signature: 'it was not signed by its certificate',
  keyless: 'it has no public key',
  unsuitable: 'its public key is no RSA key of 2048, 3072 or 4096 bits',
};

/** Signatures, MACs, agreement. */
export const digestLengthInvalid = (algorithm: string) =>
  validation(`Digest is invalid length for algorithm ${algorithm}.`);
/**
 * Our text, for ED25519_SHA_512 (RAW only), ED25519_PH_SHA_512 (DIGEST only), ML-DSA and
 * EXTERNAL_MU.
 */
export const messageTypeInvalid = (use: { messageType: string; algorithm: string }) =>
  validation(`MessageType ${use.messageType} is not supported for algorithm ${use.algorithm}.`);
export const invalidSignature = () => new ApiError('KMSInvalidSignatureException');
export const invalidMac = () => new ApiError('KMSInvalidMacException');
export const publicKeyInvalid = () => validation();

/** CreateKey. */
export const twoSpecs = () =>
  validation(
    'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
  );
export const usageNeeded = () =>
  validation(
    'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
  );
export const usageIncompatible = ({ usage, spec }: { usage: string; spec: string }) =>
  validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
export const specNotInRegion = (spec: string) =>
  unsupported(`KeySpec ${spec} is not supported in this Region`);
/** Ours. */
export const memberNotForOrigin = (member: string, origin: string) =>
  validation(`${member} is not valid for Origin ${origin}.`);

/** ScheduleKeyDeletion; in the words of the model's constraint errors, whose own range is wider. */
export const windowOutOfRange = ({ days, bound }: { days: number; bound: string }) =>
  validation(
    `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${bound}`,
  );

/** Multi-Region keys. AWS's texts are not known, except for that of `notPrimary`. */
export const notPrimary = (arn: string) => unsupported(`${arn} is not a multi-region primary key.`);
export const alreadyPrimary = (arn: string) =>
  unsupported(`${arn} is already the multi-region primary key.`);
export const replicaExists = (arn: string) =>
  new ApiError('AlreadyExistsException', `Key '${arn}' already exists`);
export const regionNotForReplicas = (region: string) =>
  validation(`A replica key cannot be created in Region ${region}.`);

/** Rotation. */
export const wrongOrigin = ({ arn, origin }: { arn: string; origin: string }) =>
  unsupported(`${arn} origin is ${origin} which is not valid for this operation.`);
export const onDemandLimit = (arn: string) =>
  new ApiError(
    'LimitExceededException',
    `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
  );
export const nothingToRotateTo = (arn: string) =>
  invalidState(`No available key material pending rotation for the key: ${arn}.`);
/** Our text. */
export const rotationNear = (arn: string) =>
  new ApiError(
    'ConflictException',
    `An automatic rotation of ${arn} is in progress or due within 20 minutes.`,
  );

/** Imported material. AWS's texts are known only where nothing else is said. */
export const specNotForOrigin = ({ spec, origin }: { spec: string; origin: string }) =>
  validation(`KeySpec ${spec} is not supported for Origin ${origin}`);
/** Ours. */
export const wrappingNotSupported = (use: { algorithm: string; wrapping: string; spec: string }) =>
  unsupported(
    `Wrapping algorithm ${use.algorithm} with wrapping key spec ${use.wrapping} is not supported for key spec ${use.spec}.`,
  );
export const validToNeeded = () =>
  validation('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES');
/** Ours, as are the next three. */
export const validToNotAllowed = () =>
  validation(
    'A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE',
  );
export const validToOutOfRange = () =>
  validation('The validTo date must be in the future and at most 365 days from now');
export const symmetricOnly = (member: string) =>
  validation(`${member} can only be specified for symmetric encryption keys.`);
export const materialIdWithNew = () =>
  validation('KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL.');
/** AWS's texts for these are not known. */
export const importTokenInvalid = () => new ApiError('InvalidImportTokenException');
export const importTokenExpired = () => new ApiError('ExpiredImportTokenException');
export const importIncorrect = () => new ApiError('IncorrectKeyMaterialException');
export const materialPending = (of: { keyArn: string; materialId: string; pendingId: string }) =>
  invalidState(
    `New key material (id: ${of.materialId}) cannot be imported into KMS key ${of.keyArn}, because another key material (id: ${of.pendingId}) is pending rotation.`,
  );
/** Ours. */
export const materialNotFound = (materialId: string) =>
  notFound(`Key material ${materialId} does not exist`);

/** Aliases. */
export const aliasPrefixMissing = () =>
  validation(
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  );
export const aliasCharactersInvalid = (name: string) =>
  validation(`${name} contains invalid characters for an alias`);
export const aliasReserved = () => new ApiError('NotAuthorizedException');
export const aliasExists = (arn: string) =>
  new ApiError('AlreadyExistsException', `An alias with the name ${arn} already exists`);
export const aliasOfAlias = () => validation('Aliases must refer to keys. Not aliases');
/** The pattern of AWS's text; what it prints for the type of key is not known. */
export const aliasTypeChange = (change: { arn: string; what: string; from: string; to: string }) =>
  validation(
    `Alias ${change.arn} cannot be changed from a CMK with ${change.what} ${change.from} to a CMK with ${change.what} ${change.to}`,
  );

/** Tags, lists, policies. */
export const duplicateTagKeys = () => new ApiError('TagException', 'Duplicate tag keys');
export const tooManyTags = () => new ApiError('TagException', 'Too many tags');
export const reservedTagKey = () =>
  new ApiError('TagException', 'Tags beginning with aws: are reserved');
/** AWS's text is not known. */
export const invalidMarker = () => new ApiError('InvalidMarkerException');
export const policyNotFound = () => notFound('No such policy exists');
export const ramPolicyReserved = () =>
  validation('The AWS_RAM policy can only be managed by the RAM service.');
export const policyNotJson = () => malformedPolicy();
/** Our texts: AWS's for a statement that is not one are not known. */
export const policySyntax = (what: string) => malformedPolicy(`Syntax error in policy: ${what}.`);
export const policyPrincipalsInvalid = () =>
  malformedPolicy('Policy contains a statement with one or more invalid principals.');
export const policyArnInvalid = () =>
  new ApiError('InvalidArnException', 'An ARN in the specified key policy is invalid.');
export const policyLocksOut = () =>
  malformedPolicy('The new key policy will not allow you to update the key policy in the future.');
export const policyOverlyPermissive = () =>
  malformedPolicy(
    'OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without the specified [encryption context or tag] or with an unspecified [encryption context or tag]. To fix, remove ForAllValues.',
  );
/** AWS's text is not known. */
export const policyTooLong = (limitBytes: number) =>
  new ApiError(
    'LimitExceededException',
    `The key policy is longer than the limit of ${limitBytes} bytes.`,
  );

/** Quotas. AWS's texts for too many of something are not known. */
export const tooManyKeys = (limit: number) =>
  new ApiError(
    'LimitExceededException',
    `The account has as many keys in this Region as it may have: ${limit}.`,
  );
export const tooManyGrants = (limit: number) =>
  new ApiError('LimitExceededException', `The key has as many grants as it may have: ${limit}.`);
export const tooManyAliases = (limit: number) =>
  new ApiError('LimitExceededException', `The key has as many aliases as it may have: ${limit}.`);
export const rateExceeded = () =>
  new ApiError(
    'ThrottlingException',
    'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
  );

/** Grants. The texts are ours, AWS's are not known, unless it is said. */
export const granteeNeeded = () =>
  validation('Specify either GranteePrincipal or GranteeServicePrincipal.');
export const retiringPrincipalsBoth = () =>
  validation('Specify at most one of RetiringPrincipal and RetiringServicePrincipal.');
export const retiringPrincipalNeeded = () =>
  validation('Specify either RetiringPrincipal or RetiringServicePrincipal.');
export const serviceGranteeIncomplete = () =>
  validation(
    'A grant with a GranteeServicePrincipal needs a SourceArn constraint and a RetiringPrincipal or RetiringServicePrincipal.',
  );
export const grantPrincipalInvalid = (arn: string) =>
  new ApiError('InvalidArnException', `ARN does not refer to a valid principal: ${arn}`);
export const grantOperationsNeeded = () => validation('Specify at least one grant operation.');
export const grantOperationUnsuitable = (
  operation: string,
  key: { arn: string; spec: string; usage: string },
) =>
  validation(
    `Grant operation ${operation} is not valid for ${key.arn} with key spec ${key.spec} and key usage ${key.usage}.`,
  );
export const grantConstraintNeedsSymmetricKey = (key: { arn: string; spec: string }) =>
  validation(
    `An encryption context constraint is not valid for ${key.arn} with key spec ${key.spec}.`,
  );
export const grantContextConstraintsBoth = () =>
  validation('Specify either EncryptionContextEquals or EncryptionContextSubset.');
export const grantConstraintTooLarge = (limit: { pairs: number; valueChars: number }) =>
  validation(
    `An encryption context constraint can have at most ${limit.pairs} pairs with values of at most ${limit.valueChars} characters.`,
  );
export const grantIdInvalid = (grantId: string) =>
  new ApiError('InvalidGrantIdException', `Invalid grant ID ${grantId}`);
/** As the emulators print it, who agree. */
export const grantNotFound = (grantId: string) => notFound(`Grant ID ${grantId} not found`);
/** Without text: a token is not repeated. */
export const grantTokenInvalid = () => new ApiError('InvalidGrantTokenException');
export const retireNeedsOneName = () =>
  validation('Specify either GrantToken, or KeyId and GrantId.');
export const retireNeedsKeyArn = (keyId: string) =>
  new ApiError('InvalidArnException', `${keyId} is not a key ARN.`);
