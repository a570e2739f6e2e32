import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { refusal } from '../../../test/open-kms.ts';
import {
  account,
  newToken,
  openSecrets,
  otherAccount,
  region,
  type SecretsNode,
} from '../../../test/open-secrets.ts';
import { ApiError } from '../../api-error.ts';

let node: SecretsNode;
before(async () => {
  node = await openSecrets();
});
after(async () => {
  assert.deepEqual(node.faults, []);
  await node.close();
});

let names = 0;
async function create(more: object = {}) {
  const token = newToken();
  const made = await node.ask('CreateSecret', {
    ...{ Name: `s${++names}`, ClientRequestToken: token, SecretString: 'value' },
    ...more,
  });
  return { SecretId: made.ARN as string, token };
}

async function newKey(owner = account, statements: readonly object[] = []): Promise<string> {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${owner}:root` } },
        ...{ Action: 'kms:*', Resource: '*' },
      },
      ...statements,
    ],
  });
  const made = await node.call('kms', 'CreateKey', { Policy }, { account: owner });
  return (made.KeyMetadata as { Arn: string }).Arn;
}

/** KMS's records of what Secrets Manager asked for the last call, and that call's own. */
async function kmsRecords() {
  const all = await node.trail();
  const isInner = ({ userIdentity }: (typeof all)[number]): boolean =>
    userIdentity.invokedBy !== undefined;
  const begin = all.findLastIndex((record, i) => i < all.length - 1 && !isInner(record));
  return { records: all.slice(begin + 1, -1), last: all.at(-1) };
}

describe('a value is protected by KMS', () => {
  test('under a data key of its own with AWS’s encryption context, as the caller', async () => {
    const { SecretId, token } = await create();
    const context = { SecretARN: SecretId, SecretVersionId: token };
    const made = (await kmsRecords()).records;
    assert.deepEqual(
      made.map(({ eventName, requestParameters }) => [eventName, requestParameters]),
      [
        [
          'GenerateDataKey',
          {
            ...{ keyId: 'alias/aws/secretsmanager', keySpec: 'AES_256' },
            encryptionContext: context,
          },
        ],
      ],
    );
    const [record] = made as unknown as Record<string, string>[];
    assert.equal(record?.sourceIPAddress, 'secretsmanager.amazonaws.com');
    assert.equal(record?.userAgent, 'secretsmanager.amazonaws.com');
    const identity = made[0]?.userIdentity;
    assert.equal(identity?.invokedBy, 'secretsmanager.amazonaws.com');
    assert.equal(identity?.arn, `arn:aws:iam::${account}:root`);

    await node.ask('GetSecretValue', { SecretId });
    const read = await kmsRecords();
    assert.equal(read.last?.eventName, 'GetSecretValue');
    assert.deepEqual(
      read.records.map(({ eventName, requestParameters }) => [
        eventName,
        requestParameters?.encryptionContext,
      ]),
      [['Decrypt', context]],
    );
  });

  test('each reading anew: what KMS refuses now is not given from before', async () => {
    const KmsKeyId = await newKey();
    const { SecretId } = await create({ KmsKeyId });
    await node.ask('GetSecretValue', { SecretId });
    await node.call('kms', 'DisableKey', { KeyId: KmsKeyId });
    await assert.rejects(
      node.ask('GetSecretValue', { SecretId }),
      refusal(
        'DecryptionFailure',
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
      ),
    );
    await assert.rejects(
      node.ask('PutSecretValue', { SecretId, SecretString: 'x', ClientRequestToken: newToken() }),
      { code: 'EncryptionFailure' },
    );
    await node.call('kms', 'EnableKey', { KeyId: KmsKeyId });
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'value');
  });

  test('a key that the caller may not use is refused alike for all reasons of KMS', async () => {
    const denied = refusal('AccessDeniedException', 'Access to KMS is not allowed');
    const foreign = await newKey(otherAccount);
    await assert.rejects(create({ KmsKeyId: foreign }), denied);
    await assert.rejects(create({ KmsKeyId: 'alias/nothing' }), { code: 'EncryptionFailure' });
    const asymmetric = await node.call('kms', 'CreateKey', {
      ...{ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
    });
    const { Arn } = asymmetric.KeyMetadata as { Arn: string };
    await assert.rejects(create({ KmsKeyId: Arn }), { code: 'EncryptionFailure' });
  });

  test('a key that is set is tried first, and its results dropped', async () => {
    const KmsKeyId = await newKey();
    const { SecretId, token } = await create({ KmsKeyId });
    const { records } = await kmsRecords();
    const probe = { SecretARN: SecretId, SecretVersionId: 'RequestToValidateKeyAccess' };
    assert.deepEqual(
      records.map(({ eventName, requestParameters }) => [
        eventName,
        requestParameters?.encryptionContext,
      ]),
      [
        ['GenerateDataKey', probe],
        ['Decrypt', probe],
        ['GenerateDataKey', { SecretARN: SecretId, SecretVersionId: token }],
      ],
    );
    const described = await node.ask('DescribeSecret', { SecretId });
    assert.equal(described.KmsKeyId, KmsKeyId);
    const { Versions } = await node.ask('ListSecretVersionIds', { SecretId });
    assert.deepEqual(Versions?.[0]?.KmsKeyIds, [KmsKeyId]);
  });
});

describe('a change of the key', () => {
  const put = (SecretId: string, SecretString: string) =>
    node.ask('PutSecretValue', { SecretId, SecretString, ClientRequestToken: newToken() });
  const keysOf = async (SecretId: string) =>
    (await node.ask('ListSecretVersionIds', { SecretId, IncludeDeprecated: true })).Versions?.map(
      ({ KmsKeyIds }) => KmsKeyIds,
    );
  const disable = (KeyId: string) => node.call('kms', 'DisableKey', { KeyId });

  test('brings the versions in use under the new key, which then is enough', async () => {
    const former = await newKey();
    const next = await newKey();
    const { SecretId } = await create({ KmsKeyId: former });
    await put(SecretId, 'two');
    await put(SecretId, 'three');
    await node.ask('UpdateSecret', { SecretId, KmsKeyId: next });
    assert.deepEqual(await keysOf(SecretId), [[former], [next, former], [next, former]]);
    await disable(former);
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'three');
    await assert.rejects(
      put(SecretId, 'four')
        .then(() => disable(next))
        .then(() => put(SecretId, 'x')),
      {
        code: 'EncryptionFailure',
      },
    );
    await node.call('kms', 'EnableKey', { KeyId: former });
    // The version of before is under both keys still, the one of after under the new one alone.
    const older = await node.ask('GetSecretValue', { SecretId, VersionStage: 'AWSPREVIOUS' });
    assert.equal(older.SecretString, 'three');
    await assert.rejects(node.ask('GetSecretValue', { SecretId }), { code: 'DecryptionFailure' });
  });

  test('to aws/secretsmanager works where that key was not needed before', async () => {
    const place = { region: 'eu-west-3' };
    const key = await node.call('kms', 'CreateKey', {}, place);
    const { Arn } = key.KeyMetadata as { Arn: string };
    const Name = 'first-of-its-region';
    const value = { Name, KmsKeyId: Arn, SecretString: 'a', ClientRequestToken: newToken() };
    await node.ask('CreateSecret', value, place);
    const next = { SecretId: Name, SecretString: 'b', ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', next, place);
    await node.ask('UpdateSecret', { SecretId: Name, KmsKeyId: '' }, place);
    const { Versions } = await node.ask('ListSecretVersionIds', { SecretId: Name }, place);
    assert.deepEqual(
      Versions?.map(({ KmsKeyIds }) => KmsKeyIds),
      [
        ['DefaultEncryptionKey', Arn],
        ['DefaultEncryptionKey', Arn],
      ],
    );
    assert.equal((await node.ask('DescribeSecret', { SecretId: Name }, place)).KmsKeyId, undefined);
    await node.call('kms', 'DisableKey', { KeyId: Arn }, place);
    const read = await node.ask('GetSecretValue', { SecretId: Name }, place);
    assert.equal(read.SecretString, 'b');
  });

  test('leaves versions under the former key where the caller may not encrypt', async () => {
    const former = await newKey();
    const next = await newKey(account, [
      { Effect: 'Deny', Principal: '*', Action: 'kms:Encrypt', Resource: '*' },
    ]);
    const { SecretId } = await create({ KmsKeyId: former });
    await node.ask('UpdateSecret', { SecretId, KmsKeyId: next });
    assert.deepEqual(await keysOf(SecretId), [[former]]);
    assert.equal((await node.ask('DescribeSecret', { SecretId })).KmsKeyId, next);
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'value');
  });

  test('to a key that the caller may not use changes nothing', async () => {
    const { SecretId } = await create();
    const KmsKeyId = await newKey(otherAccount);
    await assert.rejects(node.ask('UpdateSecret', { SecretId, KmsKeyId }), {
      code: 'AccessDeniedException',
    });
    assert.equal((await node.ask('DescribeSecret', { SecretId })).KmsKeyId, undefined);
  });
});

describe('another account', () => {
  const policyFor = (Action: string | readonly string[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: otherAccount }, Action, Resource: '*' }],
    });
  const other = { account: otherAccount };
  const open = (SecretId: string) =>
    node.ask('PutResourcePolicy', { SecretId, ResourcePolicy: policyFor('secretsmanager:*') });

  test('reads and writes with a customer key that lets it, by the secret’s ARN', async () => {
    const KmsKeyId = await newKey(account, [
      {
        ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${otherAccount}:root` } },
        ...{ Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' },
        Condition: {
          StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` },
        },
      },
    ]);
    const { SecretId } = await create({ KmsKeyId: KmsKeyId.split('/')[1] });
    await open(SecretId);
    assert.equal((await node.ask('GetSecretValue', { SecretId }, other)).SecretString, 'value');
    const value = { SecretId, SecretString: 'theirs', ClientRequestToken: newToken() };
    await node.ask('PutSecretValue', value, other);
    assert.equal((await node.ask('GetSecretValue', { SecretId })).SecretString, 'theirs');
  });

  test('is told that aws/secretsmanager does not serve it', async () => {
    const { SecretId } = await create();
    await open(SecretId);
    const refused = refusal(
      'InvalidRequestException',
      "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS service key.",
    );
    await assert.rejects(node.ask('GetSecretValue', { SecretId }, other), refused);
    const value = { SecretId, SecretString: 'x', ClientRequestToken: newToken() };
    await assert.rejects(node.ask('PutSecretValue', value, other), refused);
    assert.equal((await node.ask('DescribeSecret', { SecretId }, other)).ARN, SecretId);
  });

  test('learns nothing of what is there and what is not', async () => {
    const { SecretId } = await create();
    const messages: string[] = [];
    for (const id of [SecretId, SecretId.slice(0, -7), `${SecretId.slice(0, -7)}x`]) {
      await assert.rejects(node.ask('GetSecretValue', { SecretId: id }, other), (error) => {
        assert.ok(error instanceof ApiError && error.code === 'AccessDeniedException');
        messages.push(error.message.replaceAll(id, 'ID'));
        return true;
      });
    }
    assert.equal(new Set(messages).size, 1, messages.join('\n'));
  });
});
