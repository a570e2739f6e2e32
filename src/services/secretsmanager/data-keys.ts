/**
 * KMS's part in protecting values: data keys that it makes, encrypts and opens for the caller, with
 * AWS's encryption context, and what its errors become here.
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html)
 */
import { ApiError } from '../../api-error.ts';
import type { Call } from '../../operation.ts';
import {
  decryptionFailed,
  defaultKeyAcrossAccounts,
  encryptionFailed,
  internalError,
  kmsDenied,
  rateExceeded,
} from './errors.ts';
import type { Secret } from './secret.ts';
import { contextOf, type SealedDataKey, type ValuePlace } from './value.ts';
import type { MaybePromise } from './when.ts';

const defaultAlias = 'alias/aws/secretsmanager';
/** How lists of versions call aws/secretsmanager (recorded). */
export const defaultKey = 'DefaultEncryptionKey';
/** The version in the context of calls whose results are dropped. */
const probeVersion = 'RequestToValidateKeyAccess';

/** Who asks KMS: the caller of an operation, or a role that Secrets Manager has assumed. */
export type KmsCaller = Pick<Call, 'invoke' | 'principal' | 'partition'>;

/** What of a secret says which key protects it. */
export type Protected = Pick<Secret, 'arn' | 'account' | 'region' | 'kmsKeyId'>;

/** A data key in the clear, which whoever has it wipes, and as it is stored. */
export interface DataKey {
  readonly plaintext: Buffer;
  readonly sealed: SealedDataKey;
}

/** A KmsKeyId as it is kept; undefined for aws/secretsmanager under any of its names. */
export function keptKeyId(given: string | undefined, account: string): string | undefined {
  if (given === undefined || given === '' || given === defaultAlias) return undefined;
  return given.endsWith(`:${account}:${defaultAlias}`) ? undefined : given;
}

/** @throws ApiError InvalidRequestException: aws/secretsmanager serves its own account only. */
export function refuseDefaultKeyAcrossAccounts(
  { principal }: Pick<KmsCaller, 'principal'>,
  secret: Pick<Secret, 'account'>,
  keys: readonly string[],
): void {
  if (principal.account !== secret.account && keys.every((key) => key === defaultKey))
    throw defaultKeyAcrossAccounts();
}

/** The key as KMS takes it from this caller: whoever is in another account must name it in full. */
function keyIdFor(
  { account, region, kmsKeyId = defaultAlias }: Protected,
  { principal, partition }: KmsCaller,
): string {
  if (account === principal.account || kmsKeyId.startsWith('arn:')) return kmsKeyId;
  const resource = kmsKeyId.startsWith('alias/') ? kmsKeyId : `key/${kmsKeyId}`;
  return `arn:${partition}:kms:${region}:${account}:${resource}`;
}

/** A fresh data key for one version. @throws ApiError as `encrypting` says. */
export async function newDataKey(
  call: Call,
  secret: Protected,
  versionId: string,
): Promise<DataKey> {
  const { arn, region, kmsKeyId } = secret;
  const made = (await encrypting(() =>
    call.invoke(
      'kms',
      'GenerateDataKey',
      {
        KeyId: keyIdFor(secret, call),
        KeySpec: 'AES_256',
        EncryptionContext: contextOf({ arn, versionId }),
      },
      { region },
    ),
  )) as { Plaintext: Buffer; CiphertextBlob: Buffer; KeyId: string };
  return {
    plaintext: made.Plaintext,
    sealed: {
      key: kmsKeyId === undefined ? defaultKey : made.KeyId,
      blob: made.CiphertextBlob.toString('base64'),
    },
  };
}

/** A data key that there is, encrypted under the secret's key. @throws ApiError as `encrypting`. */
export async function encryptDataKey(
  caller: KmsCaller,
  secret: Protected,
  { versionId, plaintext }: { readonly versionId: string; readonly plaintext: Buffer },
): Promise<SealedDataKey> {
  const { arn, region, kmsKeyId } = secret;
  const made = (await encrypting(() =>
    caller.invoke(
      'kms',
      'Encrypt',
      {
        KeyId: keyIdFor(secret, caller),
        Plaintext: plaintext,
        EncryptionContext: contextOf({ arn, versionId }),
      },
      { region },
    ),
  )) as { CiphertextBlob: Buffer; KeyId: string };
  return {
    key: kmsKeyId === undefined ? defaultKey : made.KeyId,
    blob: made.CiphertextBlob.toString('base64'),
  };
}

