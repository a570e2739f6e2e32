import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  newToken,
  openSecrets,
  otherAccount,
  region,
  type SecretsNode,
} from '../../../test/open-secrets.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

let names = 0;
const newName = (): string => `app/secret-${++names}`;

async function create(more: object = {}, Name = newName()) {
  const ClientRequestToken = newToken();
  const made = await node.ask('CreateSecret', {
    ...{ Name, ClientRequestToken, SecretString: 'one' },
    ...more,
  });
  return { Name, ARN: made.ARN as string, first: ClientRequestToken, made };
}

const put = (SecretId: string, SecretString: string, more: object = {}) =>
  node.ask('PutSecretValue', { SecretId, SecretString, ClientRequestToken: newToken(), ...more });

describe('a value', () => {
  test('comes back as it was given, text or bytes', async () => {
    const { Name, ARN, first, made } = await create({ SecretString: 'päss “wörd” 🔑' });
    assert.deepEqual(made, { ARN, Name, VersionId: first });
    assert.match(
      ARN,
      new RegExp(`^arn:aws:secretsmanager:${region}:111122223333:secret:${Name}-[A-Za-z0-9]{6}$`),
    );
    assert.deepEqual(await node.ask('GetSecretValue', { SecretId: Name }), {
      ...{ ARN, Name, VersionId: first, SecretString: 'päss “wörd” 🔑' },
      ...{ VersionStages: ['AWSCURRENT'], CreatedDate: node.clock.now },
    });
    const bytes = Buffer.from([0, 1, 2, 255]);
    const binary = await create({ SecretString: undefined, SecretBinary: bytes });
    const read = await node.ask('GetSecretValue', { SecretId: binary.ARN });
    assert.deepEqual(read.SecretBinary, bytes);
    assert.equal(read.SecretString, undefined);
  });
});
