/** Whatever a document holds, reading it ends quickly in a policy or a fault, and harms nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parsePolicy } from '../../src/policy/document.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { explain } from '../../src/policy/explain.ts';
import {
  validateIdentityPolicy,
  validateResourcePolicy,
  validateTrustPolicy,
} from '../../src/policy/validate.ts';
import { allow, none, questionOf } from './deciding.ts';
import { policySets } from './generators.ts';

/** Behind it `{` begins a variable. */
const v = '$';
const words = [
  'Version',
  '2012-10-17',
  'Statement',
  'Effect',
  'Allow',
  'Deny',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'AWS',
  'Condition',
  'StringLike',
  'Null',
  'IpAddress',
  'DateLessThan',
  'ForAnyValue:ArnLike',
  '*',
  'kms:*',
  'arn:aws:s3:::*',
  `${v}{aws:username}`,
  `${v}{`,
  '__proto__',
  '111122223333',
  'true',
  '::/0',
  '1e3',
];
const piece = fc.oneof(
  fc.constantFrom(...words.map((word) => JSON.stringify(word))),
  fc.constantFrom('{', '}', '[', ']', ':', ',', ' ', '\n', '"', '\\', '1', 'null', '\ud800', 'é'),
);
const noise = fc.array(piece, { maxLength: 60 }).map((all) => all.join(''));
/** A good document with one piece changed. */
const damaged = fc
  .tuple(policySets, fc.nat(), fc.nat(12), piece)
  .map(([{ identity }, at, length, instead]) => {
    const text = JSON.stringify(identity[0]);
    const from = at % text.length;
    return text.slice(0, from) + instead + text.slice(from + length);
  });
const shaped = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom<unknown>(...words, 1, true, null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words), tie('value'), { maxKeys: 5 }),
    ),
  }))
  .value.map((value) => JSON.stringify({ Version: '2012-10-17', Statement: value }));

describe('any text', () => {
  test('is a policy or a fault, and a policy can be decided by and explained', (t) => {
    const counts = { policy: 0, fault: 0 };
    const question = questionOf({ keys: { 'aws:username': 'bo', true: 'true' } });
    fc.assert(
      fc.property(fc.oneof(fc.string(), noise, damaged, shaped), (text) => {
        const parsed = parsePolicy(text);
        counts[parsed.kind]++;
        for (const check of [validateIdentityPolicy, validateTrustPolicy]) {
          const message = check(text);
          assert.ok(message === undefined || message.length > 0);
          if (parsed.kind === 'fault') assert.notEqual(message, undefined);
        }
        if (parsed.kind === 'fault') {
          assert.notEqual(validateResourcePolicy(text), undefined);
          return;
        }
        // JSON.parse takes all that is taken here.
        JSON.parse(text);
        const identity = [{ policy: parsed.policy, type: 'identity', name: 'any' }] as const;
        const decision = evaluate(question, { ...none, identity });
        const { decision: explained } = explain(question, { ...none, identity });
        assert.equal(explained.allowed, decision.allowed);
      }),
      { numRuns: 20_000 },
    );
    t.diagnostic(`${counts.policy} policies, ${counts.fault} faults`);
    assert.ok(counts.policy > 300 && counts.fault > 300);
  });

  test('of the greatest length is read and decided in little time', () => {
    const filled = (statement: unknown): string => {
      const one = JSON.stringify(statement);
      const count = Math.min(1_000, Math.floor(131_000 / (one.length + 1)));
      return JSON.stringify({ Version: '2012-10-17', Statement: Array(count).fill(statement) });
    };
    const texts = [
      filled(allow()),
      filled(allow({ Action: ['s3:*', 'kms:*x*y*z'], Resource: ['arn:aws:*:*:*:*a*b*c'] })),
      filled(allow({ Condition: { StringLike: { 'a:b': '*a*a*a*a*a*a*b' } } })),
      filled(allow({ Action: 'kms:*', Resource: `arn:aws:kms:*:*:key/${v}{a:b}${v}{a:b}*` })),
      '{"Statement":'.repeat(9_000),
      `{"Statement":[${'{},'.repeat(40_000)}{}]}`,
      `{"${'a'.repeat(131_000)}`,
      `{"Statement":"${'\\u0041'.repeat(21_000)}"}`,
    ];
    const question = questionOf({ keys: { 'a:b': 'a'.repeat(1_000) } });
    for (const text of texts) {
      const begin = performance.now();
      const parsed = parsePolicy(text);
      if (parsed.kind === 'policy')
        evaluate(question, { ...none, identity: [{ ...parsed, type: 'identity', name: 'long' }] });
      const ms = performance.now() - begin;
      assert.ok(ms < 1_500, `${ms} ms for ${text.slice(0, 80)}`);
    }
  });
});
