/**
 * The checks that every cryptographic operation makes before it uses a key, in AWS's order: usage,
 * state, algorithm.
 */
import { type KeyUsage, keySpecs } from '../../crypto/key-spec.ts';
import { keyOfStoreNotConnected } from './custom-key-stores/store-errors.ts';
import { dryRunSucceeded, incompatibleAlgorithm, wrongUsage } from './errors.ts';
import type { Key } from './key.ts';
import { type KeyOperation, requireState } from './key-state.ts';

/** What the cryptographic operations are for; the other operations take any key. */
const usageOf = {
  Encrypt: 'ENCRYPT_DECRYPT',
  Decrypt: 'ENCRYPT_DECRYPT',
  ReEncrypt: 'ENCRYPT_DECRYPT',
  GenerateDataKey: 'ENCRYPT_DECRYPT',
  GenerateDataKeyWithoutPlaintext: 'ENCRYPT_DECRYPT',
  GenerateDataKeyPair: 'ENCRYPT_DECRYPT',
  GenerateDataKeyPairWithoutPlaintext: 'ENCRYPT_DECRYPT',
  Sign: 'SIGN_VERIFY',
  Verify: 'SIGN_VERIFY',
  GenerateMac: 'GENERATE_VERIFY_MAC',
  VerifyMac: 'GENERATE_VERIFY_MAC',
  DeriveSharedSecret: 'KEY_AGREEMENT',
  Encapsulate: 'ENCAPSULATE_DECAPSULATE',
  Decapsulate: 'ENCAPSULATE_DECAPSULATE',
} as const satisfies Partial<Record<KeyOperation, KeyUsage>>;

export type CryptographicOperation = keyof typeof usageOf;

/** @throws ApiError InvalidKeyUsageException, else what the key's state forbids. */
export function requireUsable(key: Key, operation: CryptographicOperation): void {
  if (key.usage !== usageOf[operation]) throw wrongUsage(key, operation);
  const isAway = key.state === 'Unavailable' && key.origin === 'EXTERNAL_KEY_STORE';
  // AWS has words of its own for proxies; the Pair operations are not for such keys at all.
  if (isAway && !operation.startsWith('GenerateDataKeyPair')) throw keyOfStoreNotConnected();
  requireState(key, operation);
}

/** @throws ApiError InvalidKeyUsageException when the algorithm is not one of the key's. */
export function requireAlgorithm(key: Key, algorithm: string): void {
  if (algorithmsOf(key).includes(algorithm)) return;
  throw incompatibleAlgorithm({ algorithm, spec: key.spec });
}

/** The algorithms of the key's spec and usage, in AWS's order. */
export function algorithmsOf(key: Key): readonly string[] {
  return keySpecs.get(key.spec)?.algorithms.get(key.usage) ?? [];
}

/** Ends a call that was made to see whether it would succeed. */
export function endDryRun(input: { readonly DryRun?: boolean | undefined }): void {
  if (input.DryRun === true) throw dryRunSucceeded();
}
