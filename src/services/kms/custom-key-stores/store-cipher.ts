/**
 * Encrypting and decrypting with keys in custom key stores: KMS's layer within, the store's around.
 */
import type { Cause } from '../../../key-stores/key-store.ts';
import type { Call } from '../../../operation.ts';
import { type EncryptionContext, encodeContext } from '../envelope.ts';
import { invalidCiphertext, keyIs } from '../errors.ts';
import type { Key } from '../key.ts';
import { innerOf, ownBlob, parseStoreBlob, storeBlob } from './store-blob.ts';
import type { StoreConnections, StoredKey } from './store-connections.ts';
import { contextTooLong } from './store-errors.ts';
import { type StoreRecords, storeOfKey } from './store-records.ts';

/** What a key in a custom key store needs of KMS. */
export interface StoreUse {
  readonly records: StoreRecords;
  readonly connections: StoreConnections;
}

/** The proxy API's limit on additional data. */
const maxAadBytes = 8192;
const nothing = Buffer.alloc(0);

/**
 * Puts the store's layer around KMS's own blob.
 * @throws ApiError KMSInvalidStateException for whatever goes wrong at the store.
 */
export async function sealInStore(
  kms: StoreUse,
  call: Call,
  { key, context, own }: { key: Key; context: EncryptionContext | undefined; own: Buffer },
): Promise<Buffer> {
  const stored = await storedKeyOf(kms, key);
  const message = { plaintext: innerOf(own), aad: aadOf(key, context) };
  const sealed = await stored.encrypt(message, causeOf(call, key));
  if (sealed.kind === 'failed') throw sealed.failure;
  noteStore(call, key);
  return storeBlob(own, sealed.value);
}

/**
 * Takes the store's layer off a blob: KMS's own is left.
 * @throws ApiError InvalidCiphertextException for a blob that is none; else as `sealInStore`.
 */
export async function openInStore(
  kms: StoreUse,
  call: Call,
  { key, context, blob }: { key: Key; context: EncryptionContext | undefined; blob: Buffer },
): Promise<Buffer> {
  const sealed = parseStoreBlob(blob);
  if (sealed === undefined) throw invalidCiphertext();
  const stored = await storedKeyOf(kms, key);
  const message = { ...sealed, aad: aadOf(key, context) };
  const opened = await stored.decrypt(message, causeOf(call, key));
  if (opened.kind === 'failed') throw opened.failure;
  noteStore(call, key);
  return ownBlob(blob, opened.value);
}

async function storedKeyOf({ records, connections }: StoreUse, key: Key): Promise<StoredKey> {
  const store = await storeOfKey(records, key);
  if (store === undefined) throw keyIs(key.arn, 'unavailable');
  return connections.keyOf(store.value, key.xksKeyId ?? key.keyId);
}

/** The store sees the context as envelope.ts encodes it, or nothing where there is none. */
function aadOf(key: Key, context: EncryptionContext | undefined): Buffer {
  if (context === undefined || Object.keys(context).length === 0) return nothing;
  const aad = encodeContext(context);
  if (key.origin === 'EXTERNAL_KEY_STORE' && aad.length > maxAadBytes)
    throw contextTooLong(maxAadBytes);
  return aad;
}

/** As `aws:PrincipalArn` and `kms:ViaService` have it. */
export function causeOf(call: Call, key?: Key): Cause {
  const { principal, operation, requestId, region } = call;
  const via = call.via.at(-1);
  return {
    principalArn: principal.session?.role?.arn ?? principal.arn,
    operation,
    requestId,
    region,
    ...(key === undefined ? {} : { keyArn: key.arn }),
    ...(via === undefined ? {} : { viaService: via.replace(/\.amazonaws\.com$/, '') }),
  };
}

/** CloudTrail names the store and the key in it; ReEncrypt may have two of them and names none. */
function noteStore(call: Call, { customKeyStoreId, xksKeyId, keyId }: Key): void {
  if (call.operation === 'ReEncrypt') return;
  const backing = xksKeyId === undefined ? { backingKeyId: keyId } : { xksKeyId };
  call.note({ additionalEventData: { customKeyStoreId, ...backing } });
}
