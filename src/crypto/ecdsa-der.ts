/** ECDSA signatures as ASN.1 DER: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3). */

export interface EcdsaSignature {
  readonly r: bigint;
  readonly s: bigint;
}

export function encodeSignature({ r, s }: EcdsaSignature): Buffer {
  const content = Buffer.concat([encodeInteger(r), encodeInteger(s)]);
  // P-521's passes 127 bytes, which takes the long form of the length.
  const head = content.length < 0x80 ? [0x30, content.length] : [0x30, 0x81, content.length];
  return Buffer.concat([Buffer.from(head), content]);
}

/**
 * Undefined unless the bytes are exactly what `encodeSignature` gives for some r and s: one
 * signature, one encoding (X.690 section 10). Negative numbers fail by this too.
 */
export function decodeSignature(der: Buffer): EcdsaSignature | undefined {
  // The largest is P-521's: two integers of 66 bytes in a long-form sequence.
  if (der.length < 8 || der.length > 139) return undefined;
  const start = (der[1] ?? 0) < 0x80 ? 2 : 3;
  const r = decodeInteger(der, start);
  const s = r && decodeInteger(der, r.end);
  if (r === undefined || s === undefined) return undefined;
  const signature = { r: r.value, s: s.value };
  return encodeSignature(signature).equals(der) ? signature : undefined;
}

function encodeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const positive = Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even;
  const content = Buffer.from(positive, 'hex');
  return Buffer.concat([Buffer.from([0x02, content.length]), content]);
}

/** Lenient: what comes out is encoded again and compared. */
function decodeInteger(
  der: Buffer,
  start: number,
): { readonly value: bigint; readonly end: number } | undefined {
  const end = start + 2 + (der[start + 1] ?? 0);
  if (end === start + 2 || end > der.length) return undefined;
  return { value: BigInt(`0x${der.toString('hex', start + 2, end)}`), end };
}
