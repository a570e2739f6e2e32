/**
 * The one error of the seal. Its text is for the operator: which file, what is wrong, what to
 * do; never a secret.
 */
export class SealError extends Error {
  override name = 'SealError';
}