/**
 * Opens a data key with the first of the KMS keys that opens it; at once when KMS has all at hand.
 * @throws ApiError AccessDeniedException or DecryptionFailure, of the newest key.
 */
export function openDataKey(
  caller: KmsCaller,
  place: ValuePlace & { readonly region: string },
  dataKeys: readonly SealedDataKey[],
): MaybePromise<Buffer> {
  const [newest, ...older] = dataKeys;
  if (newest === undefined) throw new Error(`A value of ${place.arn} has no data key.`);
  const orOlder = (error: unknown): MaybePromise<Buffer> => {
    if (!(error instanceof ApiError)) throw error;
    const told = readingError(error);
    if (older.length === 0) throw told;
    return withOlder(caller, place, older, told);
  };
  try {
    const opened = decrypt(caller, place, newest);
    return opened instanceof Promise ? opened.catch(orOlder) : opened;
  } catch (error) {
    return orOlder(error);
  }
}

async function withOlder(
  caller: KmsCaller,
  place: ValuePlace & { readonly region: string },
  older: readonly SealedDataKey[],
  told: ApiError,
): Promise<Buffer> {
  for (const dataKey of older) {
    try {
      return await decrypt(caller, place, dataKey);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
  throw told;
}

function decrypt(
  caller: KmsCaller,
  place: ValuePlace & { readonly region: string },
  { blob }: SealedDataKey,
): MaybePromise<Buffer> {
  const opened = caller.invoke(
    'kms',
    'Decrypt',
    { CiphertextBlob: Buffer.from(blob, 'base64'), EncryptionContext: contextOf(place) },
    { region: place.region },
  ) as MaybePromise<{ Plaintext: Buffer }>;
  return opened instanceof Promise ? opened.then(plaintextOf) : opened.Plaintext;
}

const plaintextOf = ({ Plaintext }: { Plaintext: Buffer }): Buffer => Plaintext;

/** Whether KMS would let this caller encrypt data keys of a secret. @throws ApiError */
export async function tryEncrypting(caller: KmsCaller, secret: Protected): Promise<void> {
  const { arn, region } = secret;
  const input = {
    KeyId: keyIdFor(secret, caller),
    Plaintext: Buffer.alloc(32),
    EncryptionContext: contextOf({ arn, versionId: probeVersion }),
    DryRun: true,
  };
  try {
    await caller.invoke('kms', 'Encrypt', input, { region });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== 'DryRunOperationException') throw common(error) ?? encryptionFailed();
  }
}

/**
 * Makes sure that the caller may encrypt and decrypt with a key that is set on a secret. Nothing is
 * made with aws/secretsmanager, which every caller of its account may use and which need not exist
 * yet. @throws ApiError
 */
export async function probeKey(call: Call, secret: Protected): Promise<void> {
  if (secret.kmsKeyId === undefined) return;
  const { plaintext, sealed } = await newDataKey(call, secret, probeVersion);
  plaintext.fill(0);
  const place = { arn: secret.arn, versionId: probeVersion, region: secret.region };
  (await openDataKey(call, place, [sealed])).fill(0);
}

/** @throws ApiError AccessDeniedException, EncryptionFailure, or a fault as it is. */
async function encrypting(ask: () => unknown): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof ApiError ? (common(error) ?? encryptionFailed()) : error;
  }
}

const readingError = (error: ApiError): ApiError => common(error) ?? decryptionFailed();

function common({ code, text }: ApiError): ApiError | undefined {
  switch (code) {
    case 'AccessDeniedException':
      return kmsDenied();
    case 'ThrottlingException':
      return rateExceeded();
    case 'KMSInternalException':
      return internalError(text);
    default:
      return undefined;
  }
}
