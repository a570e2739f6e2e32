/** Every error that Service Quotas answers. A text that AWS is not known to use says so. */
import { ApiError } from '../../api-error.ts';

const noSuch = (text: string) => new ApiError('NoSuchResourceException', text);

export const serviceNotFound = () =>
  noSuch('The request failed because the specified service does not exist.');
/** Formed after the text for services. */
export const quotaNotFound = () =>
  noSuch('The request failed because the specified quota does not exist.');
export const contextNotFound = () =>
  noSuch('The request failed because applied value for the specified context Id do not exist.');
/** Our text. */
export const requestNotFound = () =>
  noSuch('The request failed because the specified quota increase request does not exist.');
export const requestIsOpen = () =>
  new ApiError(
    'ResourceAlreadyExistsException',
    'Only one open service quota increase request is allowed per quota.',
  );
/** Our texts. */
export const notAdjustable = () =>
  new ApiError('IllegalArgumentException', 'The quota is not adjustable.');
export const noIncrease = (value: number) =>
  new ApiError(
    'IllegalArgumentException',
    `The desired value must be greater than the quota's value, which is ${value}.`,
  );
export const invalidToken = () =>
  new ApiError('InvalidPaginationTokenException', 'The pagination token is not one of this list.');
