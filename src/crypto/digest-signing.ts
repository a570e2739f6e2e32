/** Signing and verifying what the caller has digested already, one row for each algorithm. All of it blocks. */
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';
import { signEd25519ph, signMu, verifyEd25519ph, verifyMu } from './noble-signature.ts';
import {
  type RsaHash,
  signPkcs1Digest,
  signPssDigest,
  verifyPkcs1Digest,
  verifyPssDigest,
} from './rsa-digest.ts';

export interface DigestSigner {
  readonly sign: (key: KeyPair, digest: Buffer) => Buffer;
  readonly verify: (key: PublicHalf, input: SignedDigest) => boolean;
}

export interface SignedDigest {
  readonly digest: Buffer;
  readonly signature: Buffer;
}

const ecdsa: DigestSigner = { sign: signDigest, verify: verifyDigest };

/** By KMS's name of the signing algorithm. ML-DSA's "digest" is the 64-byte μ. */
export const digestSigners: ReadonlyMap<string, DigestSigner> = new Map([
  ['RSASSA_PKCS1_V1_5_SHA_256', pkcs1('sha256')],
  ['RSASSA_PKCS1_V1_5_SHA_384', pkcs1('sha384')],
  ['RSASSA_PKCS1_V1_5_SHA_512', pkcs1('sha512')],
  ['RSASSA_PSS_SHA_256', pss('sha256')],
  ['RSASSA_PSS_SHA_384', pss('sha384')],
  ['RSASSA_PSS_SHA_512', pss('sha512')],
  ['ECDSA_SHA_256', ecdsa],
  ['ECDSA_SHA_384', ecdsa],
  ['ECDSA_SHA_512', ecdsa],
  ['ED25519_PH_SHA_512', { sign: signEd25519ph, verify: verifyEd25519ph }],
  [
    'ML_DSA_SHAKE_256',
    {
      sign: signMu,
      verify: (key, { digest, signature }) => verifyMu(key, { mu: digest, signature }),
    },
  ],
]);

/** The row of an algorithm that is known to have one. */
export function digestSigner(algorithm: string): DigestSigner {
  const signer = digestSigners.get(algorithm);
  if (signer === undefined) throw new Error(`${algorithm} signs no digests`);
  return signer;
}

function pkcs1(hash: RsaHash): DigestSigner {
  return {
    sign: (key, digest) => signPkcs1Digest(key, hash, digest),
    verify: (key, input) => verifyPkcs1Digest(key, hash, input),
  };
}

function pss(hash: RsaHash): DigestSigner {
  return {
    sign: (key, digest) => signPssDigest(key, hash, digest),
    verify: (key, input) => verifyPssDigest(key, hash, input),
  };
}
