import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isWithin, parseAddress, parseRange } from './ip-address.ts';

function within(address: string, range: string): boolean {
  const parsed = [parseAddress(address), parseRange(range)] as const;
  assert.ok(parsed[0] !== undefined && parsed[1] !== undefined);
  return isWithin(parsed[0], parsed[1]);
}

describe('an address range', () => {
  const rows: readonly (readonly [range: string, inside: readonly string[], outside: string[]])[] =
    [
      ['203.0.113.0/24', ['203.0.113.0', '203.0.113.255'], ['203.0.112.255', '203.0.114.0', '::1']],
      ['203.0.113.7', ['203.0.113.7'], ['203.0.113.6', '203.0.113.8']],
      ['203.0.113.7/31', ['203.0.113.6', '203.0.113.7'], ['203.0.113.5', '203.0.113.8']],
      ['255.255.255.255/1', ['128.0.0.0', '255.0.0.1'], ['127.255.255.255']],
      ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'], ['::', '::1.2.3.4']],
      ['::/0', ['::', '2001:db8::1'], ['1.2.3.4', '::ffff:1.2.3.4']],
      ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::', '2001:db7:ffff::']],
      ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
      ['2001:db8::1', ['2001:0db8:0:0:0:0:0:1'], ['2001:db8::2', '2001:db8:1::1']],
      ['::ffff:10.0.0.0/104', ['10.255.0.1', '::ffff:a00:1'], ['11.0.0.0']],
      ['::ffff:10.0.0.1', ['10.0.0.1'], ['10.0.0.2']],
      ['10.0.0.0/8', ['10.1.2.3', '::FFFF:10.1.2.3'], ['::ffff:11.0.0.1', '::10.1.2.3']],
    ];
  for (const [range, inside, outside] of rows)
    test(`${range} holds what is in it and nothing else`, () => {
      for (const address of inside) assert.ok(within(address, range), address);
      for (const address of outside) assert.ok(!within(address, range), address);
    });

  const none = ['', '/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0/8'];
  for (const text of [
    ...none,
    '::/129',
    '::/1e1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    'fe80::1%eth0/64',
  ])
    test(`${text} is none`, () => assert.equal(parseRange(text), undefined));
});

describe('an address', () => {
  test('is one where the standard library says so', () => {
    const v4 = fc.ipV4();
    const v6 = fc.ipV6();
    const pieces = fc.array(
      fc.constantFrom('0', '1', 'ff', 'ffff', ':', '::', '.', '1.2.3.4', 'g'),
      {
        maxLength: 12,
      },
    );
    const near = pieces.map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(v4, v6, near), (text) => {
        assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, text);
      }),
      { numRuns: 5_000 },
    );
  });

  const none = [
    '010.0.0.1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.4 ',
    '0x1.2.3.4',
    '16909060',
  ];
  for (const text of [...none, ':', ':::', '1::2::3', '::1%lo', '12345::', '1:2:3:4:5:6:7:8:9'])
    test(`${text} is none`, () => assert.equal(parseAddress(text), undefined));
});
