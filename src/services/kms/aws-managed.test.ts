import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

describe('an AWS managed key', () => {
  test('comes to be when its alias is first named, once', async () => {
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: 'alias/aws/ebs' });
    assert.equal(KeyMetadata?.KeyManager, 'AWS');
    assert.equal(
      KeyMetadata?.Description,
      'Default key that protects my EBS volumes when no other key is defined',
    );
    assert.deepEqual(await kms.ask('DescribeKey', { KeyId: 'alias/aws/ebs' }), { KeyMetadata });
    const { Keys } = await kms.ask('ListKeys', {});
    assert.deepEqual(Keys, [{ KeyId: KeyMetadata?.KeyId, KeyArn: KeyMetadata?.Arn }]);
  });

  test('is closed to direct use: its policy opens it to its service only', async () => {
    const Plaintext = Buffer.from('x');
    const unmade = `arn:aws:kms:${region}:${account}:alias/aws/ssm`;
    await assert.rejects(
      kms.ask('Encrypt', { KeyId: unmade, Plaintext }),
      refusal('NotFoundException', `Alias ${unmade} is not found.`),
    );
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: unmade });
    for (const KeyId of [unmade, 'alias/aws/ssm', KeyMetadata?.KeyId ?? ''])
      await assert.rejects(
        kms.ask('Encrypt', { KeyId, Plaintext }),
        refusal(
          'AccessDeniedException',
          `User: arn:aws:iam::${account}:root is not authorized to perform: kms:Encrypt on resource: ${KeyMetadata?.Arn} because no resource-based policy allows the kms:Encrypt action`,
        ),
      );
  });

  test('does not come to be for a name that AWS has not', async () => {
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId: 'alias/aws/nothing' }),
      refusal(
        'NotFoundException',
        `Alias arn:aws:kms:${region}:${account}:alias/aws/nothing is not found.`,
      ),
    );
  });

  test('can be read but not changed', async () => {
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: 'alias/aws/s3' });
    const KeyId = KeyMetadata?.KeyId ?? '';
    const denied = (operation: string) =>
      refusal(
        'AccessDeniedException',
        `User: arn:aws:iam::${account}:root is not authorized to perform: kms:${operation} on resource: ${KeyMetadata?.Arn} because no resource-based policy allows the kms:${operation} action`,
      );
    const changes = {
      DisableKey: { KeyId },
      ScheduleKeyDeletion: { KeyId },
      UpdateKeyDescription: { KeyId, Description: 'mine' },
      TagResource: { KeyId, Tags: [] },
      UntagResource: { KeyId, TagKeys: [] },
      PutKeyPolicy: { KeyId, Policy: '{}' },
      CreateAlias: { AliasName: 'alias/mine', TargetKeyId: KeyId },
    } as const;
    for (const [operation, input] of Object.entries(changes))
      await assert.rejects(
        kms.ask(operation as 'DisableKey', input as { KeyId: string }),
        denied(operation),
      );
    await kms.ask('ListResourceTags', { KeyId });
    await kms.ask('ListKeyPolicies', { KeyId });
    const { Policy } = await kms.ask('GetKeyPolicy', { KeyId });
    assert.deepEqual(JSON.parse(Policy ?? ''), {
      Version: '2012-10-17',
      Id: 'auto-s3-2',
      Statement: [
        {
          Sid: 'Allow access through S3 for all principals in the account that are authorized to use S3',
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: [
            'kms:Encrypt',
            'kms:Decrypt',
            'kms:ReEncrypt*',
            'kms:GenerateDataKey*',
            'kms:DescribeKey',
          ],
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:CallerAccount': account,
              'kms:ViaService': `s3.${region}.amazonaws.com`,
            },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*'],
          Resource: '*',
        },
      ],
    });
  });
});
