/** What STS's operations need to reach their decision. */
import * as client from '@aws-sdk/client-iam';
import type { Credentials } from '../identities.ts';
import { sendIam } from '../sts.ts';
import { type ServiceSamples, unused } from './sample.ts';

/** A role that lets its whole account in, so that the caller's own policies decide. */
async function openRole(root: Credentials): Promise<string> {
  const own = await sendIam(root, new client.GetUserCommand({}));
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: own.User?.Arn },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    },
  ];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const wish = { RoleName: unused('role'), AssumeRolePolicyDocument };
  const { Role } = await sendIam(root, new client.CreateRoleCommand(wish));
  return String(Role?.Arn);
}

const Tags = [{ Key: 'k', Value: 'v' }];

export const sts: ServiceSamples = {
  members: { RoleArn: openRole },
  operations: {
    AssumeRole: async () => ({
      input: { Tags, SourceIdentity: 'somebody' },
      actions: ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'],
    }),
    GetFederationToken: async () => ({
      input: { Tags },
      actions: ['sts:GetFederationToken', 'sts:TagSession'],
    }),
  },
};
