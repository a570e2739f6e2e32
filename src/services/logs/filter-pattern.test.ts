/** Which messages a filter pattern finds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePattern } from './filter-pattern.ts';

describe('a pattern', () => {
  const cases: Array<[pattern: string | undefined, message: string, found: boolean]> = [
    [undefined, 'anything', true],
    ['', 'anything', true],
    ['  ', 'anything', true],
    ['ERROR', 'an ERROR came', true],
    ['ERROR', 'an error came', false],
    ['ERROR came', 'came ERROR', true],
    ['ERROR went', 'an ERROR came', false],
    ['"an ERROR"', 'an ERROR came', true],
    ['"ERROR an"', 'an ERROR came', false],
    ['"say \\"no\\""', 'they say "no"', true],
    ['ERROR -came', 'an ERROR came', false],
    ['-"an ERROR"', 'no ERROR', true],
    ['?WARN ?ERROR', 'an ERROR', true],
    ['?WARN ?ERROR', 'an INFO', false],
    ['"', 'a " b', true],
    ['(a+)+$', 'a (a+)+$ b', true],
  ];
  for (const [pattern, message, found] of cases)
    test(`${pattern} ${found ? 'finds' : 'does not find'} ${message}`, () => {
      assert.equal(compilePattern(pattern)(message), found);
    });
  test('of JSON members or fields is refused', () => {
    for (const pattern of ['{ $.level = "ERROR" }', '[ip, user]', '%regex%'])
      assert.throws(() => compilePattern(pattern), { code: 'InvalidParameterException' });
  });
});
