/** What the small services' operations need to reach their decision. */
import { ask } from '../ask.ts';
import { type Credentials, newUser } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';
import { sts } from './sts.ts';

async function key(root: Credentials): Promise<string> {
  const { body } = await ask(root)('CreateKey');
  return (body.KeyMetadata as { KeyId: string }).KeyId;
}

async function quotaRequest(root: Credentials): Promise<string> {
  const input = { ServiceCode: 'kms', QuotaCode: 'L-C2F1777E', DesiredValue: 200_000 };
  const options = {
    service: 'servicequotas',
    target: 'ServiceQuotasV20190624.RequestServiceQuotaIncrease',
  };
  const { body } = await ask(root)('', input, options);
  return String((body.RequestedQuota as { Id?: string } | undefined)?.Id);
}

/** A user who may do nothing is denied, and the denial is kept. */
async function denial(root: Credentials): Promise<string> {
  const { credentials } = await newUser(root, unused('denied'));
  const { text } = await ask(credentials)('CreateKey');
  return /authorization id: ([0-9a-z]{25})/.exec(text)?.[1] ?? '';
}

export const ownServices: Readonly<Record<string, ServiceSamples>> = {
  'iam-toolbox': {
    members: { authorizationId: denial, policyUri: async () => 'arn:aws:iam::aws:policy/none' },
    operations: {},
  },
  sealhold: {
    members: { Id: denial, Resource: key, Action: async () => 'kms:Encrypt' },
    operations: {
      ExplainDenial: async () => ({ actions: ['iam:GetRequestAuthorizationDetails'] }),
    },
  },
  servicequotas: {
    members: {
      ServiceCode: async () => 'kms',
      QuotaCode: async () => 'L-C2F1777E',
      RequestId: quotaRequest,
    },
    operations: {},
  },
  sts,
};
