import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { account, type KmsUnderTest, openKms, region } from '../../../test/open-kms.ts';
import type { Principal } from '../../operation.ts';
import { keyRecordId } from './key.ts';
import { contextText, type KeyUses, userName } from './key-uses.ts';

const Plaintext = Buffer.from('x');

async function newKey(kms: KmsUnderTest, input = {}): Promise<string> {
  return String((await kms.ask('CreateKey', input)).KeyMetadata?.KeyId);
}

async function usesOf(kms: KmsUnderTest, keyId: string): Promise<KeyUses | undefined> {
  return kms.kms.insight.uses(keyRecordId({ account, region, keyId }));
}

describe('the uses of a key', () => {
  test('are told by principal, by encryption context, and by material', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    const EncryptionContext = { b: '2', a: '1' };
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId, Plaintext, EncryptionContext });
    kms.clock.now += 1_000;
    const blob = Buffer.from(CiphertextBlob!);
    for (let i = 0; i < 3; i++)
      await kms.ask('Decrypt', { CiphertextBlob: blob, EncryptionContext: { a: '1', b: '2' } });
    await kms.ask('GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    const uses = await usesOf(kms, KeyId);
    const { now } = kms.clock;
    assert.deepEqual(uses?.principals.rows, {
      [`arn:aws:iam::${account}:root`]: {
        lastAt: now,
        lastOperation: 'GenerateDataKey',
        uses: { Encrypt: 1, Decrypt: 3, GenerateDataKey: 1 },
      },
    });
    assert.deepEqual(uses.contexts.rows, {
      '{"a":"1","b":"2"}': {
        lastAt: now,
        lastOperation: 'Decrypt',
        uses: { Encrypt: 1, Decrypt: 3 },
      },
    });
    assert.deepEqual(Object.values(uses.materials), [
      { made: 2, opened: 3, lastMadeAt: now, lastOpenedAt: now },
    ]);
    await kms.close();
  });

  test('count what each generation made and opened', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    const seal = async () =>
      Buffer.from((await kms.ask('Encrypt', { KeyId, Plaintext })).CiphertextBlob!);
    const old = await seal();
    await kms.ask('RotateKeyOnDemand', { KeyId });
    await seal();
    await seal();
    await kms.ask('Decrypt', { CiphertextBlob: old });
    const { Rotations } = await kms.ask('ListKeyRotations', {
      KeyId,
      IncludeKeyMaterial: 'ALL_KEY_MATERIAL',
    });
    const ids = Rotations?.map((each) => String(each.KeyMaterialId)) ?? [];
    const counted = ids.map(async (id) => {
      const { made, opened } = (await usesOf(kms, KeyId))?.materials[id] ?? {};
      return [made, opened];
    });
    assert.deepEqual(await Promise.all(counted), [
      [1, 1],
      [2, 0],
    ]);
    await kms.close();
  });

  test('count both halves of a ReEncrypt, and the ciphertexts of data keys and RSA', async () => {
    const kms = await openKms();
    const [from, to] = [await newKey(kms), await newKey(kms)];
    const rsa = await newKey(kms, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' });
    const counts = async (KeyId: string) => {
      const [material] = Object.values((await usesOf(kms, KeyId))?.materials ?? {});
      return [material?.made, material?.opened];
    };
    const { CiphertextBlob } = await kms.ask('Encrypt', { KeyId: from, Plaintext });
    await kms.ask('ReEncrypt', {
      CiphertextBlob: Buffer.from(CiphertextBlob!),
      DestinationKeyId: to,
      DestinationEncryptionContext: { at: 'home' },
    });
    await kms.ask('GenerateDataKeyPair', { KeyId: to, KeyPairSpec: 'ECC_NIST_P256' });
    await kms.ask('GenerateDataKeyWithoutPlaintext', { KeyId: to, KeySpec: 'AES_128' });
    assert.deepEqual(await counts(from), [1, 1]);
    assert.deepEqual(await counts(to), [3, 0]);
    assert.deepEqual(Object.keys((await usesOf(kms, from))?.contexts.rows ?? {}), []);
    assert.deepEqual(Object.keys((await usesOf(kms, to))?.contexts.rows ?? {}), ['{"at":"home"}']);
    const use = { KeyId: rsa, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' } as const;
    const sealed = await kms.ask('Encrypt', { ...use, Plaintext });
    await kms.ask('Decrypt', { ...use, CiphertextBlob: Buffer.from(sealed.CiphertextBlob!) });
    assert.deepEqual(await counts(rsa), [1, 1]);
    await kms.close();
  });

  test('survive a restart once they are saved, and add up over nodes', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    const other = await kms.startAgain();
    for (const node of [kms, other, kms]) await node.ask('Encrypt', { KeyId, Plaintext });
    assert.equal(
      (await usesOf(kms, KeyId))?.principals.rows[`arn:aws:iam::${account}:root`]?.uses.Encrypt,
      2,
    );
    for (const node of [kms, other]) await node.kms.usage.save();
    const third = await kms.startAgain();
    for (const node of [kms, other, third]) {
      const [material] = Object.values((await usesOf(node, KeyId))?.materials ?? {});
      assert.equal(material?.made, 3);
    }
    await kms.close();
  });

  test('lie sealed on the disk: neither principals nor contexts can be read there', async () => {
    const kms = await openKms();
    const KeyId = await newKey(kms);
    await kms.ask('Encrypt', { KeyId, Plaintext, EncryptionContext: { patient: 'Jane Doe' } });
    await kms.kms.usage.save();
    const rows = await kms.engine.scan({ prefix: 'kms/key-uses/', limit: 10 });
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.equal(Buffer.from(row!.value).includes('Jane'), false);
    assert.equal(row!.path.includes('root') || row!.path.includes('Jane'), false);
    await kms.close();
  });
});

test('a context is told in one order, and not at any length', () => {
  assert.equal(contextText({}), '');
  assert.equal(contextText({ b: '"', a: '' }), '{"a":"","b":"\\""}');
  const long = contextText({ a: 'x'.repeat(9_000) });
  assert.equal(long.length, 512);
  assert.equal(long.endsWith('x…'), true);
});

test('a role is one principal, whatever its sessions are called', () => {
  const of = (type: Principal['type'], arn: string) =>
    userName({ type, arn, account, principalId: '', accessKeyId: '' });
  const session = 'arn:aws:sts::111122223333:assumed-role/Builder/run-4711';
  assert.equal(of('AssumedRole', session), 'arn:aws:sts::111122223333:assumed-role/Builder');
  assert.equal(
    of('IAMUser', 'arn:aws:iam::111122223333:user/a/b'),
    'arn:aws:iam::111122223333:user/a/b',
  );
});
