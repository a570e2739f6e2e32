/** What STS's operations need to reach their decision. */
import { roleWith, trusting, whoAmI } from '../sts.ts';
import { type ServiceSamples, unused } from './sample.ts';

const all = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
const Tags = [{ Key: 'team', Value: 'red' }];

export const sts: ServiceSamples = {
  members: {},
  operations: {
    AssumeRole: async (root) => {
      const { Account = '' } = await whoAmI(root);
      const trust = trusting({ AWS: Account }, undefined, all);
      const RoleArn = await roleWith(root, unused('role'), { trust });
      return { input: { RoleArn, Tags, SourceIdentity: 'alice' }, actions: all };
    },
    GetFederationToken: async () => ({
      input: { Tags },
      actions: ['sts:GetFederationToken', 'sts:TagSession'],
    }),
  },
};
