import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, refusal, region } from '../../../test/open-kms.ts';
import { keySpecs } from '../../crypto/key-spec.ts';
import type { CreateKeyRequest, KeySpec, KeyUsageType } from '../../model/kms.generated.ts';

let kms: KmsUnderTest;
before(async () => {
  kms = await openKms();
});
after(() => kms.close());

const newKey = async (input: CreateKeyRequest = {}, caller = {}) => {
  const { KeyMetadata } = await kms.ask('CreateKey', input, caller);
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
};
const stateOf = async (KeyId: string) =>
  (await kms.ask('DescribeKey', { KeyId })).KeyMetadata?.KeyState;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const dayMs = 86_400_000;

describe('CreateKey', () => {
  test('makes a symmetric key unless told otherwise, described as AWS describes it', async () => {
    const { output, resources, notes } = await kms.call('CreateKey', { Description: 'mine' });
    const { KeyMetadata } = output;
    assert.match(KeyMetadata?.KeyId ?? '', uuid);
    assert.match(KeyMetadata?.CurrentKeyMaterialId ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(KeyMetadata, {
      AWSAccountId: account,
      KeyId: KeyMetadata?.KeyId,
      Arn: `arn:aws:kms:${region}:${account}:key/${KeyMetadata?.KeyId}`,
      CreationDate: kms.clock.now,
      Enabled: true,
      Description: 'mine',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      CurrentKeyMaterialId: KeyMetadata?.CurrentKeyMaterialId,
    });
    const KeyId = KeyMetadata?.KeyId ?? '';
    assert.deepEqual(await kms.ask('DescribeKey', { KeyId }), { KeyMetadata });
    assert.deepEqual(resources, []);
    assert.equal(notes?.resources?.[0]?.arn, KeyMetadata?.Arn);
    assert.deepEqual(notes?.requestParameters, {
      description: 'mine',
      origin: 'AWS_KMS',
      bypassPolicyLockoutSafetyCheck: false,
      keySpec: 'SYMMETRIC_DEFAULT',
      customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      keyUsage: 'ENCRYPT_DECRYPT',
    });
  });

  for (const spec of keySpecs.values())
    for (const usage of [
      'ENCRYPT_DECRYPT',
      'SIGN_VERIFY',
      'GENERATE_VERIFY_MAC',
      'KEY_AGREEMENT',
      'ENCAPSULATE_DECAPSULATE',
    ] as const satisfies readonly KeyUsageType[])
      test(`answers ${spec.name} for ${usage}`, async () => {
        const input = { KeySpec: spec.name as KeySpec, KeyUsage: usage };
        if (!spec.algorithms.has(usage))
          return assert.rejects(
            kms.ask('CreateKey', input),
            refusal(
              'ValidationException',
              `KeyUsage ${usage} is not compatible with KeySpec ${spec.name}`,
            ),
          );
        if (spec.name === 'SM2')
          return assert.rejects(
            kms.ask('CreateKey', input),
            refusal('UnsupportedOperationException', 'KeySpec SM2 is not supported in this Region'),
          );
        const { KeyMetadata } = await kms.ask('CreateKey', input);
        const lists = Object.entries(KeyMetadata ?? {}).filter(([name]) =>
          /Algorithms$/.test(name),
        );
        assert.deepEqual(
          lists.map(([, list]) => list),
          [spec.algorithms.get(usage)],
        );
        const isSymmetric = spec.name === 'SYMMETRIC_DEFAULT';
        assert.equal(KeyMetadata?.CurrentKeyMaterialId !== undefined, isSymmetric);
      });

  test('makes a multi-Region key with its own form of id, and a primary without replicas', async () => {
    const { KeyMetadata } = await kms.ask('CreateKey', { MultiRegion: true });
    assert.match(KeyMetadata?.KeyId ?? '', /^mrk-[0-9a-f]{32}$/);
    assert.equal(KeyMetadata?.MultiRegion, true);
    assert.deepEqual(KeyMetadata?.MultiRegionConfiguration, {
      MultiRegionKeyType: 'PRIMARY',
      PrimaryKey: { Arn: KeyMetadata?.Arn, Region: region },
      ReplicaKeys: [],
    });
    const KeyId = KeyMetadata?.KeyId ?? '';
    const sealed = await kms.ask('Encrypt', { KeyId, Plaintext: Buffer.from('x') });
    const CiphertextBlob = Buffer.from(sealed.CiphertextBlob ?? []);
    assert.equal((await kms.ask('Decrypt', { CiphertextBlob })).KeyId, KeyMetadata?.Arn);
  });

  const refused: ReadonlyArray<readonly [CreateKeyRequest, string, string]> = [
    [
      { KeySpec: 'RSA_2048', CustomerMasterKeySpec: 'RSA_2048' },
      'ValidationException',
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    ],
    [
      { CustomerMasterKeySpec: 'HMAC_256' },
      'ValidationException',
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    ],
    ...(['ECC_NIST_EDWARDS25519', 'ML_DSA_65', 'ML_KEM_768'] as const).map(
      (KeySpec) =>
        [
          {
            Origin: 'EXTERNAL',
            KeySpec,
            KeyUsage: KeySpec === 'ML_KEM_768' ? 'ENCAPSULATE_DECAPSULATE' : 'SIGN_VERIFY',
          },
          'ValidationException',
          `KeySpec ${KeySpec} is not supported for Origin EXTERNAL`,
        ] as const,
    ),
    [
      { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1' },
      'CustomKeyStoreNotFoundException',
      'Custom key store cks-1 does not exist.',
    ],
    ...(['AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE'] as const).map(
      (Origin) =>
        [
          { Origin },
          'ValidationException',
          `CustomKeyStoreId is required for Origin ${Origin}.`,
        ] as const,
    ),
    [
      { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1', XksKeyId: 'x' },
      'ValidationException',
      'XksKeyId is not valid for Origin AWS_CLOUDHSM.',
    ],
    [
      { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: 'cks-1' },
      'ValidationException',
      'XksKeyId is required for Origin EXTERNAL_KEY_STORE.',
    ],
    [
      { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-1', MultiRegion: true },
      'ValidationException',
      'MultiRegion is not valid for Origin AWS_CLOUDHSM.',
    ],
    [
      {
        Origin: 'AWS_CLOUDHSM',
        CustomKeyStoreId: 'cks-1',
        KeySpec: 'HMAC_256',
        KeyUsage: 'GENERATE_VERIFY_MAC',
      },
      'ValidationException',
      'KeySpec HMAC_256 is not supported for Origin AWS_CLOUDHSM',
    ],
    [
      { CustomKeyStoreId: 'cks-1' },
      'ValidationException',
      'CustomKeyStoreId is not valid for Origin AWS_KMS.',
    ],
    [{ XksKeyId: 'x' }, 'ValidationException', 'XksKeyId is not valid for Origin AWS_KMS.'],
  ];
  for (const [input, code, text] of refused)
    test(`refuses ${JSON.stringify(input)}`, () =>
      assert.rejects(kms.ask('CreateKey', input), refusal(code, text)));
});

describe('DescribeKey', () => {
  test('finds keys in their own Region and account only', async () => {
    const { id, arn } = await newKey();
    const elsewhere = { region: 'us-west-2' };
    const missing = arn.replace(region, 'us-west-2');
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId: id }, elsewhere),
      refusal('NotFoundException', `Key '${missing}' does not exist`),
    );
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId: arn }, elsewhere),
      refusal('NotFoundException', `Invalid arn ${region}`),
    );
    const stranger = { account: '444455556666' };
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId: id }, stranger),
      refusal('NotFoundException', `Key '${arn.replace(account, '444455556666')}' does not exist`),
    );
    await assert.rejects(kms.ask('DescribeKey', { KeyId: arn }, stranger), {
      code: 'AccessDeniedException',
    });
  });
  test('repeats the id of a missing key as it was written', async () => {
    const KeyId = '1234ABCD-12ab-34cd-56ef-1234567890ab';
    await assert.rejects(
      kms.ask('DescribeKey', { KeyId }),
      refusal(
        'NotFoundException',
        `Key 'arn:aws:kms:${region}:${account}:key/${KeyId}' does not exist`,
      ),
    );
  });
});

