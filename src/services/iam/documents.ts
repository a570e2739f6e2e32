/** Policy documents as IAM takes, counts and gives them back. */
import { validateIdentityPolicy, validateTrustPolicy } from '../../policy/validate.ts';
import { malformedPolicy, quotaExceeded } from './errors.ts';
import { limits } from './limits.ts';

/** @throws ApiError MalformedPolicyDocument when it isn't a policy of a user, group or role. */
export function checkIdentityPolicy(document: string): void {
  const fault = validateIdentityPolicy(document);
  if (fault !== undefined) throw malformedPolicy(fault);
}

/**
 * @throws ApiError MalformedPolicyDocument when it isn't one, LimitExceeded when it is too long.
 */
export function checkManagedPolicy(document: string): void {
  checkIdentityPolicy(document);
  if (sizeOf(document) > limits.policySize) throw quotaExceeded('PolicySize', limits.policySize);
}

/** As `checkManagedPolicy`, of a role's trust policy. */
export function checkTrustPolicy(document: string): void {
  const fault = validateTrustPolicy(document);
  if (fault !== undefined) throw malformedPolicy(fault);
  if (sizeOf(document) > limits.trustPolicySize)
    throw quotaExceeded('ACLSizePerRole', limits.trustPolicySize);
}

/** Characters; IAM doesn't count white space. */
export const sizeOf = (document: string): number => document.replace(/\s/g, '').length;

/** Documents stand URL-encoded in answers (RFC 3986, so that blanks are `%20`). */
export const encodeDocument = (document: string): string =>
  encodeURIComponent(document).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
