/** IAM Toolbox's failures, each message once. */
import { ApiError } from '../../api-error.ts';

/** Also for what is another account's: nobody learns that it is there. The text is ours. */
export const detailsNotFound = (authorizationId: string) =>
  new ApiError(
    'ResourceNotFoundException',
    `Authorization details for ${authorizationId} were not found.`,
  );
export const policyNotFound = (policyUri: string) =>
  new ApiError('ResourceNotFoundException', `Policy ${policyUri} was not part of the evaluation.`);
