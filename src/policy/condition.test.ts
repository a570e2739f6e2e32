import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileCondition, conditionHolds } from './condition.ts';
import type { ConditionValue } from './context.ts';

const v = (inside: string): string => `\${${inside}}`;
const arn = 'arn:aws:sns:us-east-1:111122223333:topic:x';

interface Case {
  readonly values: readonly string[];
  readonly given: ConditionValue;
  readonly more?: Readonly<Record<string, ConditionValue>>;
  readonly variables?: boolean;
}

function holds(operator: string, isDeny: boolean, of: Case): boolean {
  const { values, given, more = {}, variables = true } = of;
  const condition = compileCondition({ operator, name: 'X:Key', values }, { variables, isDeny });
  assert.ok(typeof condition !== 'string', `${operator}: ${condition}`);
  return conditionHolds(condition, (key) => (key === 'x:key' ? given : more[key]));
}

/** Operator, policy's values, request's value, and whether an Allow and a Deny apply. */
type Row = readonly [string, readonly string[], ConditionValue, boolean, boolean?];

const rows: readonly Row[] = [
  ['StringEquals', ['a'], 'a', true],
  ['StringEquals', ['a'], 'A', false],
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', ['a*'], 'ab', false],
  ['StringEquals', ['a*'], 'a*', true],
  ['StringEquals', [''], '', true],
  ['StringEquals', ['a'], undefined, false],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', ['a', 'b'], 'c', true],
  ['StringNotEquals', ['a'], undefined, true],
  ['StringEqualsIgnoreCase', ['straSSe'], 'STRASSE', true],
  ['StringEqualsIgnoreCase', ['k'], '\u212A', false],
  ['StringNotEqualsIgnoreCase', ['a'], 'A', false],
  ['StringLike', ['a*c', 'x?'], 'abbc', true],
  ['StringLike', ['a*c', 'x?'], 'xy', true],
  ['StringLike', ['a*c'], 'Abc', false],
  ['StringNotLike', ['a*'], 'ab', false],
  ['StringNotLike', ['a*'], undefined, true],
  ['NumericEquals', ['10'], '1e1', true],
  ['NumericNotEquals', ['10'], '10.0', false],
  ['NumericNotEquals', ['10'], 'ten', false, true],
  ['NumericLessThan', ['10'], '9.99', true],
  ['NumericLessThan', ['10'], '10', false],
  ['NumericLessThanEquals', ['10'], '10', true],
  ['NumericGreaterThan', ['10'], '010', false],
  ['NumericGreaterThan', ['10', '-5'], '-4', true],
  ['NumericGreaterThanEquals', ['10'], '9', false],
  ['NumericGreaterThanEquals', ['10'], 'ten', false],
  ['DateEquals', ['1777636800'], '2026-05-01T12:00:00Z', true],
  ['DateNotEquals', ['1777636800'], '2026-05-01T12:00:01Z', true],
  ['DateNotEquals', ['1777636800'], 'soon', false, true],
  ['DateLessThan', ['2026-05-01T12:00:00Z'], '2026-05-01T13:59:59+02:00', true],
  ['DateLessThanEquals', ['2026-05-01'], '2026-05-01T00:00:00Z', true],
  ['DateGreaterThan', ['2026-05-01'], '2026-04-30T23:59:59Z', false],
  ['DateGreaterThanEquals', ['2026-05-01'], '1777636800', true],
  ['Bool', ['true'], 'TRUE', true],
  ['Bool', ['True', 'false'], 'false', true],
  ['Bool', ['true'], 'yes', false],
  ['Bool', ['false'], undefined, false],
  ['BoolIfExists', ['false'], undefined, true],
  ['BinaryEquals', ['AQID'], 'AQID', true],
  ['BinaryEquals', ['AQID'], 'aqid', false],
  ['BinaryEquals', ['AQI='], 'AQI', false],
  ['IpAddress', ['203.0.113.0/24', '::1'], '203.0.113.9', true],
  ['IpAddress', ['203.0.113.0/24'], '2001:db8::1', false],
  ['IpAddress', ['0.0.0.0/0'], 'somewhere', false],
  ['NotIpAddress', ['203.0.113.0/24'], '203.0.113.9', false],
  ['NotIpAddress', ['203.0.113.0/24'], '2001:db8::1', true],
  ['NotIpAddress', ['203.0.113.0/24'], undefined, true],
  ['NotIpAddress', ['203.0.113.0/24'], 'somewhere', false, true],
  ['ArnEquals', [arn], arn, true],
  ['ArnLike', ['arn:aws:sns:*:*:topic*'], arn, true],
  ['ArnLike', ['arn:aws:sns:*:111122223333:*'], arn, true],
  ['ArnLike', ['arn:aws:sns:*:topic:x:y'], 'arn:aws:sns:a:b:topic:x:y', false],
  ['ArnLike', ['*'], arn, true],
  ['ArnLike', ['*'], 'topic', false],
  ['ArnLike', ['*'], undefined, false],
  ['ArnNotEquals', [arn], arn, false],
  ['ArnNotLike', ['arn:aws:s3:::*'], arn, true],
  ['ArnNotLike', ['arn:aws:s3:::*'], 'topic', false, true],
  ['Null', ['true'], undefined, true],
  ['Null', ['true'], [], true],
  ['Null', ['True'], '', false],
  ['Null', ['false'], 'a', true],
  ['Null', ['false'], undefined, false],
  ['Null', ['true', 'false'], undefined, true],
  // IfExists is true without a value, and nothing else with one.
  ['StringEqualsIfExists', ['a'], undefined, true],
  ['StringEqualsIfExists', ['a'], 'b', false],
  ['NumericLessThanIfExists', ['1'], [], true],
  ['ForAnyValue:StringLikeIfExists', ['a'], undefined, true],
  // Sets.
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b', 'a'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a'], undefined, true],
  ['ForAllValues:StringEquals', ['a'], [], true],
  ['ForAllValues:StringEquals', ['a'], 'b', false],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c'], false],
  ['ForAnyValue:StringEquals', ['a'], undefined, false],
  ['ForAnyValue:StringEquals', ['a'], [], false],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'd'], true],
  ['ForAllValues:StringNotEquals', ['a', 'b'], ['c', 'a'], false],
  ['ForAllValues:StringNotEquals', ['a'], undefined, true],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], true],
  ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], false],
  ['ForAnyValue:StringNotEquals', ['a'], undefined, false],
  ['ForAllValues:NumericLessThan', ['5'], ['1', 'two'], false],
  // Several values and no set operator: an Allow needs all of them, a Deny one.
  ['StringEquals', ['a'], ['a'], true],
  ['StringEquals', ['a'], ['a', 'b'], false, true],
  ['StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['StringNotEquals', ['a'], ['a', 'b'], false, true],
  ['StringNotEquals', ['a'], [], true],
  // No values at all.
  ['StringEquals', [], 'a', false],
  ['StringNotEquals', [], 'a', false, true],
  ['Null', [], 'a', false],
];

