/** Who asks, and the request's condition keys: what a policy can say something about. */

export interface Caller {
  readonly type:
    | 'Root'
    | 'IAMUser'
    | 'AssumedRole'
    | 'FederatedUser'
    | 'AWSService'
    | 'WebIdentityUser'
    | 'SAMLUser'
    | 'Anonymous';
  /** Twelve digits; empty for callers that belong to no account. */
  readonly account: string;
  /** `arn:aws:iam::A:user/path/name`, `arn:aws:sts::A:assumed-role/Role/Session`, … */
  readonly arn: string;
  /** `AIDA…`, `AROA…:session`, the account's id for its root user. */
  readonly principalId: string;
  /** Of an AssumedRole: the role's ARN with its path, and its unique id `AROA…`. */
  readonly role?: { readonly arn: string; readonly id: string };
  /** Of a FederatedUser that a user let in: that user's ARN, and its unique id `AIDA…`. */
  readonly user?: { readonly arn: string; readonly id: string };
  /** Of an AWSService: `lambda.amazonaws.com`. */
  readonly serviceName?: string;
  /** Of a WebIdentityUser or SAMLUser: as it stands under `Federated`. */
  readonly federatedProvider?: string;
}

/** A list is a multi-valued key, whatever its length. */
export type ConditionValue = string | readonly string[] | undefined;

/**
 * The request's value of a condition key, by the key's name as `foldCase` gives it. Asked only for
 * keys that a policy names; undefined = the request has no such key.
 */
export type ConditionKeys = (lowerCasedKey: string) => ConditionValue;

const ascii = /^[\0-\x7f]*$/;

/**
 * Lower case, character by character, by which names of actions and of condition keys and the
 * …IgnoreCase operators compare. A character outside ASCII never becomes one inside (U+212A, the
 * Kelvin sign, is no `k`).
 */
export function foldCase(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) {
    const lower = character.toLowerCase();
    folded += ascii.test(lower[0] ?? '') && !ascii.test(character) ? character : lower;
  }
  return folded;
}
