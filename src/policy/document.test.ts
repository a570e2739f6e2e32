import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from './document.ts';

const good = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };
const text = (statement: unknown, more = {}): string =>
  JSON.stringify({ Version: '2012-10-17', ...more, Statement: statement });

function faultOf(document: string): string {
  const parsed = parsePolicy(document);
  return parsed.kind === 'fault' ? parsed.fault.code : 'none';
}

function policyOf(document: string) {
  const parsed = parsePolicy(document);
  assert.ok(parsed.kind === 'policy', JSON.stringify(parsed));
  return parsed.policy;
}

describe('a document', () => {
  test('of one statement may do without the list', () => {
    assert.equal(policyOf(text(good)).statements.length, 1);
    assert.equal(policyOf(text([good, good])).statements.length, 2);
    assert.equal(policyOf(text([])).statements.length, 0);
  });

  test('without a version is of 2008', () => {
    assert.equal(policyOf(JSON.stringify({ Statement: good })).version, '2008-10-17');
    assert.equal(policyOf(text(good, { Version: '2008-10-17' })).version, '2008-10-17');
    assert.equal(policyOf(text(good)).version, '2012-10-17');
  });

  test('knows the line and column of each statement', () => {
    const written = `{
  "Statement" : [ {
    "Effect": "Allow"
  }, {"Effect":"Deny"},

      { "Sid": "a\\n\\"{b", "Effect":
"Deny" } ]
}`;
    const places = policyOf(written).statements.map(({ start, end }) => [
      [start.line, start.column],
      [end.line, end.column],
    ]);
    assert.deepEqual(places, [
      [
        [2, 19],
        [4, 4],
      ],
      [
        [4, 6],
        [4, 23],
      ],
      [
        [6, 7],
        [7, 9],
      ],
    ]);
  });

  test('is frozen to its last pattern', () => {
    const { policy } = parsePolicy(
      text({
        ...good,
        Principal: { AWS: '*' },
        Condition: { StringLike: { 'a:b': ['c', 'd'] } },
      }),
    ) as { policy: unknown };
    const seen: unknown[] = [];
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      assert.ok(Object.isFrozen(value), JSON.stringify(value));
      seen.push(value);
      Object.values(value).forEach(check);
    };
    check(policy);
    assert.ok(seen.length > 20);
  });

  test('has Allows and Denies in their order', () => {
    const statements = ['Deny', 'Allow', 'Deny'].map((Effect) => ({ ...good, Effect }));
    const policy = policyOf(text(statements));
    assert.deepEqual(
      [policy.allows.map((s) => s.index), policy.denies.map((s) => s.index)],
      [[1], [0, 2]],
    );
  });

  test('may have statements that do nothing', () => {
    for (const inert of [{ Effect: 'Allow' }, { ...good, Action: [] }, { ...good, Resource: [] }])
      assert.equal(faultOf(text(inert)), 'none');
  });

  test('takes numbers and booleans as values of conditions, as they are written', () => {
    const condition = '{"NumericLessThan":{"a:b":3600.50},"Bool":{"a:c":true}}';
    const document = `{"Statement":{"Effect":"Allow","Condition":${condition}}}`;
    const [statement] = policyOf(document).statements;
    assert.deepEqual(
      statement?.conditions.map(({ values }) => values),
      [['3600.50'], ['true']],
    );
  });

  test('of IAM may have an unknown operator that says nothing', () => {
    assert.equal(faultOf(text({ ...good, Condition: { Nonsense: {} } })), 'none');
    assert.equal(faultOf(text({ ...good, Condition: { Nonsense: { 'a:b': [] } } })), 'condition');
  });
});

