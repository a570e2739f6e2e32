import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesEvent, readEvent } from './event-match.ts';
import { compilePattern, type EventPattern } from './event-pattern.ts';
import { literalsAt } from './pattern-literals.ts';

function compiled(pattern: unknown): EventPattern {
  const text = typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
  const result = compilePattern(text);
  if (result.kind === 'fault') throw new Error(result.reason);
  return result.pattern;
}

function isMatch(pattern: unknown, event: unknown): boolean {
  const read = readEvent(event);
  assert.ok(read !== undefined);
  return matchesEvent(compiled(pattern), read);
}

type Case = readonly [
  name: string,
  pattern: unknown,
  yes: readonly unknown[],
  no: readonly unknown[],
];

function check(cases: readonly Case[]): void {
  for (const [name, pattern, yes, no] of cases)
    test(name, () => {
      for (const event of yes)
        assert.equal(isMatch(pattern, event), true, `matches ${JSON.stringify(event)}`);
      for (const event of no)
        assert.equal(isMatch(pattern, event), false, `does not match ${JSON.stringify(event)}`);
    });
}

describe('A value in a pattern', () => {
  check([
    ['is one of a list', { a: ['x', 'y'] }, [{ a: 'x' }, { a: 'y', b: 1 }], [{ a: 'z' }, {}]],
    ['keeps to its case', { a: ['x'] }, [{ a: 'x' }], [{ a: 'X' }, { A: 'x' }]],
    ['has its type', { a: [1, true, null] }, [{ a: 1 }, { a: true }, { a: null }], [{ a: '1' }]],
    ['that is null is not one that is missing', { a: [null] }, [{ a: null }], [{}, { a: '' }]],
    ['may be empty', { a: [''] }, [{ a: '' }], [{ a: ' ' }, { a: null }]],
    ['that is a number is compared as one', { a: [1] }, [{ a: 1.0 }], [{ a: 1.5 }]],
    [
      'may lie deep',
      { detail: { b: { c: ['x'] } } },
      [{ detail: { b: { c: 'x' } } }],
      [{ detail: { b: 'x' } }, { detail: { c: 'x' } }],
    ],
    [
      'needs all the others',
      { a: ['x'], b: ['y'] },
      [{ a: 'x', b: 'y' }],
      [{ a: 'x' }, { b: 'y' }, { a: 'x', b: 'z' }],
    ],
    [
      'may be an address in another form',
      { ip: ['::1'] },
      [{ ip: '0:0:0:0:0:0:0:1' }],
      [{ ip: '::2' }],
    ],
  ]);
});

describe('Lists and dots in an event', () => {
  check([
    ['match by any element', { a: ['x'] }, [{ a: ['y', 'x'] }], [{ a: ['y'] }, { a: [] }]],
    ['in lists are elements too', { a: ['x'] }, [{ a: [['y'], [['x']]] }], [{ a: [[]] }]],
    [
      'match within one and the same object',
      { a: { b: [1], c: [2] } },
      [{ a: [{ b: 0 }, { b: 1, c: 2 }] }],
      [{ a: [{ b: 1 }, { c: 2 }] }],
    ],
    [
      'match within one and the same object, however deep',
      { a: { b: { c: [1], d: [2] } } },
      [
        {
          a: [
            {
              b: [
                { c: 1, d: 3 },
                { c: 1, d: 2 },
              ],
            },
          ],
        },
      ],
      [{ a: [{ b: [{ c: 1 }] }, { b: [{ d: 2 }] }] }],
    ],
    ['are steps, in the event', { a: { b: ['x'] } }, [{ 'a.b': 'x' }], [{ 'a.c': 'x' }]],
    [
      'are steps, in the pattern',
      { 'a.b': ['x'] },
      [{ a: { b: 'x' } }, { 'a.b': 'x' }],
      [{ a: 'x' }],
    ],
    ['may give a place two values', { a: { b: ['x'] } }, [{ a: { b: 'y' }, 'a.b': 'x' }], []],
  ]);
});

