/** Encrypt, Decrypt and ReEncrypt. */
import { ApiError } from '../../api-error.ts';
import type {
  DecryptRequest,
  DecryptResponse,
  DryRunModifierType,
  EncryptionAlgorithmSpec,
  EncryptRequest,
  EncryptResponse,
  KmsModel,
  ReEncryptRequest,
  ReEncryptResponse,
} from '../../model/kms.generated.ts';
import type { Call, Found, Operations } from '../../operation.ts';
import type { KmsContext } from './context.ts';
import {
  checkDecryption,
  checkEncryption,
  type Decryption,
  decryptWith,
  type Encryption,
  encryptWith,
  shownMaterialId,
  thenWipe,
} from './encryption.ts';
import type { BlobOwner } from './envelope.ts';
import { dryRunModifiersWithoutDryRun, invalidCiphertext, memberNeeded } from './errors.ts';
import { destinationCircumstances } from './governed.ts';
import type { Key } from './key.ts';
import { keyResource } from './key-finder.ts';
import { answered, type Recipient } from './recipient.ts';
import type { KeyEntry } from './records.ts';
import { endDryRun } from './usable.ts';
import { type MaybePromise, whenHere } from './when.ts';

const symmetric = 'SYMMETRIC_DEFAULT';

/** What a ciphertext is to be decrypted with. */
interface Source {
  readonly entry: KeyEntry;
  /** Whose the blob proved to be; undefined for RSA ciphertext and where none is looked at. */
  readonly owner: BlobOwner | undefined;
  /** Undefined when a dry run leaves the ciphertext out. */
  readonly blob: Buffer | undefined;
}
interface SourceForRecipient extends Source {
  readonly recipient: Recipient | undefined;
}
interface SourceAndDestination {
  readonly source: Source;
  readonly destination: KeyEntry;
}
/** A ReEncrypt whose destination isn't there, which is told once the source may be used. */
interface SourceWithout {
  readonly source: Source;
  readonly destination?: undefined;
  readonly failure: ApiError;
}

export function cipherOperations(kms: KmsContext) {
  return {
    Encrypt: {
      readOnly: true,
      find: kms.finder.named,
      run: (input, call, entry: KeyEntry) => encrypt(kms, input, call, entry.value),
    },
    Decrypt: {
      readOnly: true,
      find: (input, call) => {
        const recipient = kms.recipients.verified(input, call);
        return whenHere(
          findSource(kms, decryptSource(input), call),
          (source): Found<SourceForRecipient> => ({
            resource: keyResource(source.entry.value),
            subject: { ...source, recipient },
          }),
        );
      },
      run: (input, call, source: SourceForRecipient) => decrypt(kms, input, call, source),
    },
    ReEncrypt: {
      readOnly: true,
      find: (input, call) => findSourceAndDestination(kms, input, call),
      run: (input, call, keys: SourceAndDestination | SourceWithout) =>
        reEncrypt(kms, input, call, keys),
    },
  } satisfies Operations<KmsModel, 'Encrypt' | 'Decrypt' | 'ReEncrypt'>;
}

