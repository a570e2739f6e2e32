import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { curveOf, foreignKey, pkcs8Of } from '../../test/wrap-material.ts';
import { acceptedMaterial } from './imported-key.ts';
import { type KeySpec, keySpecs } from './key-spec.ts';

const spec = (name: string): KeySpec => keySpecs.get(name)!;
const numbersOf = (key: KeyObject): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
});

/** A DER element with a length that fits one or two bytes. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length];
  return Buffer.concat([Buffer.from([tag, ...head.map((byte) => byte & 0xff)]), body]);
}
const integer = (bytes: Buffer): Buffer =>
  der(2, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
const pkcs8 = (algorithm: Buffer, key: Buffer): Buffer =>
  der(0x30, integer(Buffer.alloc(1)), algorithm, der(4, key));

const rsaAlgorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const p256Algorithm = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex');

/** PKCS#8 from the numbers of a JWK, whether they belong together or not (RFC 8017 A.1.2). */
function rsaKey(numbers: Record<string, unknown>, changed: Record<string, Buffer> = {}): Buffer {
  const parts = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'].map((name) =>
    integer(changed[name] ?? Buffer.from(String(numbers[name]), 'base64url')),
  );
  return pkcs8(rsaAlgorithm, der(0x30, integer(Buffer.alloc(1)), ...parts));
}

/** PKCS#8 of a P-256 key (RFC 5915); without `point` the public key is left out. */
const p256Key = (scalar: Buffer, point?: Buffer): Buffer =>
  pkcs8(
    p256Algorithm,
    der(
      0x30,
      integer(Buffer.from([1])),
      der(4, scalar),
      ...(point === undefined ? [] : [der(0xa1, der(3, Buffer.alloc(1), point))]),
    ),
  );

describe('imported material', () => {
  test('is the bytes themselves for secrets of the right length, and nothing else', async () => {
    const lengths = {
      SYMMETRIC_DEFAULT: 32,
      HMAC_224: 28,
      HMAC_256: 32,
      HMAC_384: 48,
      HMAC_512: 64,
    };
    for (const [name, length] of Object.entries(lengths)) {
      const bytes = randomBytes(length);
      assert.deepEqual(await acceptedMaterial(spec(name), bytes), bytes);
      for (const other of [0, 16, length - 1, length + 1])
        assert.equal(await acceptedMaterial(spec(name), randomBytes(other)), undefined);
    }
  });

  for (const [name, namedCurve] of Object.entries(curveOf))
    test(`is a private key on the curve of ${name}, and on no other`, async () => {
      const key = foreignKey('ec', { namedCurve });
      assert.deepEqual(await acceptedMaterial(spec(name), pkcs8Of(key)), pkcs8Of(key));
      for (const other of Object.keys(curveOf).filter((each) => each !== name))
        assert.equal(await acceptedMaterial(spec(other), pkcs8Of(key)), undefined);
    });

  test('is the same for every encoding of the same EC key', async () => {
    const ecdh = createECDH('prime256v1');
    const full = ecdh.generateKeys();
    const scalar = Buffer.alloc(32);
    ecdh.getPrivateKey().copy(scalar, 32 - ecdh.getPrivateKey().length);
    const compressed = ecdh.getPublicKey(null, 'compressed');
    const [first, ...others] = await Promise.all(
      [p256Key(scalar, full), p256Key(scalar, compressed), p256Key(scalar)].map((material) =>
        acceptedMaterial(spec('ECC_NIST_P256'), material),
      ),
    );
    assert.ok(first !== undefined);
    for (const other of others) assert.deepEqual(other, first);
  });

  test('is no EC key whose public half is another key’s', async () => {
    const [mine, theirs] = [createECDH('prime256v1'), createECDH('prime256v1')];
    mine.setPrivateKey(Buffer.alloc(32, 7));
    theirs.setPrivateKey(Buffer.alloc(32, 8));
    const mixed = p256Key(Buffer.alloc(32, 7), theirs.getPublicKey());
    // What makes the check necessary: OpenSSL takes such a key.
    createPrivateKey({ key: mixed, format: 'der', type: 'pkcs8' });
    assert.equal(await acceptedMaterial(spec('ECC_NIST_P256'), mixed), undefined);
    const right = p256Key(Buffer.alloc(32, 7), mine.getPublicKey());
    assert.ok(await acceptedMaterial(spec('ECC_NIST_P256'), right));
  });

  test('is no EC key whose number is not one of the curve’s', async () => {
    const order = Buffer.from(
      'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
      'hex',
    );
    for (const scalar of [Buffer.alloc(32), order, Buffer.alloc(32, 0xff)])
      assert.equal(await acceptedMaterial(spec('ECC_NIST_P256'), p256Key(scalar)), undefined);
  });

  test('is an RSA key of the right size', async () => {
    const key = foreignKey('rsa', { modulusLength: 2048 });
    assert.deepEqual(await acceptedMaterial(spec('RSA_2048'), pkcs8Of(key)), pkcs8Of(key));
    assert.equal(await acceptedMaterial(spec('RSA_3072'), pkcs8Of(key)), undefined);
    assert.equal(await acceptedMaterial(spec('ECC_NIST_P256'), pkcs8Of(key)), undefined);
    assert.equal(await acceptedMaterial(spec('SYMMETRIC_DEFAULT'), pkcs8Of(key)), undefined);
    const rebuilt = rsaKey(numbersOf(key));
    assert.deepEqual(await acceptedMaterial(spec('RSA_2048'), rebuilt), pkcs8Of(key));
    const tail = Buffer.concat([pkcs8Of(key), Buffer.alloc(1)]);
    assert.equal(await acceptedMaterial(spec('RSA_2048'), tail), undefined);
  });

  test('is no RSA key whose numbers do not belong together', async () => {
    const [mine, theirs] = [
      numbersOf(foreignKey('rsa', { modulusLength: 2048 })),
      numbersOf(foreignKey('rsa', { modulusLength: 2048 })),
    ];
    for (const name of ['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      const swapped = rsaKey(mine, { [name]: Buffer.from(String(theirs[name]), 'base64url') });
      assert.equal(await acceptedMaterial(spec('RSA_2048'), swapped), undefined, name);
    }
    const otherExponent = rsaKey(mine, { e: Buffer.from('010003', 'hex') });
    assert.equal(await acceptedMaterial(spec('RSA_2048'), otherExponent), undefined);
  });

  test('that would take long to use is refused before it is used', async () => {
    const numbers = numbersOf(foreignKey('rsa', { modulusLength: 2048 }));
    const huge = randomBytes(2500);
    huge[0] = 0x7f;
    const startedAt = performance.now();
    for (const name of ['p', 'q', 'd', 'dp', 'dq'])
      assert.equal(
        await acceptedMaterial(spec('RSA_2048'), rsaKey(numbers, { [name]: huge })),
        undefined,
      );
    assert.ok(performance.now() - startedAt < 1_000);
  });
});
