import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dynamicReferences } from './dynamic-reference.ts';

const only = (inside: string) => {
  const [found, ...more] = dynamicReferences(`a {{resolve:${inside}}} b`);
  assert.equal(more.length, 0);
  return found?.reference;
};
const secret = (secretId: string, jsonKey?: string, versionStage?: string, versionId?: string) => ({
  service: 'secretsmanager',
  secretId,
  jsonKey,
  versionStage,
  versionId,
});
const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf';
const id = '01234567-89ab-4cde-8f01-23456789abcd';

describe('a dynamic reference', () => {
  test('to a parameter has a name and a version', () => {
    assert.deepEqual(only('ssm:S3AccessControl'), { service: 'ssm', name: 'S3AccessControl' });
    assert.deepEqual(only('ssm:/app/size:12'), { service: 'ssm', name: '/app/size:12' });
    assert.deepEqual(only('ssm-secure:IAMUserPassword:10'), {
      service: 'ssm-secure',
      name: 'IAMUserPassword:10',
    });
  });

  test('to a secret has up to five parts, of which empty ones are the usual', () => {
    assert.deepEqual(only('secretsmanager:MySecret'), secret('MySecret'));
    assert.deepEqual(only('secretsmanager:MySecret::::'), secret('MySecret'));
    assert.deepEqual(only('secretsmanager:app/db:SecretString'), secret('app/db'));
    assert.deepEqual(only('secretsmanager:a:SecretString:user'), secret('a', 'user'));
    assert.deepEqual(
      only('secretsmanager:a:SecretString:pass word:AWSPREVIOUS'),
      secret('a', 'pass word', 'AWSPREVIOUS'),
    );
    assert.deepEqual(
      only(`secretsmanager:a:SecretString:::${id}`),
      secret('a', undefined, undefined, id),
    );
  });

  test("to a secret by its ARN: the ARN's colons are its own", () => {
    assert.deepEqual(only(`secretsmanager:${arn}`), secret(arn));
    assert.deepEqual(
      only(`secretsmanager:${arn}:SecretString:user::${id}`),
      secret(arn, 'user', undefined, id),
    );
  });

  test('that is none says why', () => {
    const wrong: Readonly<Record<string, RegExp>> = {
      'ssm:': /A parameter is a name/,
      ssm: /A parameter is a name/,
      'ssm:/app/size:latest': /number of a version/,
      'ssm:/app/size:1:2': /number of a version/,
      'ssm:/app size': /A parameter is a name/,
      'secretsmanager:': /named by its name or its ARN/,
      'secretsmanager:a:SecretBinary': /only its SecretString/,
      [`secretsmanager:a:SecretString:k:AWSCURRENT:${id}`]: /not both/,
      'secretsmanager:a:SecretString:k:AWSCURRENT::x': /ends with/,
      's3:bucket': /begins with ssm/,
      '': /begins with ssm/,
    };
    for (const [inside, why] of Object.entries(wrong)) {
      const reference = only(inside);
      assert.equal(typeof reference, 'string', inside);
      assert.match(String(reference), why);
    }
  });
});

describe('a text', () => {
  test('has its references in order, with their places', () => {
    const text = 'x={{resolve:ssm:a}}{{resolve:ssm:b}}\n{{resolve:ssm:c}}';
    const found = dynamicReferences(text);
    assert.deepEqual(
      found.map(({ at, written }) => text.slice(at, at + written.length)),
      ['{{resolve:ssm:a}}', '{{resolve:ssm:b}}', '{{resolve:ssm:c}}'],
    );
  });

  test('may have braces of its own', () => {
    const none = [
      '{{resolve:ssm:a}',
      '{{ resolve:ssm:a }}',
      '{resolve:ssm:a}',
      '{{resolve:\nssm:a}}',
    ];
    for (const text of none) assert.deepEqual(dynamicReferences(text), [], text);
    assert.equal(dynamicReferences('{{{resolve:ssm:a}}}').length, 1);
    assert.equal(dynamicReferences('{{resolve:{{resolve:ssm:a}}').length, 1);
  });

  test('of a megabyte that begins references and ends none takes no time', () => {
    const started = performance.now();
    assert.deepEqual(dynamicReferences('{{resolve:'.repeat(100_000)), []);
    assert.deepEqual(dynamicReferences(`{{resolve:${'a'.repeat(1_000_000)}`), []);
    assert.ok(performance.now() - started < 2_000);
  });
});
