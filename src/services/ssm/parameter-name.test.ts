import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ApiError } from '../../api-error.ts';
import {
  levelsOf,
  parameterArn,
  parseHierarchy,
  parseNewName,
  parseParameterName,
} from './parameter-name.ts';

const owner = { account: '111122223333', region: 'eu-central-1', partition: 'aws' };
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    const { code, text } = error as ApiError;
    return `${code} ${text?.slice(0, 60)}`;
  }
  return 'taken';
};

describe('names of parameters', () => {
  for (const [given, path, selector] of [
    ['x', 'x', undefined],
    ['/x', 'x', undefined],
    [' /x ', 'x', undefined],
    ['/a/b.c/d-e_f', 'a/b.c/d-e_f', undefined],
    ['/a/b:3', 'a/b', '3'],
    ['x:prod', 'x', 'prod'],
    ['arn:aws:ssm:us-east-1:111122223333:parameter/x', 'x', undefined],
    ['arn:aws:ssm:us-east-1:111122223333:parameter/a/b:7', 'a/b', '7'],
  ] as const)
    test(`${given} is read as ${path}, selector ${selector}`, () => {
      const name = parseParameterName(given);
      assert.deepEqual([name.path, name.selector], [path, selector]);
    });

  test('an ARN names its owner, a name its form', () => {
    const name = parseParameterName('arn:aws:ssm:us-east-1:111122223333:parameter/x');
    assert.deepEqual(name.owner, { account: '111122223333', region: 'us-east-1' });
    assert.equal(parseParameterName('/x:1').written, '/x');
    assert.equal(parseParameterName('/x:1').owner, undefined);
  });

  for (const bad of [
    '',
    '/',
    '//a',
    '/a//b',
    '/a/',
    'a/b',
    '/a b',
    '/ä',
    'x:',
    'x:1:2',
    'arn:aws:ssm:us-east-1:111122223333:parameterx',
    'arn:aws:ssm:us-east-1:1:parameter/x',
    'arn:aws:kms:us-east-1:111122223333:key/x',
    '/a/..\u0000',
  ])
    test(`${JSON.stringify(bad)} is no name to read`, () => {
      assert.match(
        codeOf(() => parseParameterName(bad)),
        /^ValidationException Parameter name/,
      );
    });

  for (const [given, said] of [
    ['a/b', 'ValidationException Parameter name must be a fully qualified name.'],
    ['awsThing', 'ValidationException Parameter name: can\'t be prefixed with "aws" or "ssm"'],
    ['/SSM-x', 'ValidationException Parameter name: can\'t be prefixed with "aws" or "ssm"'],
    ['/ssm/x', 'ValidationException Parameter name: can\'t be prefixed with "ssm"'],
    ['/aws/x', 'AccessDeniedException No access to reserved parameter name: /aws/x.'],
    ['/AWS/x', 'AccessDeniedException No access to reserved parameter name: /AWS/x.'],
    [`/${Array(16).fill('l').join('/')}`, 'HierarchyLevelLimitExceededException'],
    [`/${'x'.repeat(1000)}`, 'ValidationException 1 validation error'],
    [`/${Array(15).fill('l').join('/')}`, 'taken'],
    ['/my/aws', 'taken'],
  ] as const)
    test(`${given.slice(0, 30)} to write: ${said}`, () => {
      const actual = codeOf(() => parseNewName(given, owner));
      assert.equal(actual.slice(0, said.length), said.slice(0, actual.length));
    });

  test('1,011 characters with the ARN are the longest', () => {
    const room = 1011 - parameterArn(owner, '').length;
    assert.equal(
      codeOf(() => parseNewName('x'.repeat(room), owner)),
      'taken',
    );
    assert.match(
      codeOf(() => parseNewName('x'.repeat(room + 1), owner)),
      /^Validation/,
    );
  });

  test('levels are counted with the name itself', () => {
    assert.deepEqual(['a', 'a/b', 'a/b/c'].map(levelsOf), [1, 2, 3]);
  });
});

describe('hierarchies to list', () => {
  for (const [given, path] of [
    ['/', ''],
    ['/a', 'a'],
    ['/a/', 'a'],
    ['/a/b', 'a/b'],
  ] as const)
    test(`${given} is ${path || 'everything'}`, () => assert.equal(parseHierarchy(given), path));

  for (const bad of ['a', '', '//', '/a//b', '/a b', '/a/*'])
    test(`${JSON.stringify(bad)} is none`, () => {
      assert.match(
        codeOf(() => parseHierarchy(bad)),
        /^ValidationException The parameter doesn't/,
      );
    });
});