describe('ListKeys', () => {
  test('tells every key of the account and Region once, in pages', async () => {
    const here = { region: 'ap-south-1' };
    const made = new Set<string>();
    for (let i = 0; i < 5; i++) made.add((await newKey({}, here)).id);
    const listed: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await kms.ask('ListKeys', { Limit: 2, ...(Marker ? { Marker } : {}) }, here);
      for (const { KeyId, KeyArn } of page.Keys ?? []) {
        assert.equal(KeyArn, `arn:aws:kms:ap-south-1:${account}:key/${KeyId}`);
        listed.push(KeyId ?? '');
      }
      assert.equal(page.Truncated, page.NextMarker !== undefined);
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.equal(listed.length, 5);
    assert.deepEqual(new Set(listed), made);
    assert.deepEqual(await kms.ask('ListKeys', {}, { region: 'sa-east-1' }), {
      Keys: [],
      Truncated: false,
    });
  });
  test('takes no marker of another list', async () => {
    const { NextMarker: Marker } = await kms.ask('ListAliases', { Limit: 1 });
    assert.ok(Marker);
    await assert.rejects(kms.ask('ListKeys', { Marker }), refusal('InvalidMarkerException'));
  });
});

describe('the state of a key', () => {
  test('goes between enabled and disabled, twice without harm', async () => {
    const { id, arn } = await newKey();
    for (const [operation, state] of [
      ['DisableKey', 'Disabled'],
      ['DisableKey', 'Disabled'],
      ['EnableKey', 'Enabled'],
      ['EnableKey', 'Enabled'],
    ] as const) {
      const { output, notes } = await kms.call(operation, { KeyId: id });
      assert.equal(output, undefined);
      assert.deepEqual(notes?.responseElements, { keyId: arn });
      assert.equal(await stateOf(id), state);
    }
  });

  test('pending deletion can be cancelled, and then the key is disabled', async () => {
    const { id, arn } = await newKey();
    assert.deepEqual(await kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 }), {
      KeyId: arn,
      DeletionDate: kms.clock.now + 7 * dayMs,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 7,
    });
    const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: id });
    assert.equal(KeyMetadata?.DeletionDate, kms.clock.now + 7 * dayMs);
    assert.equal(KeyMetadata?.Enabled, false);
    const pending = refusal('KMSInvalidStateException', `${arn} is pending deletion.`);
    await assert.rejects(kms.ask('ScheduleKeyDeletion', { KeyId: id }), pending);
    await assert.rejects(kms.ask('EnableKey', { KeyId: id }), pending);
    await assert.rejects(kms.ask('UpdateKeyDescription', { KeyId: id, Description: '' }), pending);
    assert.deepEqual(await kms.ask('CancelKeyDeletion', { KeyId: id }), { KeyId: arn });
    assert.equal(await stateOf(id), 'Disabled');
    const back = await kms.ask('DescribeKey', { KeyId: id });
    assert.equal('DeletionDate' in (back.KeyMetadata ?? {}), false);
    await assert.rejects(
      kms.ask('CancelKeyDeletion', { KeyId: id }),
      refusal('KMSInvalidStateException', `${arn} is not pending deletion.`),
    );
  });

  test('stays for 7 to 30 days before deletion, and 30 unless told', async () => {
    const { id } = await newKey();
    const outOfRange = (days: number, bound: string) =>
      refusal(
        'ValidationException',
        `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${bound}`,
      );
    await assert.rejects(
      kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 6 }),
      outOfRange(6, 'greater than or equal to 7'),
    );
    await assert.rejects(
      kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 31 }),
      outOfRange(31, 'less than or equal to 30'),
    );
    const { DeletionDate } = await kms.ask('ScheduleKeyDeletion', { KeyId: id });
    assert.equal(DeletionDate, kms.clock.now + 30 * dayMs);
  });

  test('is not asked for by alias', async () => {
    for (const operation of ['EnableKey', 'DisableKey', 'ScheduleKeyDeletion'] as const)
      await assert.rejects(
        kms.ask(operation, { KeyId: 'alias/any' }),
        refusal('InvalidArnException', 'Key Aliases are not supported for this operation.'),
      );
  });

  test('changes once of two changes made at the same time', async () => {
    const { id } = await newKey();
    const both = await Promise.allSettled([
      kms.ask('UpdateKeyDescription', { KeyId: id, Description: 'one' }),
      kms.ask('UpdateKeyDescription', { KeyId: id, Description: 'two' }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });
});

describe('the description of a key', () => {
  test('can be changed and emptied', async () => {
    const { id } = await newKey({ Description: 'before' });
    for (const Description of ['after', '']) {
      await kms.ask('UpdateKeyDescription', { KeyId: id, Description });
      const { KeyMetadata } = await kms.ask('DescribeKey', { KeyId: id });
      assert.equal(KeyMetadata?.Description, Description);
    }
  });
});
