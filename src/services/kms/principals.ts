/** What KMS asks IAM: whether whom a policy or a grant names is there. */

export interface Principals {
  /** The unique id of a user or role by its ARN; undefined when there is none. */
  uniqueIdOf(arn: string): Promise<string | undefined>;
  /** The ARN that a user or role has now, whatever it had before; undefined when it is gone. */
  arnOf(named: { readonly arn: string; readonly id: string }): Promise<string | undefined>;
}
