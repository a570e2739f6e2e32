import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foldCase } from './context.ts';

describe('names without case', () => {
  const rows: readonly (readonly [text: string, folded: string])[] = [
    ['aws:RequestTag/Key', 'aws:requesttag/key'],
    ['ÄÖ', 'äö'],
    ['ΣΑΣ', 'σασ'],
    // The Kelvin sign, the dotted capital I and the long s stay apart from k, i and s.
    ['\u212Aey', '\u212Aey'],
    ['\u0130d', '\u0130d'],
    ['\u017Fid', '\u017Fid'],
    // The Ångström sign is an å.
    ['\u212B', 'å'],
    ['𐐀', '𐐨'],
    ['', ''],
  ];
  for (const [text, folded] of rows)
    test(`${text} is ${folded}`, () => {
      assert.equal(foldCase(text), folded);
      assert.equal(foldCase(folded), folded);
    });

  test('no character outside ASCII becomes one inside', () => {
    for (let code = 0x80; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const folded = foldCase(String.fromCodePoint(code));
      for (const character of folded) assert.ok(character > '\x7f', code.toString(16));
    }
  });
});
