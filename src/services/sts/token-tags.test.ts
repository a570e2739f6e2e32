import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tagsInToken } from './token-tags.ts';

const tagsClaim = 'https://aws.amazon.com/tags';
const sourceClaim = 'https://aws.amazon.com/source_identity';
const read = (claims: Record<string, unknown>) =>
  tagsInToken({ sub: 's', aud: 'a', ...(claims as object) });

describe('the tags that a token brings along', () => {
  test('are none in an ordinary token', () => {
    assert.deepEqual(read({}), { Tags: [], TransitiveTagKeys: [], sourceIdentity: undefined });
  });

  test('are lists of one, or texts; transitive keys a list', () => {
    const tags = { principal_tags: { a: ['1'], b: '' }, transitive_tag_keys: ['a'] };
    assert.deepEqual(read({ [tagsClaim]: tags, [sourceClaim]: 'alice@example.com' }), {
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '' },
      ],
      TransitiveTagKeys: ['a'],
      sourceIdentity: 'alice@example.com',
    });
  });

  test('are bounded as those of AssumeRole', () => {
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ['v']]));
    const wrongs: Record<string, unknown>[] = [
      { [tagsClaim]: 'x' },
      { [tagsClaim]: [] },
      { [tagsClaim]: { principal_tags: [] } },
      { [tagsClaim]: { principal_tags: { a: [] } } },
      { [tagsClaim]: { principal_tags: { a: ['1', '2'] } } },
      { [tagsClaim]: { principal_tags: { a: [1] } } },
      { [tagsClaim]: { principal_tags: { '': ['1'] } } },
      { [tagsClaim]: { principal_tags: { ['x'.repeat(129)]: ['1'] } } },
      { [tagsClaim]: { principal_tags: { a: ['x'.repeat(257)] } } },
      { [tagsClaim]: { principal_tags: { a: ['<'] } } },
      { [tagsClaim]: { principal_tags: many } },
      { [tagsClaim]: { transitive_tag_keys: [1] } },
      { [tagsClaim]: { transitive_tag_keys: Array(51).fill('a') } },
      { [sourceClaim]: 'a' },
      { [sourceClaim]: 'x'.repeat(65) },
      { [sourceClaim]: 'a b' },
      { [sourceClaim]: null },
    ];
    for (const claims of wrongs)
      assert.throws(() => read(claims), /could not be validated/, JSON.stringify(claims));
  });
});
