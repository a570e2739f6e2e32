/** AWS's Java patterns as JavaScript's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { models } from '../../test/wire-requests.ts';
import type { Shape } from '../model/schema.ts';
import { javaPattern } from './pattern.ts';

/** Every pattern that a request can meet. */
function patternsInUse(): Set<string> {
  const found = new Set<string>();
  const walk = (shape: Shape): void => {
    if (shape.type === 'string' && shape.pattern !== undefined) found.add(shape.pattern);
    if (shape.type === 'list') walk(shape.member);
    if (shape.type === 'map') for (const part of [shape.key, shape.value]) walk(part);
    if (shape.type === 'structure') Object.values(shape.members).forEach(walk);
  };
  for (const model of models.values())
    for (const { input } of model.operations.values()) if (input !== undefined) walk(input);
  return found;
}

describe('a pattern', () => {
  const cases: Array<[pattern: string, text: string, matches: boolean]> = [
    ['[\\w+=,.@-]*', 'a-b_c@d', true],
    ['[\\w+=,.@-]*', 'a:b', false],
    ['[\\w+=,.@-]*', 'a\n', false],
    ['^\\p{ASCII}+$', 'alias/x', true],
    ['^\\p{ASCII}+$', 'alias/é', false],
    ['^\\p{ASCII}+$', '', false],
    ['^[a-zA-Z0-9-_.]+$', 'a-b_c.d', true],
    ['^[a-zA-Z0-9-_.]+$', 'a/b', false],
    ['^[a-zA-Z0-9:/_\\s.-]+$', 'a b\tc', true],
    ['^[a-zA-Z0-9:/_\\s.-]+$', 'a\u00a0b', false],
    ['[\\w+=,.@\\:-]*', 'a:b', true],
    ['^(/[a-z]+/v\\d{1,2})$|^(/kms/v\\d{1,2})$', '/kms/v1', true],
    ['^(/[a-z]+/v\\d{1,2})$|^(/kms/v\\d{1,2})$', '/kms/v1/x', false],
    ['[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+', '{"a":"ÿ"}\r\n', true],
    ['[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+', 'Ā', false],
    ['[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+', 'Größe 1-2', true],
    ['\\-a', '-a', true],
  ];
  for (const [pattern, text, matches] of cases) {
    test(`${pattern} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
      assert.equal(javaPattern(pattern).test(text), matches);
    });
  }
  test('of the models compiles, each one', () => {
    const patterns = patternsInUse();
    assert.ok(patterns.size > 20);
    for (const pattern of patterns) javaPattern(pattern);
  });
  test('of the models takes time in proportion to the text, whatever the text', () => {
    const starts = ['', 'https://', 'arn:aws:a:b:111111111111:', 'com.amazonaws.vpce.', '/'];
    const units = ['a', 'a-', 'a.', '0', '-', '/', ':', 'a0-', '/kms/xks/v1', ' ', 'é', '.'];
    for (const pattern of patternsInUse()) {
      const compiled = javaPattern(pattern);
      for (const start of starts) {
        for (const unit of units) {
          const text = `${start}${unit.repeat(200_000 / unit.length)}!\n`;
          const began = performance.now();
          compiled.test(text);
          const tookMs = performance.now() - began;
          assert.ok(tookMs < 200, `${pattern} took ${tookMs} ms on ${start}${unit}…`);
        }
      }
    }
  });
});
