/** STS's failures, each message once. */
import { ApiError } from '../../api-error.ts';

export const notAnAccessKeyId = () =>
  new ApiError('ValidationError', 'The AccessKeyId is not one that this server or AWS has made.');
