/**
 * A chain of X.509 certificates from a trusted root to the one that signs (RFC 5280 section 6),
 * reduced to what AWS's attestation PKI has: ECDSA with P-384 and SHA-384, basic constraints, key
 * usage, no revocation lists ("Verifying the root of trust", AWS Nitro Enclaves user guide).
 * OpenSSL parses and checks signatures and names; the rest is read from the extensions.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { asn1, derContents, derOid, derValues, type Tlv } from './der.ts';
import { sha256, sha256Hex } from './hash.ts';

/** What is trusted, as it was configured. */
export interface TrustedRoots {
  /** Whether these bytes are a trusted root's certificate. */
  readonly includes: (certificate: Buffer) => boolean;
  readonly size: number;
}

export const noRoots: TrustedRoots = { includes: () => false, size: 0 };

/**
 * The certificates of a PEM text.
 * @throws RangeError, with a text for people, where it has none, or one that can be no root.
 */
export function trustedRoots(pem: string): TrustedRoots {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new RangeError('it has no certificate in PEM form');
  const roots = blocks.map((block, i) => {
    const link = readLink(Buffer.from(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'));
    if (link === undefined || !isAuthority(link))
      throw new RangeError(
        `certificate ${i + 1} is not that of an authority with a P-384 key and SHA-384`,
      );
    return link.certificate.raw;
  });
  return {
    includes: (certificate) => roots.some((root) => root.equals(certificate)),
    size: roots.length,
  };
}

/** Why a chain is not believed. */
export type ChainFault = 'malformed' | 'untrusted' | 'expired';

/**
 * The public key of the last certificate. `chain` begins with a root, each certificate was issued
 * by the one before it, and all are valid at `now` (ms since 1970).
 */
export type VerifyChain = (chain: readonly Buffer[], now: number) => KeyObject | ChainFault;

interface Believed {
  readonly publicKey: KeyObject;
  readonly from: number;
  readonly until: number;
}

/** Whoever attests does so again and again, and a chain costs five signatures to believe. */
const mostRemembered = 64;

export function chainVerifier(roots: TrustedRoots): VerifyChain {
  const remembered = new Map<string, Believed>();
  return (chain, now) => {
    const name = sha256Hex(Buffer.concat(chain.map(sha256)));
    const believed = remembered.get(name) ?? believe(chain, roots);
    if (typeof believed === 'string') return believed;
    remembered.delete(name);
    remembered.set(name, believed);
    const [oldest] = remembered.keys();
    if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
    return believed.from <= now && now <= believed.until ? believed.publicKey : 'expired';
  };
}

/** All but the time. */
function believe(chain: readonly Buffer[], roots: TrustedRoots): Believed | ChainFault {
  const [root] = chain;
  if (root === undefined) return 'malformed';
  if (!roots.includes(root)) return 'untrusted';
  const links: Link[] = [];
  for (const certificate of chain) {
    const link = readLink(certificate);
    if (link === undefined) return 'malformed';
    links.push(link);
  }
  if (!links.every((link, i) => fits(links, link, i))) return 'untrusted';
  const certificates = links.map(({ certificate }) => certificate);
  return {
    publicKey: (certificates.at(-1) as X509Certificate).publicKey,
    from: Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime())),
    until: Math.min(...certificates.map(({ validToDate }) => validToDate.getTime())),
  };
}

interface Link {
  readonly certificate: X509Certificate;
  readonly isAuthority: boolean;
  /** How many authorities may follow before the last certificate. */
  readonly pathLength: number | undefined;
  /** The first two octets' worth of the bits, bit 0 highest. */
  readonly keyUsage: number | undefined;
}

const keyUsageBits = { digitalSignature: 0x80, keyCertSign: 0x04 } as const;

function fits(links: readonly Link[], link: Link, i: number): boolean {
  const issuer = links[i - 1];
  if (issuer !== undefined && !isIssuedBy(link, issuer)) return false;
  const isLast = i === links.length - 1;
  if (isLast) return isEndEntity(link);
  const authoritiesAfter = links.length - 2 - i;
  return isAuthority(link) && authoritiesAfter <= (link.pathLength ?? authoritiesAfter);
}

const isIssuedBy = ({ certificate }: Link, issuer: Link): boolean =>
  certificate.checkIssued(issuer.certificate) && certificate.verify(issuer.certificate.publicKey);

const isAuthority = ({ isAuthority: is, keyUsage = 0 }: Link): boolean =>
  is && (keyUsage & keyUsageBits.keyCertSign) !== 0;

