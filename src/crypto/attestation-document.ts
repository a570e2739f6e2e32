/**
 * The attestation documents of AWS Nitro Enclaves and NitroTPM: CBOR (RFC 8949) signed as
 * COSE_Sign1 (RFC 9052 section 4.2) with ES384, in a chain to a trusted root. What is checked, and
 * in which bounds, is from "Verifying the root of trust" (AWS Nitro Enclaves user guide) and
 * "Validate a NitroTPM Attestation Document" (Amazon EC2 user guide).
 */
import { verify } from 'node:crypto';
import { decode, encode } from 'cborg';
import type { ChainFault, VerifyChain } from './certificate-chain.ts';

/** A document that was signed by whom the roots trust. */
export interface AttestationDocument {
  readonly platform: 'enclave' | 'tpm';
  readonly moduleId: string;
  /** By index: 32, 48 or 64 bytes each. */
  readonly pcrs: ReadonlyMap<number, Buffer>;
  /** The key that the holder asks answers to be sealed for; as it was signed. */
  readonly publicKey: Buffer | undefined;
}

export type AttestationFault = ChainFault | 'signature';

type Verified =
  | { readonly kind: 'verified'; readonly document: AttestationDocument }
  | { readonly kind: 'refused'; readonly fault: AttestationFault };

const refused = (fault: AttestationFault): Verified => ({ kind: 'refused', fault });

/** The payload has at most 16 KiB; header and signature are small. */
const mostBytes = 17 * 1024;
const mostCertificateBytes = 1024;
const mostIssuers = 8;
const signatureBytes = 96;
/** COSE's number of ECDSA with SHA-384. */
const es384 = -35;
const coseSign1Tag = 0xd2;

/** Believes a document, or says why not. `now` is ms since 1970. */
export function verifyAttestation(
  bytes: Buffer,
  { verifyChain, now }: { readonly verifyChain: VerifyChain; readonly now: number },
): Verified {
  const message = readMessage(bytes);
  const claims = message === undefined ? undefined : readClaims(message.payload);
  if (message === undefined || claims === undefined) return refused('malformed');
  const key = verifyChain([...claims.issuers, claims.certificate], now);
  if (typeof key === 'string') return refused(key);
  const { header, payload, signature } = message;
  const signed = encode(['Signature1', header, new Uint8Array(0), payload]);
  const isSigned = verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return isSigned ? { kind: 'verified', document: claims.document } : refused('signature');
}

/** One value of definite length, no tags, no floats, no repeated keys, nothing after it. */
const strictly = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  useMaps: true,
  rejectDuplicateMapKeys: true,
} as const;

/** Undefined for what is no such value, or nested deeper than the stack is. */
function cbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, strictly);
  } catch {
    return undefined;
  }
}

interface Message {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

function readMessage(bytes: Buffer): Message | undefined {
  if (bytes.length > mostBytes) return undefined;
  const parts = cbor(bytes[0] === coseSign1Tag ? bytes.subarray(1) : bytes);
  if (!Array.isArray(parts) || parts.length !== 4) return undefined;
  const [header, unprotected, payload, signature] = parts as readonly unknown[];
  if (!isBytes(header) || !isBytes(payload) || !isBytes(signature)) return undefined;
  if (!(unprotected instanceof Map) || unprotected.size > 0) return undefined;
  const algorithm = cbor(header);
  if (!(algorithm instanceof Map) || algorithm.size !== 1 || algorithm.get(1) !== es384)
    return undefined;
  return signature.length === signatureBytes ? { header, payload, signature } : undefined;
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

const isBytesWithin = (value: unknown, least: number, most: number): value is Uint8Array =>
  isBytes(value) && value.length >= least && value.length <= most;

interface Claims {
  readonly document: AttestationDocument;
  readonly certificate: Buffer;
  /** The root first. */
  readonly issuers: readonly Buffer[];
}

const platforms = new Map([
  ['pcrs', { platform: 'enclave', registers: 32 }],
  ['nitrotpm_pcrs', { platform: 'tpm', registers: 24 }],
] as const);

const optional = ['public_key', 'user_data', 'nonce'] as const;
const required = ['module_id', 'digest', 'timestamp', 'certificate', 'cabundle'] as const;

function readClaims(payload: Uint8Array): Claims | undefined {
  const members = cbor(payload);
  if (!(members instanceof Map)) return undefined;
  const known = new Set<unknown>([...optional, ...required, ...platforms.keys()]);
  if ([...members.keys()].some((name) => !known.has(name))) return undefined;
  const registers = readRegisters(members);
  const moduleId = members.get('module_id');
  const timestamp = members.get('timestamp');
  if (registers === undefined || typeof moduleId !== 'string' || moduleId === '') return undefined;
  if (members.get('digest') !== 'SHA384') return undefined;
  if (!Number.isSafeInteger(timestamp) || timestamp <= 0) return undefined;
  // The hypervisor writes null for what the holder left out.
  const [publicKey, ...others] = optional.map((name) => members.get(name) ?? undefined);
  if (publicKey !== undefined && !isBytesWithin(publicKey, 1, 1024)) return undefined;
  if (others.some((each) => each !== undefined && !isBytesWithin(each, 0, 1024))) return undefined;
  const certificates = readCertificates(members);
  if (certificates === undefined) return undefined;
  const key = publicKey === undefined ? undefined : Buffer.from(publicKey);
  return { ...certificates, document: { ...registers, moduleId, publicKey: key } };
}

function readCertificates(
  members: ReadonlyMap<unknown, unknown>,
): Pick<Claims, 'certificate' | 'issuers'> | undefined {
  const certificate = members.get('certificate');
  const bundle = members.get('cabundle');
  if (!isBytesWithin(certificate, 1, mostCertificateBytes) || !Array.isArray(bundle))
    return undefined;
  if (bundle.length === 0 || bundle.length > mostIssuers) return undefined;
  const issuers: Buffer[] = [];
  for (const issuer of bundle) {
    if (!isBytesWithin(issuer, 1, mostCertificateBytes)) return undefined;
    issuers.push(Buffer.from(issuer));
  }
  return { certificate: Buffer.from(certificate), issuers };
}

/** A document has the registers of one platform. */
function readRegisters(
  members: ReadonlyMap<unknown, unknown>,
): Pick<AttestationDocument, 'platform' | 'pcrs'> | undefined {
  const present = [...platforms].filter(([name]) => members.has(name));
  const [only] = present;
  if (only === undefined || present.length !== 1) return undefined;
  const [name, { platform, registers }] = only;
  const values = members.get(name);
  if (!(values instanceof Map) || values.size === 0) return undefined;
  const pcrs = new Map<number, Buffer>();
  for (const [index, value] of values) {
    if (!Number.isInteger(index) || index < 0 || index >= registers) return undefined;
    if (!isBytes(value) || ![32, 48, 64].includes(value.length)) return undefined;
    pcrs.set(index, Buffer.from(value));
  }
  return { platform, pcrs };
}
