/** KMS keys in external key stores, through a real proxy to another KMS. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { openStores, type Stores } from '../../../../test/external-stores.ts';
import { refusal, region } from '../../../../test/open-kms.ts';
import { headerBytes } from '../envelope.ts';
import { parseQuotas } from '../quotas.ts';

let stores: Stores;
let storeId: string;
before(async () => {
  stores = await openStores();
  storeId = await stores.newStore();
});
after(() => stores.close());

const Plaintext = Buffer.from('twenty-five bytes of text');
const bytes = (of: Uint8Array | undefined): Buffer => Buffer.from(of ?? []);
async function sealed(KeyId: string, EncryptionContext?: Record<string, string>) {
  const context = EncryptionContext === undefined ? {} : { EncryptionContext };
  return bytes((await stores.kms.ask('Encrypt', { KeyId, Plaintext, ...context })).CiphertextBlob);
}
const stateOf = async (KeyId: string) =>
  (await stores.kms.ask('DescribeKey', { KeyId })).KeyMetadata?.KeyState;
const notConnected =
  'This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external key store and try the request again.';

describe('CreateKey in an external key store', () => {
  const wish = (XksKeyId: string) =>
    ({ Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId, XksKeyId }) as const;

  test('makes a key that says where it lies', async () => {
    const XksKeyId = await stores.xks.newKey();
    const { output, notes } = await stores.kms.call('CreateKey', wish(XksKeyId));
    const { KeyId = '' } = output.KeyMetadata ?? {};
    assert.deepEqual(output.KeyMetadata, {
      AWSAccountId: '111122223333',
      KeyId,
      Arn: `arn:aws:kms:${region}:111122223333:key/${KeyId}`,
      CreationDate: stores.kms.clock.now,
      Enabled: true,
      Description: '',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'EXTERNAL_KEY_STORE',
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      CustomKeyStoreId: storeId,
      XksKeyConfiguration: { Id: XksKeyId },
    });
    assert.equal(notes?.additionalEventData, undefined);
    const described = await stores.kms.ask('DescribeKey', { KeyId });
    assert.deepEqual(described.KeyMetadata, output.KeyMetadata);
  });

  test('takes an external key once, that is there, enabled and fit', async () => {
    const { kms, xks, holder } = stores;
    const { xksKeyId } = await stores.newKey(storeId);
    await assert.rejects(kms.ask('CreateKey', wish(xksKeyId)), {
      code: 'XksKeyAlreadyInUseException',
    });
    await assert.rejects(kms.ask('CreateKey', wish('not-there')), {
      code: 'XksKeyNotFoundException',
      text: /^The external key associated .* was not found in its external key manager\./,
    });
    const disabled = await xks.newKey();
    await holder.ask('DisableKey', { KeyId: disabled });
    await assert.rejects(kms.ask('CreateKey', wish(disabled)), {
      code: 'XksKeyInvalidConfigurationException',
      text: /is not enabled in the external key manager/,
    });
  });

  test('of two that want the same external key at one moment makes one', async () => {
    const XksKeyId = await stores.xks.newKey();
    const both = [1, 2].map(() => stores.kms.prepare('CreateKey', wish(XksKeyId)));
    const outcomes = [];
    for (const writes of await Promise.all(both))
      outcomes.push((await stores.kms.store.commit(writes)).kind);
    assert.deepEqual(outcomes.sort(), ['committed', 'conflict']);
  });

  test('needs the store connected and of the right type', async () => {
    const XksKeyId = await stores.xks.newKey();
    await assert.rejects(
      stores.kms.ask('CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: storeId }),
      refusal(
        'ValidationException',
        `Custom key store ${storeId} holds no keys of Origin AWS_CLOUDHSM.`,
      ),
    );
    await stores.disconnect(storeId);
    await assert.rejects(
      stores.kms.ask('CreateKey', wish(XksKeyId)),
      refusal('CustomKeyStoreInvalidStateException', notConnected),
    );
    await stores.connect(storeId);
    await stores.kms.ask('CreateKey', wish(XksKeyId));
  });
});

describe('using a key in an external key store', () => {
  test('goes through both layers, and is noted with store and external key', async () => {
    const { kms } = stores;
    const { id, arn, xksKeyId } = await stores.newKey(storeId);
    const EncryptionContext = { purpose: 'test', 'naïve key': 'ключ' };
    const { output, notes } = await kms.call('Encrypt', {
      KeyId: id,
      Plaintext,
      EncryptionContext,
    });
    const { keyMaterialId, ...store } = notes?.additionalEventData ?? {};
    assert.deepEqual(store, { customKeyStoreId: storeId, xksKeyId });
    const CiphertextBlob = bytes(output.CiphertextBlob);
    assert.equal(CiphertextBlob.subarray(0, 5).toString('hex'), '0102020078');
    // Header, IV, tag, notes with their lengths; KMS's own nonce, IV and tag within.
    const ivTagNotes = 1 + 12 + 16 + 1 + 17;
    assert.equal(CiphertextBlob.length, headerBytes + ivTagNotes + 44 + Plaintext.length);
    const opened = await kms.ask('Decrypt', { CiphertextBlob, EncryptionContext });
    assert.deepEqual(bytes(opened.Plaintext), Plaintext);
    assert.equal(opened.KeyId, arn);
    assert.equal(opened.KeyMaterialId, keyMaterialId);
  });

  test('shows the proxy a ciphertext and the context, never the plaintext', async () => {
    const { id } = await stores.newKey(storeId);
    let seen: Buffer | undefined;
    const { externalKeys } = stores.xks;
    const { encrypt } = externalKeys;
    externalKeys.encrypt = (key, message, agent) => {
      seen = Buffer.from(message.plaintext);
      return encrypt(key, message, agent);
    };
    try {
      await sealed(id);
    } finally {
      externalKeys.encrypt = encrypt;
    }
    assert.equal(seen?.length, Plaintext.length + 44);
    assert.ok(!seen?.includes(Plaintext));
  });

  test('works for the longest plaintext and for data keys', async () => {
    const { kms } = stores;
    const { id, arn } = await stores.newKey(storeId);
    const longest = Buffer.alloc(4096, 7);
    const { CiphertextBlob: blob } = await kms.ask('Encrypt', { KeyId: id, Plaintext: longest });
    const opened = await kms.ask('Decrypt', { CiphertextBlob: bytes(blob) });
    assert.deepEqual(bytes(opened.Plaintext), longest);
    const EncryptionContext = { a: 'b' };
    const input = { KeyId: id, KeySpec: 'AES_256', EncryptionContext } as const;
    const dataKey = await kms.ask('GenerateDataKey', input);
    assert.equal(dataKey.KeyId, arn);
    const again = await kms.ask('Decrypt', {
      CiphertextBlob: bytes(dataKey.CiphertextBlob),
      EncryptionContext,
    });
    assert.deepEqual(again.Plaintext, dataKey.Plaintext);
    const without = await kms.ask('GenerateDataKeyWithoutPlaintext', input);
    assert.ok(!('Plaintext' in without));
    for (const operation of ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'] as const)
      await assert.rejects(
        kms.ask(operation, { KeyId: id, KeyPairSpec: 'ECC_NIST_P256' }),
        refusal('UnsupportedOperationException'),
      );
  });

  test('re-encrypts into the store and out of it', async () => {
    const { kms } = stores;
    const { id } = await stores.newKey(storeId);
    const plain = (await kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
    const inside = await kms.ask('ReEncrypt', {
      CiphertextBlob: bytes((await kms.ask('Encrypt', { KeyId: plain, Plaintext })).CiphertextBlob),
      DestinationKeyId: id,
      DestinationEncryptionContext: { to: 'store' },
    });
    const outside = await kms.ask('ReEncrypt', {
      CiphertextBlob: bytes(inside.CiphertextBlob),
      SourceEncryptionContext: { to: 'store' },
      DestinationKeyId: plain,
    });
    const opened = await kms.ask('Decrypt', { CiphertextBlob: bytes(outside.CiphertextBlob) });
    assert.deepEqual(bytes(opened.Plaintext), Plaintext);
  });

  test('fails for another context as AWS says it, and for a foreign header as ever', async () => {
    const { kms } = stores;
    const { id } = await stores.newKey(storeId);
    const CiphertextBlob = await sealed(id, { a: 'b' });
    for (const EncryptionContext of [{}, { a: 'c' }, { a: 'b', c: 'd' }])
      await assert.rejects(
        kms.ask('Decrypt', { CiphertextBlob, EncryptionContext }),
        refusal(
          'KMSInvalidStateException',
          'The external key store proxy rejected the request because the specified ciphertext or encryption context is corrupted, missing, or otherwise invalid.',
        ),
      );
    const tooLong = { KeyId: id, Plaintext, EncryptionContext: { a: 'x'.repeat(8192) } };
    await assert.rejects(kms.ask('Encrypt', tooLong), { code: 'ValidationException' });
  });

  test('opens nothing that was altered anywhere, cut or lengthened', async () => {
    const { kms } = stores;
    const { id } = await stores.newKey(storeId);
    const blob = await sealed(id);
    const codes = new Set<string>();
    const refuse = async (CiphertextBlob: Buffer) => {
      const error = await kms.ask('Decrypt', { CiphertextBlob }).then(
        () => assert.fail('it was opened'),
        (failure: { code: string }) => failure,
      );
      codes.add(error.code);
    };
    for (let at = 0; at < blob.length; at++) {
      const altered = Buffer.from(blob);
      altered[at]! ^= 0x40;
      await refuse(altered);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(blob.length - 1), (end) => refuse(blob.subarray(0, end))),
      { numRuns: 40 },
    );
    await refuse(Buffer.concat([blob, Buffer.of(0)]));
    assert.deepEqual([...codes].sort(), ['InvalidCiphertextException', 'KMSInvalidStateException']);
  });

  test('needs the key that the ciphertext names, not another of the store', async () => {
    const { kms } = stores;
    const [one, two] = [await stores.newKey(storeId), await stores.newKey(storeId)];
    const CiphertextBlob = await sealed(one.id);
    const asked = kms.ask('Decrypt', { CiphertextBlob, KeyId: two.id });
    await assert.rejects(asked, { code: 'IncorrectKeyException' });
    // One key's store part under the other's header.
    const other = await sealed(two.id);
    const mixed = Buffer.concat([
      CiphertextBlob.subarray(0, headerBytes),
      other.subarray(headerBytes),
    ]);
    await assert.rejects(kms.ask('Decrypt', { CiphertextBlob: mixed }), {
      code: 'KMSInvalidStateException',
    });
  });

  test('fails with the text of what failed, and works again by itself', async () => {
    const { kms, xks, holder } = stores;
    const { id, xksKeyId } = await stores.newKey(storeId);
    const CiphertextBlob = await sealed(id);
    const decrypt = () => kms.ask('Decrypt', { CiphertextBlob });
    await holder.ask('DisableKey', { KeyId: xksKeyId });
    await assert.rejects(decrypt(), {
      code: 'KMSInvalidStateException',
      text: /is not enabled in the external key manager/,
    });
    await holder.ask('EnableKey', { KeyId: xksKeyId });
    await xks.stop();
    await assert.rejects(decrypt(), {
      code: 'KMSInvalidStateException',
      text: /^AWS KMS cannot communicate with the external key store proxy\./,
    });
    // The store is connected all the same: that is a setting, not a measurement.
    assert.equal((await stores.describe(storeId)).ConnectionState, 'CONNECTED');
    assert.equal(await stateOf(id), 'Enabled');
    await xks.start();
    assert.deepEqual(bytes((await decrypt()).Plaintext), Plaintext);
  });

  test('ends in a dry run before the proxy is asked, where nothing is to be opened', async () => {
    const { id } = await stores.newKey(storeId);
    const asked = stores.xks.lines.length;
    const dryRun = refusal(
      'DryRunOperationException',
      'The request would have succeeded, but the DryRun option is set.',
    );
    const encrypt = stores.kms.ask('Encrypt', { KeyId: id, Plaintext, DryRun: true });
    await assert.rejects(encrypt, dryRun);
    assert.equal(stores.xks.lines.length, asked);
  });

  test('outlives a restart', async () => {
    const { id } = await stores.newKey(storeId);
    const CiphertextBlob = await sealed(id);
    const later = await stores.kms.startAgain();
    const opened = await later.ask('Decrypt', { CiphertextBlob });
    assert.deepEqual(bytes(opened.Plaintext), Plaintext);
    await later.kms.close();
  });
});

describe('keys whose store is not connected', () => {
  test('are unavailable, whatever they were, and are that again afterwards', async () => {
    const { kms } = stores;
    const own = await stores.newStoreOfItsOwn();
    const [enabled, disabled, going] = [
      await stores.newKey(own),
      await stores.newKey(own),
      await stores.newKey(own),
    ];
    const CiphertextBlob = await sealed(enabled.id);
    await kms.ask('DisableKey', { KeyId: disabled.id });
    await kms.ask('ScheduleKeyDeletion', { KeyId: going.id });
    await stores.disconnect(own);
    const ids = [enabled, disabled, going].map(({ id }) => id);
    const states = () => Promise.all(ids.map(stateOf));
    assert.deepEqual(await states(), ['Unavailable', 'Unavailable', 'PendingDeletion']);
    await assert.rejects(
      kms.ask('Decrypt', { CiphertextBlob }),
      refusal('KMSInvalidStateException', notConnected),
    );
    // What is done to them meanwhile shows when the store is back.
    await kms.ask('DisableKey', { KeyId: enabled.id });
    await kms.ask('EnableKey', { KeyId: disabled.id });
    await kms.ask('UpdateKeyDescription', { KeyId: enabled.id, Description: 'd' });
    await kms.ask('CancelKeyDeletion', { KeyId: going.id });
    assert.deepEqual(await states(), ['Unavailable', 'Unavailable', 'Unavailable']);
    await stores.connect(own);
    assert.deepEqual(await states(), ['Disabled', 'Enabled', 'Disabled']);
    await kms.ask('EnableKey', { KeyId: enabled.id });
    assert.deepEqual(bytes((await kms.ask('Decrypt', { CiphertextBlob })).Plaintext), Plaintext);
  });

  test('are unavailable at once, before the disconnecting is done', async () => {
    const own = await stores.newStoreOfItsOwn();
    const { id } = await stores.newKey(own);
    await stores.kms.ask('DisconnectCustomKeyStore', { CustomKeyStoreId: own });
    assert.equal((await stores.describe(own)).ConnectionState, 'DISCONNECTING');
    assert.equal(await stateOf(id), 'Unavailable');
    await stores.settle(own);
    assert.equal((await stores.describe(own)).ConnectionState, 'DISCONNECTED');
    await stores.kms.ask('ConnectCustomKeyStore', { CustomKeyStoreId: own });
    assert.equal(await stateOf(id), 'Unavailable');
    await stores.settle(own);
    assert.equal(await stateOf(id), 'Enabled');
  });
});

describe('what such keys cannot do', () => {
  test('rotate or import, whatever the store’s state', async () => {
    const { kms } = stores;
    const own = await stores.newStoreOfItsOwn();
    const { id: KeyId, arn } = await stores.newKey(own);
    const wrongOrigin = refusal(
      'UnsupportedOperationException',
      `${arn} origin is EXTERNAL_KEY_STORE which is not valid for this operation.`,
    );
    const attempts = [
      () => kms.ask('EnableKeyRotation', { KeyId }),
      () => kms.ask('DisableKeyRotation', { KeyId }),
      () => kms.ask('GetKeyRotationStatus', { KeyId }),
      () => kms.ask('ListKeyRotations', { KeyId }),
      () => kms.ask('RotateKeyOnDemand', { KeyId }),
      () =>
        kms.ask('GetParametersForImport', {
          KeyId,
          WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
          WrappingKeySpec: 'RSA_2048',
        }),
      () => kms.ask('DeleteImportedKeyMaterial', { KeyId }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt(), wrongOrigin);
    await stores.disconnect(own);
    for (const attempt of attempts) await assert.rejects(attempt(), wrongOrigin);
  });

  test('give random bytes', async () => {
    await assert.rejects(
      stores.kms.ask('GenerateRandom', { NumberOfBytes: 8, CustomKeyStoreId: storeId }),
      { code: 'UnsupportedOperationException' },
    );
  });
});

test('a grant on such a key is given, and its aliases name it', async () => {
  const { id: KeyId, arn } = await stores.newKey(storeId);
  const granted = await stores.kms.ask('CreateGrant', {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::111122223333:user/alice',
    Operations: ['Encrypt', 'Decrypt'],
  });
  assert.ok(granted.GrantId);
  await stores.kms.ask('CreateAlias', { AliasName: 'alias/ext', TargetKeyId: KeyId });
  const answer = await stores.kms.ask('Encrypt', { KeyId: 'alias/ext', Plaintext });
  assert.equal(answer.KeyId, arn);
});

test('the event of its deletion names store and external key, which stays', async () => {
  const { kms, holder } = stores;
  const { id, xksKeyId } = await stores.newKey(storeId);
  await kms.ask('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 });
  const before = kms.clock.now;
  kms.clock.now += 7 * 24 * 60 * 60 * 1000;
  const [event] = await kms.doDue();
  kms.clock.now = before;
  assert.deepEqual(event?.additionalEventData, { customKeyStoreId: storeId, xksKeyId });
  const external = await holder.ask('DescribeKey', { KeyId: xksKeyId });
  assert.equal(external.KeyMetadata?.KeyState, 'Enabled');
});

test('each store has a rate of its own beside the account’s', async () => {
  const id = 'Cryptographic operations (custom key store)';
  const settings = parseQuotas(JSON.stringify({ [id]: 2, '*': null }));
  const throttled = await openStores({ quotas: { settings, nodes: 1 } });
  const one = await throttled.newStore();
  const { id: KeyId } = await throttled.newKey(one);
  const plain = (await throttled.kms.ask('CreateKey', {})).KeyMetadata?.KeyId ?? '';
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4].map(() => throttled.kms.ask('Encrypt', { KeyId, Plaintext })),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
  for (let i = 0; i < 5; i++) await throttled.kms.ask('Encrypt', { KeyId: plain, Plaintext });
  await throttled.close();
});