describe('An operator', () => {
  check([
    ['prefix', { a: [{ prefix: 'ab' }] }, [{ a: 'abc' }, { a: 'ab' }], [{ a: 'Ab' }, { a: 'a' }]],
    [
      'prefix of nothing is any text',
      { a: [{ prefix: '' }] },
      [{ a: '' }, { a: 'x' }],
      [{ a: 1 }, {}],
    ],
    [
      'prefix without case',
      { a: [{ prefix: { 'equals-ignore-case': 'aB' } }] },
      [{ a: 'Abc' }],
      [{ a: 'bab' }],
    ],
    ['suffix', { a: [{ suffix: '.png' }] }, [{ a: 'x.png' }], [{ a: 'x.PNG' }, { a: 'png' }]],
    [
      'suffix without case',
      { a: [{ suffix: { 'equals-ignore-case': '.PNG' } }] },
      [{ a: 'x.png' }],
      [{ a: 'x.jpg' }],
    ],
    [
      'equals-ignore-case',
      { a: [{ 'equals-ignore-case': 'aBc' }] },
      [{ a: 'AbC' }],
      [{ a: 'abcd' }],
    ],
    [
      'wildcard',
      { a: [{ wildcard: 'a*b*' }] },
      [{ a: 'ab' }, { a: 'axxbyy' }],
      [{ a: 'ac' }, { a: 'xab' }],
    ],
    [
      'wildcard with a star that is one',
      { a: [{ wildcard: 'a\\*\\\\*' }] },
      [{ a: 'a*\\' }, { a: 'a*\\z' }],
      [{ a: 'ab\\' }],
    ],
    [
      'wildcard between parts that could overlap',
      { a: [{ wildcard: 'aba*aba' }] },
      [{ a: 'abaaba' }],
      [{ a: 'ababa' }],
    ],
    [
      'numeric',
      { a: [{ numeric: ['>', 0, '<=', 5] }] },
      [{ a: 5 }, { a: 0.1 }],
      [{ a: 0 }, { a: 5.1 }, { a: '3' }],
    ],
    ['numeric equality', { a: [{ numeric: ['=', 3.0] }] }, [{ a: 3 }], [{ a: '3' }, { a: null }]],
    [
      'numeric at one side',
      { a: [{ numeric: ['<', -1e9] }] },
      [{ a: -2e9 }],
      [{ a: -1e9 }, { a: -6e9 }],
    ],
    [
      'cidr',
      { a: [{ cidr: '10.0.0.0/24' }] },
      [{ a: '10.0.0.255' }],
      [{ a: '10.0.1.0' }, { a: 'x' }, { a: 1 }],
    ],
    [
      'cidr of IPv6',
      { a: [{ cidr: '2001:db8::/32' }] },
      [{ a: '2001:DB8::1' }],
      [{ a: '2001:db9::1' }, { a: '10.0.0.1' }],
    ],
    [
      'exists',
      { a: [{ exists: true }] },
      [{ a: 1 }, { a: null }, { a: '' }],
      [{}, { a: {} }, { a: [] }],
    ],
    [
      'exists, of nothing',
      { a: [{ exists: false }] },
      [{}, { a: { b: 1 } }, { a: [] }],
      [{ a: null }],
    ],
    [
      'exists, of something deep',
      { a: { b: [{ exists: false }] } },
      [{ a: { c: 1 } }, { a: 1 }, {}],
      [{ a: { b: 1 } }],
    ],
    [
      'beside values',
      { a: ['x', { exists: false }, { prefix: 'y' }] },
      [{}, { a: 'x' }, { a: 'yz' }],
      [{ a: 'z' }],
    ],
  ]);
});

