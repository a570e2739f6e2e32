/**
 * RSA and ECDSA over what the caller has digested already, one row for each algorithm. All of it
 * blocks. The rows of noble-signature.ts join them in the signing threads, so that noble is loaded
 * there only.
 */
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';
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

/** By KMS's name of the signing algorithm. */
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
]);

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
