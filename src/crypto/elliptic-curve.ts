/**
 * The four curves of ECDSA keys: their names, hashes and primes (SEC 2, sections 2.4.1 to 2.6.1).
 */
import type { KeySpecName } from './key-spec.ts';

export interface EllipticCurve {
  /** As OpenSSL calls it. */
  readonly name: string;
  /** The hash KMS signs with on this curve, as node:crypto calls it. */
  readonly hash: string;
  /** Of a coordinate, and of a scalar. */
  readonly sizeBytes: number;
  /** The field's prime. */
  readonly p: bigint;
  /** The order of the base point. */
  readonly n: bigint;
}

export const ellipticCurves: ReadonlyMap<KeySpecName, EllipticCurve> = new Map([
  [
    'ECC_NIST_P256',
    {
      name: 'prime256v1',
      hash: 'sha256',
      sizeBytes: 32,
      p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
      n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    },
  ],
  [
    'ECC_NIST_P384',
    {
      name: 'secp384r1',
      hash: 'sha384',
      sizeBytes: 48,
      p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
      n: 2n ** 384n - 0x389cb27e0bc8d220a7e5f24db74f58851313e695333ad68dn,
    },
  ],
  [
    'ECC_NIST_P521',
    {
      name: 'secp521r1',
      hash: 'sha512',
      sizeBytes: 66,
      p: 2n ** 521n - 1n,
      n: 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
    },
  ],
  [
    'ECC_SECG_P256K1',
    {
      name: 'secp256k1',
      hash: 'sha256',
      sizeBytes: 32,
      p: 2n ** 256n - 2n ** 32n - 977n,
      n: 2n ** 256n - 0x14551231950b75fc4402da1732fc9bebfn,
    },
  ],
]);
