/**
 * The code of a Lambda function that rotates a secret, as AWS's templates do: in JavaScript, with
 * nothing but what the runtime has, signed as its role. Its environment says how: `FAILS_AT` a step
 * that throws.
 */

export const rotationFunction = String.raw`
import { createHash, createHmac } from 'node:crypto';
const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
const endpoint = process.env.SECRETS_MANAGER_ENDPOINT ?? process.env.AWS_ENDPOINT_URL;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

async function ask(operation, input) {
  const body = JSON.stringify(input);
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const signed = {
    'content-type': 'application/x-amz-json-1.1',
    host: new URL(endpoint).host,
    'x-amz-date': now,
    'x-amz-security-token': AWS_SESSION_TOKEN,
    'x-amz-target': 'secretsmanager.' + operation,
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => name + ':' + value);
  const canonical = ['POST', '/', '', ...lines, '', names, sha256(body)].join('\n');
  const scope = now.slice(0, 8) + '/' + AWS_REGION + '/secretsmanager/aws4_request';
  const text = ['AWS4-HMAC-SHA256', now, scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce((k, part) => hmac(k, part), 'AWS4' + AWS_SECRET_ACCESS_KEY);
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = 'Credential=' + AWS_ACCESS_KEY_ID + '/' + scope;
  const authorization =
    'AWS4-HMAC-SHA256 ' + credential + ', SignedHeaders=' + names + ', Signature=' + signature;
  const { host: _, ...sent } = signed;
  const headers = { ...sent, authorization };
  const answer = await fetch(endpoint, { method: 'POST', body, headers });
  const told = await answer.text();
  const value = told === '' ? {} : JSON.parse(told);
  if (answer.status !== 200) throw Object.assign(new Error(told), { name: value.__type });
  return value;
}

const steps = {
  async createSecret(SecretId, token) {
    const { SecretString } = await ask('GetSecretValue', { SecretId, VersionStage: 'AWSCURRENT' });
    const asPending = { SecretId, VersionId: token, VersionStage: 'AWSPENDING' };
    try {
      await ask('GetSecretValue', asPending);
    } catch (error) {
      if (error.name !== 'ResourceNotFoundException') throw error;
      const { RandomPassword } = await ask('GetRandomPassword', { ExcludeCharacters: '/@"\'\\' });
      const value = { ...JSON.parse(SecretString), password: RandomPassword };
      await ask('PutSecretValue', {
        SecretId,
        ClientRequestToken: token,
        SecretString: JSON.stringify(value),
        VersionStages: ['AWSPENDING'],
      });
    }
  },
  async setSecret() {},
  async testSecret(SecretId, token) {
    await ask('GetSecretValue', { SecretId, VersionId: token, VersionStage: 'AWSPENDING' });
  },
  async finishSecret(SecretId, token, stages) {
    const current = Object.keys(stages).find((id) => stages[id].includes('AWSCURRENT'));
    if (current === token) return;
    await ask('UpdateSecretVersionStage', {
      SecretId,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: token,
      RemoveFromVersionId: current,
    });
  },
};

export const handler = async ({ Step, SecretId, ClientRequestToken: token }) => {
  const { RotationEnabled, VersionIdsToStages: stages } = await ask('DescribeSecret', { SecretId });
  if (!RotationEnabled) throw new Error('Secret is not enabled for rotation');
  if (stages[token] === undefined) throw new Error('Secret version has no stage for rotation');
  if (stages[token].includes('AWSCURRENT')) return;
  if (!stages[token].includes('AWSPENDING')) throw new Error('Secret version is not AWSPENDING');
  if (process.env.FAILS_AT === Step) throw new Error('as it is told');
  await steps[Step](SecretId, token, stages);
};
`;