describe('anything-but', () => {
  check([
    [
      'a text',
      { a: [{ 'anything-but': 'x' }] },
      [{ a: 'y' }, { a: 1 }, { a: null }],
      [{ a: 'x' }, {}],
    ],
    ['a number', { a: [{ 'anything-but': 0 }] }, [{ a: 1 }, { a: '0' }], [{ a: 0 }, {}]],
    ['texts', { a: [{ 'anything-but': ['x', 'y'] }] }, [{ a: 'z' }], [{ a: 'y' }]],
    ['numbers', { a: [{ 'anything-but': [1, 2] }] }, [{ a: 3 }], [{ a: 2 }]],
    [
      'a beginning',
      { a: [{ 'anything-but': { prefix: 'x' } }] },
      [{ a: 'y' }, { a: 1 }],
      [{ a: 'xy' }, {}],
    ],
    [
      'beginnings',
      { a: [{ 'anything-but': { prefix: ['x', 'y'] } }] },
      [{ a: 'z' }],
      [{ a: 'yy' }],
    ],
    ['ends', { a: [{ 'anything-but': { suffix: ['x', 'y'] } }] }, [{ a: 'z' }], [{ a: 'zy' }]],
    [
      'a wildcard',
      { a: [{ 'anything-but': { wildcard: '*/lib/*' } }] },
      [{ a: '/bin/x' }],
      [{ a: '/lib/x' }],
    ],
    [
      'texts without their case',
      { a: [{ 'anything-but': { 'equals-ignore-case': ['x', 'y'] } }] },
      [{ a: 'z' }, { a: null }],
      [{ a: 'X' }, {}],
    ],
    [
      'one element of a list',
      { a: [{ 'anything-but': 'x' }] },
      [{ a: ['x', 'y'] }],
      [{ a: ['x'] }, { a: [] }],
    ],
  ]);
});

describe('$or', () => {
  check([
    ['at the top', { $or: [{ a: ['x'] }, { b: ['y'] }] }, [{ a: 'x' }, { b: 'y' }], [{ a: 'y' }]],
    [
      'below',
      { source: ['s'], detail: { $or: [{ a: [1] }, { b: [{ numeric: ['>', 1] }] }] } },
      [
        { source: 's', detail: { a: 1 } },
        { source: 's', detail: { b: 2 } },
      ],
      [{ source: 's', detail: { a: 2, b: 1 } }, { detail: { a: 1 } }],
    ],
    [
      'inside another',
      { $or: [{ a: [1], $or: [{ b: [1] }, { c: [1] }] }, { d: [1] }] },
      [{ a: 1, c: 1 }, { d: 1 }],
      [{ a: 1 }, { b: 1 }],
    ],
  ]);

  test('leads to a thousand combinations at most', () => {
    const two = (n: number) => [{ [`a${n}`]: [1] }, { [`b${n}`]: [1] }];
    const nested = (depth: number): object =>
      depth === 0 ? { z: [1] } : { below: nested(depth - 1), $or: two(depth) };
    assert.ok(isMatch(nested(9), eventOf(9)));
    assert.match(faultOf(nested(10)), /1000 combinations/);
  });

  const eventOf = (depth: number): object =>
    depth === 0 ? { z: 1 } : { below: eventOf(depth - 1), [`b${depth}`]: 1 };
});

function faultOf(pattern: unknown): string {
  const text = typeof pattern === 'string' ? pattern : JSON.stringify(pattern);
  const result = compilePattern(text);
  return result.kind === 'fault' ? result.reason : '';
}

