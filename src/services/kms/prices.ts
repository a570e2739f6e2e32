/**
 * What AWS charges for KMS (https://aws.amazon.com/kms/pricing/, US East, as of August 2026). Pure.
 * In billionths of a dollar, so that sums are exact.
 */
import { keySpecs } from '../../crypto/key-spec.ts';

/** What a request is charged as. */
export type PriceClass = 'request' | 'rsa2048' | 'asymmetric' | 'eccKeyPair' | 'rsaKeyPair';

/** A request each. `request`: symmetric and HMAC keys, and everything else. */
export const requestNanoDollars: Readonly<Record<PriceClass, number>> = {
  request: 3_000,
  rsa2048: 3_000,
  asymmetric: 15_000,
  eccKeyPair: 10_000,
  rsaKeyPair: 1_200_000,
};

/** A month and account, over all Regions; of the class `request` only. */
export const freeRequests = 20_000;

/** A key and month; each of its first two rotations adds as much again. */
export const keyNanoDollars = 1_000_000_000;
export const mostChargedRotations = 2;

export const dollars = (nanoDollars: number): number => nanoDollars / 1e9;

/** Charged by the key's spec; all others cost what any request costs. */
const chargedBySpec: ReadonlySet<string> = new Set([
  'Decapsulate',
  'Decrypt',
  'DeriveSharedSecret',
  'Encapsulate',
  'Encrypt',
  'GetPublicKey',
  'ReEncrypt',
  'Sign',
  'Verify',
]);

export function priceClassOf(request: {
  readonly operation: string;
  /** Of the key, and of the destination of a ReEncrypt. */
  readonly spec: string | undefined;
  readonly otherSpec: string | undefined;
  /** Of GenerateDataKeyPair. ML-KEM pairs, whose price AWS doesn't tell, count as ECC. */
  readonly keyPairSpec: string | undefined;
}): PriceClass {
  const { operation, spec, otherSpec, keyPairSpec } = request;
  if (keyPairSpec !== undefined && operation.startsWith('GenerateDataKeyPair'))
    return keyPairSpec.startsWith('RSA_') ? 'rsaKeyPair' : 'eccKeyPair';
  // Spared the look into the table: most keys are symmetric.
  if (spec === 'SYMMETRIC_DEFAULT' && (otherSpec ?? spec) === spec) return 'request';
  if (!chargedBySpec.has(operation)) return 'request';
  if (isDear(spec) || isDear(otherSpec)) return 'asymmetric';
  return spec === 'RSA_2048' || otherSpec === 'RSA_2048' ? 'rsa2048' : 'request';
}

/** Every asymmetric spec but RSA_2048. */
const isDear = (spec: string | undefined): boolean => {
  if (spec === undefined) return false;
  const family = keySpecs.get(spec)?.family;
  return family !== 'symmetric' && family !== 'hmac' && spec !== 'RSA_2048';
};
