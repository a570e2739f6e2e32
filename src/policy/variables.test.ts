import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConditionValue } from './context.ts';
import { anyCharacter, anyText } from './pattern.ts';
import { substitute, templateParts } from './variables.ts';

const v = (inside: string): string => `\${${inside}}`;
const values: Readonly<Record<string, ConditionValue>> = {
  'aws:username': 'bo',
  'aws:principaltag/a b': '*',
  'aws:tagkeys': ['bo'],
  'x:nested': v('aws:username'),
  'x:empty': '',
};
const keys = (key: string): ConditionValue => values[key];
const both = { variables: true, wildcards: true };

function resolved(text: string, rules = both) {
  const parts = templateParts(text, rules);
  return parts === undefined ? 'malformed' : substitute(parts, keys);
}

describe('a policy variable', () => {
  test('becomes its value; key names have no case', () => {
    assert.deepEqual(resolved(`a/${v('aws:username')}/b`), ['a/bo/b']);
    assert.deepEqual(resolved(v('AWS:UserName')), ['bo']);
    assert.deepEqual(resolved(v('x:empty')), []);
  });

  test('brings literal characters, never wildcards or further variables', () => {
    assert.deepEqual(resolved(`*${v('aws:PrincipalTag/a b')}?`), [anyText, '*', anyCharacter]);
    assert.deepEqual(resolved(v('x:nested')), [v('aws:username')]);
  });

  test('of a star, question mark or dollar is that character', () => {
    assert.deepEqual(resolved(`${v('*')}${v('?')}${v('$')}{a}*`), [`*?${v('a')}`, anyText]);
  });

  test('has no value where the request has none, or several', () => {
    assert.equal(resolved(`a${v('aws:nothing')}`), undefined);
    assert.equal(resolved(v('aws:TagKeys')), undefined);
    assert.equal(resolved(v("aws:TagKeys, 'x'")), undefined);
    assert.equal(resolved(v('__proto__')), undefined);
  });

  test('takes its default where the request has no value', () => {
    assert.deepEqual(resolved(v("aws:nothing, 'x*, }'")), ['x*, }']);
    assert.deepEqual(resolved(v("aws:nothing,'x'")), ['x']);
    assert.deepEqual(resolved(v("aws:nothing, ''")), []);
    assert.deepEqual(resolved(v("aws:username, 'x'")), ['bo']);
    assert.deepEqual(resolved(v("x:empty, 'x'")), []);
  });

  test('is text in a document that has no variables', () => {
    const rules = { variables: false, wildcards: true };
    assert.deepEqual(resolved(v('aws:username'), rules), [v('aws:username')]);
    assert.deepEqual(resolved(v('*'), rules), ['${', anyText, '}']);
  });

  test('leaves stars alone where there are no wildcards', () => {
    const rules = { variables: true, wildcards: false };
    assert.deepEqual(resolved(`*?${v('aws:username')}`, rules), ['*?bo']);
  });

  const malformed = [
    '${',
    'a${aws:username',
    v(''),
    v(' aws:username'),
    v('aws:username '),
    v('a${b'),
    v("aws:username, 'x"),
    v("aws:username, x'"),
    v('aws:username, "x"'),
    v("aws:username, 'x' y"),
    v("aws:username 'x'"),
    v(", 'x'"),
    v('a*'),
  ];
  for (const text of malformed)
    test(`is malformed in ${text}`, () => assert.equal(resolved(text), 'malformed'));

  test('begins with a dollar and a brace; a dollar alone is a dollar', () => {
    assert.deepEqual(resolved('$a $ {b}$'), ['$a $ {b}$']);
  });
});
