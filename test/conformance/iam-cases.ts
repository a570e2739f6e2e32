/**
 * IAM's cases recorded from AWS. There CloudFormation made the users, keys and policies; here IAM's
 * own operations do, and what IAM then answers is compared. What CloudFormation itself answered is
 * left out.
 */
import * as iam from '@aws-sdk/client-iam';

type Client = Pick<iam.IAMClient, 'send'>;
/** The parts of a recording that a case reproduces, by their names in it. */
export type IamCase = (client: Client) => Promise<Record<string, unknown>>;

/** Parts of the recordings that CloudFormation and others answered. */
export const ofOthers = new Set([
  'stack-outputs',
  'stack-outputs-before-update',
  'stack-outputs-after-update',
  'stack_outputs',
  'stack_resource',
  'outputs',
]);

/** Numbered, so that a case has names of its own. */
let names = 0;
const newName = (what: string): string => `${what}-${++names}`;

async function newUser(client: Client, UserName = newName('user')): Promise<string> {
  await client.send(new iam.CreateUserCommand({ UserName }));
  return UserName;
}

const describeUser = (client: Client, UserName: string) =>
  client.send(new iam.GetUserCommand({ UserName }));

const policyOf = (Action: unknown, Resource: unknown = '*'): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Action, Effect: 'Allow', Resource }] });

const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
});

const oneUser =
  (part: string): IamCase =>
  async (client) => ({ [part]: await describeUser(client, await newUser(client)) });

/** A policy's document as it comes back from its default version. */
const managedDocument =
  (part: string, Action: unknown, Resource: unknown): IamCase =>
  async (client) => {
    const { Policy } = await client.send(
      new iam.CreatePolicyCommand({
        PolicyName: newName('policy'),
        PolicyDocument: policyOf(Action, Resource),
      }),
    );
    const { PolicyVersion } = await client.send(
      new iam.GetPolicyVersionCommand({ PolicyArn: Policy?.Arn, VersionId: 'v1' }),
    );
    return { [part]: JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? '')) };
  };

async function renamedUser(client: Client): Promise<Record<string, unknown>> {
  const before = await newUser(client);
  const described = await describeUser(client, before);
  // CloudFormation replaces a user whose name changes.
  const after = await newUser(client, `${before}-updated`);
  await client.send(new iam.DeleteUserCommand({ UserName: before }));
  return {
    'describe-resource-before-update': described,
    'describe-resource-after-update': await describeUser(client, after),
  };
}

async function userInGroups(client: Client): Promise<Record<string, unknown>> {
  const UserName = await newUser(client);
  for (const GroupName of [newName('group'), newName('group')]) {
    await client.send(new iam.CreateGroupCommand({ GroupName }));
    await client.send(new iam.AddUserToGroupCommand({ GroupName, UserName }));
  }
  return {
    'describe-user-resource': await describeUser(client, UserName),
    'describe-user-group-association': await client.send(
      new iam.ListGroupsForUserCommand({ UserName }),
    ),
  };
}

async function accessKey(client: Client): Promise<Record<string, unknown>> {
  const UserName = await newUser(client);
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
  const { AccessKeyId, SecretAccessKey } = AccessKey ?? {};
  const list = async () =>
    (await client.send(new iam.ListAccessKeysCommand({ UserName }))).AccessKeyMetadata?.[0];
  const before = await list();
  // CloudFormation replaces a key whose serial changes, and sets the status of the new one.
  await client.send(new iam.DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  const next = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
  await client.send(
    new iam.UpdateAccessKeyCommand({
      UserName,
      AccessKeyId: next.AccessKey?.AccessKeyId,
      Status: 'Inactive',
    }),
  );
  return {
    key_outputs: { AccessKeyId, SecretAccessKey },
    access_key: before,
    access_key_updated: await list(),
  };
}

async function inlinePolicies(client: Client): Promise<Record<string, unknown>> {
  const UserName = await newUser(client);
  const RoleName = newName('role');
  await client.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const PolicyName = newName('policy');
  const put = async (ofUser: readonly string[], ofRole: readonly string[]) => {
    const user = { UserName, PolicyName, PolicyDocument: policyOf(ofUser) };
    const role = { RoleName, PolicyName, PolicyDocument: policyOf(ofRole) };
    await client.send(new iam.PutUserPolicyCommand(user));
    await client.send(new iam.PutRolePolicyCommand(role));
    return [
      await client.send(new iam.GetUserPolicyCommand(user)),
      await client.send(new iam.GetRolePolicyCommand(role)),
    ];
  };
  const before = await put(['s3:PutObject', 's3:ListBucket'], ['s3:GetObject', 's3:ListBucket']);
  const after = await put(['s3:PutObject'], ['s3:ListBucket']);
  return {
    user_inline_policy: before[0],
    role_inline_policy: before[1],
    user_updated_inline_policy: after[0],
    role_updated_inline_policy: after[1],
  };
}

const bucket = 'arn:aws:s3:::my-bucket-eu-central-1/*';

export const iamCases: ReadonlyMap<string, IamCase> = new Map<string, IamCase>([
  ['test_black_box', oneUser('describe-resource')],
  ['test_update_without_replacement', renamedUser],
  ['test_autogenerated_values', oneUser('autogenerated-get-user')],
  ['test_getatt', oneUser('describe-resource')],
  ['test_iam_username_defaultname', oneUser('get_iam_user')],
  [
    'test_managed_policy_with_empty_resource',
    async (client) => {
      const { Policy } = await client.send(
        new iam.CreatePolicyCommand({
          PolicyName: newName('policy'),
          PolicyDocument: policyOf('dynamodb:*'),
        }),
      );
      const managed_policy = await client.send(
        new iam.GetPolicyCommand({ PolicyArn: Policy?.Arn }),
      );
      return { managed_policy };
    },
  ],
  ['test_iam_user_access_key', accessKey],
  ['test_update_inline_policy', inlinePolicies],
  [
    'test_managedpolicy_with_fn_sub_json_string',
    managedDocument(
      'policy_document',
      's3:GetObject',
      'arn:aws:s3:::bucket-my-cluster-eu-central-1/*',
    ),
  ],
  [
    'test_managedpolicy_with_fn_sub_multiline_yaml',
    managedDocument(
      'policy_document_multiline',
      'eks:DescribeCluster',
      'arn:aws:eks:eu-central-1:111122223333:cluster/my-cluster',
    ),
  ],
  [
    'test_managedpolicy_with_fn_sub_and_arrays',
    managedDocument(
      'policy_with_arrays',
      ['s3:GetObject', 's3:PutObject'],
      ['arn:aws:s3:::test-bucket/*', 'arn:aws:s3:::test-bucket-eu-central-1/*'],
    ),
  ],
  [
    'test_inline_policy_with_fn_sub_json_string',
    async (client) => {
      const UserName = await newUser(client);
      const policy = {
        UserName,
        PolicyName: 'p',
        PolicyDocument: policyOf('s3:GetObject', bucket),
      };
      await client.send(new iam.PutUserPolicyCommand(policy));
      const { PolicyDocument } = await client.send(new iam.GetUserPolicyCommand(policy));
      return { inline_policy_document: JSON.parse(decodeURIComponent(PolicyDocument ?? '')) };
    },
  ],
  ['test_create_with_full_properties', userInGroups],
]);
