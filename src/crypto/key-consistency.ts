/** Whether the halves of a key pair belong together, for material that was not made here. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { decapsulate, encapsulate } from './key-encapsulation.ts';
import type { KeyPair } from './key-spec.ts';

const probe = Buffer.from('sealhold pairwise consistency test');

/**
 * A pairwise consistency test (NIST SP 800-56A section 5.6.2.1.4, SP 800-56B section 6.4.1.1). PKCS#8 may carry a
 * public key of another private key, or factors of another modulus, and OpenSSL loads it as it stands; such a key
 * signs what nobody can verify. For imported material; on the thread pool.
 */
export async function isConsistent(key: KeyPair): Promise<boolean> {
  if (key.privateKey.asymmetricKeyType?.startsWith('ml-kem') === true) {
    const { sharedSecret, ciphertext } = encapsulate(key);
    return decapsulate(key, ciphertext)?.equals(sharedSecret) ?? false;
  }
  const signature = await signProbe(key.privateKey);
  return signature !== undefined && verify(hashFor(key), probe, key.publicKey, signature);
}

function signProbe(privateKey: KeyObject): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>();
  const hash = hashFor({ privateKey });
  sign(hash, probe, privateKey, (error, signature) =>
    resolve(error === null ? signature : undefined),
  );
  return promise;
}

/** RSA and ECDSA want a hash; Ed25519 and ML-DSA have their own. */
function hashFor({ privateKey }: { readonly privateKey: KeyObject }): string | null {
  return ['rsa', 'ec'].includes(privateKey.asymmetricKeyType ?? '') ? 'sha256' : null;
}
