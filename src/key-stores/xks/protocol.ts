/**
 * The XKS proxy API v1 as both of its sides read it: paths, limits, bodies, and what is computed
 * over them. Pure. (https://github.com/aws/aws-kms-xksproxy-api-spec)
 */
import { sha256 } from '../../crypto/hash.ts';
import {
  type ExternalKey,
  type ProxyError,
  proxyErrors,
  type StoreCiphertext,
} from '../key-store.ts';

/** The signing name. */
export const signingService = 'kms-xks-proxy';
/** What every path ends in, before `/health` and `/keys`. */
export const apiPath = '/kms/xks/v1';

export const limits = {
  plaintextBytes: 4300,
  aadBytes: 8192,
  metadataBytes: 20,
  tagBytes: 16,
  keyUsages: 10,
  managers: 10,
  /** No body of the protocol comes near: the longest is plaintext, AAD and two ARNs. */
  bodyBytes: 64 * 1024,
  errorMessageChars: 511,
} as const;

export const keyIdForm = /^[A-Za-z0-9._-]{1,128}$/;
/** XksProxyUriPath: at most 128 of these, ending in the version. */
export const uriPathForm = /^(\/[a-zA-Z0-9/_-]+)?\/kms\/xks\/v1$/;
export const accessKeyIdForm = /^[A-Z2-7]{20,30}$/;
export const secretAccessKeyForm = /^[a-zA-Z0-9/+=]{43,64}$/;

export type Action = 'metadata' | 'encrypt' | 'decrypt';

/** What a path below the base asks for; undefined when it is none of the API's. */
export function parsePath(
  path: string,
): { readonly action: 'health' } | { readonly action: Action; readonly key: string } | undefined {
  if (path === '/health') return { action: 'health' };
  const [, key, action] = /^\/keys\/([^/]+)\/(metadata|encrypt|decrypt)$/.exec(path) ?? [];
  if (key === undefined || !keyIdForm.test(key)) return undefined;
  return { action: action as Action, key };
}

/** What every request says of the call that caused it. Members that come later are let be. */
export interface RequestMetadata {
  readonly kmsRequestId: string;
  readonly kmsOperation: string;
  readonly awsPrincipalArn?: string;
  readonly kmsKeyArn?: string;
}

export interface EncryptRequest {
  readonly requestMetadata: RequestMetadata;
  readonly plaintext: Buffer;
  readonly aad: Buffer;
  readonly wantsIntegrityValue: boolean;
}
export interface DecryptRequest extends StoreCiphertext {
  readonly requestMetadata: RequestMetadata;
  readonly aad: Buffer;
}

type Members = Readonly<Record<string, unknown>>;
const maxArnChars = 2048;

/** The JSON object that a body holds; undefined for anything else. */
export function parseBody(body: Buffer): Members | undefined {
  if (body.length > limits.bodyBytes) return undefined;
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Members) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Undefined when a required member is missing or one is no text; `needs` says which beyond the
 * request id and the operation.
 */
export function readRequestMetadata(
  body: Members,
  needs: readonly ('awsPrincipalArn' | 'kmsKeyArn')[],
): RequestMetadata | undefined {
  const given = body.requestMetadata;
  if (typeof given !== 'object' || given === null) return undefined;
  const found: Record<string, string> = {};
  for (const name of ['kmsRequestId', 'kmsOperation', 'awsPrincipalArn', 'kmsKeyArn']) {
    const value = (given as Members)[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > maxArnChars) return undefined;
    found[name] = value;
  }
  const required = ['kmsRequestId', 'kmsOperation', ...needs];
  return required.every((name) => found[name]) ? (found as never) : undefined;
}

/** Undefined when it is no such request. */
export function readEncryptRequest(body: Members): EncryptRequest | undefined {
  const requestMetadata = readRequestMetadata(body, ['awsPrincipalArn', 'kmsKeyArn']);
  const plaintext = bytesOf(body.plaintext, { max: limits.plaintextBytes });
  const aad = bytesOf(body.additionalAuthenticatedData ?? '', { max: limits.aadBytes });
  const wanted = body.ciphertextDataIntegrityValueAlgorithm;
  const isRight =
    body.encryptionAlgorithm === 'AES_GCM' && (wanted === undefined || wanted === 'SHA_256');
  if (requestMetadata === undefined || plaintext === undefined || aad === undefined || !isRight)
    return undefined;
  return { requestMetadata, plaintext, aad, wantsIntegrityValue: wanted !== undefined };
}

/** Undefined when it is no such request. */
export function readDecryptRequest(body: Members): DecryptRequest | undefined {
  const requestMetadata = readRequestMetadata(body, ['awsPrincipalArn', 'kmsKeyArn']);
  const sealed = readCiphertext(body);
  const aad = bytesOf(body.additionalAuthenticatedData ?? '', { max: limits.aadBytes });
  const isRight = body.encryptionAlgorithm === 'AES_GCM';
  if (requestMetadata === undefined || sealed === undefined || aad === undefined || !isRight)
    return undefined;
  return { ...sealed, requestMetadata, aad };
}

function readCiphertext(body: Members): StoreCiphertext | undefined {
  const ciphertext = bytesOf(body.ciphertext, { max: limits.plaintextBytes });
  const iv = bytesOf(body.initializationVector, { max: 16 });
  const tag = bytesOf(body.authenticationTag, { max: limits.tagBytes });
  const metadata = bytesOf(body.ciphertextMetadata ?? '', { max: limits.metadataBytes });
  if (ciphertext === undefined || iv === undefined || tag === undefined || metadata === undefined)
    return undefined;
  const isRight = (iv.length === 12 || iv.length === 16) && tag.length === limits.tagBytes;
  return isRight ? { ciphertext, iv, tag, metadata } : undefined;
}

