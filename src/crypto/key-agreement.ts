/** DeriveSharedSecret: ECDH (NIST SP 800-56A section 5.7.1.2) on P-256, P-384 and P-521. */
import { createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isOneDerSequence, type KeyPair } from './key-spec.ts';

/**
 * The x-coordinate of the shared point, left-padded to the field's size (32, 48 or 66 bytes). The caller owns it.
 * Undefined where the peer's SubjectPublicKeyInfo is no key on the same named curve. On the thread pool.
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

/** OpenSSL refuses points that are not on the curve, and curves given by explicit parameters have no name. */
function parsePeer(key: KeyPair, der: Buffer): KeyObject | undefined {
  if (!isOneDerSequence(der)) return undefined;
  try {
    const peer = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const curve = key.privateKey.asymmetricKeyDetails?.namedCurve;
    const same = curve !== undefined && peer.asymmetricKeyDetails?.namedCurve === curve;
    return same && peer.asymmetricKeyType === 'ec' ? peer : undefined;
  } catch {
    return undefined;
  }
}
