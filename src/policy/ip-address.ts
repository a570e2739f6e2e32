/** IP addresses and ranges (RFC 4291, RFC 4632) for the IpAddress operators. */

/** 32-bit words, most significant first: one for IPv4, four for IPv6. */
export type Address = readonly number[];

export interface AddressRange {
  readonly address: Address;
  readonly prefixBits: number;
}

/**
 * undefined: no address. An IPv4 address in IPv6's clothes (::ffff:192.0.2.1), as a socket that
 * hears both families reports it, is the IPv4 address; otherwise a range would miss it.
 */
export function parseAddress(text: string): Address | undefined {
  const address = text.includes(':') ? parseV6(text) : parseV4(text);
  return address !== undefined && isMapped(address) ? [address[3] as number] : address;
}

/** An address is a range of one. undefined: no range. */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) {
    const address = parseAddress(text);
    return address === undefined ? undefined : { address, prefixBits: address.length * 32 };
  }
  const written = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  const full = written.includes(':') ? parseV6(written) : parseV4(written);
  if (full === undefined || !/^(0|[1-9][0-9]{0,2})$/.test(bits)) return undefined;
  const prefixBits = Number(bits);
  if (prefixBits > full.length * 32) return undefined;
  if (isMapped(full) && prefixBits >= 96)
    return { address: [full[3] as number], prefixBits: prefixBits - 96 };
  return { address: full, prefixBits };
}

/** Addresses of the other family are never within. */
export function isWithin(address: Address, { address: base, prefixBits }: AddressRange): boolean {
  if (address.length !== base.length) return false;
  for (let word = 0; word * 32 < prefixBits; word++) {
    const bits = Math.min(32, prefixBits - word * 32);
    const difference = ((address[word] as number) ^ (base[word] as number)) >>> 0;
    if (difference >>> (32 - bits) !== 0) return false;
  }
  return true;
}

function isMapped(address: Address): boolean {
  return address.length === 4 && address[0] === 0 && address[1] === 0 && address[2] === 0x0000_ffff;
}

const octet = /^(0|[1-9][0-9]{0,2})$/;

function parseV4(text: string): Address | undefined {
  const octets = text.split('.', 5);
  if (octets.length !== 4) return undefined;
  if (!octets.every((part) => octet.test(part) && Number(part) <= 255)) return undefined;
  return [octets.reduce((word, part) => word * 256 + Number(part), 0)];
}

function parseV6(text: string): Address | undefined {
  const halves = text.split('::', 3);
  if (text.length > 45 || halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for one group at least.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return [0, 2, 4, 6].map((i) => (groups[i] as number) * 0x1_0000 + (groups[i + 1] as number));
}

/** 16-bit groups; the last two may be written as an IPv4 address where `isEnd`. */
function groupsOf(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':', 9);
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const [word] = isEnd && i === parts.length - 1 ? (parseV4(part) ?? []) : [];
    if (word === undefined) return undefined;
    groups.push(Math.floor(word / 0x1_0000), word % 0x1_0000);
  }
  return groups;
}
