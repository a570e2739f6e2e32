import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomBytes } from '../../crypto/random.ts';
import { invalidName, secretNotFound } from './errors.ts';
import { checkNewName, newSuffix, parseSecretId, unknownSecretArn } from './secret-id.ts';

const place = { account: '111122223333', region: 'eu-central-1', partition: 'aws' };
const arn = (rest: string, account = place.account) =>
  `arn:aws:secretsmanager:eu-central-1:${account}:secret:${rest}`;

describe('a SecretId', () => {
  test('is a name, a whole ARN, or an ARN without its end', () => {
    const { account } = place;
    assert.deepEqual(parseSecretId('a/b', place), { account, name: 'a/b', written: 'a/b' });
    const whole = arn('a/b-AbCd12');
    assert.deepEqual(parseSecretId(whole, place), {
      ...{ account, name: 'a/b', arn: whole, written: whole },
    });
    const partial = arn('a/b', '444455556666');
    assert.deepEqual(parseSecretId(partial, place), {
      ...{ account: '444455556666', name: 'a/b', written: partial },
    });
  });

  test('that ends in a hyphen and six characters counts as whole (recorded)', () => {
    assert.equal(parseSecretId(arn('my-secret'), place).name, 'my');
    assert.equal(parseSecretId(arn('name-a1b2'), place).name, 'name-a1b2');
    assert.equal(parseSecretId(arn('name-a1b2c3-'), place).name, 'name-a1b2c3-');
    // A name alone is never cut.
    assert.equal(parseSecretId('my-secret', place).name, 'my-secret');
  });

  test('of another Region or partition names nothing here', () => {
    for (const other of [
      arn('a').replace('eu-central-1', 'us-east-1'),
      arn('a').replace('aws', 'aws-cn'),
    ])
      assert.throws(() => parseSecretId(other, place), secretNotFound());
  });

  test('with other characters is no name', () => {
    const bad = ['a b', '', 'a*', 'ä', 'a\n', 'arn:aws:s3:::b', arn(''), arn('a b'), 'arn:', 'a:b'];
    for (const written of bad) assert.throws(() => parseSecretId(written, place), invalidName());
  });

  test('may have the exclamation mark of AWS services, a new name may not', () => {
    assert.equal(parseSecretId('rds!db-1', place).name, 'rds!db-1');
    assert.throws(() => checkNewName('rds!db-1', []), invalidName());
    assert.doesNotThrow(() => checkNewName('Valid/_+=.@-Name', []));
    const events = ['events.amazonaws.com'];
    assert.doesNotThrow(() => checkNewName('events!connection/a', events));
    for (const name of ['rds!db-1', 'events!a!b', 'events!'])
      assert.throws(() => checkNewName(name, events), invalidName());
  });
});

describe('the end of an ARN', () => {
  test('has six letters and digits, each as likely as the others', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4_000; i++) {
      const suffix = newSuffix(randomBytes);
      assert.match(suffix, /^[A-Za-z0-9]{6}$/);
      for (const character of suffix) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    assert.equal(counts.size, 62);
    const expected = (4_000 * 6) / 62;
    for (const count of counts.values()) assert.ok(Math.abs(count - expected) < expected / 3);
  });

  test('is unknown to policies before there is a secret', () => {
    assert.equal(unknownSecretArn(place, 'a'), arn('a-??????'));
  });
});
