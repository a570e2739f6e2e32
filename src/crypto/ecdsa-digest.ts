/**
 * ECDSA over a digest that the caller has already made (FIPS 186-5 section 6.4; KMS's MessageType
 * DIGEST). Node 26 can't do it: `crypto.sign` hashes whatever it is given (nodejs/node#60263;
 * crypto.signDigest isn't merged), and OpenSSL's raw signing isn't reachable. So both halves are
 * put together from native parts. Not @noble/curves: its multiplication by the nonce takes a time
 * that depends on the nonce, which lattice attacks turn into the key (Minerva, CVE-2019-15809), and
 * its P-256 verification takes thirty times as long.
 */
import {
  createECDH,
  createPublicKey,
  hash as digestOf,
  type KeyObject,
  verify as nodeVerify,
} from 'node:crypto';
import { decodeSignature, encodeSignature } from './ecdsa-der.ts';
import { type EllipticCurve, ellipticCurves } from './elliptic-curve.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';
import { randomBytes } from './random.ts';

/**
 * Signs a digest of the curve's own hash. OpenSSL makes the nonce k and its point kG: that is
 * generating a key pair, in constant time. What remains is s = k⁻¹(z + rd) mod n. It is computed as
 * (bk)⁻¹(bz + r(bd)) with a fresh random b, so that the time of the BigInt arithmetic, which
 * depends on its operands, tells nothing about k or d.
 */
export function signDigest(key: KeyPair, digest: Buffer): Buffer {
  const curve = curveOf(key);
  const d = privateScalar(key.privateKey);
  const z = toInteger(digest);
  for (;;) {
    const { k, r } = freshNonce(curve);
    const b = toInteger(randomBytes(curve.sizeBytes + 8)) % curve.n;
    if (b === 0n || r === 0n) continue;
    const blinded = (b * z + r * ((b * d) % curve.n)) % curve.n;
    const s = (invert((b * k) % curve.n, curve.n) * blinded) % curve.n;
    if (s !== 0n) return encodeSignature({ r, s });
  }
}

/**
 * Verifies a signature over a digest. (r, s) is valid for z under Q exactly if it is valid for
 * another z₀ under Q + ((z − z₀)/r)·G, because r·Q + z·G is the same point as r·Q′ + z₀·G (FIPS
 * 186-5 section 6.4.2). So the key is moved and OpenSSL verifies a fixed message whose hash is z₀.
 * All of it is public.
 */
export function verifyDigest(
  key: PublicHalf,
  { digest, signature }: { readonly digest: Buffer; readonly signature: Buffer },
): boolean {
  const curve = curveOf(key);
  const decoded = decodeSignature(signature);
  if (decoded === undefined) return false;
  const { r, s } = decoded;
  if (r <= 0n || r >= curve.n || s <= 0n || s >= curve.n) return false;
  const inverse = invert(r, curve.n);
  for (const message of fixedMessages) {
    const fixed = toInteger(digestOf(curve.hash, message, 'buffer'));
    const shift = modulo((toInteger(digest) - fixed) * inverse, curve.n);
    const moved = shift === 0n ? key.publicKey : movedKey(key, curve, shift);
    if (moved !== undefined) return nodeVerify(curve.hash, message, moved, signature);
  }
  return false;
}

/**
 * At most two shifts move Q where addition has no result here (to infinity, or onto Q itself), so
 * three suffice.
 */
const fixedMessages = ['1', '2', '3'].map((text) => Buffer.from(text));

function curveOf(key: PublicHalf): EllipticCurve {
  const curve = ellipticCurves.get(key.spec);
  if (curve === undefined) throw new Error(`${key.spec} has no ECDSA curve`);
  return curve;
}

function freshNonce(curve: EllipticCurve): { readonly k: bigint; readonly r: bigint } {
  const ephemeral = createECDH(curve.name);
  const point = ephemeral.generateKeys();
  const secret = ephemeral.getPrivateKey();
  const k = toInteger(secret);
  secret.fill(0);
  return { k, r: toInteger(point.subarray(1, 1 + curve.sizeBytes)) % curve.n };
}

/** d out of SEC 1's ECPrivateKey (RFC 5915): SEQUENCE { version 1, OCTET STRING d, … }. */
function privateScalar(privateKey: KeyObject): bigint {
  const der = privateKey.export({ type: 'sec1', format: 'der' });
  const content = ((der[1] ?? 0) & 0x80) === 0 ? 2 : 2 + ((der[1] ?? 0) & 0x7f);
  const start = content + 5;
  const scalar = der.subarray(start, start + (der[start - 1] ?? 0));
  const d = toInteger(scalar);
  der.fill(0);
  return d;
}

/** Q + shift·G as a key; undefined where that sum has no slope. */
function movedKey(key: PublicHalf, curve: EllipticCurve, shift: bigint): KeyObject | undefined {
  const { sizeBytes, p } = curve;
  const multiple = createECDH(curve.name);
  multiple.setPrivateKey(toBytes(shift, sizeBytes));
  const addend = toPoint(multiple.getPublicKey(), sizeBytes);
  // An uncompressed point ends the SubjectPublicKeyInfo (RFC 5480): 04 ‖ x ‖ y.
  const head = key.publicKeyDer.subarray(0, key.publicKeyDer.length - 2 * sizeBytes);
  const own = toPoint(key.publicKeyDer.subarray(head.length - 1), sizeBytes);
  if (own.x === addend.x) return undefined;
  const slope = modulo((addend.y - own.y) * invert(modulo(addend.x - own.x, p), p), p);
  const x = modulo(slope * slope - own.x - addend.x, p);
  const y = modulo(slope * (own.x - x) - own.y, p);
  const der = Buffer.concat([head, toBytes(x, sizeBytes), toBytes(y, sizeBytes)]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

function toPoint(
  uncompressed: Buffer,
  sizeBytes: number,
): { readonly x: bigint; readonly y: bigint } {
  const middle = 1 + sizeBytes;
  return {
    x: toInteger(uncompressed.subarray(1, middle)),
    y: toInteger(uncompressed.subarray(middle)),
  };
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes(value: bigint, sizeBytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * sizeBytes, '0'), 'hex');
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** The inverse modulo a prime by the extended Euclidean algorithm; `value` is not zero. */
function invert(value: bigint, prime: bigint): bigint {
  let [dividend, divisor] = [prime, value];
  let [previous, current] = [0n, 1n];
  while (divisor > 0n) {
    const quotient = dividend / divisor;
    [dividend, divisor] = [divisor, dividend - quotient * divisor];
    [previous, current] = [current, previous - quotient * current];
  }
  return modulo(previous, prime);
}
