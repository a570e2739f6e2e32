import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import { type KeyPair, keySpecs } from './key-spec.ts';
import { randomBytes } from './random.ts';
import {
  type MessageType,
  type SigningAlgorithm,
  sign,
  signingAlgorithms,
  verify,
} from './signing.ts';

const message = Buffer.from('a message of the usual sort');

const nobleCurves = [
  ['ECC_NIST_P256', p256, 32],
  ['ECC_NIST_P384', p384, 48],
  ['ECC_NIST_P521', p521, 64],
  ['ECC_SECG_P256K1', secp256k1, 32],
] as const;

const signingSpecs = [...keySpecs.values()].filter(
  ({ supported, algorithms }) => supported && algorithms.has('SIGN_VERIFY'),
);

for (const spec of signingSpecs) {
  test(`${spec.name} verifies what it signed, by each algorithm and message type, and nothing else`, async () => {
    const key = await freshPair(spec.name);
    const stranger = await freshPair(spec.name);
    for (const name of spec.algorithms.get('SIGN_VERIFY') ?? []) {
      const algorithm = algorithmOf(name);
      for (const messageType of algorithm.messageTypes.keys()) {
        const input = { message: inputFor(algorithm, messageType), messageType };
        const signature = await sign(key, algorithm, input);
        assert.equal(await verify(key, algorithm, { ...input, signature }), true, name);
        assert.equal(await verify(stranger, algorithm, { ...input, signature }), false, name);
        const changed = Buffer.from(input.message);
        changed[0] = changed[0]! ^ 1;
        const other = { message: changed, messageType, signature };
        assert.equal(await verify(key, algorithm, other), false, name);
        for (const wrong of [Buffer.alloc(0), signature.subarray(1), randomBytes(64)]) {
          assert.equal(await verify(key, algorithm, { ...input, signature: wrong }), false, name);
        }
      }
    }
  });
}

for (const spec of signingSpecs.filter(
  ({ family, name }) => family === 'rsa' || nistOrSecg(name),
)) {
  test(`${spec.name} gives one signature for a message and its digest`, async () => {
    const key = await freshPair(spec.name);
    for (const name of spec.algorithms.get('SIGN_VERIFY') ?? []) {
      const algorithm = algorithmOf(name);
      const raw = { message, messageType: 'RAW' } as const;
      const digest = { message: inputFor(algorithm, 'DIGEST'), messageType: 'DIGEST' } as const;
      const ofDigest = await sign(key, algorithm, digest);
      assert.equal(await verify(key, algorithm, { ...raw, signature: ofDigest }), true, name);
      const ofRaw = await sign(key, algorithm, raw);
      assert.equal(await verify(key, algorithm, { ...digest, signature: ofRaw }), true, name);
    }
  });
}

function nistOrSecg(name: string): boolean {
  return nobleCurves.some(([curve]) => curve === name);
}

for (const [name, noble, digestBytes] of nobleCurves) {
  test(`${name} signs digests that an independent implementation verifies, and the reverse`, async () => {
    const key = await freshPair(name);
    const { d = '' } = key.privateKey.export({ format: 'jwk' });
    const point = key.publicKeyDer.subarray(-2 * noble.lengths.secretKey! - 1);
    const options = { prehash: false, lowS: false, format: 'der' } as const;
    // Zero, and a number above the order of P-256, are digests, too.
    const edges = [Buffer.alloc(digestBytes), Buffer.alloc(digestBytes, 0xff)];
    for (const digest of [...edges, randomBytes(digestBytes), randomBytes(digestBytes)]) {
      const ours = signDigest(key, digest);
      assert.equal(noble.verify(ours, digest, point, options), true);
      assert.equal(verifyDigest(key, { digest, signature: ours }), true);
      const theirs = Buffer.from(noble.sign(digest, Buffer.from(d, 'base64url'), options));
      assert.equal(verifyDigest(key, { digest, signature: theirs }), true);
    }
  });
}

test('a nonce is never used twice', async () => {
  const key = await freshPair('ECC_NIST_P256');
  const digest = hash('sha256', message, 'buffer');
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const signature = signDigest(key, digest);
    seen.add(signature.toString('hex', 4, 4 + (signature[3] ?? 0)));
  }
  assert.equal(seen.size, 200);
});

test('a digest of another length, a foreign message type and a foreign algorithm are faults of ours and throw', async () => {
  const key = await freshPair('ECC_NIST_P256');
  const p256Signing = algorithmOf('ECDSA_SHA_256');
  const short = { message: Buffer.alloc(31), messageType: 'DIGEST' } as const;
  assert.throws(() => sign(key, p256Signing, short), /doesn't take/);
  const mu = { message: Buffer.alloc(64), messageType: 'EXTERNAL_MU' } as const;
  assert.throws(() => sign(key, p256Signing, mu), /doesn't take/);
  const raw = { message, messageType: 'RAW' } as const;
  assert.throws(() => sign(key, algorithmOf('ECDSA_SHA_384'), raw), /doesn't take/);
});

test('slow signatures leave the event loop free', async () => {
  const key = await freshPair('ML_DSA_87');
  const mu = { message: Buffer.alloc(64), messageType: 'EXTERNAL_MU' } as const;
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  await Promise.all(
    Array.from({ length: 8 }, () => sign(key, algorithmOf('ML_DSA_SHAKE_256'), mu)),
  );
  clearInterval(turning);
  assert.ok(turns >= 5, `the loop turned ${turns} times`);
});

function inputFor(algorithm: SigningAlgorithm, messageType: MessageType): Buffer {
  const sizeBytes = algorithm.messageTypes.get(messageType)?.exactBytes;
  if (sizeBytes === undefined) return message;
  return hash(`sha${sizeBytes * 8}`, message, 'buffer');
}

function algorithmOf(name: string): SigningAlgorithm {
  const algorithm = signingAlgorithms.get(name);
  assert.ok(algorithm !== undefined, name);
  return algorithm;
}

async function freshPair(name: string): Promise<KeyPair> {
  const spec = keySpecs.get(name);
  const key = spec?.load(await spec.generate());
  assert.ok(key?.kind === 'pair');
  return key;
}