describe('What is no pattern', () => {
  const cases: ReadonlyArray<readonly [unknown, RegExp]> = [
    ['', /Unexpected end-of-input/],
    ['{', /Unexpected end-of-input/],
    ['[]', /^Filter is not an object/],
    ['"a"', /^Filter is not an object/],
    ['{"a": nul}', /^Unrecognized token 'nul': was expecting/],
    [{}, /^Empty objects are not allowed/],
    [{ a: {} }, /^Empty objects are not allowed/],
    [{ a: [] }, /^Empty arrays are not allowed/],
    [{ a: 'x' }, /^"a" must be an object or an array/],
    [{ a: [['x']] }, /^Match value must be String, number, true, false, or null/],
    [{ a: [{ EXISTS: true }] }, /^Unrecognized match type EXISTS/],
    [{ a: [{ exists: 'true' }] }, /^exists match pattern must be either true or false/],
    [{ a: [{ prefix: 'a', suffix: 'b' }] }, /^Only one key allowed in match expression/],
    [{ a: [{ numeric: ['>', 1, '>', 2] }] }, /^Bad numeric range operator: >/],
    [{ a: [{ numeric: ['>', 5, '<', 1] }] }, /^Bottom must be less than top/],
    [{ a: [{ numeric: ['=', 5e10] }] }, /^Value must be between -5.0E9 and 5.0E9/],
    [{ a: [{ wildcard: 'a**' }] }, /^Consecutive wildcard characters at pos/],
    [{ a: [{ wildcard: 'a\\b' }] }, /^Invalid escape character at pos/],
    [{ a: [{ cidr: '10.0.0.0' }] }, /^Malformed CIDR, one '\/' required/],
    [{ a: [{ cidr: '10.0.0.0/33' }] }, /^IPv4 mask bits must be < 32/],
    [{ a: [{ 'anything-but': ['a', 1] }] }, /./],
    [{ $or: { a: ['x'] } }, /^It must be an Array followed with \$or/],
    [{ $or: [{ a: ['x'] }] }, /^There must have at least 2 Objects/],
    [{ $or: ['x', 'y'] }, /^Only JSON object is allowed in array of \$or/],
  ];
  for (const [pattern, reason] of cases)
    test(JSON.stringify(pattern), () => assert.match(faultOf(pattern), reason));

  test('says where, and shows no more than 500 characters of it', () => {
    const reason = faultOf({ a: Array(300).fill('xx'), b: [] });
    assert.match(reason, /; line: 1, column: \d+\]$/);
    assert.match(reason, /"\[truncated \d+ chars\]/);
    assert.ok(reason.length < 800);
  });
});

describe('Hostile patterns and events', () => {
  test('end soon', () => {
    const began = performance.now();
    const deep = `${'{"a":'.repeat(5_000)}["x"]${'}'.repeat(5_000)}`;
    compilePattern(deep);
    compilePattern(JSON.stringify({ a: [{ wildcard: `${'a*'.repeat(900)}b` }] }));
    compilePattern(JSON.stringify({ a: Array(1_000).fill({ wildcard: '*a' }) }));
    const lists = { a: Array(300).fill({ b: Array(300).fill({ c: [1] }) }) };
    assert.equal(isMatch({ a: { b: { c: [1], d: [2] } } }, lists), false);
    const long = { a: 'a'.repeat(200_000) };
    assert.equal(isMatch({ a: [{ wildcard: '*a*a*a*b' }] }, long), false);
    assert.ok(performance.now() - began < 3_000);
  });

  test('of an event that is nested too deep nothing is read', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`);
    assert.equal(readEvent({ a: deep }), undefined);
  });
});

describe('Any pattern of values', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const scalar = fc.constantFrom('x', 'y', 1, true, null);
  const event = fc.dictionary(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })));
  const pattern = fc.dictionary(name, fc.array(scalar, { minLength: 1, maxLength: 3 }), {
    minKeys: 1,
  });

  test('matches exactly the events that have one of the values at each place', () => {
    fc.assert(
      fc.property(pattern, event, (wanted, given) => {
        const expected = Object.entries(wanted).every(([place, values]) =>
          [given[place]].flat().some((value) => value !== undefined && values.includes(value)),
        );
        assert.equal(isMatch(wanted, given), expected);
      }),
    );
  });
});

describe('What a pattern lets through by plain values', () => {
  test('is known where it has nothing else', () => {
    const of = (pattern: unknown, ...path: string[]) => literalsAt(compiled(pattern), path);
    assert.deepEqual(of({ source: ['a', 'b'] }, 'source'), ['a', 'b']);
    assert.deepEqual(of({ detail: { x: ['a'] } }, 'detail', 'x'), ['a']);
    assert.deepEqual(of({ 'detail.x': ['a'] }, 'detail', 'x'), ['a']);
    assert.equal(of({ source: ['a', { prefix: 'b' }] }, 'source'), undefined);
    assert.equal(of({ source: [{ exists: false }] }, 'source'), undefined);
    assert.equal(of({ detail: { x: ['a'] } }, 'source'), undefined);
    assert.equal(of({ $or: [{ source: ['a'] }, { x: ['a'] }] }, 'source'), undefined);
    assert.deepEqual(of({ $or: [{ source: ['a'] }, { source: ['b'] }] }, 'source'), ['a', 'b']);
  });
});
