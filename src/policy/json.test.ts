import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type JsonNode, maxTextChars, parseJson } from './json.ts';

function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'string':
      return node.value;
    case 'number':
      return Number(node.value);
    case 'boolean':
      return node.value;
    case 'null':
      return null;
    case 'array':
      return node.items.map(plain);
    case 'object':
      return new Map([...node.members].map(([name, member]) => [name, plain(member)]));
  }
}

function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, asMaps(member)]));
}

function reasonOf(text: string): string {
  const node = parseJson(text);
  return node.kind === 'fault' ? node.reason : 'read';
}

describe('the JSON reader', () => {
  test('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(4), (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        if (!text.isWellFormed() || /\\ud[89a-f]/.test(text)) return;
        const node = parseJson(text);
        assert.ok(node.kind !== 'fault', text);
        assert.deepEqual(plain(node), asMaps(JSON.parse(text)));
      }),
    );
  });

  test('takes a text only if JSON.parse takes it', () => {
    const near = fc.array(fc.constantFrom(...'{}[]:,"\\utrnf0-1.eE +*\n\t/'), { maxLength: 12 });
    fc.assert(
      fc.property(near, (characters) => {
        const text = characters.join('');
        if (parseJson(text).kind !== 'fault') JSON.parse(text);
      }),
      { numRuns: 3_000 },
    );
  });

  test('keeps numbers as they are written', () => {
    for (const text of ['0', '-1', '1.0', '1e3', '12345678901234567890.10'])
      assert.deepEqual(parseJson(text), { kind: 'number', value: text });
  });

  test('knows where objects stand', () => {
    const node = parseJson(' [ {"a": 1} ,{}]');
    assert.ok(node.kind === 'array');
    const places = node.items.map((item) => item.kind === 'object' && [item.start, item.end]);
    assert.deepEqual(places, [
      [3, 11],
      [13, 15],
    ]);
  });

  const refused: Readonly<Record<string, string>> = {
    '': 'a value is missing',
    '{"a":1,"a":1}': 'a member stands twice',
    '{"a":1,"\\u0061":1}': 'a member stands twice',
    '{"a":{"b":1,"b":2}}': 'a member stands twice',
    '"\\ud800"': 'half a character',
    '"\\ud83d\\u0041"': 'half a character',
    '{} {}': 'text behind the value',
    '\ufeff{}': 'a value is missing',
    '"\u0001"': '" is missing',
    '"\\x"': 'an unknown escape',
    '01': 'text behind the value',
    '[1,]': 'a value is missing',
    '{"a":1,}': 'a member name is missing',
    "{'a':1}": 'a member name is missing',
    '// a\n1': 'a value is missing',
    NaN: 'a value is missing',
    '{"a" 1}': ': is missing',
    '[1 2]': ', is missing',
    '"a': '" is missing',
  };
  for (const [text, reason] of Object.entries(refused))
    test(`refuses ${JSON.stringify(text)}`, () => assert.equal(reasonOf(text), reason));

  test('refuses depth and length beyond its bounds', () => {
    assert.equal(reasonOf('['.repeat(16) + ']'.repeat(16)), 'read');
    assert.equal(reasonOf('['.repeat(17) + ']'.repeat(17)), 'nested too deeply');
    assert.equal(reasonOf('['.repeat(100_000)), 'nested too deeply');
    const longest = `"${'a'.repeat(maxTextChars - 2)}"`;
    assert.equal(reasonOf(longest), 'read');
    assert.equal(reasonOf(`${longest} `), 'too long');
  });

  test('a member named as Object.prototype has one is a member', () => {
    const node = parseJson('{"__proto__":1,"constructor":2,"toString":3}');
    assert.ok(node.kind === 'object');
    assert.deepEqual([...node.members.keys()], ['__proto__', 'constructor', 'toString']);
  });
});
