import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import { usageLagMs } from '../../usage/usage.ts';

const bytes = Buffer.from('x');
const dayMs = 86_400_000;

async function newKey(kms: KmsUnderTest, input = {}): Promise<string> {
  return String((await kms.ask('CreateKey', input)).KeyMetadata?.KeyId);
}
async function lastUse(kms: KmsUnderTest, KeyId: string) {
  const { KeyLastUsage } = await kms.ask('GetKeyLastUsage', { KeyId });
  return KeyLastUsage?.Operation === undefined
    ? undefined
    : [KeyLastUsage.Operation, KeyLastUsage.Timestamp];
}
const stored = async (kms: KmsUnderTest) =>
  (await kms.engine.scan({ prefix: 'kms/key-uses/', limit: 100 })).length;

describe('GetKeyLastUsage', () => {
  test('tells that a key was not used since it was made', async () => {
    const kms = await openKms();
    const started = kms.clock.now;
    kms.clock.now += 1_000;
    const KeyId = await newKey(kms);
    await kms.ask('DescribeKey', { KeyId });
    assert.deepEqual(await kms.ask('GetKeyLastUsage', { KeyId }), {
      KeyId,
      KeyLastUsage: {},
      TrackingStartDate: started,
      KeyCreationDate: started + 1_000,
    });
    await kms.close();
  });

  test('tells the last success, with the ids of its record and request', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext: bytes });
    assert.deepEqual(await lastUse(kms, KeyId), ['Encrypt', kms.clock.now]);
    kms.clock.now += 5_000;
    await kms.ask('Decrypt', { CiphertextBlob: CiphertextBlob as Buffer });
    const { KeyLastUsage } = await kms.ask('GetKeyLastUsage', { KeyId });
    const { CloudTrailEventId, ...rest } = KeyLastUsage ?? {};
    assert.match(String(CloudTrailEventId), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
    assert.deepEqual(rest, {
      Operation: 'Decrypt',
      Timestamp: kms.clock.now,
      KmsRequestId: '01234567-89ab-4cde-8f01-23456789abcd',
    });
    await kms.close();
  });

  test('counts neither what failed nor dry runs', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await assert.rejects(kms.ask('Encrypt', { KeyId, Plaintext: bytes, DryRun: true }));
    await assert.rejects(kms.ask('GenerateDataKey', { KeyId }));
    await kms.ask('DisableKey', { KeyId });
    await assert.rejects(kms.ask('Encrypt', { KeyId, Plaintext: bytes }));
    assert.equal(await lastUse(kms, KeyId), undefined);
    await kms.close();
  });

  test('counts a ReEncrypt for both keys', async () => {
    const kms = await openKms();
    const [from, to] = [await newKey(kms), await newKey(kms)];
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId: from, Plaintext: bytes });
    const ciphertext = CiphertextBlob as Buffer;
    await kms.ask('ReEncrypt', { CiphertextBlob: ciphertext, DestinationKeyId: to });
    for (const KeyId of [from, to])
      assert.deepEqual(await lastUse(kms, KeyId), ['ReEncrypt', kms.clock.now]);
    await kms.close();
  });

  test('knows every operation that uses a key', async () => {
    const kms = await openKms();
    const used = async (KeyId: string, operation: string) =>
      assert.equal((await lastUse(kms, KeyId))?.[0], operation);
    const aes = await newKey(kms);
    await kms.ask('GenerateDataKey', { KeyId: aes, KeySpec: 'AES_128' });
    await used(aes, 'GenerateDataKey');
    await kms.ask('GenerateDataKeyWithoutPlaintext', { KeyId: aes, NumberOfBytes: 3 });
    await used(aes, 'GenerateDataKeyWithoutPlaintext');
    const pair = { KeyId: aes, KeyPairSpec: 'ECC_NIST_P256' } as const;
    await kms.ask('GenerateDataKeyPair', pair);
    await used(aes, 'GenerateDataKeyPair');
    await kms.ask('GenerateDataKeyPairWithoutPlaintext', pair);
    await used(aes, 'GenerateDataKeyPairWithoutPlaintext');
    const hmac = await newKey(kms, { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const mac = { KeyId: hmac, Message: bytes, MacAlgorithm: 'HMAC_SHA_256' } as const;
    const { Mac } = await kms.ask('GenerateMac', mac);
    await used(hmac, 'GenerateMac');
    await kms.ask('VerifyMac', { ...mac, Mac: Mac as Buffer });
    await used(hmac, 'VerifyMac');
    const ecc = await newKey(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
    const message = { KeyId: ecc, Message: bytes, SigningAlgorithm: 'ECDSA_SHA_256' } as const;
    const { Signature } = await kms.ask('Sign', message);
    await used(ecc, 'Sign');
    await kms.ask('Verify', { ...message, Signature: Signature as Buffer });
    await used(ecc, 'Verify');
    await kms.close();
  });

  test('takes no alias, and needs no state of the key', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await kms.ask('CreateAlias', { AliasName: 'alias/used', TargetKeyId: KeyId });
    await assert.rejects(
      kms.ask('GetKeyLastUsage', { KeyId: 'alias/used' }),
      refusal('InvalidArnException', 'Key Aliases are not supported for this operation.'),
    );
    await kms.ask('ScheduleKeyDeletion', { KeyId });
    assert.equal(await lastUse(kms, KeyId), undefined);
    await kms.close();
  });
});

describe('what is known of last uses', () => {
  test('is saved when it is time to, not with each use, and survives', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext: bytes });
    await kms.kms.usage.saveIfDue();
    assert.equal(await stored(kms), 0);
    assert.ok(usageLagMs <= 60_000);
    await kms.kms.usage.save();
    assert.equal(await stored(kms), 1);
    const later = await kms.startAgain();
    assert.deepEqual(await lastUse(later, KeyId), ['Encrypt', kms.clock.now]);
    const began = (await kms.ask('GetKeyLastUsage', { KeyId })).TrackingStartDate;
    kms.clock.now += dayMs;
    const again = await kms.startAgain();
    assert.equal((await again.ask('GetKeyLastUsage', { KeyId })).TrackingStartDate, began);
    await kms.close();
  });

  test('of several nodes is the latest, whichever saves last', async () => {
    const kms = await openKms();
    const other = await kms.startAgain();
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext: bytes });
    const early = kms.clock.now;
    kms.clock.now += 1_000;
    await other.ask('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    await other.kms.usage.save();
    await kms.kms.usage.save();
    for (const node of [kms, other])
      assert.deepEqual(await lastUse(node, KeyId), ['GenerateDataKey', early + 1_000]);
    await kms.close();
  });

  test('goes with its key', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext: bytes });
    await kms.kms.usage.save();
    await kms.ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    kms.clock.now += 7 * dayMs;
    await kms.doDue();
    assert.equal(await stored(kms), 0);
    await kms.kms.usage.save();
    assert.equal(await stored(kms), 0);
    await kms.close();
  });

  test('is kept for each Region of a multi-Region key', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms, { MultiRegion: true });
    await kms.ask('ReplicateKey', { KeyId, ReplicaRegion: 'us-west-2' });
    kms.clock.now += dayMs;
    await kms.doDue();
    await kms.ask('Encrypt', { KeyId, Plaintext: bytes }, { region: 'us-west-2' });
    assert.equal(await lastUse(kms, KeyId), undefined);
    const there = await kms.ask('GetKeyLastUsage', { KeyId }, { region: 'us-west-2' });
    assert.equal(there.KeyLastUsage?.Operation, 'Encrypt');
    assert.notEqual(region, 'us-west-2');
    await kms.close();
  });
});
