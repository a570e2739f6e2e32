import assert from 'node:assert/strict';
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { importMaterial } from '../../../test/import-key.ts';
import { type KmsUnderTest, openKms } from '../../../test/open-kms.ts';
import { openXks, type XksUnderTest } from '../../../test/open-xks.ts';
import { deriveKey } from '../../crypto/kdf.ts';
import type { Outcome } from '../key-store.ts';
import { gcmAad } from './protocol.ts';

let holder: KmsUnderTest;
let xks: XksUnderTest;
before(async () => {
  holder = await openKms();
  xks = await openXks(holder);
});
after(async () => {
  await xks.stop();
  await holder.close();
});

const agent = 'test';
const value = <T>(outcome: Outcome<T, unknown>): T => {
  if (outcome.kind === 'failed') assert.fail(String(outcome.failure));
  return outcome.value;
};
const plaintext = Buffer.from('a data key, 32 bytes of entropy!');
const aad = Buffer.from('context');

describe('an external key', () => {
  test('encrypts and decrypts, each message under a key and nonce of its own', async () => {
    const one = value(await xks.externalKeys.encrypt(xks.key, { plaintext, aad }, agent));
    const two = value(await xks.externalKeys.encrypt(xks.key, { plaintext, aad }, agent));
    assert.equal(one.ciphertext.length, plaintext.length);
    assert.equal(one.iv.length, 12);
    assert.equal(one.tag.length, 16);
    assert.equal(one.metadata.length, 17);
    assert.notDeepEqual(one.metadata, two.metadata);
    assert.notDeepEqual(one.ciphertext, two.ciphertext);
    assert.deepEqual(
      value(await xks.externalKeys.decrypt(xks.key, { ...one, aad }, agent)),
      plaintext,
    );
  });

  test('is the KMS key derived by SP 800-108, so that it can be recomputed from the material', async () => {
    const material = randomBytes(32);
    const made = await holder.ask('CreateKey', {
      KeySpec: 'HMAC_256',
      KeyUsage: 'GENERATE_VERIFY_MAC',
      Origin: 'EXTERNAL',
    });
    const id = made.KeyMetadata?.KeyId ?? '';
    await importMaterial(holder, id, material);
    const sealed = value(await xks.externalKeys.encrypt(id, { plaintext, aad }, agent));
    const derived = deriveKey(createSecretKey(material), {
      label: Buffer.from('sealhold xks message v1'),
      context: sealed.metadata.subarray(1),
      lengthBytes: 32,
    });
    const cipher = createCipheriv('aes-256-gcm', derived, sealed.iv);
    cipher.setAAD(gcmAad(aad, sealed.metadata));
    assert.deepEqual(Buffer.concat([cipher.update(plaintext), cipher.final()]), sealed.ciphertext);
    assert.deepEqual(cipher.getAuthTag(), sealed.tag);
  });

  test('refuses whatever was altered, with one error', async () => {
    const sealed = value(await xks.externalKeys.encrypt(xks.key, { plaintext, aad }, agent));
    const flipped = (bytes: Buffer): Buffer => {
      const other = Buffer.from(bytes);
      other[other.length - 1]! ^= 1;
      return other;
    };
    const right = { ...sealed, aad };
    const altered = [
      ...(['iv', 'tag', 'metadata', 'ciphertext', 'aad'] as const).map((part) => ({
        ...right,
        [part]: flipped(right[part]),
      })),
      { ...right, metadata: Buffer.alloc(0), aad: Buffer.concat([aad, sealed.metadata]) },
      { ...right, metadata: Buffer.concat([Buffer.of(2), sealed.metadata.subarray(1)]) },
      { ...right, metadata: sealed.metadata.subarray(0, 16) },
      { ...right, iv: Buffer.alloc(16) },
      { ...right, aad: Buffer.alloc(0) },
    ];
    for (const message of altered)
      assert.deepEqual(await xks.externalKeys.decrypt(xks.key, message, agent), {
        kind: 'failed',
        failure: 'InvalidCiphertextException',
      });
    const other = await xks.newKey();
    assert.equal((await xks.externalKeys.decrypt(other, right, agent)).kind, 'failed');
  });

  test('is an AES_256 key to the other side, and disabled when KMS’s key is', async () => {
    const key = await xks.newKey();
    const serving = { keySpec: 'AES_256', keyUsage: ['ENCRYPT', 'DECRYPT'] };
    const metadata = async () => value(await xks.externalKeys.metadata(key, agent));
    assert.deepEqual(await metadata(), { ...serving, keyStatus: 'ENABLED' });
    await holder.ask('DisableKey', { KeyId: key });
    assert.deepEqual(await metadata(), { ...serving, keyStatus: 'DISABLED' });
    assert.deepEqual(await xks.externalKeys.encrypt(key, { plaintext, aad }, agent), {
      kind: 'failed',
      failure: 'InvalidStateException',
    });
  });

  test('of another spec shows what it is and does not serve', async () => {
    const made = await holder.ask('CreateKey', {});
    const id = made.KeyMetadata?.KeyId ?? '';
    const metadata = value(await xks.externalKeys.metadata(id, agent));
    assert.deepEqual(metadata, {
      keySpec: 'SYMMETRIC_DEFAULT',
      keyUsage: [],
      keyStatus: 'ENABLED',
    });
    assert.equal((await xks.externalKeys.encrypt(id, { plaintext, aad }, agent)).kind, 'failed');
  });
});
