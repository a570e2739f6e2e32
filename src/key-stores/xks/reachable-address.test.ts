import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressNotAllowed, isPublicAddress, lookUpPublic } from './reachable-address.ts';

/** RFC 6890 and its successors, one of each network. */
const closed = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:8.8.8.8',
  '64:ff9b::a00:1',
  '100::1',
  '2001:db8::1',
  '2001::1',
  '2002:a00:1::',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'ff02::1',
];
const open = [
  '8.8.8.8',
  '52.95.110.1',
  '172.32.0.1',
  '100.128.0.1',
  '2600:1f00::1',
  '2a05:d000::1',
];

test('addresses of private, local and reserved networks are not public', () => {
  for (const address of closed) assert.equal(isPublicAddress(address), false, address);
});
test('addresses that everybody can reach are', () => {
  for (const address of open) assert.equal(isPublicAddress(address), true, address);
});
test('names and nonsense are no addresses', () => {
  for (const text of ['localhost', '', '8.8.8', '0x08080808', '8.8.8.8:443'])
    assert.equal(isPublicAddress(text), false, text);
});
test('a name that leads to this machine is not connected to', async () => {
  for (const all of [true, false]) {
    const error = await new Promise((resolve) =>
      lookUpPublic('localhost', { all }, (failure) => resolve(failure)),
    );
    assert.ok(error instanceof AddressNotAllowed);
    assert.match(error.message, /localhost is at .*(127\.0\.0\.1|::1)/);
  }
});
