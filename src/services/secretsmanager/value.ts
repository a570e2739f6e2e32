/**
 * A secret's value as it lies in the store: encrypted under a data key of its own, which lies
 * beside it encrypted by KMS. Nothing here keeps a plaintext.
 */
import { ivBytes, open, seal } from '../../crypto/aead.ts';
import type { World } from '../../world.ts';

export type ValueKind = 'string' | 'binary';

/** A data key, encrypted by KMS. */
export interface SealedDataKey {
  /** The KMS key's ARN, or what stands for aws/secretsmanager in lists of versions. */
  readonly key: string;
  /** Base64 of KMS's ciphertext. */
  readonly blob: string;
}

export interface SealedValue {
  readonly kind: ValueKind;
  /**
   * The same data key under each KMS key that may open it, newest first: where the key of a secret
   * was changed, AWS keeps what the former one encrypted.
   */
  readonly dataKeys: readonly SealedDataKey[];
  /** Base64 of the IV and AES-256-GCM's ciphertext ‖ tag. */
  readonly sealed: string;
}

/** What a value belongs to; a value that was moved elsewhere doesn't open there. */
export interface ValuePlace {
  readonly arn: string;
  readonly versionId: string;
}

/** The bytes of a value. Whoever has them wipes them. */
export interface Plaintext {
  readonly kind: ValueKind;
  readonly bytes: Buffer;
}

/** AWS's encryption context of a version's data key. */
export const contextOf = ({ arn, versionId }: ValuePlace): Readonly<Record<string, string>> => ({
  SecretARN: arn,
  SecretVersionId: versionId,
});

/** An injective encoding of where a value belongs and what it is: JSON of a list of texts. */
const additionalData = ({ arn, versionId }: ValuePlace, kind: ValueKind): Buffer =>
  Buffer.from(JSON.stringify(['sealhold secret value v1', arn, versionId, kind]));

/** IV ‖ ciphertext ‖ tag, in base64. */
export function sealValue(
  dataKey: Buffer,
  { kind, bytes }: Plaintext,
  place: ValuePlace,
  world: World,
): string {
  const iv = world.randomBytes(ivBytes);
  const aad = additionalData(place, kind);
  const sealed = seal(dataKey, { iv, aad, plaintext: bytes }, ivBytes);
  sealed.set(iv);
  return sealed.toString('base64');
}

/** @throws Error when it isn't what was sealed: KMS has opened its data key, so it must be. */
export function openValue(
  dataKey: Buffer,
  { kind, sealed }: Pick<SealedValue, 'kind' | 'sealed'>,
  place: ValuePlace,
): Plaintext {
  const all = Buffer.from(sealed, 'base64');
  const bytes = open(dataKey, {
    iv: all.subarray(0, ivBytes),
    aad: additionalData(place, kind),
    sealed: all.subarray(ivBytes),
  });
  if (bytes === undefined) throw new Error(`The value of ${place.arn} does not open.`);
  return { kind, bytes };
}