describe('a condition', () => {
  for (const [operator, values, given, allow, deny = allow] of rows) {
    const name = `${operator} ${JSON.stringify(values)} on ${JSON.stringify(given)}`;
    test(`${name}: ${allow}${deny === allow ? '' : ', in a Deny '}${deny === allow ? '' : deny}`, () => {
      assert.equal(holds(operator, false, { values, given }), allow);
      assert.equal(holds(operator, true, { values, given }), deny);
    });
  }
});

describe('a variable in a condition', () => {
  const more = { 'aws:username': 'b*', 'x:arn': arn, 'x:flag': 'true', 'x:many': ['a'] };
  const of = (values: string, given: ConditionValue, variables = true): Case => ({
    values: [values],
    given,
    more,
    variables,
  });
  const trials: readonly (readonly [operator: string, Case, is: boolean])[] = [
    ['StringEquals', of(v('aws:username'), 'b*'), true],
    ['StringLike', of(v('aws:username'), 'bo'), false],
    ['StringLike', of(`${v('aws:username')}*`, 'b*x'), true],
    ['StringLike', of(`a${v('*')}`, 'ab'), false],
    ['StringLike', of(`a${v('*')}`, 'a*'), true],
    ['StringEqualsIgnoreCase', of(v('aws:username'), 'B*'), true],
    ['Bool', of(v('x:flag'), 'TRUE'), true],
    ['Bool', of(v('aws:username'), 'true'), false],
    ['ArnEquals', of(v('x:arn'), arn), true],
    ['ArnLike', of(`arn:aws:sns:*:*:${v('aws:username')}`, 'arn:aws:sns:a:1:b*'), true],
    ['ArnLike', of(`arn:aws:sns:*:*:${v('aws:username')}`, 'arn:aws:sns:a:1:bo'), false],
    // Without a value: equal to nothing.
    ['StringEquals', of(v('x:none'), ''), false],
    ['StringNotEquals', of(v('x:none'), 'a'), true],
    ['StringNotLike', of(v('x:many'), 'a'), true],
    ['ArnLike', of(`arn:aws:sns:*:*:${v('x:none')}`, arn), false],
    ['ArnNotLike', of(`arn:aws:sns:*:*:${v('x:none')}`, arn), true],
    ['Bool', of(v('x:none'), 'false'), false],
    ['StringEquals', of(v("x:none, 'd'"), 'd'), true],
    // In a document without variables it is text.
    ['StringEquals', of(v('aws:username'), v('aws:username'), false), true],
    ['StringEquals', of(v('aws:username'), 'b*', false), false],
  ];
  for (const [operator, trial, is] of trials)
    test(`${operator} ${trial.values} on ${trial.given}: ${is}`, () =>
      assert.equal(holds(operator, false, trial), is));

  test('moves no boundary of an ARN', () => {
    const trial = {
      values: [`arn:aws:sns:us-east-1:${v('x:account')}:mine`],
      given: 'arn:aws:sns:us-east-1:111122223333:theirs:mine',
      more: { 'x:account': '111122223333:theirs' },
    };
    assert.equal(holds('ArnLike', false, trial), false);
  });
});

