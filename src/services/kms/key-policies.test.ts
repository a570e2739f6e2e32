import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal } from '../../../test/open-kms.ts';
import { defaultPolicy } from './policy-document.ts';

let kms: KmsUnderTest;
let KeyId: string;
before(async () => {
  kms = await openKms();
  KeyId = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
});
after(() => kms.close());

const policy = (Action: string) => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action,
    Resource: '*',
  },
});
const open = JSON.stringify(policy('kms:*'));
const closed = JSON.stringify(policy('kms:Encrypt'));
const lockout = refusal(
  'MalformedPolicyDocumentException',
  'The new key policy will not allow you to update the key policy in the future.',
);

describe('the key policy', () => {
  test('is the default one until another is put, and comes back equal in meaning', async () => {
    const first = await kms.ask('GetKeyPolicy', { KeyId });
    assert.deepEqual(first, {
      Policy: defaultPolicy({ account, partition: 'aws' }),
      PolicyName: 'default',
    });
    await kms.ask('PutKeyPolicy', { KeyId, Policy: open, PolicyName: 'default' });
    const { Policy } = await kms.ask('GetKeyPolicy', { KeyId, PolicyName: 'default' });
    assert.deepEqual(JSON.parse(Policy ?? ''), policy('kms:*'));
  });

  test('is checked by CreateKey as by PutKeyPolicy', async () => {
    await assert.rejects(kms.ask('CreateKey', { Policy: closed }), lockout);
    await assert.rejects(kms.ask('PutKeyPolicy', { KeyId, Policy: closed }), lockout);
    const BypassPolicyLockoutSafetyCheck = true;
    const made = await kms.ask('CreateKey', { Policy: closed, BypassPolicyLockoutSafetyCheck });
    const id = made.KeyMetadata?.KeyId ?? '';
    assert.ok(await kms.ask('Encrypt', { KeyId: id, Plaintext: Buffer.from('x') }));
    await assert.rejects(
      kms.ask('GetKeyPolicy', { KeyId: id }),
      refusal(
        'AccessDeniedException',
        `User: arn:aws:iam::${account}:root is not authorized to perform: kms:GetKeyPolicy on ` +
          `resource: ${made.KeyMetadata?.Arn} because no resource-based policy allows the ` +
          'kms:GetKeyPolicy action',
      ),
    );
  });

  test('has one name', async () => {
    assert.deepEqual(await kms.ask('ListKeyPolicies', { KeyId }), {
      PolicyNames: ['default'],
      Truncated: false,
    });
    const none = refusal('NotFoundException', 'No such policy exists');
    for (const PolicyName of ['other', 'AWS_RAM'])
      await assert.rejects(kms.ask('GetKeyPolicy', { KeyId, PolicyName }), none);
    await assert.rejects(kms.ask('PutKeyPolicy', { KeyId, PolicyName: 'x', Policy: open }), none);
    await assert.rejects(
      kms.ask('PutKeyPolicy', { KeyId, PolicyName: 'AWS_RAM', Policy: open }),
      refusal('ValidationException', 'The AWS_RAM policy can only be managed by the RAM service.'),
    );
  });
});
