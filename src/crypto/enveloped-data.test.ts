import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { enclaveKey } from '../../test/enclave-key.ts';
import { envelopeRandomBytes, envelopeRecipient, sealEnvelope } from './enveloped-data.ts';

const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const keys = new Map([2048, 3072, 4096].map((bits) => [bits, enclaveKey(bits)]));
const { spki, open } = keys.get(2048)!;
after(() => {
  for (const { remove } of keys.values()) remove();
});

function sealFor(spki: Buffer, plaintext: Buffer): Buffer {
  const recipient = envelopeRecipient(spki);
  assert.ok(recipient);
  return sealEnvelope(recipient, plaintext, randomBytes(envelopeRandomBytes));
}

describe('an envelope', () => {
  for (const [bits, key] of keys)
    test(`is opened by OpenSSL with a key of ${bits} bits, whatever its size`, () => {
      for (const size of bits === 2048 ? [0, 1, 15, 16, 32, 999, 1000, 1024, 4096] : [32]) {
        const plaintext = randomBytes(size);
        assert.deepEqual(key.open(sealFor(key.spki, plaintext)), plaintext);
      }
    });

  test('has the form of those that AWS KMS answers, which its enclave SDK reads', () => {
    const hex = sealFor(spki, randomBytes(32)).toString('hex');
    const keyIdentifier = createHash('sha256').update(spki).digest('hex');
    const form = [
      '308006092a864886f70d010703a0803080020102', // ContentInfo, EnvelopedData, version 2
      `3182016b308201670201028020${keyIdentifier}`, // one recipient, named by its key
      '303c06092a864886f70d010107302fa00f300d06096086480165030402010500',
      'a11c301a06092a864886f70d010108300d06096086480165030402010500', // RSAES-OAEP, SHA-256
      '04820100[0-9a-f]{512}',
      '308006092a864886f70d010701301d060960864801650304012a0410[0-9a-f]{32}', // AES-256-CBC
      'a0800430[0-9a-f]{96}0000' + '0000' + '0000' + '0000' + '0000',
    ].join('');
    assert.match(hex, new RegExp(`^${form}$`));
  });

  test('has content in pieces of a thousand bytes', () => {
    const hex = sealFor(spki, randomBytes(2000)).toString('hex');
    assert.match(hex, /a080048203e8[0-9a-f]{2000}048203e8[0-9a-f]{2000}0410[0-9a-f]{32}(0000){5}$/);
  });

  test('never repeats, and leaves no content key behind', () => {
    const recipient = envelopeRecipient(spki);
    assert.ok(recipient);
    const plaintext = randomBytes(32);
    const random = randomBytes(envelopeRandomBytes);
    const one = sealEnvelope(recipient, plaintext, random);
    assert.deepEqual(random, Buffer.alloc(envelopeRandomBytes));
    const other = sealEnvelope(recipient, plaintext, randomBytes(envelopeRandomBytes));
    assert.equal(one.includes(plaintext), false);
    assert.notDeepEqual(one.subarray(-64), other.subarray(-64));
  });

  test('opens for nobody else', () => {
    const other = keys.get(3072)!;
    assert.throws(() => other.open(sealFor(spki, Buffer.from('secret'))));
    assert.deepEqual(open(sealFor(spki, Buffer.from('secret'))), Buffer.from('secret'));
  });
});

test('a recipient has an RSA key of 2048, 3072 or 4096 bits, and nothing after it', () => {
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
  for (const { publicKey } of [curve, pss, short])
    assert.equal(envelopeRecipient(spkiOf(publicKey)), undefined);
  assert.equal(envelopeRecipient(Buffer.concat([spki, Buffer.of(0)])), undefined);
  assert.equal(envelopeRecipient(Buffer.from('x')), undefined);
  const pkcs1 = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  assert.equal(envelopeRecipient(pkcs1.export({ type: 'pkcs1', format: 'der' })), undefined);
});
