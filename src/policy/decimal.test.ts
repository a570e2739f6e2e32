import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareDecimals, type Decimal, parseDecimal } from './decimal.ts';

function parsed(text: string): Decimal {
  const decimal = parseDecimal(text);
  assert.ok(decimal !== undefined, text);
  return decimal;
}

const compare = (a: string, b: string): number => Math.sign(compareDecimals(parsed(a), parsed(b)));

describe('decimal numbers', () => {
  const rows: readonly (readonly [string, string, number])[] = [
    ['7', '7', 0],
    ['7', '07.00', 0],
    ['+7', '7', 0],
    ['0', '-0.00', 0],
    ['0e5', '0', 0],
    ['1e1', '10', 0],
    ['1.5e-3', '0.0015', 0],
    ['9', '10', -1],
    ['-9', '-10', 1],
    ['-1', '1', -1],
    ['-1', '0', -1],
    ['0.1', '0.09', 1],
    ['0.30000000000000004', '0.3', 1],
    ['9007199254740993', '9007199254740992', 1],
    ['99999999999999999999.1', '99999999999999999999.10', 0],
    ['1e999999', '2', 1],
    ['1e-999999', '0', 1],
  ];
  for (const [a, b, order] of rows)
    test(`${a} is ${['less than', 'equal to', 'greater than'][order + 1]} ${b}`, () => {
      assert.equal(compare(a, b), order);
      assert.equal(compare(b, a), order === 0 ? 0 : -order);
    });

  test('compare as integers do', () => {
    const integer = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        assert.equal(compare(`${a}`, `${b}`), a < b ? -1 : a > b ? 1 : 0);
        assert.equal(compare(`${a}.5`, `${a}.50`), 0);
      }),
    );
  });

  const none = ['', ' 7', '7 ', '.5', '5.', '1,000', '0x10', '1e', 'e5', '--1', 'NaN', 'Infinity'];
  for (const text of [...none, '٣', '1e9999999', '9'.repeat(1_001)])
    test(`${JSON.stringify(text.slice(0, 20))} is none`, () =>
      assert.equal(parseDecimal(text), undefined));
});
