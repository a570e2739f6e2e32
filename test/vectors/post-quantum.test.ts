/** ML-DSA and ML-KEM against Wycheproof. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { decapsulate, encapsulate } from '../../src/crypto/key-encapsulation.ts';
import {
  type KeyPair,
  type KeySpecName,
  keySpecs,
  type PublicHalf,
} from '../../src/crypto/key-spec.ts';
import { sign, signingAlgorithms, verify } from '../../src/crypto/signing.ts';
import { settle, type Vector } from './read.ts';

const mlDsa = signingAlgorithms.get('ML_DSA_SHAKE_256');
assert.ok(mlDsa !== undefined);

for (const level of [44, 65, 87] as const) {
  const spec: KeySpecName = `ML_DSA_${level}`;

  test(`${spec} verifies as Wycheproof says`, async (t) => {
    await settle(t, `mldsa_${level}_verify`, async (v) => {
      const key = publicHalf(spec, v);
      if (key === undefined) return false;
      const input = {
        message: v.bytes('msg'),
        messageType: 'RAW',
        signature: v.bytes('sig'),
      } as const;
      return judge(v, await verify(key, mlDsa, input));
    });
  });

  test(`${spec} takes Wycheproof's seeds, signatures and external mu`, async (t) => {
    await settle(t, `mldsa_${level}_sign_seed`, async (v) => {
      const key = keySpecs.get(spec)?.load(pkcs8Of(level, v));
      if (key?.kind !== 'pair') return false;
      assert.deepEqual(
        key.publicKeyDer.subarray(-v.bytes('publicKey').length),
        v.bytes('publicKey'),
      );
      // Vectors of FIPS 204's internal interface have no message of the outer one: μ is all there
      // is.
      if (v.flags.includes('Internal') || !v.has('msg')) return checkMu(key, v);
      const signature = v.bytes('sig');
      const whole = { message: v.bytes('msg'), messageType: 'RAW', signature } as const;
      const verified = judge(v, await verify(key, mlDsa, whole));
      return verified && (!v.has('mu') || (await checkMu(key, v)));
    });
  });
}

/**
 * Whether the signature is one over μ; and what we make over μ must verify, over the message too
 * where there is one.
 */
async function checkMu(key: KeyPair, v: Vector): Promise<boolean> {
  const representative = { message: v.bytes('mu'), messageType: 'EXTERNAL_MU' } as const;
  const signature = await sign(key, mlDsa!, representative);
  assert.equal(await verify(key, mlDsa!, { ...representative, signature }), true);
  if (v.has('msg') && !v.flags.includes('Internal')) {
    const whole = { message: v.bytes('msg'), messageType: 'RAW', signature } as const;
    assert.equal(judge(v, await verify(key, mlDsa!, whole)), true);
  }
  return verify(key, mlDsa!, { ...representative, signature: v.bytes('sig') });
}

/** KMS has no contexts: a signature made with one must not verify without. */
function judge(v: Vector, verified: boolean): boolean {
  const context = v.has('ctx') ? v.bytes('ctx') : Buffer.alloc(0);
  if (context.length === 0) return verified;
  assert.equal(verified, false);
  return v.result === 'valid';
}

for (const size of [512, 768, 1024] as const) {
  const spec: KeySpecName = `ML_KEM_${size}`;
  test(`${spec} decapsulates as Wycheproof says`, async (t) => {
    await settle(t, `mlkem_${size}`, (v) => {
      const key = keySpecs.get(spec)?.load(pkcs8OfSeed(size, v.bytes('seed')));
      if (key?.kind !== 'pair') return false;
      if (v.has('ek')) {
        assert.deepEqual(key.publicKeyDer.subarray(-v.bytes('ek').length), v.bytes('ek'));
      }
      const fresh = encapsulate(key);
      assert.deepEqual(decapsulate(key, fresh.ciphertext), fresh.sharedSecret);
      return decapsulate(key, v.bytes('c'))?.equals(v.bytes('K')) ?? false;
    });
  });
}

/** Groups with a seed of the wrong length come without PKCS#8; it is made around what there is. */
function pkcs8Of(level: 44 | 65 | 87, v: Vector): Buffer {
  if (v.has('privateKeyPkcs8')) return v.bytes('privateKeyPkcs8');
  const seed = v.bytes('privateSeed');
  const arc = { 44: '11', 65: '12', 87: '13' }[level];
  const head = Buffer.from(`3000020100300b06096086480165030403${arc}04008000`, 'hex');
  head[1] = head.length - 2 + seed.length;
  head[head.length - 3] = 2 + seed.length;
  head[head.length - 1] = seed.length;
  return Buffer.concat([head, seed]);
}

/** RFC 9935: the seed alone, as [0] of the choice. */
function pkcs8OfSeed(size: 512 | 768 | 1024, seed: Buffer): Buffer {
  const arc = { 512: '01', 768: '02', 1024: '03' }[size];
  const head = `3054020100300b06096086480165030404${arc}04428040`;
  return Buffer.concat([Buffer.from(head, 'hex'), seed]);
}

function publicHalf(spec: KeySpecName, v: Vector): PublicHalf | undefined {
  const publicKeyDer = v.bytes('publicKeyDer');
  try {
    const publicKey = createPublicKey({ key: publicKeyDer, format: 'der', type: 'spki' });
    return { spec, publicKey, publicKeyDer };
  } catch {
    return undefined;
  }
}
