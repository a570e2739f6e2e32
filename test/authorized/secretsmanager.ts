/** What Secrets Manager's operations need to reach their decision. */
import { randomUUID } from 'node:crypto';
import { ask } from '../ask.ts';
import type { Credentials } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

const value = () => ({ SecretString: 'x', ClientRequestToken: randomUUID() });

async function secret(root: Credentials): Promise<string> {
  const Name = unused('secret');
  const options = { service: 'secretsmanager', target: 'secretsmanager.CreateSecret' };
  await ask(root)('CreateSecret', { Name, ...value() }, options);
  return Name;
}

const AddReplicaRegions = [{ Region: 'eu-west-1' }];
const ResourcePolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      ...{ Effect: 'Allow', Principal: { AWS: '000000000000' } },
      ...{ Action: 'secretsmanager:GetSecretValue', Resource: '*' },
    },
  ],
});

export const secretsmanager: ServiceSamples = {
  members: {
    SecretId: secret,
    Name: async () => unused('new'),
    ResourcePolicy: async () => ResourcePolicy,
    RemoveReplicaRegions: async () => ['eu-west-1'],
    AddReplicaRegions: async () => AddReplicaRegions,
    Tags: async () => [{ Key: 'k', Value: 'v' }],
  },
  operations: {
    BatchGetSecretValue: async () => ({
      input: { Filters: [{ Key: 'name', Values: ['a'] }] },
      actions: ['secretsmanager:BatchGetSecretValue', 'secretsmanager:ListSecrets'],
    }),
    CreateSecret: async () => ({
      input: {
        ...value(),
        Name: unused('new'),
        AddReplicaRegions,
        Tags: [{ Key: 'k', Value: 'v' }],
      },
      actions: [
        'secretsmanager:CreateSecret',
        'secretsmanager:TagResource',
        'secretsmanager:ReplicateSecretToRegions',
      ],
    }),
    PutSecretValue: async () => ({ input: value() }),
    // A function that isn't there is refused after the decision.
    RotateSecret: async () => ({
      input: {
        ClientRequestToken: randomUUID(),
        RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:none',
      },
    }),
    UpdateSecret: async () => ({ input: value() }),
    ValidateResourcePolicy: async (root) => ({
      input: { SecretId: await secret(root) },
      actions: ['secretsmanager:ValidateResourcePolicy', 'secretsmanager:PutResourcePolicy'],
    }),
  },
};
