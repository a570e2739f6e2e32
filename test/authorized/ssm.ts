/** What Parameter Store's operations need to reach their decision. */
import { ask } from '../ask.ts';
import type { Credentials } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

/** A parameter that can be shared. */
async function parameter(root: Credentials): Promise<string> {
  const Name = `/${unused('parameter')}`;
  const input = { Name, Value: 'value', Type: 'String', Tier: 'Advanced' };
  const options = { service: 'ssm', target: 'AmazonSSM.PutParameter' };
  const { status, text } = await ask(root)('', input, options);
  if (status !== 200) throw new Error(text);
  return Name;
}

async function parameterArn(root: Credentials): Promise<string> {
  const options = { service: 'ssm', target: 'AmazonSSM.GetParameter' };
  const { body } = await ask(root)('', { Name: await parameter(root) }, options);
  return String((body.Parameter as { ARN?: string }).ARN);
}

async function sharing(root: Credentials) {
  const ResourceArn = await parameterArn(root);
  const Statement = [
    {
      Effect: 'Allow',
      Principal: { AWS: '444455556666' },
      Action: ['ssm:GetParameter'],
      Resource: ResourceArn,
    },
  ];
  return { ResourceArn, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
}

const twoNames = async (root: Credentials) => [await parameter(root), '/there-is-none'];

export const ssm: ServiceSamples = {
  members: {
    Name: parameter,
    Names: twoNames,
    ResourceArn: parameterArn,
    ResourceType: async () => 'Parameter',
    ResourceId: parameter,
    SettingId: async () => '/ssm/parameter-store/default-parameter-tier',
    SettingValue: async () => 'Standard',
    ParameterVersion: async () => 1,
    Labels: async () => ['label'],
    Path: async () => '/',
    Tags: async () => [{ Key: 'k', Value: 'v' }],
  },
  operations: {
    LabelParameterVersion: async () => ({ input: { ParameterVersion: 1 } }),
    PutParameter: async () => ({
      input: {
        Name: `/${unused('new')}`,
        Value: 'value',
        Type: 'SecureString',
        Tags: [{ Key: 'k', Value: 'v' }],
      },
      actions: ['ssm:PutParameter', 'ssm:AddTagsToResource'],
    }),
    PutResourcePolicy: async (root) => ({ input: await sharing(root) }),
  },
};
