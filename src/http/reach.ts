/**
 * Which addresses the server calls when users say where: what is the world's, what is the house's,
 * what is this machine, and what nobody may be sent to through it.
 */
import { BlockList, isIP } from 'node:net';

/** `private` has the public addresses too, `any` all but those that are forbidden. */
export type Reach = 'public' | 'private' | 'any';

type Kind = 'forbidden' | 'loopback' | 'private';

/**
 * Forbidden are the addresses at which clouds tell a machine's own secrets, and those that name no
 * one machine (the IANA special-purpose registries of RFC 6890).
 */
const ranges: Readonly<Record<Kind, readonly string[]>> = {
  forbidden: [
    '0.0.0.0/8',
    '169.254.0.0/16',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    // Metadata of clouds that have it elsewhere.
    '100.100.100.200/32',
    '168.63.129.16/32',
    'fd00:ec2::/32',
    'fd20:ce::254/128',
    // Of global unicast what is set aside, or hides an address that can't be judged (Teredo).
    '2001::/23',
    '2001:db8::/32',
    '3fff::/20',
  ],
  loopback: ['127.0.0.0/8', '::1/128'],
  private: [
    '10.0.0.0/8',
    '100.64.0.0/10',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '198.18.0.0/15',
    'fc00::/7',
  ],
};

/** `::1` lies among the addresses that are compatible with `0.0.0.0/8`, so it comes first. */
const kinds = (['loopback', 'forbidden', 'private'] as const).map(
  (kind) => [kind, listOf(ranges[kind])] as const,
);

/** What of IPv6 is public when it is nothing else: global unicast, and IPv4 as IPv6 spells it. */
const openIPv6 = listOf(['2000::/3', '::ffff:0:0/96', '64:ff9b::/96']);

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', bits = ''] = subnet.split('/');
    if (isIP(address) === 6) list.addSubnet(address, Number(bits), 'ipv6');
    else addIPv4(list, address, Number(bits));
  }
  return list;
}

/** Also as IPv6 spells it: mapped (which the list knows), by NAT64, by 6to4, compatible. */
function addIPv4(list: BlockList, address: string, bits: number): void {
  list.addSubnet(address, bits, 'ipv4');
  list.addSubnet(`64:ff9b::${address}`, 96 + bits, 'ipv6');
  list.addSubnet(`::${address}`, 96 + bits, 'ipv6');
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const group = (high: number, low: number): string => (high * 256 + low).toString(16);
  list.addSubnet(`2002:${group(a, b)}:${group(c, d)}::`, 16 + bits, 'ipv6');
}

function kindOf(address: string): Kind | 'public' {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  for (const [kind, list] of kinds) if (list.check(address, family)) return kind;
  return family === 'ipv4' || openIPv6.check(address, family) ? 'public' : 'forbidden';
}

/** `address`: an IP address as text. */
export function isReachable(address: string, reach: Reach): boolean {
  const kind = kindOf(address);
  if (kind === 'forbidden') return false;
  return kind === 'public' || reach === 'any' || kind === reach;
}
