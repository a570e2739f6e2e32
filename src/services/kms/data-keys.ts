/** GenerateDataKey, GenerateDataKeyPair, both also WithoutPlaintext, and GenerateRandom. */
import { type KeyPair, keySpecs } from '../../crypto/key-spec.ts';
import type {
  DataKeyPairSpec,
  DataKeySpec,
  GenerateRandomRequest,
  KmsModel,
} from '../../model/kms.generated.ts';
import type { Call, Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import { randomFromStore } from './custom-key-stores/store-random.ts';
import { type Ciphertext, sealUnder } from './encryption.ts';
import type { EncryptionContext } from './envelope.ts';
import {
  dataKeyNeedsSymmetricKey,
  dataKeySizeNeeded,
  numberOfBytesNeeded,
  specNotInRegion,
  unsupportedSpec,
} from './errors.ts';
import { isSymmetricEncryptionKey, type Key } from './key.ts';
import { foundNothing } from './key-finder.ts';
import { answered, findForRecipient, type KeyForRecipient, type Recipient } from './recipient.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun, requireUsable } from './usable.ts';
import { type MaybePromise, whenHere } from './when.ts';

export function dataKeyOperations(kms: KmsContext) {
  return {
    GenerateDataKey: {
      readOnly: true,
      find: (input, call) => findForRecipient(kms, input, call),
      run: (input, call, { entry, recipient }: KeyForRecipient) =>
        whenHere(
          generateDataKey(kms, input, call, { key: entry.value, operation: 'GenerateDataKey' }),
          ({ plaintext, blob, materialId }) => ({
            CiphertextBlob: blob,
            ...answered({ name: 'Plaintext', plaintext }, recipient, call),
            KeyId: entry.value.arn,
            KeyMaterialId: materialId,
          }),
        ),
    },
    GenerateDataKeyWithoutPlaintext: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, call, { value: key }: KeyEntry) =>
        whenHere(
          generateDataKey(kms, input, call, { key, operation: 'GenerateDataKeyWithoutPlaintext' }),
          ({ plaintext, blob, materialId }) => {
            plaintext.fill(0);
            return { CiphertextBlob: blob, KeyId: key.arn, KeyMaterialId: materialId };
          },
        ),
    },
    GenerateDataKeyPair: {
      readOnly: true,
      find: (input, call) => findForRecipient(kms, input, call),
      run: async (input, call, { entry, recipient }: KeyForRecipient) => {
        const use = { key: entry.value, operation: 'GenerateDataKeyPair' } as const;
        const { privateKey, answer } = await generateDataKeyPair(kms, input, call, use);
        const shown = { name: 'PrivateKeyPlaintext', plaintext: privateKey } as const;
        return { ...answer, ...answered(shown, recipient, call) };
      },
    },
    GenerateDataKeyPairWithoutPlaintext: {
      readOnly: true,
      find: kms.finder.named,
      run: async (input, call, { value: key }: KeyEntry) => {
        const use = { key, operation: 'GenerateDataKeyPairWithoutPlaintext' } as const;
        const { privateKey, answer } = await generateDataKeyPair(kms, input, call, use);
        privateKey.fill(0);
        return answer;
      },
    },
    GenerateRandom: {
      readOnly: true,
      find: (input, call) => {
        const recipient = kms.recipients.verified(input, call);
        return { ...foundNothing(input, call), subject: { recipient } };
      },
      run: (input, call, { recipient }: { readonly recipient: Recipient | undefined }) =>
        whenHere(randomBytes(kms, input, call), (plaintext) =>
          answered({ name: 'Plaintext', plaintext }, recipient, call),
        ),
    },
  } satisfies Operations<
    KmsModel,
    | 'GenerateDataKey'
    | 'GenerateDataKeyWithoutPlaintext'
    | 'GenerateDataKeyPair'
    | 'GenerateDataKeyPairWithoutPlaintext'
    | 'GenerateRandom'
  >;
}

interface DataKeyRequest {
  readonly KeySpec?: DataKeySpec;
  readonly NumberOfBytes?: number;
  readonly EncryptionContext?: EncryptionContext;
  readonly DryRun?: boolean;
}
interface DataKeyPairRequest {
  readonly KeyPairSpec: DataKeyPairSpec;
  readonly EncryptionContext?: EncryptionContext;
  readonly DryRun?: boolean;
}