describe('a condition is refused', () => {
  const refused: readonly (readonly [operator: string, value: string, fault: string])[] = [
    ['stringequals', 'a', 'operator'],
    ['StringEqual', 'a', 'operator'],
    ['StringEqualsifexists', 'a', 'operator'],
    ['IfExists', 'a', 'operator'],
    ['', 'a', 'operator'],
    ['constructor', 'a', 'operator'],
    ['NullIfExists', 'true', 'operator'],
    ['ForAnyValue:Null', 'true', 'operator'],
    ['ForAllValues:ForAnyValue:StringEquals', 'a', 'operator'],
    ['ForAnyValue::StringEquals', 'a', 'operator'],
    ['forAnyValue:StringEquals', 'a', 'operator'],
    ['ForAnyValue:StringEqualsIfExistsIfExists', 'a', 'operator'],
    ['NumericEquals', 'seven', 'value'],
    ['NumericEquals', v('aws:username'), 'value'],
    ['DateLessThan', '2026', 'date'],
    ['DateLessThan', v('aws:CurrentTime'), 'date'],
    ['IpAddress', '10.0.0.0/33', 'value'],
    ['IpAddress', 'everywhere', 'value'],
    ['BinaryEquals', 'AQI', 'value'],
    ['Bool', 'yes', 'value'],
    ['Null', 'maybe', 'value'],
    ['ArnLike', 'arn:aws:s3:*', 'value'],
    ['ArnLike', 'bucket', 'value'],
    ['StringLike', v(''), 'value'],
  ];
  for (const [operator, value, fault] of refused)
    test(`${operator} ${value}`, () => {
      const rules = { variables: true, isDeny: false };
      const condition = compileCondition({ operator, name: 'a:b', values: [value] }, rules);
      assert.equal(condition, fault);
    });
});
