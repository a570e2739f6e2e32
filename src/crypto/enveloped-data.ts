/**
 * A message for one RSA key in the Cryptographic Message Syntax: EnvelopedData (RFC 5652 section 6)
 * with RSAES-OAEP key transport (RFC 4056 section 4, SHA-256 throughout, empty label) and
 * AES-256-CBC content (RFC 3565). Byte for byte in the form that AWS KMS gives enclaves, which its
 * enclave SDK depends on: the outer values have indefinite lengths (BER), the recipient is DER and
 * named by the SHA-256 of its SubjectPublicKeyInfo.
 */
import {
  constants,
  createCipheriv,
  createPublicKey,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto';
import { asn1, berIndefinite, der, derOid } from './der.ts';
import { sha256 } from './hash.ts';
import { isOneDerSequence } from './key-spec.ts';

const oids = {
  envelopedData: derOid('1.2.840.113549.1.7.3'),
  data: derOid('1.2.840.113549.1.7.1'),
  rsaesOaep: derOid('1.2.840.113549.1.1.7'),
  mgf1: derOid('1.2.840.113549.1.1.8'),
  sha256: derOid('2.16.840.1.101.3.4.2.1'),
  aes256Cbc: derOid('2.16.840.1.101.3.4.1.42'),
};

/** Both are 2 where the recipient is named by its key (RFC 5652 sections 6.1 and 6.2.1). */
const version2 = der(asn1.integer, Buffer.of(2));
const sha256Algorithm = der(asn1.sequence, oids.sha256, der(asn1.null));
const oaepAlgorithm = der(
  asn1.sequence,
  oids.rsaesOaep,
  der(
    asn1.sequence,
    der(asn1.context(0), sha256Algorithm),
    der(asn1.context(1), der(asn1.sequence, oids.mgf1, sha256Algorithm)),
  ),
);

/** Content lies in pieces of at most so many bytes, as in the messages of AWS KMS. */
const segmentBytes = 1000;
const contentKeyBytes = 32;
const ivBytes = 16;
export const envelopeRandomBytes = contentKeyBytes + ivBytes;

/** An RSA key that messages can be sealed for. */
export interface EnvelopeRecipient {
  readonly publicKey: KeyObject;
  readonly keyIdentifier: Buffer;
}

/**
 * The recipient with this SubjectPublicKeyInfo; undefined where it is no RSA key of 2048, 3072 or
 * 4096 bits with a sound exponent.
 */
export function envelopeRecipient(spki: Buffer): EnvelopeRecipient | undefined {
  if (!isOneDerSequence(spki)) return undefined;
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
  const { modulusLength = 0, publicExponent: exponent = 0n } = publicKey.asymmetricKeyDetails ?? {};
  const isSound = exponent >= 3n && exponent < 1n << 64n && (exponent & 1n) === 1n;
  if (publicKey.asymmetricKeyType !== 'rsa' || !isSound) return undefined;
  if (![2048, 3072, 4096].includes(modulusLength)) return undefined;
  return { publicKey, keyIdentifier: sha256(spki) };
}

/** Seals a message. `random`: `envelopeRandomBytes` fresh ones, wiped when it returns. */
export function sealEnvelope(
  { publicKey, keyIdentifier }: EnvelopeRecipient,
  plaintext: Buffer,
  random: Buffer,
): Buffer {
  const contentKey = random.subarray(0, contentKeyBytes);
  const iv = Buffer.from(random.subarray(contentKeyBytes));
  const cipher = createCipheriv('aes-256-cbc', contentKey, iv);
  const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;
  const encryptedKey = publicEncrypt({ key: publicKey, ...oaep }, contentKey);
  random.fill(0);
  const recipient = der(
    asn1.sequence,
    version2,
    der(asn1.contextPrimitive(0), keyIdentifier),
    oaepAlgorithm,
    der(asn1.octetString, encryptedKey),
  );
  const encryptedContent = berIndefinite(
    asn1.sequence,
    oids.data,
    der(asn1.sequence, oids.aes256Cbc, der(asn1.octetString, iv)),
    berIndefinite(asn1.context(0), ...segments(content)),
  );
  const enveloped = berIndefinite(
    asn1.sequence,
    version2,
    der(asn1.set, recipient),
    encryptedContent,
  );
  return berIndefinite(
    asn1.sequence,
    oids.envelopedData,
    berIndefinite(asn1.context(0), enveloped),
  );
}

function segments(content: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += segmentBytes)
    pieces.push(der(asn1.octetString, content.subarray(at, at + segmentBytes)));
  return pieces;
}
