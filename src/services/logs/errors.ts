/** Every error that CloudWatch Logs answers here. A text that AWS is not known to use says so. */
import { ApiError } from '../../api-error.ts';

const notFound = (text: string) => new ApiError('ResourceNotFoundException', text);
const invalid = (text: string) => new ApiError('InvalidParameterException', text);

export const groupNotFound = () => notFound('The specified log group does not exist.');
export const streamNotFound = () => notFound('The specified log stream does not exist.');
export const tokenInvalid = () => invalid('The specified nextToken is invalid.');
/** Our texts. */
export const groupMissing = () =>
  invalid('Either logGroupName or logGroupIdentifier must be specified.');
export const groupNamedTwice = () =>
  invalid('Only one of logGroupName and logGroupIdentifier can be specified.');
export const patternNotRead = () =>
  invalid('Sealhold reads filter patterns of terms and quoted phrases, not of JSON or fields.');
