import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { dataKeyPairSpecs, type KeyPair, keySpecs, type LoadedKey } from './key-spec.ts';

const supported = [...keySpecs.values()].filter((spec) => spec.supported);

/**
 * AWS KMS Developer Guide, "Key spec reference": bytes of the secret, or of the
 * SubjectPublicKeyInfo.
 */
const sizesBytes = new Map([
  ['SYMMETRIC_DEFAULT', 32],
  ['HMAC_224', 28],
  ['HMAC_256', 32],
  ['HMAC_384', 48],
  ['HMAC_512', 64],
  ['RSA_2048', 294],
  ['RSA_3072', 422],
  ['RSA_4096', 550],
  ['ECC_NIST_P256', 91],
  ['ECC_NIST_P384', 120],
  ['ECC_NIST_P521', 158],
  ['ECC_SECG_P256K1', 88],
  ['ECC_NIST_EDWARDS25519', 44],
  ['ML_DSA_44', 22 + 1312],
  ['ML_DSA_65', 22 + 1952],
  ['ML_DSA_87', 22 + 2592],
  ['ML_KEM_512', 22 + 800],
  ['ML_KEM_768', 22 + 1184],
  ['ML_KEM_1024', 22 + 1568],
]);

for (const spec of supported) {
  test(`${spec.name} generates material that loads as itself and as no other spec`, async () => {
    const material = await spec.generate();
    const key = spec.load(material);
    assert.ok(key !== undefined);
    assert.equal(key.spec, spec.name);
    assert.equal(sizeOf(key), sizesBytes.get(spec.name));
    for (const other of supported) {
      // Secrets have no form but their length, and Ed25519's PKCS#8 happens to be as long as an
      // HMAC_384 key.
      const secret = other.family === 'symmetric' || other.family === 'hmac';
      const same = secret ? material.length === sizesBytes.get(other.name) : other === spec;
      assert.equal(other.load(material) !== undefined, same, `as ${other.name}`);
    }
  });

  test(`${spec.name} loads neither shortened nor lengthened material`, async () => {
    const material = await spec.generate();
    assert.equal(spec.load(material.subarray(0, -1)), undefined);
    assert.equal(spec.load(Buffer.concat([material, Buffer.alloc(1)])), undefined);
    assert.equal(spec.load(Buffer.alloc(0)), undefined);
  });
}

function sizeOf(key: LoadedKey): number | undefined {
  return key.kind === 'secret' ? key.secret.symmetricKeySize : key.publicKeyDer.length;
}

test('SM2 is known but neither made nor loaded', async () => {
  const spec = keySpecs.get('SM2');
  assert.equal(spec?.supported, false);
  await assert.rejects(async () => spec?.generate());
  assert.equal(spec?.load(Buffer.alloc(32)), undefined);
});

test('the algorithms stand in the order of KeyMetadata', () => {
  const rsa = keySpecs.get('RSA_2048')?.algorithms;
  assert.deepEqual([...(rsa?.keys() ?? [])], ['ENCRYPT_DECRYPT', 'SIGN_VERIFY']);
  assert.deepEqual(rsa?.get('ENCRYPT_DECRYPT'), ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']);
  assert.equal(rsa?.get('SIGN_VERIFY')?.[0], 'RSASSA_PKCS1_V1_5_SHA_256');
  const secg = keySpecs.get('ECC_SECG_P256K1')?.algorithms;
  assert.deepEqual([...(secg?.keys() ?? [])], ['SIGN_VERIFY']);
});

test('data key pairs are of asymmetric specs that exist', () => {
  for (const name of dataKeyPairSpecs) {
    const family = keySpecs.get(name)?.family ?? '';
    assert.ok(['rsa', 'ecc', 'ml-kem'].includes(family), name);
  }
  assert.equal(dataKeyPairSpecs.size, 11);
});

test('RSA material with a tiny public exponent is refused', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  const material = privateKey.export({ type: 'pkcs8', format: 'der' });
  assert.equal(keySpecs.get('RSA_2048')?.load(material), undefined);
});

test('the public key is a SubjectPublicKeyInfo that others can read', async () => {
  const key = await freshPair('ECC_NIST_P384');
  const read = createPublicKey({ key: key.publicKeyDer, format: 'der', type: 'spki' });
  assert.equal(read.asymmetricKeyDetails?.namedCurve, 'secp384r1');
});

async function freshPair(name: string): Promise<KeyPair> {
  const spec = keySpecs.get(name);
  const key = spec?.load(await spec.generate());
  assert.ok(key?.kind === 'pair');
  return key;
}
