/** The failures of Sealhold's own operations, each message once. */
import { ApiError } from '../../api-error.ts';

/** Also for what is another account's: nobody learns that it is there. */
export const nothingExplained = () =>
  new ApiError(
    'NotFoundException',
    'No denial of this account is known by that id. Denials are kept for 25 hours.',
  );
export const invalidMarker = () =>
  new ApiError('ValidationException', 'The Marker is not one that this list has given.');
export const notAboutKeys = (action: string) =>
  new ApiError('ValidationException', `${action} is no action on a KMS key; name one of kms:….`);
export const tooManyReferences = (count: number, most: number) =>
  new ApiError('ValidationException', `The text has ${count} references, of ${most} at most.`);
export const noSuchReference = (why: string) => new ApiError('ValidationException', why);
export const secretWithoutString = () =>
  new ApiError('ValidationException', 'The secret is binary and has no SecretString');
export const noSuchParameter = () =>
  new ApiError('ParameterNotFound', 'There is no such parameter, or no such version of it');
export const secureParameter = () =>
  new ApiError('ValidationException', 'The parameter is a SecureString; refer to it by ssm-secure');
export const notSecureParameter = () =>
  new ApiError('ValidationException', 'The parameter is no SecureString; refer to it by ssm');
/** Why one of a text's references has no value: what refused it, and which it is. */
export const unresolved = ({ code, text }: ApiError, written: string, line: number) =>
  new ApiError(code, `Line ${line}, ${written}: ${text ?? code}`);
