/** STS's failures, each message once. A text that AWS is not known to use says so beside it. */
import { ApiError } from '../../api-error.ts';

const validation = (text: string) => new ApiError('ValidationError', text);
const invalidParameter = (text: string) => new ApiError('InvalidParameterValue', text);
const accessDenied = (text: string) => new ApiError('AccessDenied', text);
const tooLarge = (text: string) => new ApiError('PackedPolicyTooLarge', text);
const invalidToken = (text: string) => new ApiError('InvalidIdentityToken', text);

/** Our text: AWS says `Invalid AccessKeyId` or nothing of ids that it never made. */
export const notAnAccessKeyId = () =>
  validation('The AccessKeyId is not one that this server or AWS has made.');

/** Who may not ask at all. */
export const rootCannotAssume = () => accessDenied('Roles may not be assumed by root accounts.');
export const sessionCredentials = (operation: string) =>
  accessDenied(`Cannot call ${operation} with session credentials`);
/** There are no MFA devices here, so no code can be right. */
export const mfaFailed = () =>
  accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code. ');

/** Roles and durations. */
export const invalidArn = (arn: string) => validation(`${arn} is invalid`);
export const beyondRoleMaximum = () =>
  validation('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
export const beyondChainMaximum = () =>
  validation(
    'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
  );

/** Session tags and source identity. */
export const transitiveKeyNotGiven = () =>
  invalidParameter('The specified transitive tag key must be included in the requested tags.');
export const duplicateTagKeys = () =>
  invalidParameter('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
export const transitiveConflict = () =>
  invalidParameter(
    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
  );
/** Our text: AWS's is not known. */
export const reservedTag = () =>
  invalidParameter('Tag keys that begin with aws: are reserved for AWS and cannot be set.');
/** Our text: AWS's is not known. */
export const sourceIdentityFixed = () =>
  accessDenied("The source identity of the calling session can't be changed.");

/** Session policies. `fault` is what the policy check says. */
export const malformedPolicy = (fault: string) => new ApiError('MalformedPolicyDocument', fault);
export const tooManyPolicyArns = () =>
  validation(
    "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10",
  );
/** Our text: AWS's is not known. */
export const policyNotFound = (arn: string) =>
  validation(`Policy ${arn} does not exist or is not attachable.`);
export const packedTagsTooLarge = (percent: number) =>
  tooLarge(`Packed size of session tags consumes ${percent}% of allotted space.`);
export const packedPolicyTooLarge = (percent: number) =>
  tooLarge(`Packed policy consumes ${percent}% of allotted space, please use smaller policy.`);
export const tokenTooLarge = () => tooLarge('Serialized token too large for session');
/** Our text: contexts of other issuers mean nothing here, and must not be dropped silently. */
export const providedContextsUnknown = () =>
  invalidParameter('ProvidedContexts names a context provider that this server does not have.');

/** Web identities. */
export const notAToken = () =>
  invalidToken(
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  );
export const noProvider = (issuer: string) =>
  invalidToken(`No OpenIDConnect provider found in your account for ${issuer}`);
export const wrongAudience = () => invalidToken('Incorrect token audience');
export const missingClaim = (name: string) => invalidToken(`Missing a required claim: ${name}`);
/** Two blanks, as AWS has them. Also for an issuer that this server was given no keys of. */
export const noVerificationKey = () =>
  invalidToken(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  );
/** One text for a wrong signature, a forbidden algorithm and all that a token can't be. Ours. */
export const tokenNotAccepted = () =>
  invalidToken('The web identity token that was passed could not be validated.');
export const tokenExpired = (seconds: { readonly now: number; readonly expiry: number }) =>
  new ApiError(
    'ExpiredTokenException',
    `Token expired: current date/time ${seconds.now} must be before the expiration date/time ${seconds.expiry}`,
  );
/** Our text: AWS's is not known. */
export const issuerUnreachable = () =>
  new ApiError('IDPCommunicationError', 'The identity provider could not be asked for its keys.');
/** Our text: only OAuth 2.0 access tokens need it, and those aren't taken. */
export const providerIdUnknown = () =>
  invalidParameter('ProviderId is for OAuth 2.0 access tokens, which this server does not take.');

export const unreadableMessage = () =>
  new ApiError(
    'InvalidAuthorizationMessageException',
    'The message could not be decoded: it was altered, or is not for this account.',
  );
