import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
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

describe('a key policy that would lock the account out', () => {
  const keyArn = () => `arn:aws:kms:${region}:${account}:key/${KeyId}`;
  const allow = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: 'kms:*',
    Resource: '*',
  };
  const others = { AWS: 'arn:aws:iam::444455556666:root' };
  const statements = (...list: object[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: list });

  test('is refused, unless the check is bypassed', async () => {
    const locking = [
      statements({ ...allow, Principal: others }),
      statements({ ...allow, Action: 'kms:Encrypt' }),
      statements({ ...allow, NotAction: 'kms:Put*', Action: undefined }),
      statements({ ...allow, Resource: `${keyArn()}x` }),
      statements({ ...allow, Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }),
      statements({ ...allow, Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }),
      statements(allow, { ...allow, Effect: 'Deny', Action: 'kms:PutKeyPolicy' }),
      statements(allow, { Effect: 'Deny', NotPrincipal: others, Action: 'kms:*', Resource: '*' }),
      statements({ ...allow, Action: `kms:${'*a'.repeat(8_000)}b` }),
    ];
    for (const Policy of locking) {
      await assert.rejects(kms.ask('PutKeyPolicy', { KeyId, Policy }), lockout, Policy);
      const BypassPolicyLockoutSafetyCheck = true;
      await kms.ask('CreateKey', { Policy, BypassPolicyLockoutSafetyCheck });
    }
  });

  test('is none when a condition holds for who puts it, as the policy will be read', async () => {
    const Condition = { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } };
    for (const Policy of [
      statements({ ...allow, Condition }),
      statements({ ...allow, Action: ['kms:Get*', 'kms:P?tKey*'] }),
      statements({ ...allow, Resource: keyArn() }),
      statements(allow, { ...allow, Effect: 'Deny', Principal: others }),
    ])
      await kms.ask('PutKeyPolicy', { KeyId, Policy });
    await kms.ask('PutKeyPolicy', { KeyId, Policy: open });
  });
});
