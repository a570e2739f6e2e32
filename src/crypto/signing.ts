/** Sign and Verify: AWS KMS's signing algorithms. */
import type { KeyPair } from './key-spec.ts';

export type SigningAlgorithmName =
  | `RSASSA_PSS_SHA_${256 | 384 | 512}`
  | `RSASSA_PKCS1_V1_5_SHA_${256 | 384 | 512}`
  | `ECDSA_SHA_${256 | 384 | 512}`
  | 'ED25519_SHA_512'
  | 'ED25519_PH_SHA_512'
  | 'ML_DSA_SHAKE_256';

export type MessageType = 'RAW' | 'DIGEST' | 'EXTERNAL_MU';

export interface SigningAlgorithm {
  readonly name: SigningAlgorithmName;
  /** What the message may be, and the exact length it must have (undefined: any), as AWS checks it before signing. */
  readonly messageTypes: ReadonlyMap<MessageType, { readonly exactBytes: number | undefined }>;
  readonly sign: (key: KeyPair, input: SigningInput) => Buffer | Promise<Buffer>;
  readonly verify: (
    key: KeyPair,
    input: SigningInput & { readonly signature: Buffer },
  ) => boolean | Promise<boolean>;
}

export interface SigningInput {
  readonly message: Buffer;
  readonly messageType: MessageType;
}

/** By name; which key spec takes which is in key-spec.ts. */
export const signingAlgorithms: ReadonlyMap<string, SigningAlgorithm> = new Map();

/**
 * Signs. Cheap ones answer at once, the others from a thread; `await` takes both. The caller has checked that the
 * algorithm is one of the key's and that `messageTypes` allows the message; a violation throws.
 */
export function sign(
  key: KeyPair,
  algorithm: SigningAlgorithm,
  input: SigningInput,
): Buffer | Promise<Buffer> {
  return algorithm.sign(key, input);
}

/** Whether the signature is the key's over the message. Anything malformed is false. */
export function verify(
  key: KeyPair,
  algorithm: SigningAlgorithm,
  input: SigningInput & { readonly signature: Buffer },
): boolean | Promise<boolean> {
  return algorithm.verify(key, input);
}
