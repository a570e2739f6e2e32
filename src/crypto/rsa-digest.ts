/**
 * RSA signatures over a digest that the caller has already made (KMS's MessageType DIGEST): the
 * encodings of RFC 8017 section 9 are done here, since node's `sign` always hashes; the RSA
 * operation itself is OpenSSL's, blinded.
 */
import { constants, createHash, privateEncrypt, publicDecrypt } from 'node:crypto';
import { equalSecret } from './hash.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';
import { randomBytes } from './random.ts';

export type RsaHash = 'sha256' | 'sha384' | 'sha512';

/** RFC 8017 section 9.2, note 1: the DER of DigestInfo up to the digest. */
const digestInfoHeads: Readonly<Record<RsaHash, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
  sha512: Buffer.from('3051300d060960864801650304020305000440', 'hex'),
};

/** RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.1). Blocks for the whole private operation. */
export function signPkcs1Digest(key: KeyPair, hash: RsaHash, digest: Buffer): Buffer {
  return privateEncrypt(
    { key: key.privateKey, padding: constants.RSA_PKCS1_PADDING },
    Buffer.concat([digestInfoHeads[hash], digest]),
  );
}

/**
 * By encoding again and comparing the whole block (RFC 8017 section 8.2.2), never by parsing what
 * came out.
 */
export function verifyPkcs1Digest(
  key: PublicHalf,
  hash: RsaHash,
  { digest, signature }: { readonly digest: Buffer; readonly signature: Buffer },
): boolean {
  const encoded = recover(key, signature);
  if (encoded === undefined) return false;
  const info = Buffer.concat([digestInfoHeads[hash], digest]);
  const expected = Buffer.alloc(encoded.length, 0xff);
  expected[0] = 0;
  expected[1] = 1;
  expected[expected.length - info.length - 1] = 0;
  expected.set(info, expected.length - info.length);
  return equalSecret(encoded, expected);
}

/**
 * RSASSA-PSS (RFC 8017 sections 8.1.1 and 9.1.1), MGF1 with the same hash, salt as long as the
 * hash. Blocks.
 */
export function signPssDigest(key: KeyPair, hash: RsaHash, digest: Buffer): Buffer {
  const { encodedBytes, topBitsMask } = pssShape(key);
  const salt = randomBytes(digest.length);
  const h = saltedHash(hash, { digest, salt });
  const block = Buffer.alloc(encodedBytes - h.length - 1);
  block[block.length - salt.length - 1] = 1;
  block.set(salt, block.length - salt.length);
  xorMask(block, hash, h);
  block[0] = (block[0] ?? 0) & topBitsMask;
  const encoded = Buffer.concat([block, h, Buffer.from([0xbc])]);
  return privateEncrypt({ key: key.privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

/** RFC 8017 section 9.1.2. Another salt length than the hash's is refused. */
export function verifyPssDigest(
  key: PublicHalf,
  hash: RsaHash,
  { digest, signature }: { readonly digest: Buffer; readonly signature: Buffer },
): boolean {
  const encoded = recover(key, signature);
  if (encoded === undefined) return false;
  const { topBitsMask } = pssShape(key);
  const blockBytes = encoded.length - digest.length - 1;
  const block = encoded.subarray(0, blockBytes);
  const h = encoded.subarray(blockBytes, encoded.length - 1);
  if (encoded[encoded.length - 1] !== 0xbc || ((block[0] ?? 0) & ~topBitsMask) !== 0) return false;
  xorMask(block, hash, h);
  block[0] = (block[0] ?? 0) & topBitsMask;
  const saltAt = blockBytes - digest.length;
  const zeros = block.subarray(0, saltAt - 1).every((byte) => byte === 0);
  if (!zeros || block[saltAt - 1] !== 1) return false;
  return equalSecret(h, saltedHash(hash, { digest, salt: block.subarray(saltAt) }));
}

/**
 * All our moduli have a multiple of 8 bits, so emBits = modBits − 1 leaves one bit of the first
 * byte unused.
 */
function pssShape(key: PublicHalf): {
  readonly encodedBytes: number;
  readonly topBitsMask: number;
} {
  return { encodedBytes: modulusBytes(key), topBitsMask: 0x7f };
}

/**
 * The public operation; undefined for a signature of another length than the modulus or not below
 * it.
 */
function recover(key: PublicHalf, signature: Buffer): Buffer | undefined {
  if (signature.length !== modulusBytes(key)) return undefined;
  try {
    return publicDecrypt({ key: key.publicKey, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return undefined;
  }
}

function modulusBytes(key: PublicHalf): number {
  return (key.publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
}

function saltedHash(
  hash: RsaHash,
  { digest, salt }: { readonly digest: Buffer; readonly salt: Buffer },
): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** XORs MGF1(seed) (RFC 8017 appendix B.2.1) onto the block. */
function xorMask(block: Buffer, hash: RsaHash, seed: Buffer): void {
  const counter = Buffer.alloc(4);
  for (let done = 0, i = 0; done < block.length; i++) {
    counter.writeUInt32BE(i);
    for (const byte of createHash(hash).update(seed).update(counter).digest()) {
      if (done >= block.length) break;
      block[done] = (block[done] ?? 0) ^ byte;
      done++;
    }
  }
}
