/** What Secrets Manager's operations need to reach their decision. */
import { ask } from '../ask.ts';
import type { Credentials } from '../identities.ts';
import { type ServiceSamples, unused } from './sample.ts';

/** Sends a call as the root user, and gives its answer. */
async function send(root: Credentials, operation: string, input: object) {
  const options = { service: 'secretsmanager', target: `secretsmanager.${operation}` };
  const { status, text, body } = await ask(root)(operation, input, options);
  if (status !== 200) throw new Error(`${operation}: ${text}`);
  return body;
}

async function secret(root: Credentials, input: object = {}): Promise<string> {
  const made = await send(root, 'CreateSecret', {
    Name: unused('secret'),
    ...{ SecretString: 'value', ClientRequestToken: crypto.randomUUID() },
    ...input,
  });
  return String(made.ARN);
}

async function versionOf(root: Credentials, SecretId: string): Promise<string> {
  return String((await send(root, 'GetSecretValue', { SecretId })).VersionId);
}

const elsewhere = [{ Region: 'eu-west-1' }];
const Tags = [{ Key: 'k', Value: 'v' }];
/** Denies somebody who isn't there something that nobody asks for. */
const ResourcePolicy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Deny', Principal: '*', Action: 'secretsmanager:CancelRotateSecret', Resource: '*' },
  ],
});

/** A secret, and the empty one of another account that names it as its primary. */
async function replicaOfAnother(root: Credentials) {
  const other = { ...root, accessKeyId: '444455556666', secretAccessKey: 'any' };
  const { body } = await ask(other)('CreateKey');
  const KmsKeyId = (body.KeyMetadata as { Arn: string }).Arn;
  const SecretId = await secret(root);
  const Name = unused('replica');
  const asked = { Name, KmsKeyId, CrossAccountPrimaryARN: SecretId };
  const { ARN: CrossAccountReplicaARN } = await send(other, 'CreateSecret', asked);
  return { SecretId, CrossAccountReplicaARN };
}

export const secretsmanager: ServiceSamples = {
  members: {
    SecretId: secret,
    Tags: async () => Tags,
    ResourcePolicy: async () => ResourcePolicy,
    AddReplicaRegions: async () => elsewhere,
    RemoveReplicaRegions: async () => ['eu-west-1'],
  },
  operations: {
    BatchGetSecretValue: async () => ({
      input: { Filters: [{ Key: 'name', Values: ['none'] }] },
      actions: ['secretsmanager:BatchGetSecretValue', 'secretsmanager:ListSecrets'],
    }),
    CreateSecret: async () => ({
      input: {
        Name: unused('new'),
        SecretString: 'value',
        ClientRequestToken: crypto.randomUUID(),
        Tags,
        AddReplicaRegions: elsewhere,
      },
      actions: [
        'secretsmanager:CreateSecret',
        'secretsmanager:TagResource',
        'secretsmanager:ReplicateSecretToRegions',
      ],
    }),
    PutSecretValue: async () => ({
      input: { SecretString: 'new', ClientRequestToken: crypto.randomUUID() },
    }),
    RemoveRegionsFromReplication: async (root) => ({
      input: { SecretId: await secret(root, { AddReplicaRegions: elsewhere }) },
    }),
    // A function that isn't there is refused after the decision.
    RotateSecret: async () => ({
      input: {
        ClientRequestToken: crypto.randomUUID(),
        RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:none',
      },
    }),
    UpdateSecret: async () => ({
      input: { SecretString: 'new', ClientRequestToken: crypto.randomUUID() },
    }),
    UpdateSecretVersionStage: async (root) => {
      const SecretId = await secret(root);
      const MoveToVersionId = await versionOf(root, SecretId);
      return { input: { SecretId, VersionStage: 'MINE', MoveToVersionId } };
    },
    ValidateResourcePolicy: async (root) => ({
      input: { SecretId: await secret(root) },
      actions: ['secretsmanager:ValidateResourcePolicy', 'secretsmanager:PutResourcePolicy'],
    }),
    AssociateCrossAccountReplica: async (root) => ({
      input: { ...(await replicaOfAnother(root)), ReplicaRestriction: 'NoRestriction' },
      actions: [
        'secretsmanager:AssociateCrossAccountReplica',
        'secretsmanager:GetSecretValue',
        'secretsmanager:AcceptCrossAccountReplication',
      ],
    }),
    DisassociateCrossAccountReplica: async (root) => ({ input: await replicaOfAnother(root) }),
  },
};
