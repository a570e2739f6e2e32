/** ECDSA, Ed25519, Ed25519ph and ECDH against Wycheproof, RFC 8032 and Go. */
import assert from 'node:assert/strict';
import { createPublicKey, hash } from 'node:crypto';
import { test } from 'node:test';
import { verifyDigest } from '../../src/crypto/ecdsa-digest.ts';
import { deriveSharedSecret } from '../../src/crypto/key-agreement.ts';
import {
  type KeyPair,
  type KeySpecName,
  keySpecs,
  type PublicHalf,
} from '../../src/crypto/key-spec.ts';
import { signEd25519ph, verifyEd25519ph } from '../../src/crypto/noble-signature.ts';
import { sign, signingAlgorithms, verify } from '../../src/crypto/signing.ts';
import { settle, type Vector } from './read.ts';

const ecdsaFiles = {
  ecdsa_secp256r1_sha256: ['ECC_NIST_P256', 'ECDSA_SHA_256'],
  ecdsa_secp384r1_sha384: ['ECC_NIST_P384', 'ECDSA_SHA_384'],
  ecdsa_secp521r1_sha512: ['ECC_NIST_P521', 'ECDSA_SHA_512'],
  ecdsa_secp256k1_sha256: ['ECC_SECG_P256K1', 'ECDSA_SHA_256'],
} as const;

for (const [file, [spec, name]] of Object.entries(ecdsaFiles)) {
  test(`${name} on ${spec} verifies messages and digests as Wycheproof says`, async (t) => {
    const algorithm = signingAlgorithms.get(name);
    assert.ok(algorithm !== undefined);
    await settle(t, file, async (v) => {
      const key = publicHalf(spec, v);
      const message = v.bytes('msg');
      const signature = v.bytes('sig');
      const whole = await verify(key, algorithm, { message, messageType: 'RAW', signature });
      const digest = hash(algorithm.hash ?? '', message, 'buffer');
      assert.equal(verifyDigest(key, { digest, signature }), whole, `RAW and DIGEST, ${v.id}`);
      return whole;
    });
  });
}

test('Ed25519 verifies as Wycheproof says', async (t) => {
  const algorithm = signingAlgorithms.get('ED25519_SHA_512');
  assert.ok(algorithm !== undefined);
  await settle(t, 'ed25519', (v) => {
    const input = {
      message: v.bytes('msg'),
      messageType: 'RAW',
      signature: v.bytes('sig'),
    } as const;
    return verify(publicHalf('ECC_NIST_EDWARDS25519', v), algorithm, input);
  });
});

test('Ed25519ph signs and verifies as RFC 8032 and Go say, hashing the digest once more', async (t) => {
  const algorithm = signingAlgorithms.get('ED25519_PH_SHA_512');
  assert.ok(algorithm !== undefined);
  await settle(t, 'ed25519ph', async (v) => {
    const key = load('ECC_NIST_EDWARDS25519', [
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      v.bytes('seed'),
    ]);
    const message = v.bytes('msg');
    const signature = v.bytes('sig');
    const made = signEd25519ph(key, message);
    const verified = verifyEd25519ph(key, { digest: message, signature });
    if (message.length === 64) {
      const input = { message, messageType: 'DIGEST' } as const;
      assert.deepEqual(await sign(key, algorithm, input), made);
      assert.equal(await verify(key, algorithm, { ...input, signature }), verified);
    }
    assert.equal(made.equals(signature), verified);
    return verified;
  });
});

const ecdhFiles = {
  ecdh_secp256r1: { spec: 'ECC_NIST_P256', sizeBytes: 32, oid: '06082a8648ce3d030107' },
  ecdh_secp384r1: { spec: 'ECC_NIST_P384', sizeBytes: 48, oid: '06052b81040022' },
  ecdh_secp521r1: { spec: 'ECC_NIST_P521', sizeBytes: 66, oid: '06052b81040023' },
} as const;

for (const [file, { spec, sizeBytes, oid }] of Object.entries(ecdhFiles)) {
  test(`ECDH on ${spec} agrees as Wycheproof says`, async (t) => {
    await settle(t, file, async (v) => {
      const key = load(spec, [pkcs8OfScalar(v.bytes('private'), sizeBytes, oid)]);
      const shared = await deriveSharedSecret(key, v.bytes('public'));
      // Whatever is accepted must give the right secret, acceptable vectors included.
      if (shared !== undefined && v.result !== 'invalid')
        assert.deepEqual(shared, v.bytes('shared'));
      return shared !== undefined;
    });
  });
}

function publicHalf(spec: KeySpecName, v: Vector): PublicHalf {
  const publicKeyDer = v.bytes('publicKeyDer');
  const publicKey = createPublicKey({ key: publicKeyDer, format: 'der', type: 'spki' });
  return { spec, publicKey, publicKeyDer };
}

function load(spec: KeySpecName, pkcs8: readonly Buffer[]): KeyPair {
  const key = keySpecs.get(spec)?.load(Buffer.concat(pkcs8));
  assert.ok(key?.kind === 'pair');
  return key;
}

/** RFC 5208 around RFC 5915, without the public key. */
function pkcs8OfScalar(scalar: Buffer, sizeBytes: number, curveOid: string): Buffer {
  const fixed = Buffer.alloc(sizeBytes);
  const significant = scalar.subarray(Math.max(0, scalar.length - sizeBytes));
  significant.copy(fixed, sizeBytes - significant.length);
  const ecPrivateKey = tlv(0x30, tlv(0x02, Buffer.from([1])), tlv(0x04, fixed));
  const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');
  const algorithm = tlv(0x30, ecPublicKey, Buffer.from(curveOid, 'hex'));
  return tlv(0x30, tlv(0x02, Buffer.from([0])), algorithm, tlv(0x04, ecPrivateKey));
}

function tlv(tag: number, ...content: readonly Buffer[]): Buffer {
  const value = Buffer.concat(content);
  const length = value.length < 0x80 ? [value.length] : [0x81, value.length];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}
