import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseVariable } from './value-from.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:app/db-AbCdEf';
const id = '01234567-89ab-4cde-8f01-23456789abcd';
const secret = (facts: object) => ({
  kind: 'secret',
  secretId: arn,
  jsonKey: undefined,
  versionStage: undefined,
  versionId: undefined,
  region: 'eu-west-1',
  ...facts,
});
const from = (value: string, kind: 'secret' | 'parameter' = 'secret') => {
  const variable = parseVariable(`DB=${value}`, kind);
  return typeof variable === 'string' ? variable : variable.from;
};

describe('a variable', () => {
  test("holds a secret in the forms of ECS's valueFrom", () => {
    assert.deepEqual(from(arn), secret({}));
    assert.deepEqual(from(`${arn}:user::`), secret({ jsonKey: 'user' }));
    assert.deepEqual(from(`${arn}::AWSPREVIOUS:`), secret({ versionStage: 'AWSPREVIOUS' }));
    assert.deepEqual(from(`${arn}:::${id}`), secret({ versionId: id }));
    assert.deepEqual(
      from(`${arn}:user:AWSPREVIOUS:`),
      secret({ jsonKey: 'user', versionStage: 'AWSPREVIOUS' }),
    );
  });

  test('holds a secret by its name', () => {
    const named = { secretId: 'app/db', region: undefined };
    assert.deepEqual(from('app/db'), secret(named));
    assert.deepEqual(from('app/db:a=b'), secret({ ...named, jsonKey: 'a=b' }));
    assert.deepEqual(
      from(`app/db:user::${id}`),
      secret({ ...named, jsonKey: 'user', versionId: id }),
    );
  });

  test('holds a parameter by name, path or ARN, whichever flag gives the ARN', () => {
    const parameter = 'arn:aws:ssm:eu-west-1:111122223333:parameter/app/size';
    const byArn = { kind: 'parameter', name: parameter, region: 'eu-west-1' };
    assert.deepEqual(from(parameter, 'parameter'), byArn);
    assert.deepEqual(from(parameter, 'secret'), byArn);
    assert.deepEqual(from(arn, 'parameter'), secret({}));
    for (const name of ['size', '/app/size', '/app/size:3', '/app/size:live'])
      assert.deepEqual(from(name, 'parameter'), { kind: 'parameter', name, region: undefined });
  });

  test('has a name that shells know, and one value', () => {
    for (const given of ['', 'DB', 'DB=', '=x', '1A=x', 'A-B=x', 'A B=x'])
      assert.match(String(parseVariable(given, 'secret')), /is not NAME=VALUE/, given);
  });

  test('is refused where its value can name nothing', () => {
    assert.match(String(from(`${arn}:k:AWSCURRENT:${id}`)), /not both/);
    assert.match(String(from(`${arn}:k:::x`)), /a secret is a name or an ARN/);
    assert.match(String(from(':k')), /a secret is a name or an ARN/);
    assert.match(String(from('arn:aws:s3:::bucket')), /must be of a secret/);
  });
});
