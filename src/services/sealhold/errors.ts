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
