/** DeriveSharedSecret: ECDH (NIST SP 800-56A section 5.7.1.2) on P-256, P-384 and P-521. */
import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isOneDerSequence, type KeyPair } from './key-spec.ts';

/**
 * The x-coordinate of the shared point, left-padded to the field's size (32, 48 or 66 bytes). The
 * caller owns it. Undefined where the peer's SubjectPublicKeyInfo is no key on the same named
 * curve. On the thread pool.
 */
export async function deriveSharedSecret(
  key: KeyPair,
  peerPublicKeyDer: Buffer,
): Promise<Buffer | undefined> {
  const peer = parsePeer(key, peerPublicKeyDer);
  if (peer === undefined) return undefined;
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  diffieHellman({ privateKey: key.privateKey, publicKey: peer }, (error, secret) =>
    resolve(error === null ? secret : undefined),
  );
  return promise;
}

/**
 * OpenSSL refuses points that are not on the curve; that it is our curve, and by its name, is
 * checked before.
 */
function parsePeer(key: KeyPair, der: Buffer): KeyObject | undefined {
  const curve = algorithmIdentifier(key.publicKeyDer);
  if (!isOneDerSequence(der) || !algorithmIdentifier(der).equals(curve)) return undefined;
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/**
 * The AlgorithmIdentifier of a SubjectPublicKeyInfo (RFC 5480): its first member, shorter than 128
 * bytes where it names a curve. OpenSSL would also take curves spelt out by their parameters, which
 * is how CVE-2020-0601 worked.
 */
function algorithmIdentifier(der: Buffer): Buffer {
  const length = der[1] ?? 0;
  const start = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return der.subarray(start, start + 2 + (der[start + 1] ?? 0));
}
