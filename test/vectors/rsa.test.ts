/** RSA encryption and signatures against Wycheproof, whole messages and digests alike. */
import assert from 'node:assert/strict';
import { createPublicKey, hash } from 'node:crypto';
import { test } from 'node:test';
import {
  decrypt,
  encrypt,
  rsaEncryptionAlgorithms,
} from '../../src/crypto/asymmetric-encryption.ts';
import {
  type KeyPair,
  type KeySpecName,
  keySpecs,
  type PublicHalf,
} from '../../src/crypto/key-spec.ts';
import { signingAlgorithms, verify } from '../../src/crypto/signing.ts';
import { settle, type Vector } from './read.ts';

const oaepFiles = {
  rsa_oaep_2048_sha1_mgf1sha1: 'RSAES_OAEP_SHA_1',
  rsa_oaep_2048_sha256_mgf1sha256: 'RSAES_OAEP_SHA_256',
  rsa_oaep_3072_sha256_mgf1sha256: 'RSAES_OAEP_SHA_256',
  rsa_oaep_4096_sha256_mgf1sha256: 'RSAES_OAEP_SHA_256',
};

for (const [file, name] of Object.entries(oaepFiles)) {
  test(`${name} decrypts as ${file} says`, async (t) => {
    const algorithm = rsaEncryptionAlgorithms.get(name);
    assert.ok(algorithm !== undefined);
    await settle(t, file, async (v) => {
      const key = loadRsa(v);
      // KMS has no labels: a ciphertext with one must not open.
      if (v.bytes('label').length > 0) {
        assert.equal(await decrypt(key, algorithm, v.bytes('ct')), undefined);
        return v.result === 'valid';
      }
      const opened = await decrypt(key, algorithm, v.bytes('ct'));
      if (v.result === 'valid') {
        const again = await decrypt(key, algorithm, encrypt(key, algorithm, v.bytes('msg')));
        assert.deepEqual(again, v.bytes('msg'));
      }
      return opened?.equals(v.bytes('msg')) ?? false;
    });
  });
}

const pssFiles = {
  rsa_pss_2048_sha256_mgf1_32: 'RSASSA_PSS_SHA_256',
  rsa_pss_3072_sha256_mgf1_32: 'RSASSA_PSS_SHA_256',
  rsa_pss_2048_sha384_mgf1_48: 'RSASSA_PSS_SHA_384',
  rsa_pss_4096_sha512_mgf1_64: 'RSASSA_PSS_SHA_512',
};

for (const [file, name] of Object.entries(pssFiles)) {
  test(`${name} verifies as ${file} says`, async (t) => {
    await settle(t, file, (v) => verifyBothWays(name, v));
  });
}

const foreignPssFiles = {
  rsa_pss_2048_sha256_mgf1_0: 'RSASSA_PSS_SHA_256',
  rsa_pss_2048_sha256_mgf1sha1_20: 'RSASSA_PSS_SHA_256',
  rsa_pss_4096_sha512_mgf1_32: 'RSASSA_PSS_SHA_512',
};

for (const [file, name] of Object.entries(foreignPssFiles)) {
  test(`${name} refuses ${file}, whose salt or mask isn't KMS's`, async (t) => {
    await settle(t, file, async (v) => {
      // Some invalid vectors are valid with the salt length that KMS wants; nothing else may pass.
      const verified = await verifyBothWays(name, v);
      if (v.result === 'valid') assert.equal(verified, false);
      return v.result === 'valid';
    });
  });
}

for (const [size, bits] of [
  [2048, 256],
  [2048, 384],
  [2048, 512],
  [3072, 384],
  [4096, 512],
]) {
  const name = `RSASSA_PKCS1_V1_5_SHA_${bits}`;
  test(`${name} verifies as Wycheproof says for RSA-${size}`, async (t) => {
    await settle(t, `rsa_signature_${size}_sha${bits}`, (v) => verifyBothWays(name, v));
  });
}

function loadRsa(v: Vector): KeyPair {
  const key = keySpecs.get(`RSA_${v.number('keySize')}`)?.load(v.bytes('privateKeyPkcs8'));
  assert.ok(key?.kind === 'pair');
  return key;
}

async function verifyBothWays(name: string, v: Vector): Promise<boolean> {
  const algorithm = signingAlgorithms.get(name);
  assert.ok(algorithm !== undefined);
  const key = publicHalf(v.bytes('publicKeyDer'));
  const signature = v.bytes('sig');
  const message = v.bytes('msg');
  const digest = hash(algorithm.hash ?? '', message, 'buffer');
  const whole = await verify(key, algorithm, { message, messageType: 'RAW', signature });
  const digested = await verify(key, algorithm, {
    message: digest,
    messageType: 'DIGEST',
    signature,
  });
  assert.equal(digested, whole, `${name} vector ${v.id}: RAW and DIGEST disagree`);
  return whole;
}

function publicHalf(publicKeyDer: Buffer): PublicHalf {
  const publicKey = createPublicKey({ key: publicKeyDer, format: 'der', type: 'spki' });
  const spec = `RSA_${publicKey.asymmetricKeyDetails?.modulusLength}` as KeySpecName;
  return { spec, publicKey, publicKeyDer };
}
