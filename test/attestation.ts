/**
 * An attestation PKI for tests, and documents as Nitro hypervisors sign them: certificates written
 * in DER here, CBOR by a library, signatures by node:crypto; nothing of ours.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encode } from 'cborg';

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size = body.length.toString(16);
  const long = Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex');
  const length = body.length < 128 ? [body.length] : [0x80 | long.length, ...long];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');

const oids = {
  commonName: hex('0603550403'),
  sha256: hex('06082a8648ce3d040302'),
  sha384: hex('06082a8648ce3d040303'),
  basicConstraints: hex('0603551d13'),
  keyUsage: hex('0603551d0f'),
};

export interface CertificateOptions {
  readonly name?: string;
  /** Whose key signs; itself unless told. */
  readonly issuer?: Issued;
  readonly from?: number;
  readonly until?: number;
  /** False for an end entity. */
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  /** The first octet of the bits: 0x80 digitalSignature, 0x04 keyCertSign. */
  readonly keyUsage?: number | null;
  readonly curve?: string;
  readonly hash?: 'sha256' | 'sha384';
  /** More extensions, in DER. */
  readonly extensions?: readonly Buffer[];
}

export interface Issued {
  readonly name: string;
  readonly der: Buffer;
  readonly privateKey: KeyObject;
}

export const extension = (oid: Buffer, value: Buffer, isCritical = true): Buffer =>
  sequence(oid, ...(isCritical ? [hex('0101ff')] : []), tlv(0x04, value));

const hourMs = 3_600_000;

export function issue(options: CertificateOptions = {}): Issued {
  const { isAuthority = true, hash = 'sha384', curve = 'secp384r1' } = options;
  const { from = Date.now() - hourMs, until = Date.now() + 3 * hourMs } = options;
  const { name = isAuthority ? 'authority' : 'enclave', issuer, pathLength } = options;
  const usage = options.keyUsage === undefined ? (isAuthority ? 0x04 : 0x80) : options.keyUsage;
  const pair = generateKeyPairSync('ec', { namedCurve: curve });
  const named = (text: string) =>
    sequence(tlv(0x31, sequence(oids.commonName, tlv(0x0c, Buffer.from(text)))));
  const time = (ms: number) =>
    tlv(0x18, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));
  const algorithm = sequence(oids[hash]);
  const constraints = sequence(
    ...(isAuthority ? [hex('0101ff')] : []),
    ...(pathLength === undefined ? [] : [tlv(0x02, Buffer.of(pathLength))]),
  );
  const extensions = [
    extension(oids.basicConstraints, constraints),
    ...(usage === null ? [] : [extension(oids.keyUsage, tlv(0x03, Buffer.of(0, usage)))]),
    ...(options.extensions ?? []),
  ];
  const toBeSigned = sequence(
    hex('a003020102'),
    tlv(0x02, Buffer.of(1)),
    algorithm,
    named(issuer?.name ?? name),
    sequence(time(from), time(until)),
    named(name),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = sign(hash, toBeSigned, issuer?.privateKey ?? pair.privateKey);
  const der = sequence(toBeSigned, algorithm, tlv(0x03, Buffer.of(0), signature));
  return { name, der, privateKey: pair.privateKey };
}

export const pemOf = ({ der }: Issued): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

/** A root, two authorities below it, and who signs documents. */
export interface Pki {
  readonly chain: readonly Issued[];
  readonly signer: Issued;
}

/** `change` alters one certificate: 0 is the root, 3 the signer's. */
export function attestationPki(
  change: { readonly at: number; readonly options: CertificateOptions } | undefined = undefined,
): Pki {
  const chain: Issued[] = [];
  for (let at = 0; at < 4; at++) {
    const issuer = chain.at(-1);
    const plain: CertificateOptions = {
      name: `test ${at}`,
      isAuthority: at < 3,
      ...(issuer === undefined ? {} : { issuer }),
      ...(at === 1 || at === 2 ? { pathLength: 2 - at } : {}),
    };
    chain.push(issue(change?.at === at ? { ...plain, ...change.options } : plain));
  }
  return { chain, signer: chain.at(-1) as Issued };
}

export const pcr = (byte: number): Buffer => Buffer.alloc(48, byte);

/** The payload of a document; members that are undefined are left out. */
export type Claims = Readonly<Record<string, unknown>>;

export const enclaveClaims = (pki: Pki, publicKey: Buffer | null): Claims => ({
  module_id: 'i-0123456789abcdef0-enc0123456789abcdef',
  digest: 'SHA384',
  timestamp: Date.now(),
  pcrs: new Map([0, 1, 2, 3, 4, 8].map((index) => [index, pcr(index + 1)])),
  certificate: pki.signer.der,
  cabundle: pki.chain.slice(0, -1).map(({ der }) => der),
  public_key: publicKey,
  user_data: null,
  nonce: null,
});

export interface Signing {
  readonly key?: KeyObject;
  readonly header?: unknown;
  readonly unprotected?: unknown;
  /** What stands in the message instead of what was signed. */
  readonly replace?: (parts: unknown[]) => unknown;
}

/** COSE_Sign1 (RFC 9052), untagged as hypervisors write it. */
export function signedDocument(pki: Pki, claims: Claims, signing: Signing = {}): Buffer {
  const present = Object.entries(claims).filter(([, value]) => value !== undefined);
  return signedPayload(pki, encode(new Map(present)), signing);
}

export function signedPayload(pki: Pki, payload: Uint8Array, signing: Signing = {}): Buffer {
  const { header = new Map([[1, -35]]), unprotected = new Map(), key } = signing;
  const protectedHeader = encode(header);
  const signed = encode(['Signature1', protectedHeader, new Uint8Array(0), payload]);
  const signature = sign('sha384', signed, {
    key: key ?? pki.signer.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  const parts: unknown[] = [protectedHeader, unprotected, payload, signature];
  return Buffer.from(encode(signing.replace?.(parts) ?? parts));
}
