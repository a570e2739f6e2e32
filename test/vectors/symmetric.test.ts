/** AES-GCM, HMAC, the key derivations and Argon2id against published vectors. */
import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { open, seal } from '../../src/crypto/aead.ts';
import { counterMode, deriveKey, hkdfSha256 } from '../../src/crypto/kdf.ts';
import type { KeySpecName } from '../../src/crypto/key-spec.ts';
import { unwrapPadded, wrapPadded } from '../../src/crypto/key-wrap.ts';
import { generateMac, macAlgorithms, verifyMac } from '../../src/crypto/mac.ts';
import { deriveFromPassword } from '../../src/crypto/password.ts';
import { readVectors, settle, type Vector } from './read.ts';

test('AES-256-GCM seals and opens as Wycheproof says', async (t) => {
  await settle(t, 'aes_gcm', (v) => {
    const message = { iv: v.bytes('iv'), aad: v.bytes('aad') };
    const sealed = Buffer.concat([v.bytes('ct'), v.bytes('tag')]);
    const opened = open(v.bytes('key'), { ...message, sealed });
    if (v.result === 'valid') {
      const again = seal(v.bytes('key'), { ...message, plaintext: v.bytes('msg') });
      assert.deepEqual(again, sealed);
    }
    return opened?.equals(v.bytes('msg')) ?? false;
  });
});

test('AES key wrap with padding wraps and unwraps as Wycheproof and RFC 5649 say', async (t) => {
  await settle(t, 'aes_kwp', (v) => {
    const key = v.bytes('key');
    if (v.result === 'valid') assert.deepEqual(wrapPadded(key, v.bytes('msg')), v.bytes('ct'));
    return unwrapPadded(key, v.bytes('ct'))?.equals(v.bytes('msg')) ?? false;
  });
  // RFC 5649 section 6.
  const key = Buffer.from('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8', 'hex');
  const examples = [
    [
      'c37b7e6492584340bed12207808941155068f738',
      '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a',
    ],
    ['466f7250617369', 'afbeb0f07dfbf5419200f2ccb50bb24f'],
  ];
  for (const [plain = '', wrapped = ''] of examples) {
    assert.equal(wrapPadded(key, Buffer.from(plain, 'hex')).toString('hex'), wrapped);
    assert.equal(unwrapPadded(key, Buffer.from(wrapped, 'hex'))?.toString('hex'), plain);
  }
});

for (const bits of [224, 256, 384, 512] as const) {
  test(`HMAC-SHA-${bits} makes and verifies as Wycheproof says, and takes no shortened MAC`, async (t) => {
    const algorithm = macAlgorithms.get(`HMAC_SHA_${bits}`);
    assert.ok(algorithm !== undefined);
    const spec: KeySpecName = `HMAC_${bits}`;
    await settle(t, `hmac_sha${bits}`, (v) => {
      const key = { kind: 'secret', spec, secret: createSecretKey(v.bytes('key')) } as const;
      const message = v.bytes('msg');
      const mac = v.bytes('tag');
      const full = generateMac(key, algorithm, message);
      const verified = verifyMac(key, algorithm, { message, mac });
      if (v.number('tagSize') === bits) return verified;
      // KMS knows full-length MACs only; the vector itself is judged on the part it has.
      assert.equal(verified, false);
      return full.subarray(0, mac.length).equals(mac);
    });
  });
}

test('HKDF-SHA-256 derives as Wycheproof says', async (t) => {
  await settle(t, 'hkdf_sha256', (v) => {
    const options = { salt: v.bytes('salt'), info: v.bytes('info'), lengthBytes: v.number('size') };
    try {
      return hkdfSha256(v.bytes('ikm'), options).equals(v.bytes('okm'));
    } catch {
      return false;
    }
  });
});

test('SP 800-108 in counter mode derives as NIST says', async (t) => {
  await settle(t, 'kdfctr_hmac_sha256_cavp', (v) => {
    const input = Buffer.concat([Buffer.alloc(4), v.bytes('fixed')]);
    const derived = counterMode(createSecretKey(v.bytes('key')), input, v.number('lengthBytes'));
    return derived.equals(v.bytes('output'));
  });
});

test('SP 800-108 encodes label, context and length as Botan does', async (t) => {
  await settle(t, 'kdfctr_hmac_sha256_botan', (v) => {
    const output = v.bytes('output');
    const derived = deriveKey(createSecretKey(v.bytes('key')), {
      label: v.bytes('label'),
      context: v.bytes('context'),
      lengthBytes: output.length,
    });
    return derived.equals(output);
  });
});

test('Argon2id derives as RFC 9106 says', async (t) => {
  await settle(t, 'argon2id', argon2id);
  assert.ok(readVectors('argon2id').some((v) => v.number('memoryKib') === 32));
});

async function argon2id(v: Vector): Promise<boolean> {
  const output = v.bytes('output');
  const parameters = {
    algorithm: 'argon2id',
    salt: v.bytes('salt'),
    memoryKib: v.number('memoryKib'),
    passes: v.number('passes'),
    parallelism: v.number('parallelism'),
  } as const;
  const derived = await deriveFromPassword(v.bytes('password'), parameters, {
    lengthBytes: output.length,
    secret: v.bytes('secret'),
    associatedData: v.bytes('associatedData'),
  });
  return derived.equals(output);
}
