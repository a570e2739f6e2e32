/**
 * Which addresses an endpoint that only a caller has named may lead to: public ones. Otherwise
 * whoever may create key stores could make this server speak to its own network, or to the
 * credential service of the machine's cloud (169.254.169.254).
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Not global by the IANA special-purpose registries (RFC 6890 and its successors). */
const closed = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  closed.addSubnet(network, prefix, 'ipv4');

/** Of IPv6 only global unicast is open, without what leads on to IPv4 or is set aside. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  closed.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address is one that everybody can reach. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !closed.check(address, 'ipv4');
  if (version !== 6) return false;
  return globalUnicast.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}

export class AddressNotAllowed extends Error {
  override name = 'AddressNotAllowed';
}

/**
 * Looks a name up as a socket does when it connects, and gives it public addresses only: what is
 * checked is what is connected to, however the name's records change.
 */
export const lookUpPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error !== null) {
      callback(error, '');
      return;
    }
    const open = found.filter(({ address }) => isPublicAddress(address));
    const [first] = open;
    if (first === undefined) {
      const addresses = found.map(({ address }) => address).join(', ');
      callback(new AddressNotAllowed(`${hostname} is at ${addresses}, which is not public`), '');
    } else if (options.all === true) callback(null, open);
    else callback(null, first.address, first.family);
  });
};
