/**
 * Key material that was made elsewhere: what it must be before it becomes a key here, and the one
 * form in which it is kept. Whoever wrapped it is not trusted to have got it right.
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
  type webcrypto,
} from 'node:crypto';
import type { KeySpec } from './key-spec.ts';

/**
 * The secret bytes, or the private key as PKCS#8 DER in one canonical encoding, so that the same
 * key sent in another encoding is the same material. Undefined where the bytes are no key of this
 * spec, or a private key whose parts don't belong together. The caller wipes both buffers.
 */
export async function acceptedMaterial(
  spec: KeySpec,
  material: Buffer,
): Promise<Buffer | undefined> {
  const loaded = spec.load(material);
  if (loaded === undefined) return undefined;
  if (loaded.kind === 'secret') return Buffer.from(material);
  const privateKey = consistentKey(loaded.privateKey);
  if (privateKey === undefined || !(await signsForItself(privateKey))) return undefined;
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** The key rebuilt from its numbers: attributes, point forms and embedded public keys are gone. */
function consistentKey(key: KeyObject): KeyObject | undefined {
  try {
    const numbers = key.export({ format: 'jwk' });
    // OpenSSL itself checks that an EC public key belongs to the private one, when it is rebuilt.
    if (numbers.kty === 'RSA' && !isSoundRsa(numbers)) return undefined;
    return createPrivateKey({ key: numbers, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/**
 * What can be computed of NIST SP 800-56B section 6.4.1.2.3 without testing primes: the factors are
 * the modulus's, the exponents are each other's inverses, and the CRT parts are theirs. It also
 * bounds every number, so that no operation with the key takes long.
 */
function isSoundRsa(key: webcrypto.JsonWebKey): boolean {
  const [n, e, d, p, q] = [key.n, key.e, key.d, key.p, key.q].map(numberOf) as FiveNumbers;
  const [dp, dq, qi] = [key.dp, key.dq, key.qi].map(numberOf) as ThreeNumbers;
  if (p <= 1n || q <= 1n || p === q || p * q !== n || d <= 1n || d >= n) return false;
  if ((d * e) % (p - 1n) !== 1n || (d * e) % (q - 1n) !== 1n) return false;
  return dp === d % (p - 1n) && dq === d % (q - 1n) && qi < p && (qi * q) % p === 1n;
}

type ThreeNumbers = [bigint, bigint, bigint];
type FiveNumbers = [bigint, bigint, bigint, bigint, bigint];

const numberOf = (member: unknown): bigint =>
  BigInt(`0x0${Buffer.from(String(member ?? ''), 'base64url').toString('hex')}`);

const probe = Buffer.from('sealhold imported key');

/** The pair-wise consistency test of FIPS 140-3 (IG 10.3.A), on the thread pool. */
function signsForItself(privateKey: KeyObject): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  sign('sha256', probe, privateKey, (error, signature) => {
    if (error !== null) return resolve(false);
    resolve(verify('sha256', probe, createPublicKey(privateKey), signature));
  });
  return promise;
}
