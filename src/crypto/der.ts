/**
 * Just enough of ASN.1's encodings (ITU-T X.690): reading DER that OpenSSL has already taken for
 * whole, where node tells nothing of its inside, and writing DER and BER. Pure and bounded: a
 * reader never looks past its bytes.
 */

/** One encoded value. */
export interface Tlv {
  /** The identifier octet; tags above 30 have more octets and are not read. */
  readonly tag: number;
  readonly contents: Buffer;
}

export const asn1 = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  /** `[n]`, constructed. */
  context: (n: number): number => 0xa0 | n,
  /** `[n]`, primitive. */
  contextPrimitive: (n: number): number => 0x80 | n,
} as const;

/** The values that stand one after the other; undefined where the bytes are not exactly that. */
export function derValues(bytes: Buffer): readonly Tlv[] | undefined {
  const values: Tlv[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at);
    if (header === undefined || header.end > bytes.length) return undefined;
    values.push({ tag: header.tag, contents: bytes.subarray(header.start, header.end) });
    at = header.end;
  }
  return values;
}

/** What is in the one value of this tag that the bytes are; undefined where they are not. */
export function derContents(bytes: Buffer, tag: number): Buffer | undefined {
  const values = derValues(bytes);
  const [only] = values ?? [];
  return values?.length === 1 && only?.tag === tag ? only.contents : undefined;
}

interface Header {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Definite lengths in their shortest form, up to 16 MiB. */
function readHeader(bytes: Buffer, at: number): Header | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  const start = at + 2;
  if (first < 0x80) return { tag, start, end: start + first };
  const lengthBytes = first & 0x7f;
  if (lengthBytes < 1 || lengthBytes > 3 || start + lengthBytes > bytes.length) return undefined;
  const length = bytes.readUIntBE(start, lengthBytes);
  const isShortest = length >= 0x80 && length >= 2 ** (8 * (lengthBytes - 1));
  const from = start + lengthBytes;
  return isShortest ? { tag, start: from, end: from + length } : undefined;
}

/** One DER value. */
export function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(body), body]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const lengthBytes = Math.ceil((32 - Math.clz32(length)) / 8);
  const out = Buffer.alloc(1 + lengthBytes);
  out[0] = 0x80 | lengthBytes;
  out.writeUIntBE(length, 1, lengthBytes);
  return out;
}

/** One BER value of indefinite length (X.690 section 8.1.3.6). */
export const berIndefinite = (tag: number, ...contents: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(tag, 0x80), ...contents, Buffer.of(0, 0)]);

/** `1.2.840.113549.1.7.3` as its DER value. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(asn1.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}
