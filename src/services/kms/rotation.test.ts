import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import type { CreateKeyRequest } from '../../model/kms.generated.ts';
import type { KmsEvent } from './due.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const dayMs = 86_400_000;
const newKey = async (input: CreateKeyRequest = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const enable = (KeyId: string, RotationPeriodInDays?: number) =>
  kms.call('EnableKeyRotation', {
    KeyId,
    ...(RotationPeriodInDays === undefined ? {} : { RotationPeriodInDays }),
  });
const status = (KeyId: string) => kms.ask('GetKeyRotationStatus', { KeyId });
const rotate = (KeyId: string) => kms.ask('RotateKeyOnDemand', { KeyId });
const materialOf = async (KeyId: string) =>
  (await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.CurrentKeyMaterialId;
const rotations = async (KeyId: string, all = true) => {
  const answer = await kms.ask('ListKeyRotations', {
    KeyId,
    ...(all ? { IncludeKeyMaterial: 'ALL_KEY_MATERIAL' as const } : {}),
  });
  return answer.Rotations ?? [];
};
const seal = async (KeyId: string) =>
  Buffer.from(
    (await kms.ask('Encrypt', { KeyId, Plaintext: Buffer.from('x') })).CiphertextBlob ?? [],
  );
const about = (arn: string, events: readonly KmsEvent[]) =>
  events.filter(({ resources }) => resources[0]?.arn === arn);
/** Moves the clock, does what falls due, and tells the events of this key. */
const pass = async (ms: number, arn: string) => {
  kms.clock.now += ms;
  return about(arn, await kms.doDue());
};

describe('automatic rotation', () => {
  test('is off for a new key, and on from the day it is enabled', async () => {
    const { id, arn } = await newKey();
    assert.deepEqual(await status(id), { KeyId: arn, KeyRotationEnabled: false });
    const { notes, output } = await enable(id);
    assert.equal(output, undefined);
    assert.deepEqual(notes?.responseElements, { keyId: arn });
    assert.deepEqual(await status(id), {
      KeyId: arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: 365,
      NextRotationDate: kms.clock.now + 365 * dayMs,
    });
    await kms.ask('DisableKeyRotation', { KeyId: id });
    assert.deepEqual(await status(id), { KeyId: arn, KeyRotationEnabled: false });
  });

  test('goes by a new period from the day it is set; the same period again moves nothing', async () => {
    const { id } = await newKey();
    await enable(id, 90);
    const first = (await status(id)).NextRotationDate;
    kms.clock.now += 10 * dayMs;
    await enable(id, 90);
    assert.equal((await status(id)).NextRotationDate, first);
    await enable(id, 180);
    assert.equal((await status(id)).NextRotationDate, kms.clock.now + 180 * dayMs);
  });

  test('makes new material on its day, not before, and leaves the facts for its record', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    const began = kms.clock.now;
    const before = await materialOf(id);
    const old = await seal(id);
    assert.deepEqual(await pass(90 * dayMs - 1, arn), []);
    assert.equal(await materialOf(id), before);
    const events = await pass(1, arn);
    const now = await materialOf(id);
    assert.notEqual(now, before);
    assert.deepEqual(events, [
      {
        eventName: 'RotateKey',
        account,
        region,
        resources: [{ arn, account, type: 'AWS::KMS::Key' }],
        serviceEventDetails: {
          rotationType: 'AUTOMATIC',
          keyOrigin: 'AWS_KMS',
          keyId: id,
          previousKeyMaterialId: before,
          currentKeyMaterialId: now,
        },
      },
    ]);
    assert.equal((await status(id)).NextRotationDate, began + 180 * dayMs);
    assert.deepEqual(await rotations(id), [
      { KeyId: arn, KeyMaterialId: before, KeyMaterialState: 'NON_CURRENT' },
      {
        KeyId: arn,
        KeyMaterialId: now,
        KeyMaterialState: 'CURRENT',
        RotationDate: kms.clock.now,
        RotationType: 'AUTOMATIC',
      },
    ]);
    assert.equal((await kms.ask('Decrypt', { CiphertextBlob: old })).KeyMaterialId, before);
    const fresh = await seal(id);
    assert.equal((await kms.ask('Decrypt', { CiphertextBlob: fresh })).KeyMaterialId, now);
    const again = await kms.startAgain();
    assert.equal((await again.ask('Decrypt', { CiphertextBlob: old })).KeyMaterialId, before);
    assert.deepEqual(await pass(1, arn), []);
  });

  test('makes up for several missed periods with one rotation, and starts anew', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    assert.equal((await pass(1000 * dayMs, arn)).length, 1);
    assert.equal((await status(id)).NextRotationDate, kms.clock.now + 90 * dayMs);
  });

  test('waits while the key is disabled, and is made up for when it is enabled again', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    await kms.ask('DisableKey', { KeyId: id });
    const before = await status(id);
    assert.deepEqual(await pass(100 * dayMs, arn), []);
    assert.deepEqual(await status(id), before);
    const disabled = refusal('DisabledException', `${arn} is disabled.`);
    await assert.rejects(enable(id), disabled);
    await assert.rejects(kms.ask('DisableKeyRotation', { KeyId: id }), disabled);
    await kms.ask('EnableKey', { KeyId: id });
    assert.equal((await pass(0, arn)).length, 1);
  });

  test('is told as off while the key is pending deletion, and is back when that is cancelled', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    const before = await status(id);
    await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    assert.deepEqual(await status(id), { KeyId: arn, KeyRotationEnabled: false });
    await assert.rejects(
      enable(id),
      refusal('KMSInvalidStateException', `${arn} is pending deletion.`),
    );
    await kms.ask('CancelKeyDeletion', { KeyId: id });
    assert.deepEqual(await status(id), before);
  });

  test('happens once, however many processes find it due', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    kms.clock.now += 90 * dayMs;
    const other = await kms.startAgain();
    const dueOf = async (process: KmsUnderTest) =>
      (await process.due(kms.clock.now, { kind: 'kms/rotate-key' })).find((due) => due.id === arn);
    const [mine, theirs] = [await dueOf(kms), await dueOf(other)];
    assert.ok(mine !== undefined && theirs !== undefined);
    assert.equal((await other.store.commit(theirs.writes)).kind, 'committed');
    assert.equal((await kms.store.commit(mine.writes)).kind, 'conflict');
    assert.equal((await rotations(id)).length, 2);
    assert.equal(await dueOf(kms), undefined);
    // The material of the rotation that was not to be does nothing.
    const CiphertextBlob = await seal(id);
    assert.equal((await other.ask('Decrypt', { CiphertextBlob })).KeyId, arn);
  });

  test('rotates the longest due first, and no more at once than asked for', async () => {
    const keys = [await newKey(), await newKey(), await newKey()];
    for (const [at, days] of [120, 90, 2000].entries()) await enable(keys[at]?.id ?? '', days);
    const kind = 'kms/rotate-key';
    const dueIn = async (limit: number) =>
      (await kms.due(kms.clock.now + 130 * dayMs, { kind, limit })).map(({ id }) => id);
    const order = (await dueIn(100)).filter((arn) => keys.some((key) => key.arn === arn));
    assert.deepEqual(order, [keys[1]?.arn, keys[0]?.arn]);
    assert.equal((await dueIn(1)).length, 1);
  });

  for (const [KeySpec, KeyUsage] of [
    ['RSA_2048', 'ENCRYPT_DECRYPT'],
    ['ECC_NIST_P256', 'SIGN_VERIFY'],
    ['HMAC_256', 'GENERATE_VERIFY_MAC'],
    ['ML_DSA_44', 'SIGN_VERIFY'],
  ] as const)
    test(`is not for ${KeySpec}, which can be asked about it and told to have none`, async () => {
      const { id, arn } = await newKey({ KeySpec, KeyUsage });
      const unsupported = refusal('UnsupportedOperationException', undefined);
      await assert.rejects(enable(id), unsupported);
      await assert.rejects(rotate(id), unsupported);
      await assert.rejects(rotations(id), unsupported);
      assert.deepEqual(await status(id), { KeyId: arn, KeyRotationEnabled: false });
      await kms.ask('DisableKeyRotation', { KeyId: id });
    });

  test('of an AWS managed key is each year, from the year it was made', async () => {
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: 'alias/aws/s3' });
    const { KeyId = '', Arn = '', CreationDate = 0 } = KeyMetadata ?? {};
    assert.deepEqual(await status(KeyId), {
      KeyId: Arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: 365,
      NextRotationDate: CreationDate + 365 * dayMs,
    });
    assert.equal((await pass(365 * dayMs, Arn)).length, 1);
    assert.equal((await pass(364 * dayMs, Arn)).length, 0);
    assert.equal((await pass(dayMs, Arn)).length, 1);
    await assert.rejects(rotate(KeyId), { code: 'AccessDeniedException' });
  });

  test('is for keys, not for aliases', async () => {
    const { id } = await newKey();
    await kms.ask('CreateAlias', { AliasName: 'alias/rotated', TargetKeyId: id });
    const noAlias = refusal(
      'InvalidArnException',
      'Key Aliases are not supported for this operation.',
    );
    await assert.rejects(enable('alias/rotated'), noAlias);
    await assert.rejects(rotate('alias/rotated'), noAlias);
  });
});

