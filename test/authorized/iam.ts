/** What IAM's operations need to reach their decision. */
import * as client from '@aws-sdk/client-iam';
import { type Credentials, iamClient } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

const document = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
});
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
});

async function send<Output>(
  root: Credentials,
  act: (to: client.IAMClient) => Promise<Output>,
): Promise<Output> {
  const to = iamClient(root);
  try {
    return await act(to);
  } finally {
    to.destroy();
  }
}

async function user(root: Credentials): Promise<string> {
  const UserName = unused('user');
  await send(root, (to) => to.send(new client.CreateUserCommand({ UserName })));
  return UserName;
}
async function group(root: Credentials): Promise<string> {
  const GroupName = unused('group');
  await send(root, (to) => to.send(new client.CreateGroupCommand({ GroupName })));
  return GroupName;
}
async function role(root: Credentials): Promise<string> {
  const input = { RoleName: unused('role'), AssumeRolePolicyDocument: trust };
  await send(root, (to) => to.send(new client.CreateRoleCommand(input)));
  return input.RoleName;
}
async function policy(root: Credentials): Promise<string> {
  const input = { PolicyName: unused('policy'), PolicyDocument: document };
  const { Policy } = await send(root, (to) => to.send(new client.CreatePolicyCommand(input)));
  return String(Policy?.Arn);
}
async function accessKey(root: Credentials) {
  const UserName = await user(root);
  const { AccessKey } = await send(root, (to) =>
    to.send(new client.CreateAccessKeyCommand({ UserName })),
  );
  return { UserName, AccessKeyId: AccessKey?.AccessKeyId };
}
async function profile(root: Credentials): Promise<string> {
  const InstanceProfileName = unused('profile');
  await send(root, (to) =>
    to.send(new client.CreateInstanceProfileCommand({ InstanceProfileName })),
  );
  return InstanceProfileName;
}
async function provider(root: Credentials): Promise<string> {
  const made = await send(root, (to) =>
    to.send(
      new client.CreateOpenIDConnectProviderCommand({
        Url: `https://${unused('issuer')}.example.com`,
        ClientIDList: ['client'],
        ThumbprintList: ['0'.repeat(40)],
      }),
    ),
  );
  return String(made.OpenIDConnectProviderArn);
}

async function deletionTask(root: Credentials): Promise<string> {
  const AWSServiceName = 'mrk.kms.amazonaws.com';
  return send(root, async (to) => {
    const { Role } = await to.send(new client.CreateServiceLinkedRoleCommand({ AWSServiceName }));
    const RoleName = String(Role?.RoleName);
    const deleted = await to.send(new client.DeleteServiceLinkedRoleCommand({ RoleName }));
    return String(deleted.DeletionTaskId);
  });
}

const documents = { PolicyDocument: document };
const fresh = (member: string) => async () => ({ input: { [member]: unused('new') } });
const sourceArn = async (root: Credentials) => ({
  input: { PolicySourceArn: await policyArnOf(root), ActionNames: ['s3:GetObject'] },
});
async function policyArnOf(root: Credentials): Promise<string> {
  const UserName = await user(root);
  const { User } = await send(root, (to) => to.send(new client.GetUserCommand({ UserName })));
  return String(User?.Arn);
}

export const iam: ServiceSamples = {
  members: {
    UserName: user,
    GroupName: group,
    RoleName: role,
    PolicyArn: policy,
    InstanceProfileName: profile,
    OpenIDConnectProviderArn: provider,
    PermissionsBoundary: policy,
    PolicyDocument: async () => document,
    AssumeRolePolicyDocument: async () => trust,
    Tags: async () => [{ Key: 'k', Value: 'v' }],
  },
  operations: {
    AddRoleToInstanceProfile: async () => ({
      actions: ['iam:AddRoleToInstanceProfile', 'iam:PassRole'],
    }),
    CreateAccessKey: async (root) => ({ input: { UserName: await user(root) } }),
    CreateGroup: fresh('GroupName'),
    CreateInstanceProfile: fresh('InstanceProfileName'),
    CreateOpenIDConnectProvider: async () => ({
      input: { Url: `https://${unused('new')}.example.com`, ClientIDList: ['c'] },
    }),
    CreatePolicy: async () => ({ input: { PolicyName: unused('new'), ...documents } }),
    CreateRole: fresh('RoleName'),
    CreateServiceLinkedRole: async () => ({
      input: { AWSServiceName: 'secretsmanager.amazonaws.com' },
    }),
    CreateUser: fresh('UserName'),
    DeleteAccessKey: async (root) => ({ input: await accessKey(root) }),
    DeletePolicyVersion: async () => ({ input: { VersionId: 'v1' } }),
    GetAccessKeyLastUsed: async (root) => ({
      input: { AccessKeyId: (await accessKey(root)).AccessKeyId },
    }),
    GetPolicyVersion: async () => ({ input: { VersionId: 'v1' } }),
    GetUser: async (root) => ({ input: { UserName: await user(root) } }),
    GetServiceLinkedRoleDeletionStatus: async (root) => ({
      input: { DeletionTaskId: await deletionTask(root) },
    }),
    ListAccessKeys: async (root) => ({ input: { UserName: await user(root) } }),
    SetDefaultPolicyVersion: async () => ({ input: { VersionId: 'v1' } }),
    SimulatePrincipalPolicy: sourceArn,
    GetContextKeysForPrincipalPolicy: sourceArn,
    UpdateAccessKey: async (root) => ({
      input: { ...(await accessKey(root)), Status: 'Inactive' },
    }),
    SimulateCustomPolicy: async () => ({
      input: { PolicyInputList: [document], ActionNames: ['s3:GetObject'] },
    }),
    GetContextKeysForCustomPolicy: async () => ({ input: { PolicyInputList: [document] } }),
  },
};
