import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jsonMember } from './secret-json.ts';

const secret = `{"user":"ann","port":5432,"id":12345678901234567890,"small":1.50,"on":true,
  "deep":{"n":1e3,"s":"x"},"list":[1,"a"],"none":null,"":"empty name","__proto__":"own"}`;

describe('a key of a JSON secret', () => {
  test('holds a text as it is, and anything else as JSON with its digits as they are written', () => {
    const expected: Readonly<Record<string, string>> = {
      user: 'ann',
      port: '5432',
      id: '12345678901234567890',
      small: '1.50',
      on: 'true',
      deep: '{"n":1e3,"s":"x"}',
      list: '[1,"a"]',
      '': 'empty name',
    };
    for (const [key, text] of Object.entries(expected))
      assert.deepEqual(jsonMember(secret, key), { kind: 'found', text }, key);
    assert.deepEqual(jsonMember(secret, '__proto__'), { kind: 'found', text: 'own' });
  });

  test('is not there: the reason says the key, nothing of the value', () => {
    for (const key of ['missing', 'none', 'toString', 'constructor', 'USER']) {
      const member = jsonMember(secret, key);
      assert.equal(member.kind, 'none', key);
      assert.ok(member.kind === 'none' && member.why.includes(key));
      assert.ok(!/ann|5432/.test(JSON.stringify(member)));
    }
  });

  test('is looked for in objects only', () => {
    for (const other of ['plain-password', '"text"', '[1]', 'null', '12', '', '{"a":1,}'])
      assert.deepEqual(jsonMember(other, 'a'), {
        kind: 'none',
        why: 'The secret is not a JSON object',
      });
  });
});
