import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FilterNameStringType } from '../../model/secretsmanager.generated.ts';
import { filtersOf, wordsOf } from './filters.ts';
import type { Secret } from './secret.ts';

const secret = (of: Partial<Secret>): Secret =>
  ({ name: 'n', region: 'eu-central-1', tags: [], ...of }) as Secret;

const passes = (Key: FilterNameStringType, values: readonly string[], of: Partial<Secret>) =>
  filtersOf([{ Key, Values: values }])(secret(of));

describe('a filter', () => {
  test('by name, tags and Region compares beginnings, with regard to case', () => {
    assert.ok(passes('name', ['app/'], { name: 'app/db' }));
    assert.ok(!passes('name', ['App/'], { name: 'app/db' }));
    assert.ok(!passes('name', ['testing1 one'], { name: 'testing1/one' }));
    const tags = [{ key: 'stage', value: 'prod' }];
    assert.ok(passes('tag-key', ['sta'], { tags }));
    assert.ok(!passes('tag-key', ['prod'], { tags }));
    assert.ok(passes('tag-value', ['pro'], { tags }));
    assert.ok(passes('primary-region', ['eu-'], { replicas: [] }));
    assert.ok(passes('primary-region', ['us-'], { replicaOf: 'us-east-1' }));
    assert.ok(!passes('primary-region', ['eu-'], {}));
    assert.ok(!passes('owning-service', ['rds'], {}));
  });

  test('by description compares beginnings of words, in any order and case (recorded)', () => {
    assert.ok(passes('description', ['o t'], { description: 'one and two' }));
    assert.ok(passes('description', ['TWO one'], { description: 'one and two' }));
    assert.ok(!passes('description', ['a secret'], { description: 'asecret' }));
    assert.ok(!passes('description', ['wo'], { description: 'one and two' }));
    assert.ok(!passes('description', ['x'], {}));
  });

  test('by all looks at name, description and tags (recorded)', () => {
    assert.ok(passes('all', ['beta'], { name: 'AppBeta' }));
    assert.ok(passes('all', ['prod app'], { name: 'app', tags: [{ key: 'k', value: 'prod' }] }));
    assert.ok(!passes('all', ['+'], { name: 'a+b' }));
    for (const [value, hit] of [
      ...([
        ['Ythings', true],
        ['things', false],
        ['pany', false],
        ['N', false],
      ] as const),
    ])
      assert.equal(passes('all', [value], { name: 'COMPANYthings' }), hit, value);
  });

  test('turned round by an exclamation mark lets the others through', () => {
    assert.ok(!passes('name', ['!app'], { name: 'app/db' }));
    assert.ok(passes('name', ['!app'], { name: 'db' }));
    assert.ok(passes('description', ['!c'], { description: 'one' }));
  });

  test('needs one of its values; several filters need all', () => {
    assert.ok(passes('name', ['x', 'a'], { name: 'a' }));
    const both = filtersOf([
      { Key: 'name', Values: ['a'] },
      { Key: 'name', Values: ['ab'] },
    ]);
    assert.ok(both(secret({ name: 'abc' })));
    assert.ok(!both(secret({ name: 'ac' })));
  });

  test('without Key or Values is refused', () => {
    assert.throws(() => filtersOf([{ Key: 'name' }]), /a filter needs/i);
    assert.throws(() => filtersOf([{ Values: ['a'] }]), /a filter needs/i);
  });
});

test('words end at separators, capitals and digits', () => {
  assert.deepEqual(wordsOf('prod/My-app_v2=x'), ['prod', 'my', 'app', 'v', '2', 'x']);
  assert.deepEqual(wordsOf('COMPANYthings'), ['compan', 'ythings']);
  assert.deepEqual(wordsOf('AppBeta'), ['app', 'beta']);
});
