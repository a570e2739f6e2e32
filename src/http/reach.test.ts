import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isReachable, type Reach } from './reach.ts';

const reaches: readonly Reach[] = ['public', 'private', 'any'];
/** Which of them let an address be called. */
const lets = (address: string): readonly Reach[] =>
  reaches.filter((reach) => isReachable(address, reach));

describe('An address', () => {
  const cases: ReadonlyArray<readonly [string, readonly Reach[], readonly string[]]> = [
    [
      'of the world is called by all',
      ['public', 'private', 'any'],
      ['93.184.216.34', '2606:2800:220:1::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '172.32.0.1'],
    ],
    [
      'of the house is called where that is said',
      ['private', 'any'],
      [
        '10.0.0.1',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        '100.64.0.1',
        'fd12:3456::1',
        '::ffff:10.0.0.1',
        '::ffff:a00:1',
        '64:ff9b::10.0.0.1',
        '2002:a00:1::1',
      ],
    ],
    [
      'of this machine is called where all are',
      ['any'],
      [
        '127.0.0.1',
        '127.9.9.9',
        '::1',
        '::ffff:127.0.0.1',
        '::127.0.0.1',
        '64:ff9b::7f00:1',
        '2002:7f00:1::',
      ],
    ],
    [
      'at which a cloud tells secrets, or that is no one machine, is never called',
      [],
      [
        '169.254.169.254',
        '169.254.170.2',
        '::ffff:169.254.169.254',
        '::ffff:a9fe:a9fe',
        '64:ff9b::169.254.169.254',
        '2002:a9fe:a9fe::1',
        '::169.254.169.254',
        'fe80::1',
        'fd00:ec2::254',
        'fd20:ce::254',
        '100.100.100.200',
        '168.63.129.16',
        '192.0.0.192',
        '0.0.0.0',
        '::',
        '224.0.0.1',
        '239.1.1.1',
        '255.255.255.255',
        'ff02::1',
        '2001:0:1::1',
        '2001:db8::1',
        '3fff::1',
        '203.0.113.9',
        '100::1',
        '4000::1',
        '::8.8.8.8',
        'fec0::1',
      ],
    ],
  ];
  for (const [name, expected, addresses] of cases)
    test(name, () => {
      for (const address of addresses) assert.deepEqual(lets(address), expected, address);
    });
});
