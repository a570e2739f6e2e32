import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  account,
  openParameters,
  type ParametersUnderTest,
  refusal,
  region,
} from '../../../test/open-parameters.ts';

let ssm: ParametersUnderTest;
let keyArn: string;
before(async () => {
  ssm = await openParameters();
  keyArn = (await ssm.kms('CreateKey', {})).KeyMetadata?.Arn ?? '';
});
after(() => ssm.close());

const put = (Name: string, rest: object = {}) =>
  ssm.ask('PutParameter', { Name, Value: 'hush', Type: 'SecureString', ...rest } as never);
const get = async (Name: string, WithDecryption: boolean) =>
  (await ssm.ask('GetParameter', { Name, WithDecryption })).Parameter;
const arnOf = (path: string) => `arn:aws:ssm:${region}:${account}:parameter/${path}`;

describe('SecureStrings', () => {
  test("are encrypted under the account's own key for Parameter Store unless told", async () => {
    await put('/s/default');
    assert.equal((await get('/s/default', true))?.Value, 'hush');
    const metadata = await ssm.ask('DescribeParameters', {
      ParameterFilters: [{ Key: 'Name', Values: ['/s/default'] }],
    });
    assert.equal(metadata.Parameters?.[0]?.KeyId, 'alias/aws/ssm');
    const { KeyMetadata } = await ssm.kms('DescribeKey', { KeyId: 'alias/aws/ssm' });
    assert.equal(KeyMetadata?.KeyManager, 'AWS');
  });

  test('of the standard tier are what KMS encrypts, with the parameter as context', async () => {
    await put('/s/standard', { KeyId: keyArn });
    const { Plaintext } = await ssm.kms('Decrypt', {
      CiphertextBlob: Buffer.from((await get('/s/standard', false))?.Value ?? '', 'base64'),
      EncryptionContext: { PARAMETER_ARN: arnOf('s/standard') },
    });
    assert.equal(Plaintext?.toString(), 'hush');
  });

  test('of the advanced tier are messages of the AWS Encryption SDK', async () => {
    const Value = 'x'.repeat(8192);
    await put('/s/advanced', { KeyId: keyArn, Tier: 'Advanced', Value });
    const stored = Buffer.from((await get('/s/advanced', false))?.Value ?? '', 'base64');
    assert.equal(stored.subarray(0, 3).toString('hex'), '020478');
    assert.equal((await get('/s/advanced', true))?.Value, Value);
  });

  test('change their form with their tier, and old versions stay readable', async () => {
    await put('/s/up', { Value: 'old' });
    await put('/s/up', { Value: 'new', Tier: 'Advanced', Overwrite: true });
    assert.equal((await get('/s/up', true))?.Value, 'new');
    assert.equal((await get('/s/up:1', true))?.Value, 'old');
    const history = await ssm.ask('GetParameterHistory', { Name: '/s/up', WithDecryption: true });
    assert.deepEqual(
      history.Parameters?.map(({ Value, Tier }) => [Value, Tier]),
      [
        ['old', 'Standard'],
        ['new', 'Advanced'],
      ],
    );
  });

  test('become plain text and back by an overwrite', async () => {
    await put('/s/plain', { Type: 'String', Value: 'open' });
    await put('/s/plain', { Overwrite: true });
    assert.notEqual((await get('/s/plain', false))?.Value, 'hush');
    await put('/s/plain', { Type: 'String', Value: 'open again', Overwrite: true });
    assert.equal((await get('/s/plain', true))?.Value, 'open again');
  });

  test('hold any text, in both tiers', async () => {
    const Value = 'a\u0000\n"é😀'.repeat(100);
    for (const Tier of ['Standard', 'Advanced'] as const) {
      await put(`/s/text-${Tier}`, { Value, Tier });
      assert.equal((await get(`/s/text-${Tier}`, true))?.Value, Value);
    }
  });

  test('keep the key that they have when an overwrite names none', async () => {
    await put('/s/key', { KeyId: keyArn });
    await put('/s/key', { Overwrite: true });
    const history = await ssm.ask('GetParameterHistory', { Name: '/s/key' });
    assert.deepEqual(
      history.Parameters?.map(({ KeyId }) => KeyId),
      [keyArn, keyArn],
    );
  });

  test('tell what is wrong with a key as InvalidKeyId, with the words of KMS', async () => {
    await assert.rejects(
      put('/s/no', { KeyId: 'alias/nothing' }),
      refusal(
        'InvalidKeyId',
        /^Alias .*nothing is not found\. \(Service: AWSKMS; .*: NotFoundException; Request ID.*\)$/,
      ),
    );
    const { KeyMetadata } = await ssm.kms('CreateKey', {});
    const KeyId = KeyMetadata?.Arn ?? '';
    await put('/s/disabled', { KeyId });
    await ssm.kms('DisableKey', { KeyId });
    const text = new RegExp(`^${KeyId} is disabled\\. \\(Service: AWSKMS; .*DisabledException`);
    await assert.rejects(get('/s/disabled', true), refusal('InvalidKeyId', text));
    await assert.rejects(put('/s/disabled', { Overwrite: true }), refusal('InvalidKeyId', text));
    assert.equal((await get('/s/disabled', false))?.Type, 'SecureString');
    await assert.rejects(
      ssm.ask('GetParameters', { Names: ['/s/default', '/s/disabled'], WithDecryption: true }),
      refusal('InvalidKeyId', text),
    );
    const rsa = await ssm.kms('CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    await assert.rejects(put('/s/rsa', { KeyId: rsa.KeyMetadata?.Arn }), refusal('InvalidKeyId'));
    await assert.rejects(get('/s/no', true), refusal('ParameterNotFound'));
  });

  test('need the rights of the caller at KMS, and leave its record', async () => {
    await ssm.newUser('reader', {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: '*' },
        {
          Effect: 'Allow',
          Action: 'kms:Decrypt',
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:ViaService': `ssm.${region}.amazonaws.com`,
              'kms:EncryptionContext:PARAMETER_ARN': arnOf('s/mine'),
            },
          },
        },
      ],
    });
    await put('/s/mine', { KeyId: keyArn });
    await put('/s/theirs', { KeyId: keyArn });
    const read = (Name: string) =>
      ssm.ask('GetParameter', { Name, WithDecryption: true }, { user: 'reader' });
    assert.equal((await read('/s/mine')).Parameter?.Value, 'hush');
    await assert.rejects(
      read('/s/theirs'),
      refusal(
        'AccessDeniedException',
        /user\/reader is not authorized to perform: kms:Decrypt on resource: .*\(Service: AWSKMS/,
      ),
    );
    await assert.rejects(
      ssm.ask('PutParameter', { Name: '/s/mine', Value: 'x', Overwrite: true }, { user: 'reader' }),
      refusal('AccessDeniedException', /ssm:PutParameter/),
    );
    const records = (await ssm.trail()).slice(-5, -1);
    assert.deepEqual(
      records.map((record) => [record.eventSource, record.eventName, record.errorCode]),
      [
        ['kms.amazonaws.com', 'Decrypt', undefined],
        ['ssm.amazonaws.com', 'GetParameter', undefined],
        ['kms.amazonaws.com', 'Decrypt', 'AccessDenied'],
        ['ssm.amazonaws.com', 'GetParameter', 'AccessDenied'],
      ],
    );
  });
});