describe('rotation on demand', () => {
  test('is done when it is answered, has its own event, and leaves the schedule alone', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    const before = { status: await status(id), material: await materialOf(id) };
    const { output } = await kms.call('RotateKeyOnDemand', { KeyId: id });
    assert.deepEqual(output, { KeyId: arn });
    assert.deepEqual(await status(id), before.status);
    const now = await materialOf(id);
    const events = await pass(0, arn);
    assert.deepEqual(
      events.map(({ eventName, serviceEventDetails }) => [eventName, serviceEventDetails]),
      [
        [
          'RotateKey',
          {
            rotationType: 'ON_DEMAND',
            keyOrigin: 'AWS_KMS',
            keyId: id,
            previousKeyMaterialId: before.material,
            currentKeyMaterialId: now,
          },
        ],
      ],
    );
    assert.deepEqual(await pass(0, arn), []);
  });

  test('tells which material did what', async () => {
    const { id } = await newKey();
    const first = await materialOf(id);
    const old = await seal(id);
    await rotate(id);
    const second = await materialOf(id);
    const decrypted = await kms.call('Decrypt', { CiphertextBlob: old });
    assert.equal(decrypted.output.KeyMaterialId, first);
    const moved = await kms.ask('ReEncrypt', { CiphertextBlob: old, DestinationKeyId: id });
    assert.equal(moved.SourceKeyMaterialId, first);
    assert.equal(moved.DestinationKeyMaterialId, second);
    const made = await kms.ask('GenerateDataKey', { KeyId: id, KeySpec: 'AES_256' });
    assert.equal(made.KeyMaterialId, second);
  });

  test('is refused close to an automatic one, and again possible after it', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    await pass(90 * dayMs - 20 * 60_000 - 1, arn);
    await rotate(id);
    kms.clock.now += 1;
    await assert.rejects(rotate(id), { code: 'ConflictException' });
    kms.clock.now += 21 * 60_000;
    await assert.rejects(rotate(id), { code: 'ConflictException' });
    await pass(0, arn);
    await rotate(id);
    assert.deepEqual(
      (await rotations(id, false)).map(({ RotationType }) => RotationType),
      ['ON_DEMAND', 'AUTOMATIC', 'ON_DEMAND'],
    );
  });

  test('is possible 25 times; automatic rotations do not count', async () => {
    const { id, arn } = await newKey();
    await enable(id, 90);
    await pass(90 * dayMs, arn);
    for (let i = 0; i < 25; i++) await rotate(id);
    await assert.rejects(
      rotate(id),
      refusal(
        'LimitExceededException',
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${arn}`,
      ),
    );
    assert.equal((await pass(90 * dayMs, arn)).length > 0, true);
  });
});

describe('the list of rotations', () => {
  test('is empty for a fresh key, whose first material ALL_KEY_MATERIAL adds', async () => {
    const { id, arn } = await newKey();
    assert.deepEqual(await kms.ask('ListKeyRotations', { KeyId: id }), {
      Rotations: [],
      Truncated: false,
    });
    assert.deepEqual(await rotations(id), [
      { KeyId: arn, KeyMaterialId: await materialOf(id), KeyMaterialState: 'CURRENT' },
    ]);
  });

  test('comes in pages, whose markers are this key’s own', async () => {
    const { id } = await newKey();
    for (let i = 0; i < 4; i++) await rotate(id);
    const whole = await rotations(id, false);
    assert.equal(whole.length, 4);
    const first = await kms.ask('ListKeyRotations', { KeyId: id, Limit: 3 });
    assert.deepEqual(first.Rotations, whole.slice(0, 3));
    assert.equal(first.Truncated, true);
    const Marker = first.NextMarker ?? '';
    assert.deepEqual(await kms.ask('ListKeyRotations', { KeyId: id, Limit: 3, Marker }), {
      Rotations: whole.slice(3),
      Truncated: false,
    });
    const other = await newKey();
    await assert.rejects(kms.ask('ListKeyRotations', { KeyId: other.id, Marker }), {
      code: 'InvalidMarkerException',
    });
  });
});
