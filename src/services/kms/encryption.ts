/**
 * One encryption or decryption under a KMS key, whichever operation it belongs to: what is checked,
 * in AWS's order, and how it is done.
 */
import {
  maxPlaintextBytes,
  type RsaEncryptionAlgorithm,
  decrypt as rsaDecrypt,
  encrypt as rsaEncrypt,
  rsaEncryptionAlgorithms,
} from '../../crypto/asymmetric-encryption.ts';
import type { EncryptionAlgorithmSpec } from '../../model/kms.generated.ts';
import type { Call } from '../../operation.ts';
import type { World } from '../../world.ts';
import { openInStore, type StoreUse, sealInStore } from './custom-key-stores/store-cipher.ts';
import {
  type BlobOwner,
  type EncryptionContext,
  openBlob,
  sealBlob,
  sealRandomBytes,
} from './envelope.ts';
import {
  contextNotSupported,
  incorrectKey,
  invalidCiphertext,
  plaintextTooLong,
} from './errors.ts';
import { isSymmetricEncryptionKey, type Key } from './key.ts';
import { type Material, type Materials, pairOf, secretOf } from './material.ts';
import { requireAlgorithm, requireUsable } from './usable.ts';
import { type MaybePromise, whenHere } from './when.ts';

export interface Encryption {
  readonly key: Key;
  readonly operation: 'Encrypt' | 'ReEncrypt';
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly context: EncryptionContext | undefined;
}

export interface Decryption {
  readonly key: Key;
  readonly operation: 'Decrypt' | 'ReEncrypt';
  readonly algorithm: EncryptionAlgorithmSpec;
  readonly context: EncryptionContext | undefined;
  /**
   * Whose the blob proved to be; undefined for RSA ciphertext, which names no key, and where none
   * is looked at.
   */
  readonly owner: BlobOwner | undefined;
}

export interface Ciphertext {
  readonly blob: Buffer;
  readonly material: Material;
}
export interface Plaintext {
  /** The caller of `decryptWith` owns it. */
  readonly plaintext: Buffer;
  readonly material: Material;
}

/** The id of the material, for keys whose material has one that callers see. */
export const shownMaterialId = ({ owner, loaded }: Material): string | undefined =>
  loaded.spec === 'SYMMETRIC_DEFAULT' ? owner.materialId : undefined;

/** @throws ApiError for usage, state, algorithm, then for what the algorithm can take. */
export function checkEncryption(encryption: Encryption, plaintextBytes: number): void {
  const { key, operation, algorithm, context } = encryption;
  requireUsable(key, operation);
  requireAlgorithm(key, algorithm);
  if (isSymmetricEncryptionKey(key)) return;
  refuseContext(context);
  const maxBytes = maxPlaintextBytes(key.spec, rsaAlgorithm(algorithm));
  if (plaintextBytes > maxBytes) throw plaintextTooLong({ algorithm, spec: key.spec, maxBytes });
}

/** @throws ApiError when the key named is not the blob's own; else for usage, state, algorithm. */
export function checkDecryption({ key, operation, algorithm, context, owner }: Decryption): void {
  if (owner !== undefined && !owns(key, owner)) throw incorrectKey();
  requireUsable(key, operation);
  requireAlgorithm(key, algorithm);
  if (!isSymmetricEncryptionKey(key)) refuseContext(context);
}

const owns = (key: Key, owner: BlobOwner): boolean =>
  key.keyId === owner.keyId && key.account === owner.account;

function refuseContext(context: EncryptionContext | undefined): void {
  if (context !== undefined && Object.keys(context).length > 0) throw contextNotSupported();
}

function rsaAlgorithm(name: string): RsaEncryptionAlgorithm {
  const algorithm = rsaEncryptionAlgorithms.get(name);
  if (algorithm === undefined) throw new Error(`No RSA encryption algorithm ${name}`);
  return algorithm;
}

/** What keys are used with. */
export interface KeyUse extends StoreUse {
  readonly materials: Materials;
}

/**
 * Encrypts what `checkEncryption` has passed. At once when the material is cached and the key lies
 * in no custom key store.
 */
export function encryptWith(
  kms: KeyUse,
  { key, algorithm, context }: Encryption,
  { plaintext, call }: { readonly plaintext: Buffer; readonly call: Call },
): MaybePromise<Ciphertext> {
  if (isSymmetricEncryptionKey(key)) return sealUnder(kms, key, { context, plaintext, call });
  return whenHere(kms.materials.current(key), (material) => ({
    material,
    blob: rsaEncrypt(pairOf(material), rsaAlgorithm(algorithm), plaintext),
  }));
}

/** Encrypts into a blob of this symmetric key, wherever it lies. At once as for `encryptWith`. */
export function sealUnder(
  kms: KeyUse,
  key: Key,
  message: {
    readonly context: EncryptionContext | undefined;
    readonly plaintext: Buffer;
    readonly call: Call;
  },
): MaybePromise<Ciphertext> {
  const { context, plaintext, call } = message;
  return whenHere(kms.materials.current(key), (material): MaybePromise<Ciphertext> => {
    const own = sealWith(material, { context, plaintext, world: call.world });
    if (key.customKeyStoreId === undefined) return { material, blob: own };
    return sealInStore(kms, call, { key, context, own }).then((blob) => ({ material, blob }));
  });
}

/** Encrypts into a blob of this symmetric material. */
function sealWith(
  material: Material,
  message: {
    readonly context: EncryptionContext | undefined;
    readonly plaintext: Buffer;
    readonly world: World;
  },
): Buffer {
  const sealing = {
    header: material.header,
    key: secretOf(material).secret,
    context: message.context,
  };
  return sealBlob(sealing, message.plaintext, message.world.randomBytes(sealRandomBytes));
}

/**
 * Decrypts what `checkDecryption` has passed. At once for symmetric keys whose material is cached
 * and which lie in no custom key store.
 * @throws ApiError InvalidCiphertextException, one for all causes; what a custom key store refuses
 * or fails to do is KMSInvalidStateException.
 */
export function decryptWith(
  kms: KeyUse,
  { key, algorithm, context, owner }: Decryption,
  { blob, call }: { readonly blob: Buffer; readonly call: Call },
): MaybePromise<Plaintext> {
  const { materials } = kms;
  if (!isSymmetricEncryptionKey(key))
    return whenHere(materials.current(key), async (material) =>
      opened(material, await rsaDecrypt(pairOf(material), rsaAlgorithm(algorithm), blob)),
    );
  if (owner === undefined) throw invalidCiphertext();
  return whenHere(materials.generation(key, owner.materialId), (material) => {
    if (material === undefined) throw invalidCiphertext();
    const sealing = { header: material.header, key: secretOf(material).secret, context };
    if (key.customKeyStoreId === undefined) return opened(material, openBlob(sealing, blob));
    return openInStore(kms, call, { key, context, blob }).then((own) =>
      opened(material, openBlob(sealing, own)),
    );
  });
}

function opened(material: Material, plaintext: Buffer | undefined): Plaintext {
  if (plaintext === undefined) throw invalidCiphertext();
  return { plaintext, material };
}

/**
 * Does something with a secret that must not outlive it, and wipes the secret whatever comes of it.
 */
export function thenWipe<R>(secret: Buffer, use: () => MaybePromise<R>): MaybePromise<R> {
  let result: MaybePromise<R>;
  try {
    result = use();
  } catch (error) {
    secret.fill(0);
    throw error;
  }
  if (result instanceof Promise) return result.finally(() => secret.fill(0));
  secret.fill(0);
  return result;
}
