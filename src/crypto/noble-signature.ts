/**
 * The two signatures that node:crypto lacks and no native part gives: Ed25519ph (RFC 8032 section
 * 5.1) and ML-DSA over an external μ (FIPS 204 section 6.2). @noble's arithmetic isn't
 * constant-time; it runs in a thread of its own (signing-threads.ts), which takes the exact timing
 * away from a caller, and nothing else uses it.
 */
import { ed25519ph } from '@noble/curves/ed25519.js';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { DigestSigner } from './digest-signing.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';

/** By KMS's name of the signing algorithm. ML-DSA's "digest" is the 64-byte μ. */
export const nobleSigners: ReadonlyMap<string, DigestSigner> = new Map([
  ['ED25519_PH_SHA_512', { sign: signEd25519ph, verify: verifyEd25519ph }],
  ['ML_DSA_SHAKE_256', { sign: signMu, verify: verifyMu }],
]);

const seedBytes = 32;

/**
 * AWS hashes the 64-byte digest once more (FIPS 186-5 section 7.8.1, step 1): the digest is
 * Ed25519ph's message.
 */
export function signEd25519ph(key: KeyPair, digest: Buffer): Buffer {
  return withSeed(key, (seed) => Buffer.from(ed25519ph.sign(digest, seed)));
}

export function verifyEd25519ph(
  key: PublicHalf,
  { digest, signature }: { readonly digest: Buffer; readonly signature: Buffer },
): boolean {
  const publicKey = key.publicKeyDer.subarray(-32);
  // RFC 8032's and FIPS 186-5's rules, not the laxer ZIP 215 that is noble's default.
  return attempt(() => ed25519ph.verify(signature, digest, publicKey, { zip215: false }));
}

/** Hedged with fresh randomness (FIPS 204 section 3.4), as node's own ML-DSA is. */
export function signMu(key: KeyPair, mu: Buffer): Buffer {
  const mlDsa = mlDsaOf(key);
  return withSeed(key, (seed) => {
    const { secretKey } = mlDsa.keygen(seed);
    const signature = mlDsa.internal.sign(mu, secretKey, { externalMu: true });
    secretKey.fill(0);
    return Buffer.from(signature);
  });
}

export function verifyMu(
  key: PublicHalf,
  { digest: mu, signature }: { readonly digest: Buffer; readonly signature: Buffer },
): boolean {
  const mlDsa = mlDsaOf(key);
  // The SubjectPublicKeyInfo (RFC 9881) ends with the raw key.
  const publicKey = key.publicKeyDer.subarray(-mlDsa.lengths.publicKey!);
  return attempt(() => mlDsa.internal.verify(signature, mu, publicKey, { externalMu: true }));
}

const mlDsas = new Map<string, typeof ml_dsa44>([
  ['ML_DSA_44', ml_dsa44],
  ['ML_DSA_65', ml_dsa65],
  ['ML_DSA_87', ml_dsa87],
]);

function mlDsaOf(key: PublicHalf): typeof ml_dsa44 {
  const mlDsa = mlDsas.get(key.spec);
  if (mlDsa === undefined) throw new Error(`${key.spec} is no ML-DSA key`);
  return mlDsa;
}

/**
 * PKCS#8 of Ed25519 (RFC 8410) and of ML-DSA's seed form (RFC 9881) both end with the 32-byte seed.
 */
function withSeed(key: KeyPair, use: (seed: Buffer) => Buffer): Buffer {
  const der = key.privateKey.export({ type: 'pkcs8', format: 'der' });
  try {
    return use(der.subarray(-seedBytes));
  } finally {
    der.fill(0);
  }
}

/** noble throws for what is malformed, such as a signature of another length. */
function attempt(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