const isEndEntity = ({ isAuthority: is, pathLength, keyUsage = 0 }: Link): boolean =>
  !is && pathLength === undefined && (keyUsage & keyUsageBits.digitalSignature) !== 0;

const ecdsaWithSha384 = '1.2.840.10045.4.3.3';

/** Undefined for what is no certificate, or not of the kind that the PKI has. */
function readLink(bytes: Buffer): Link | undefined {
  try {
    const certificate = new X509Certificate(bytes);
    // OpenSSL ignores what follows a certificate.
    if (!certificate.raw.equals(bytes)) return undefined;
    const { publicKey, signatureAlgorithmOid } = certificate;
    if (publicKey.asymmetricKeyType !== 'ec' || signatureAlgorithmOid !== ecdsaWithSha384)
      return undefined;
    if (publicKey.asymmetricKeyDetails?.namedCurve !== 'secp384r1') return undefined;
    const constraints = readExtensions(bytes);
    return constraints === undefined ? undefined : { certificate, ...constraints };
  } catch {
    return undefined;
  }
}

type Constraints = Omit<Link, 'certificate'>;

const basicConstraints = derOid('2.5.29.19').toString('hex');
const keyUsage = derOid('2.5.29.15').toString('hex');

/** Undefined where one is malformed, stands twice, or is critical and unknown. */
function readExtensions(certificate: Buffer): Constraints | undefined {
  const [tbs] = derValues(derContents(certificate, asn1.sequence) ?? Buffer.of()) ?? [];
  const wrapped = derValues(tbs?.contents ?? Buffer.of())?.find(
    ({ tag }) => tag === asn1.context(3),
  );
  let known: Constraints = { isAuthority: false, pathLength: undefined, keyUsage: undefined };
  if (wrapped === undefined) return known;
  const list = derContents(wrapped.contents, asn1.sequence);
  const extensions = list === undefined ? undefined : derValues(list);
  if (extensions === undefined) return undefined;
  const seen = new Set<string>();
  for (const extension of extensions) {
    const read = readExtension(extension);
    if (read === undefined || seen.has(read.oid)) return undefined;
    seen.add(read.oid);
    const facts = constraintOf(read);
    if (facts === undefined) return undefined;
    known = { ...known, ...facts };
  }
  return known;
}

interface Extension {
  readonly oid: string;
  readonly isCritical: boolean;
  readonly value: Buffer;
}

function readExtension({ tag, contents }: Tlv): Extension | undefined {
  const parts = derValues(contents);
  if (tag !== asn1.sequence || parts === undefined) return undefined;
  const [oid, second, third] = parts;
  const isCritical = second?.tag === asn1.boolean && second.contents[0] === 0xff;
  const value = second?.tag === asn1.boolean ? third : second;
  if (oid?.tag !== asn1.oid || value?.tag !== asn1.octetString) return undefined;
  if (parts.length !== (second === value ? 2 : 3)) return undefined;
  const name = Buffer.concat([Buffer.of(asn1.oid, oid.contents.length), oid.contents]);
  return { oid: name.toString('hex'), isCritical, value: value.contents };
}

/** What an extension says; `{}` for one that may be ignored. */
function constraintOf({ oid, isCritical, value }: Extension): Partial<Constraints> | undefined {
  if (oid === basicConstraints) return readBasicConstraints(value);
  if (oid === keyUsage) return readKeyUsage(value);
  return isCritical ? undefined : {};
}

/** SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function readBasicConstraints(value: Buffer): Partial<Constraints> | undefined {
  const body = derContents(value, asn1.sequence);
  const parts = body === undefined ? undefined : derValues(body);
  if (parts === undefined || parts.length > 2) return undefined;
  const isAuthorityToo = parts[0]?.tag === asn1.boolean && parts[0].contents[0] === 0xff;
  const length = parts.find(({ tag }) => tag === asn1.integer);
  if (parts.length !== Number(isAuthorityToo) + Number(length !== undefined)) return undefined;
  if (length === undefined) return { isAuthority: isAuthorityToo };
  const [number = 0x80] = length.contents;
  if (length.contents.length !== 1 || number >= 0x80) return undefined;
  return { isAuthority: isAuthorityToo, pathLength: number };
}

/** A BIT STRING; its first octet counts the unused bits. */
function readKeyUsage(value: Buffer): Partial<Constraints> | undefined {
  const bits = derContents(value, asn1.bitString);
  const [unused = 8, octet] = bits ?? [];
  if (bits === undefined || octet === undefined || unused > 7) return undefined;
  return { keyUsage: octet };
}