function encrypt(
  kms: KmsContext,
  input: EncryptRequest,
  call: Call,
  key: Key,
): MaybePromise<EncryptResponse> {
  const algorithm = input.EncryptionAlgorithm ?? symmetric;
  call.note({ requestParameters: { encryptionAlgorithm: algorithm } });
  const encryption: Encryption = {
    key,
    operation: 'Encrypt',
    algorithm,
    context: input.EncryptionContext,
  };
  checkEncryption(encryption, input.Plaintext.length);
  endDryRun(input);
  const message = { plaintext: input.Plaintext, call };
  return whenHere(encryptWith(kms, encryption, message), ({ blob, material }) => {
    const keyMaterialId = shownMaterialId(material);
    if (keyMaterialId !== undefined) call.note({ additionalEventData: { keyMaterialId } });
    return { CiphertextBlob: blob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
  });
}

/**
 * Where the source of a decryption comes from, under the names that the operation gives its
 * members.
 */
interface SourceRequest {
  readonly blob: Buffer | undefined;
  readonly algorithm: EncryptionAlgorithmSpec | undefined;
  readonly keyId: string | undefined;
  readonly keyMember: 'keyId' | 'sourceKeyId';
  readonly action: 'kms:Decrypt' | 'kms:ReEncryptFrom';
  readonly dryRun: boolean | undefined;
  readonly modifiers: readonly DryRunModifierType[] | undefined;
}

const decryptSource = (input: DecryptRequest): SourceRequest => ({
  blob: input.CiphertextBlob,
  algorithm: input.EncryptionAlgorithm,
  keyId: input.KeyId,
  keyMember: 'keyId',
  action: 'kms:Decrypt',
  dryRun: input.DryRun,
  modifiers: input.DryRunModifiers,
});

/**
 * The key of a ciphertext: the one named, else the one that the blob names. A blob that is none
 * comes before everything about keys, even when an RSA key is named (order recorded from AWS).
 */
function findSource(kms: KmsContext, request: SourceRequest, call: Call): MaybePromise<Source> {
  const blob = ciphertextOf(request);
  const { keyId, action } = request;
  let owner: BlobOwner | undefined;
  if (blob !== undefined && (request.algorithm ?? symmetric) === symmetric) {
    owner = kms.materials.ownerOf(blob);
    if (owner === undefined) throw invalidCiphertext();
  }
  if (keyId !== undefined)
    return whenHere(kms.finder.find(keyId, call, action), (entry) => ({ entry, owner, blob }));
  if (owner === undefined) throw memberNeeded(request.keyMember);
  return whenHere(kms.finder.findOwner(owner, action, call), (entry) => ({ entry, owner, blob }));
}

function ciphertextOf({ blob, dryRun, modifiers }: SourceRequest): Buffer | undefined {
  const modified = modifiers !== undefined && modifiers.length > 0;
  if (modified && dryRun !== true) throw dryRunModifiersWithoutDryRun();
  if (modified) return undefined;
  if (blob === undefined) throw memberNeeded('ciphertextBlob');
  return blob;
}

function decrypt(
  kms: KmsContext,
  input: DecryptRequest,
  call: Call,
  source: SourceForRecipient,
): MaybePromise<DecryptResponse> {
  const key = source.entry.value;
  const algorithm = input.EncryptionAlgorithm ?? symmetric;
  call.note({ requestParameters: { encryptionAlgorithm: algorithm, keyId: key.arn } });
  const decryption: Decryption = {
    key,
    operation: 'Decrypt',
    algorithm,
    context: input.EncryptionContext,
    owner: source.owner,
  };
  checkDecryption(decryption);
  if (source.blob === undefined) throw endedDryRun(input);
  const ciphertext = { blob: source.blob, call };
  return whenHere(decryptWith(kms, decryption, ciphertext), (opened) => {
    if (input.DryRun === true) opened.plaintext.fill(0);
    endDryRun(input);
    const { recipient } = source;
    const keyMaterialId = shownMaterialId(opened.material);
    const response = {
      KeyId: key.arn,
      ...answered({ name: 'Plaintext', plaintext: opened.plaintext }, recipient, call),
      EncryptionAlgorithm: algorithm,
    };
    if (keyMaterialId === undefined) return response;
    call.note({ additionalEventData: { keyMaterialId } });
    // A recipient is not told (KMS API reference, Decrypt).
    return recipient === undefined ? { ...response, KeyMaterialId: keyMaterialId } : response;
  });
}

/** Only a dry run comes without ciphertext, and it ends here. */
function endedDryRun(input: { readonly DryRun?: boolean }): Error {
  endDryRun(input);
  return new Error('A decryption without ciphertext that is no dry run');
}

function findSourceAndDestination(
  kms: KmsContext,
  input: ReEncryptRequest,
  call: Call,
): MaybePromise<Found<SourceAndDestination | SourceWithout>> {
  const request: SourceRequest = {
    blob: input.CiphertextBlob,
    algorithm: input.SourceEncryptionAlgorithm,
    keyId: input.SourceKeyId,
    keyMember: 'sourceKeyId',
    action: 'kms:ReEncryptFrom',
    dryRun: input.DryRun,
    modifiers: input.DryRunModifiers,
  };
  return whenHere(findSource(kms, request, call), (source) =>
    whenHere(findDestination(kms, input, call), (found) => ({
      resource: keyResource(source.entry.value),
      subject: { source, ...found },
      action: 'kms:ReEncryptFrom',
    })),
  );
}

function findDestination(
  kms: KmsContext,
  input: ReEncryptRequest,
  call: Call,
): MaybePromise<{ readonly destination: KeyEntry } | { readonly failure: ApiError }> {
  const absent = (failure: unknown) => {
    if (failure instanceof ApiError) return { failure };
    throw failure;
  };
  try {
    const found = kms.finder.find(input.DestinationKeyId, call, 'kms:ReEncryptTo');
    return found instanceof Promise
      ? found.then((destination) => ({ destination }), absent)
      : { destination: found };
  } catch (error) {
    return absent(error);
  }
}

/** The source half, then the destination half with Encrypt's checks, as AWS does. */
function reEncrypt(
  kms: KmsContext,
  input: ReEncryptRequest,
  call: Call,
  keys: SourceAndDestination | SourceWithout,
): MaybePromise<ReEncryptResponse> {
  if (keys.destination === undefined) throw keys.failure;
  const { source, destination } = keys;
  const key = destination.value;
  const isSameKey = key.arn === source.entry.value.arn;
  return whenHere(destinationCircumstances(kms, { input, call, key, isSameKey }), (governing) =>
    whenHere(call.authorizeWithGrants('kms:ReEncryptTo', keyResource(key), governing), () =>
      reEncryptAuthorized(kms, input, call, { source, destination }),
    ),
  );
}

function reEncryptAuthorized(
  kms: KmsContext,
  input: ReEncryptRequest,
  call: Call,
  { source, destination }: SourceAndDestination,
): MaybePromise<ReEncryptResponse> {
  const decryption: Decryption = {
    key: source.entry.value,
    operation: 'ReEncrypt',
    algorithm: input.SourceEncryptionAlgorithm ?? symmetric,
    context: input.SourceEncryptionContext,
    owner: source.owner,
  };
  const encryption: Encryption = {
    key: destination.value,
    operation: 'ReEncrypt',
    algorithm: input.DestinationEncryptionAlgorithm ?? symmetric,
    context: input.DestinationEncryptionContext,
  };
  noteReEncrypt(call, decryption, encryption);
  checkDecryption(decryption);
  if (source.blob === undefined) {
    checkEncryption(encryption, 0);
    throw endedDryRun(input);
  }
  const ciphertext = { blob: source.blob, call };
  return whenHere(decryptWith(kms, decryption, ciphertext), ({ plaintext, material }) =>
    thenWipe(plaintext, () => {
      checkEncryption(encryption, plaintext.length);
      endDryRun(input);
      const message = { plaintext, call };
      return whenHere(encryptWith(kms, encryption, message), (sealed) => {
        const from = shownMaterialId(material);
        const to = shownMaterialId(sealed.material);
        call.note({
          additionalEventData: {
            ...(from === undefined ? {} : { sourceKeyMaterialId: from }),
            ...(to === undefined ? {} : { destinationKeyMaterialId: to }),
          },
        });
        return {
          CiphertextBlob: sealed.blob,
          SourceKeyId: decryption.key.arn,
          KeyId: encryption.key.arn,
          SourceEncryptionAlgorithm: decryption.algorithm,
          DestinationEncryptionAlgorithm: encryption.algorithm,
          ...(from === undefined ? {} : { SourceKeyMaterialId: from }),
          ...(to === undefined ? {} : { DestinationKeyMaterialId: to }),
        };
      });
    }),
  );
}

function noteReEncrypt(call: Call, source: Decryption, destination: Encryption): void {
  call.note({
    requestParameters: {
      sourceEncryptionAlgorithm: source.algorithm,
      destinationEncryptionAlgorithm: destination.algorithm,
      sourceKeyId: source.key.arn,
    },
  });
}