const faults: readonly (readonly [why: string, document: string, code: string])[] = [
  ['no JSON', 'Allow', 'json'],
  ['trailing text', `${text(good)} x`, 'json'],
  ['a duplicate element', '{"Statement":[],"Statement":[]}', 'json'],
  [
    'a duplicate effect',
    '{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Effect":"Allow"}}',
    'json',
  ],
  [
    'a duplicate written with an escape',
    '{"Statement":{"Effect":"Deny","\\u0045ffect":"Allow"}}',
    'json',
  ],
  [
    'a duplicate condition key',
    '{"Statement":{"Effect":"Allow","Condition":{"Bool":{"a:b":true,"a:b":false}}}}',
    'json',
  ],
  ['a list', '[]', 'syntax'],
  ['a string', '"*"', 'syntax'],
  ['no statement', '{"Version":"2012-10-17"}', 'syntax'],
  ['a statement that is none', text(['all']), 'syntax'],
  ['null', text([null]), 'syntax'],
  ['another version', text(good, { Version: '2013-10-17' }), 'syntax'],
  ['a version that is a number', text(good, { Version: 2012 }), 'syntax'],
  ['an unknown element', text(good, { Extra: 1 }), 'syntax'],
  ['an element in another case', text({ ...good, effect: 'Deny' }), 'syntax'],
  ['__proto__', '{"__proto__":{},"Statement":[]}', 'syntax'],
  ['an id that is a list', text(good, { Id: ['a'] }), 'syntax'],
  ['a sid that is an object', text({ ...good, Sid: {} }), 'syntax'],
  ['no effect', text({ Action: '*', Resource: '*' }), 'syntax'],
  ['an unknown effect', text({ ...good, Effect: 'Permit' }), 'syntax'],
  ['an effect in another case', text({ ...good, Effect: 'allow' }), 'effect'],
  ['an effect that is a list', text({ ...good, Effect: ['Allow'] }), 'syntax'],
  ['Action beside NotAction', text({ ...good, NotAction: [] }), 'syntax'],
  ['Resource beside NotResource', text({ ...good, NotResource: '*' }), 'syntax'],
  ['Principal beside NotPrincipal', text({ ...good, Principal: '*', NotPrincipal: {} }), 'syntax'],
  ['an action that is an object', text({ ...good, Action: {} }), 'syntax'],
  ['an action within a list within a list', text({ ...good, Action: [['*']] }), 'syntax'],
  ['an action that is a number', text({ ...good, Action: 1 }), 'syntax'],
  ['a resource that is null', text({ ...good, Resource: null }), 'syntax'],
  ['an action without a vendor', text({ ...good, Action: 'Encrypt' }), 'vendor'],
  ['an empty action', text({ ...good, Action: '' }), 'vendor'],
  ['two stars', text({ ...good, Action: '**' }), 'vendor'],
  ['a vendor with a wildcard', text({ ...good, Action: 'k*:Encrypt' }), 'vendor'],
  ['a vendor with a blank', text({ ...good, Action: 'kms :Encrypt' }), 'vendor'],
  ['a vendor beyond ASCII', text({ ...good, Action: '\u212Ams:Encrypt' }), 'vendor'],
  ['two colons', text({ ...good, Action: 'kms:Encrypt:x' }), 'actions'],
  ['a malformed variable', text({ ...good, Resource: 'arn:aws:s3:::${' }), 'legacy'],
  ['a condition that is a list', text({ ...good, Condition: [] }), 'syntax'],
  ['an operator that is a string', text({ ...good, Condition: { Bool: 'a' } }), 'syntax'],
  ['a value that is null', text({ ...good, Condition: { Bool: { 'a:b': null } } }), 'syntax'],
  ['a value that is an object', text({ ...good, Condition: { Bool: { 'a:b': [{}] } } }), 'syntax'],
  ['an unknown operator', text({ ...good, Condition: { bool: { 'a:b': 'true' } } }), 'condition'],
  ['a value of another kind', text({ ...good, Condition: { Bool: { 'a:b': 'x' } } }), 'condition'],
  ['a date that is none', text({ ...good, Condition: { DateEquals: { 'a:b': 'x' } } }), 'date'],
  ['a principal that is a list', text({ ...good, Principal: ['*'] }), 'syntax'],
  ['a principal in a string', text({ ...good, Principal: '111122223333' }), 'principal'],
  ['a principal of nobody', text({ ...good, Principal: {} }), 'principal'],
  ['a principal of an empty list', text({ ...good, Principal: { AWS: [] } }), 'principal'],
  ['an unknown kind of principal', text({ ...good, Principal: { aws: '*' } }), 'principal'],
  ['a canonical user', text({ ...good, Principal: { CanonicalUser: 'a' } }), 'principal'],
  ['a principal with a wildcard', text({ ...good, Principal: { AWS: 'arn:*' } }), 'principal'],
  ['NotPrincipal *', text({ ...good, Effect: 'Deny', NotPrincipal: '*' }), 'principal'],
  [
    'NotPrincipal AWS *',
    text({ ...good, Effect: 'Deny', NotPrincipal: { AWS: '*' } }),
    'principal',
  ],
  [
    'NotPrincipal with Allow',
    text({ ...good, NotPrincipal: { AWS: '111122223333' } }),
    'principal',
  ],
  ['too many statements', text(Array.from({ length: 1_001 }, () => good)), 'syntax'],
  ['too long a text', text(good) + ' '.repeat(131_072), 'json'],
  ['too deep a text', '['.repeat(1_000), 'json'],
];

describe('a document is refused for', () => {
  for (const [why, document, code] of faults)
    test(why, () => assert.equal(faultOf(document), code));

  test('the fault that IAM reports first, wherever it stands', () => {
    const statements = [
      { ...good, Action: 'Encrypt' },
      { ...good, Condition: { DateEquals: { 'a:b': 'x' } } },
    ];
    assert.equal(faultOf(text(statements)), 'date');
    assert.equal(faultOf(text([...statements, { Effect: 'Permit' }])), 'syntax');
  });
});