/** Base64 with padding and nothing else, of at most `max` bytes; else undefined. */
function bytesOf(value: unknown, { max }: { readonly max: number }): Buffer | undefined {
  if (typeof value !== 'string' || value.length > Math.ceil(max / 3) * 4) return undefined;
  const bytes = Buffer.from(value, 'base64');
  return bytes.length <= max && bytes.toString('base64') === value ? bytes : undefined;
}

/** The body of a request to encrypt; always asks for the integrity value. */
export const encryptBody = (
  requestMetadata: object,
  { plaintext, aad }: { readonly plaintext: Buffer; readonly aad: Buffer },
): object => ({
  requestMetadata,
  ...aadMember(aad),
  plaintext: plaintext.toString('base64'),
  encryptionAlgorithm: 'AES_GCM',
  ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
});

export const decryptBody = (
  requestMetadata: object,
  message: StoreCiphertext & { readonly aad: Buffer },
): object => ({
  requestMetadata,
  ...aadMember(message.aad),
  ...ciphertextMembers(message),
  encryptionAlgorithm: 'AES_GCM',
});

const aadMember = (aad: Buffer): object =>
  aad.length === 0 ? {} : { additionalAuthenticatedData: aad.toString('base64') };

export const ciphertextMembers = (sealed: StoreCiphertext): object => ({
  ciphertext: sealed.ciphertext.toString('base64'),
  initializationVector: sealed.iv.toString('base64'),
  authenticationTag: sealed.tag.toString('base64'),
  ...(sealed.metadata.length === 0
    ? {}
    : { ciphertextMetadata: sealed.metadata.toString('base64') }),
});

/**
 * What the proxy has encrypted; undefined when the answer is not well formed, is longer or shorter
 * than the plaintext, or its integrity value is not that of its parts.
 */
export function readEncryptAnswer(
  body: Members,
  asked: { readonly plaintext: Buffer; readonly aad: Buffer },
): StoreCiphertext | undefined {
  const sealed = readCiphertext(body);
  if (sealed === undefined || sealed.ciphertext.length !== asked.plaintext.length) return undefined;
  const value = bytesOf(body.ciphertextDataIntegrityValue, { max: 32 });
  return value?.equals(integrityValue(sealed, asked.aad)) === true ? sealed : undefined;
}

/** What the proxy has decrypted; the caller owns it. Undefined as for `readEncryptAnswer`. */
export function readDecryptAnswer(body: Members, asked: StoreCiphertext): Buffer | undefined {
  const plaintext = bytesOf(body.plaintext, { max: limits.plaintextBytes });
  return plaintext?.length === asked.ciphertext.length ? plaintext : undefined;
}

/** Undefined when the answer is not well formed. */
export function readMetadataAnswer(body: Members): ExternalKey | undefined {
  const { keySpec, keyUsage, keyStatus } = body;
  const isRight =
    typeof keySpec === 'string' &&
    (keyStatus === 'ENABLED' || keyStatus === 'DISABLED') &&
    Array.isArray(keyUsage) &&
    keyUsage.length <= limits.keyUsages &&
    keyUsage.every((usage) => typeof usage === 'string');
  return isRight ? { keySpec, keyUsage, keyStatus } : undefined;
}

const healthStatuses: ReadonlySet<unknown> = new Set(['ACTIVE', 'DEGRADED', 'UNAVAILABLE']);

/** Whether any key manager can be used; undefined when the answer is not well formed. */
export function readHealthAnswer(body: Members): { readonly isAvailable: boolean } | undefined {
  const texts = [body.xksProxyVendor, body.xksProxyModel, body.ekmVendor];
  const size = body.xksProxyFleetSize;
  const fleet = body.ekmFleetDetails;
  const isRight =
    texts.every((text) => typeof text === 'string') &&
    Number.isInteger(size) &&
    (size as number) > 0 &&
    Array.isArray(fleet) &&
    fleet.length >= 1 &&
    fleet.length <= limits.managers &&
    fleet.every((one) => isManager(one));
  if (!isRight) return undefined;
  return { isAvailable: fleet.some(({ healthStatus }) => healthStatus !== 'UNAVAILABLE') };
}

function isManager(one: unknown): one is { healthStatus: string } {
  if (typeof one !== 'object' || one === null) return false;
  const { id, model, healthStatus } = one as Members;
  return typeof id === 'string' && typeof model === 'string' && healthStatuses.has(healthStatus);
}

/** The error that an answer names, whatever its status; undefined when it is none of these. */
export function readErrorAnswer(body: Members): ProxyError | undefined {
  const name = body.errorName;
  const isKnown = typeof name === 'string' && Object.hasOwn(proxyErrors, name);
  return isKnown ? (name as ProxyError) : undefined;
}

/**
 * The additional data of the key manager's own AES-GCM: each part after its length, so that neither
 * can be passed for the other.
 */
export function gcmAad(aad: Buffer, metadata: Buffer): Buffer {
  const lengths = Buffer.alloc(2);
  lengths.writeUInt16BE(aad.length);
  return Buffer.concat([lengths, aad, Buffer.of(metadata.length), metadata]);
}

/** The ciphertext data integrity value: against flipped bits, not against malice (appendix C). */
export function integrityValue(sealed: StoreCiphertext, aad: Buffer): Buffer {
  const { metadata, iv, ciphertext, tag } = sealed;
  return sha256(Buffer.concat([aad, metadata, iv, ciphertext, tag]));
}
