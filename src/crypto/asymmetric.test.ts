/** RSA encryption, key agreement and key encapsulation between two parties. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  decrypt,
  encrypt,
  maxPlaintextBytes,
  rsaEncryptionAlgorithms,
} from './asymmetric-encryption.ts';
import { deriveSharedSecret } from './key-agreement.ts';
import { decapsulate, encapsulate } from './key-encapsulation.ts';
import { type KeyPair, type KeySpecName, keySpecs } from './key-spec.ts';
import { randomBytes } from './random.ts';

const largest = [
  ['RSA_2048', 'RSAES_OAEP_SHA_1', 214],
  ['RSA_2048', 'RSAES_OAEP_SHA_256', 190],
  ['RSA_3072', 'RSAES_OAEP_SHA_1', 342],
  ['RSA_3072', 'RSAES_OAEP_SHA_256', 318],
  ['RSA_4096', 'RSAES_OAEP_SHA_1', 470],
  ['RSA_4096', 'RSAES_OAEP_SHA_256', 446],
] as const;

for (const [spec, name, limitBytes] of largest) {
  test(`${spec} with ${name} takes ${limitBytes} bytes and not one more`, async () => {
    const algorithm = rsaEncryptionAlgorithms.get(name);
    assert.ok(algorithm !== undefined);
    assert.equal(maxPlaintextBytes(spec, algorithm), limitBytes);
    const key = await freshPair(spec);
    const plaintext = randomBytes(limitBytes);
    const ciphertext = encrypt(key, algorithm, plaintext);
    assert.deepEqual(await decrypt(key, algorithm, ciphertext), plaintext);
    assert.throws(() => encrypt(key, algorithm, randomBytes(limitBytes + 1)));
    const changed = Buffer.from(ciphertext);
    changed[changed.length - 1] = changed[changed.length - 1]! ^ 1;
    const above = Buffer.alloc(ciphertext.length, 0xff);
    for (const wrong of [changed, above, ciphertext.subarray(1), Buffer.alloc(0)]) {
      assert.equal(await decrypt(key, algorithm, wrong), undefined);
    }
  });
}

test('a ciphertext without its leading zero byte does not open', async () => {
  const algorithm = rsaEncryptionAlgorithms.get('RSAES_OAEP_SHA_256');
  assert.ok(algorithm !== undefined);
  const key = await freshPair('RSA_2048');
  let ciphertext: Buffer;
  do ciphertext = encrypt(key, algorithm, Buffer.from('x'));
  while (ciphertext[0] !== 0);
  assert.deepEqual(await decrypt(key, algorithm, ciphertext), Buffer.from('x'));
  assert.equal(await decrypt(key, algorithm, ciphertext.subarray(1)), undefined);
});

for (const [spec, sizeBytes] of [
  ['ECC_NIST_P256', 32],
  ['ECC_NIST_P384', 48],
  ['ECC_NIST_P521', 66],
] as const) {
  test(`two ${spec} keys agree on ${sizeBytes} bytes`, async () => {
    const [one, other] = [await freshPair(spec), await freshPair(spec)];
    const shared = await deriveSharedSecret(one, other.publicKeyDer);
    assert.equal(shared?.length, sizeBytes);
    assert.deepEqual(await deriveSharedSecret(other, one.publicKeyDer), shared);
  });
}

test('a peer key of another curve, off the curve, spelt out, or with a tail is refused', async () => {
  const key = await freshPair('ECC_NIST_P256');
  const { publicKeyDer } = await freshPair('ECC_NIST_P256');
  const offCurve = Buffer.from(publicKeyDer);
  offCurve[offCurve.length - 1] = offCurve[offCurve.length - 1]! ^ 1;
  const spelt = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  const wrong = [
    (await freshPair('ECC_SECG_P256K1')).publicKeyDer,
    (await freshPair('ECC_NIST_P384')).publicKeyDer,
    (await freshPair('RSA_2048')).publicKeyDer,
    spelt.publicKey.export({ type: 'spki', format: 'der' }),
    offCurve,
    Buffer.concat([publicKeyDer, Buffer.alloc(1)]),
    publicKeyDer.subarray(0, -1),
    Buffer.alloc(0),
  ];
  for (const der of wrong) assert.equal(await deriveSharedSecret(key, der), undefined);
  assert.notEqual(await deriveSharedSecret(key, publicKeyDer), undefined);
});

for (const [spec, ciphertextBytes] of [
  ['ML_KEM_512', 768],
  ['ML_KEM_768', 1088],
  ['ML_KEM_1024', 1568],
] as const) {
  test(`${spec} gives a 32-byte secret, another for a forged ciphertext, none for another length`, async () => {
    const key = await freshPair(spec);
    const { sharedSecret, ciphertext } = encapsulate(key);
    assert.equal(sharedSecret.length, 32);
    assert.equal(ciphertext.length, ciphertextBytes);
    assert.deepEqual(decapsulate(key, ciphertext), sharedSecret);
    const forged = Buffer.from(ciphertext);
    forged[0] = forged[0]! ^ 1;
    const rejected = decapsulate(key, forged);
    assert.equal(rejected?.length, 32);
    assert.notDeepEqual(rejected, sharedSecret);
    assert.deepEqual(decapsulate(key, forged), rejected);
    assert.equal(decapsulate(key, ciphertext.subarray(1)), undefined);
    assert.equal(decapsulate(key, Buffer.alloc(0)), undefined);
  });
}

async function freshPair(name: KeySpecName): Promise<KeyPair> {
  const spec = keySpecs.get(name);
  const key = spec?.load(await spec.generate());
  assert.ok(key?.kind === 'pair');
  return key;
}
