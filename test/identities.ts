/** Users, roles and sessions on a running server, made through IAM and STS as anybody would. */
import * as iam from '@aws-sdk/client-iam';
import type { Caller } from './ask.ts';

/** Somebody's credentials, for any client. */
export interface Credentials extends Caller {
  readonly sessionToken?: string;
}

/** `region`: IAM has one; whatever is signed for is accepted. */
export function iamClient({
  endpoint,
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: Credentials): iam.IAMClient {
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  return new iam.IAMClient({ endpoint, region: 'us-east-1', credentials });
}

export interface User {
  readonly name: string;
  readonly arn: string;
  readonly userId: string;
  readonly credentials: Credentials;
}

/** A user with an access key, and an inline policy where one is given. */
export async function newUser(root: Credentials, name: string, policy?: object): Promise<User> {
  const client = iamClient(root);
  try {
    const { User } = await client.send(new iam.CreateUserCommand({ UserName: name }));
    if (policy !== undefined) await putUserPolicy(root, name, policy);
    const made = await client.send(new iam.CreateAccessKeyCommand({ UserName: name }));
    const { AccessKeyId, SecretAccessKey } = made.AccessKey ?? {};
    if (!User?.Arn || !User.UserId || !AccessKeyId || !SecretAccessKey)
      throw new Error('IAM made no user');
    const { endpoint } = root;
    const credentials = { endpoint, accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    return { name, arn: User.Arn, userId: User.UserId, credentials };
  } finally {
    client.destroy();
  }
}

/** Replaces the user's one inline policy, `test`. */
export async function putUserPolicy(
  root: Credentials,
  name: string,
  policy: object,
): Promise<void> {
  const client = iamClient(root);
  try {
    await client.send(
      new iam.PutUserPolicyCommand({
        UserName: name,
        PolicyName: 'test',
        PolicyDocument: JSON.stringify(policy),
      }),
    );
  } finally {
    client.destroy();
  }
}

/** A role that the given principals may assume, with an inline policy where one is given. */
export async function newRole(
  root: Credentials,
  name: string,
  { trusts, policy }: { readonly trusts: object | string; readonly policy?: object },
): Promise<{ readonly arn: string; readonly roleId: string }> {
  const client = iamClient(root);
  try {
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: trusts, Action: 'sts:AssumeRole' }],
    });
    const { Role } = await client.send(
      new iam.CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }),
    );
    if (policy !== undefined)
      await client.send(
        new iam.PutRolePolicyCommand({
          RoleName: name,
          PolicyName: 'test',
          PolicyDocument: JSON.stringify(policy),
        }),
      );
    if (!Role?.Arn || !Role.RoleId) throw new Error('IAM made no role');
    return { arn: Role.Arn, roleId: Role.RoleId };
  } finally {
    client.destroy();
  }
}

/** A policy of one statement that allows actions on everything, or as told. */
export const allowing = (Action: string | readonly string[], rest: object = {}): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*', ...rest }],
});
