import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { expand, glob } from '../../test/policy/reference-text.ts';
import { anyCharacter, anyText, compilePattern, wildcardParts } from './pattern.ts';

const matches = (pattern: string, text: string): boolean =>
  compilePattern(wildcardParts(pattern))(text);

/** The same, character by character and by trying everything. */
function slow(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '*') return slow(rest, text) || (text.length > 0 && slow(pattern, text.slice(1)));
  const fits = text.length > 0 && (first === '?' || first === text[0]);
  return fits && slow(rest, text.slice(1));
}

describe('a pattern', () => {
  const rows: readonly (readonly [pattern: string, text: string, is: boolean])[] = [
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'a/b:c', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['?', '😀', true],
    ['??', '😀', false],
    ['*?', '😀', true],
    ['a*', 'ab', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a*', 'bab', true],
    ['*a*', 'bb', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab', 'AB', false],
    ['a.c', 'abc', false],
    ['[a-z]', 'b', false],
    ['(a|b)', 'a', false],
    ['a\\*', 'a*', false],
    ['a\nb*', 'a\nbc', true],
    ['**a**', 'xax', true],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'aab', false],
  ];
  for (const [pattern, text, is] of rows)
    test(`${JSON.stringify(pattern)} ${is ? 'matches' : "doesn't match"} ${JSON.stringify(text)}`, () =>
      assert.equal(matches(pattern, text), is));

  test('matches what trying everything matches', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '😀'), { maxLength: 8 });
    const wild = fc.array(fc.constantFrom('a', 'b', '😀', '*', '?'), { maxLength: 7 });
    fc.assert(
      fc.property(wild, letters, (pattern, text) => {
        assert.equal(matches(pattern.join(''), text.join('')), slow(pattern, text));
      }),
      { numRuns: 20_000 },
    );
  });

  test('that is long matches what one that remembers every step matches', () => {
    const letter = fc.constantFrom('a', 'a', 'b', '😀');
    const long = fc.array(letter, { minLength: 250, maxLength: 400 });
    const options = { variables: false, wildcards: true, lookup: () => undefined };
    // Cut out of the text, so that it mostly matches; one piece in many is left to chance.
    const wild = fc.constantFrom('*', '?', '*?', '?*', '*', '?', '*?', '?*', '*', '*?', '*bbab');
    const cut = fc.tuple(fc.integer({ min: 10, max: 30 }), wild);
    const cuts = fc.array(cut, { minLength: 3, maxLength: 12 });
    const counts = { matched: 0, not: 0 };
    fc.assert(
      fc.property(long, cuts, (characters, all) => {
        const text = characters.join('');
        let from = 0;
        const pieces = all.map(([length, wildcards]) => {
          const piece = characters.slice(from, from + length).join('');
          from += length + (wildcards === '?' ? 1 : length % 3) + (wildcards === '*' ? 0 : 1);
          return piece + wildcards;
        });
        const pattern = `${pieces.join('')}*`;
        const is = matches(pattern, text);
        counts[is ? 'matched' : 'not']++;
        assert.equal(is, glob(expand(pattern, options).tokens, text));
      }),
      { numRuns: 400 },
    );
    assert.ok(counts.matched > 40 && counts.not > 40, JSON.stringify(counts));
  });

  test('that is long tells halves of characters from whole ones', () => {
    const text = `${'a'.repeat(5_000)}\ud83d`;
    assert.equal(matches('*a*a?', text), true);
    assert.equal(matches('*a*a?', `${'a'.repeat(5_000)}😀`), true);
    assert.equal(matches('*a*a??', `${'b'.repeat(5_000)}a😀`), false);
    assert.equal(matches('*a*a😀', text), false);
    assert.equal(matches('*a*a😀', `${'a'.repeat(5_000)}😀`), true);
  });

  test('takes a literal star from a part as a star', () => {
    const pattern = compilePattern(['*?', anyText, '?', anyCharacter]);
    assert.equal(pattern('*?abc?d'), true);
    assert.equal(pattern('xyabc?d'), false);
  });

  test('of stars and almost what stands there is decided in text × pattern steps', () => {
    const text = 'a'.repeat(20_000);
    const begin = performance.now();
    assert.equal(matches(`${'*a'.repeat(1_000)}b`, text), false);
    assert.equal(matches(`${'a*'.repeat(1_000)}b`, text), false);
    assert.equal(matches(`${'?*'.repeat(1_000)}b`, text), false);
    assert.equal(matches(`*${'a'.repeat(1_000)}b*`, text), false);
    assert.equal(matches(`*${'?'.repeat(1_000)}b*`, text), false);
    // A matcher that tries everything takes ages of the universe; this takes some 40 ms.
    assert.ok(performance.now() - begin < 2_000);
  });
});