interface Use {
  readonly key: Key;
  readonly operation:
    | 'GenerateDataKey'
    | 'GenerateDataKeyWithoutPlaintext'
    | 'GenerateDataKeyPair'
    | 'GenerateDataKeyPairWithoutPlaintext';
}

interface SealedDataKey {
  /** The caller owns it. */
  readonly plaintext: Buffer;
  readonly blob: Buffer;
  readonly materialId: string;
}

function generateDataKey(
  kms: KmsContext,
  input: DataKeyRequest,
  call: Call,
  use: Use,
): MaybePromise<SealedDataKey> {
  const sizeBytes = dataKeyBytes(input);
  requireDataKeyUse(use);
  endDryRun(input);
  const plaintext = call.world.randomBytes(sizeBytes);
  const message = { context: input.EncryptionContext, plaintext, call };
  return whenHere(sealUnder(kms, use.key, message), ({ blob, material }) => {
    noteMaterial(material, call);
    return { plaintext, blob, materialId: material.owner.materialId };
  });
}

function dataKeyBytes({ KeySpec, NumberOfBytes }: DataKeyRequest): number {
  if (KeySpec === undefined && NumberOfBytes !== undefined) return NumberOfBytes;
  if (KeySpec === undefined || NumberOfBytes !== undefined) throw dataKeySizeNeeded();
  return KeySpec === 'AES_256' ? 32 : 16;
}

/** @throws ApiError for usage, state, then for a key that encrypts but is asymmetric. */
function requireDataKeyUse({ key, operation }: Use): void {
  requireUsable(key, operation);
  if (!isSymmetricEncryptionKey(key)) throw dataKeyNeedsSymmetricKey();
}

function noteMaterial({ owner }: Ciphertext['material'], call: Call): void {
  call.note({ additionalEventData: { keyMaterialId: owner.materialId } });
}

interface SealedPair {
  /** PKCS#8 DER. The caller owns it. */
  readonly privateKey: Buffer;
  readonly answer: {
    readonly PrivateKeyCiphertextBlob: Buffer;
    readonly PublicKey: Buffer;
    readonly KeyId: string;
    readonly KeyPairSpec: DataKeyPairSpec;
    readonly KeyMaterialId: string;
  };
}

async function generateDataKeyPair(
  kms: KmsContext,
  input: DataKeyPairRequest,
  call: Call,
  use: Use,
): Promise<SealedPair> {
  requireDataKeyUse(use);
  if (use.key.customKeyStoreId !== undefined) throw unsupportedSpec();
  const spec = keySpecs.get(input.KeyPairSpec);
  if (spec?.supported !== true) throw specNotInRegion(input.KeyPairSpec);
  endDryRun(input);
  const privateKey = await spec.generate();
  const message = { context: input.EncryptionContext, plaintext: privateKey, call };
  const { blob, material } = await sealUnder(kms, use.key, message);
  noteMaterial(material, call);
  return {
    privateKey,
    answer: {
      PrivateKeyCiphertextBlob: blob,
      PublicKey: loadedPair(spec.load(privateKey)).publicKeyDer,
      KeyId: use.key.arn,
      KeyPairSpec: input.KeyPairSpec,
      KeyMaterialId: material.owner.materialId,
    },
  };
}

function loadedPair(loaded: { readonly kind: string } | undefined): KeyPair {
  if (loaded?.kind !== 'pair') throw new Error('A generated key pair does not load');
  return loaded as KeyPair;
}

/** From this machine's generator, or from that of a custom key store. */
function randomBytes(
  kms: KmsContext,
  input: GenerateRandomRequest,
  call: Call,
): MaybePromise<Buffer> {
  const { NumberOfBytes: sizeBytes, CustomKeyStoreId: storeId } = input;
  if (sizeBytes === undefined) throw numberOfBytesNeeded();
  if (storeId === undefined) return call.world.randomBytes(sizeBytes);
  return randomFromStore(kms, call, { storeId, sizeBytes });
}
