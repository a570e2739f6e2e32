import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiError } from '../../api-error.ts';
import type { ParameterType } from '../../model/ssm.generated.ts';
import { checkDataType, checkedDataType, checkPattern, checkValue } from './value-rules.ts';

/** As `javaPattern` does for the simple patterns here. */
const compile = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'u');

function said(act: () => void): string {
  try {
    act();
    return 'taken';
  } catch (error) {
    return (error as ApiError).code;
  }
}

describe('allowed patterns', () => {
  const held = (pattern: string, value: string, type: ParameterType = 'String') =>
    said(() => checkPattern(pattern, { value, type }, compile));

  test('hold for the whole value, and for each item of a list', () => {
    assert.equal(held('\\d+', '123'), 'taken');
    assert.equal(held('\\d+', '123a'), 'ParameterPatternMismatchException');
    assert.equal(held('\\d+', '1,2,3', 'StringList'), 'taken');
    assert.equal(held('\\d+', '1,2,x', 'StringList'), 'ParameterPatternMismatchException');
    assert.equal(held('\\d+', '1,2', 'SecureString'), 'ParameterPatternMismatchException');
  });

  test('that are none are refused', () => {
    assert.equal(held('(', 'x'), 'InvalidAllowedPatternException');
    assert.equal(held('a++', 'x'), 'InvalidAllowedPatternException');
  });

  test('that would run for ever are stopped', () => {
    const before = performance.now();
    const value = `${'a'.repeat(60)}!`;
    assert.equal(held('(a+)+', value), 'InvalidAllowedPatternException');
    assert.equal(
      held('(a+)+', Array(1000).fill(value).join(), 'StringList').slice(0, 7),
      'Invalid',
    );
    assert.ok(performance.now() - before < 2_000);
    assert.equal(held('(a+)+', 'aaa'), 'taken');
  });
});

describe('values', () => {
  test('are not empty, not beyond the model, and nest no parameter', () => {
    assert.equal(
      said(() => checkValue('x')),
      'taken',
    );
    assert.equal(
      said(() => checkValue('{{')),
      'taken',
    );
    assert.equal(
      said(() => checkValue('}} {{')),
      'taken',
    );
    for (const bad of ['', 'x'.repeat(32_769), '{{ssm:/a}}', 'a {{}} b'])
      assert.equal(
        said(() => checkValue(bad)),
        'ValidationException',
        bad.slice(0, 10),
      );
  });

  test('are never repeated in what is said of them', () => {
    try {
      checkValue('hush {{x}}');
    } catch (error) {
      assert.doesNotMatch(String((error as ApiError).text), /hush/);
    }
  });
});

describe('data types', () => {
  const rows: ReadonlyArray<readonly [string, readonly string[], readonly string[]]> = [
    ['aws:ec2:image', ['ami-12345abcdeEXAMPLE', 'ami-12345678'], ['ami-1', 'i-12345678', '']],
    ['aws:region', ['eu-central-1', 'us-gov-west-1'], ['Europe', 'eu_central_1']],
    ['aws:account:id', ['111122223333'], ['1111', '11112222333a']],
    ['boolean', ['true', 'false'], ['yes', 'TRUE', '1']],
    ['integer', ['0', '-12', '+7'], ['1.0', '1e3', '']],
    ['float', ['0', '-1.5', '.5', '1.', '2e-3'], ['.', 'x', '1,5', 'NaN', 'Infinity']],
    ['binary', ['AQID', 'AQI=', 'AQ=='], ['AQ', 'A===', 'AQI*']],
    [
      'hostname',
      ['a', 'a.example.com', 'x-1.example.'],
      ['-a', 'a..b', 'a_b', `${'a'.repeat(64)}.x`],
    ],
    ['email', ['a@example.com', 'a.b+c@x.io'], ['a', '@x.io', 'a@', 'a..b@x.io', 'a b@x.io']],
    ['ipv4-address', ['10.0.0.1'], ['10.0.0.256', '10.0.0', '::1']],
    ['ipv6-address', ['::1', '2001:db8::1'], ['10.0.0.1', ':::', 'fe80::1%eth0']],
    ['url', ['https://example.com/x?y=1', 'ftp://x'], ['example.com', 'http://']],
    ['json', ['{"a":[1,2]}', '3', '"x"'], ['{a:1}', '', '[1,]']],
    [
      'jsonc',
      ['{"a":1, // one\n}', '/* x */ ["//", 1,/**/]'],
      ['{a:1}', '/* open', '["a" 1]', ',1'],
    ],
  ];
  for (const [name, taken, refused] of rows)
    test(name, () => {
      const dataType = checkedDataType(name);
      const held = (value: string) =>
        said(() => checkDataType(dataType, { value, type: 'String', path: 'x' }));
      for (const value of taken) assert.equal(held(value), 'taken', value);
      for (const value of refused) assert.equal(held(value), 'ValidationException', value);
    });

  test('are held against each item of a list, where lists may have them', () => {
    const held = (name: string, type: ParameterType, value: string, path = 'x') =>
      said(() => checkDataType(checkedDataType(name), { value, type, path }));
    assert.equal(held('integer', 'StringList', '1,2,3'), 'taken');
    assert.equal(held('integer', 'StringList', '1,,3'), 'ValidationException');
    assert.equal(held('json', 'StringList', '1'), 'ValidationException');
    assert.equal(held('aws:ec2:image', 'SecureString', 'ami-12345678'), 'ValidationException');
    const webhook = 'd9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/mine';
    assert.equal(held('aws:ssm:integration', 'SecureString', 'x', webhook), 'taken');
    assert.equal(held('aws:ssm:integration', 'SecureString', 'x', 'mine'), 'ValidationException');
  });

  test('that AWS does not have are refused', () => {
    assert.equal(
      said(() => checkedDataType('Text')),
      'ValidationException',
    );
    assert.equal(
      said(() => checkedDataType('__proto__')),
      'ValidationException',
    );
  });
});
