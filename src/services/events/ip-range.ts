/** IP addresses and ranges of them, as patterns compare them. Pure. */
import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 16 bytes; undefined for what is no address. */
export function addressBytes(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return ipv6Bytes(text);
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const front = groupsOf(head);
  const back = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [i, group] of [...front, ...zeros, ...back].entries())
    bytes.writeUInt16BE(group, i * 2);
  return bytes;
}

/** Groups of 16 bits; the last 32 may be written as an IPv4 address. */
function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

export type Range =
  | { readonly kind: 'range'; readonly from: Buffer; readonly to: Buffer }
  | { readonly kind: 'fault'; readonly reason: string };

/** The addresses from the one that is written to the last of its block, as AWS has it. */
export function cidrRange(text: string): Range {
  const fault = (reason: string): Range => ({ kind: 'fault', reason });
  const [address = '', mask, ...more] = text.split('/');
  if (mask === undefined || mask === '' || more.length > 0)
    return fault("Malformed CIDR, one '/' required");
  if (!/^[+-]?\d{1,9}$/.test(mask)) return fault('Malformed CIDR, mask bits must be an integer');
  const maskBits = Number(mask);
  if (maskBits < 0) return fault('Malformed CIDR, mask bits must not be negative');
  const from = addressBytes(address);
  if (from === undefined) return fault(`Nonstandard IP address: ${address}`);
  const bits = from.length * 8;
  if (maskBits >= bits) return fault(`IPv${bits === 32 ? 4 : 6} mask bits must be < ${bits}`);
  const to = Buffer.from(from);
  for (let bit = maskBits; bit < bits; bit++)
    to[bit >> 3] = (to[bit >> 3] as number) | (0x80 >> (bit & 7));
  return { kind: 'range', from, to };
}

export function isWithin(text: string, { from, to }: { from: Buffer; to: Buffer }): boolean {
  const bytes = addressBytes(text);
  if (bytes?.length !== from.length) return false;
  return Buffer.compare(bytes, from) >= 0 && Buffer.compare(bytes, to) <= 0;
}
