import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  attached,
  detached,
  labelCount,
  maxVersions,
  versionsToForget,
  withNewValue,
} from './labels.ts';
import type { Version } from './secret.ts';

const version = (id: string, ...stages: string[]): Version => ({
  ...{ id, number: 1, createdAt: 0, stages, keys: ['key'] },
});

const shown = (versions: readonly Version[]) =>
  Object.fromEntries(versions.map(({ id, stages }) => [id, stages.join(' ')]));

describe('labels', () => {
  test('leave AWSPREVIOUS where AWSCURRENT was, and custom ones where they are', () => {
    const versions = [
      version('a', 'AWSPREVIOUS'),
      version('b', 'AWSCURRENT', 'mine'),
      version('c'),
    ];
    assert.deepEqual(shown(attached(versions, 'c', ['AWSCURRENT'])), {
      ...{ a: '', b: 'AWSPREVIOUS mine', c: 'AWSCURRENT' },
    });
    assert.deepEqual(shown(attached(versions, 'b', ['AWSCURRENT'])), shown(versions));
  });

  test('make the first value current, whatever was asked', () => {
    const made = withNewValue([version('a')], 'a', ['mine']);
    assert.deepEqual(shown(made), { a: 'AWSCURRENT mine' });
  });

  test('drop what is pending elsewhere when a new value becomes current', () => {
    const versions = [version('a', 'AWSCURRENT', 'AWSPENDING'), version('b')];
    assert.deepEqual(shown(withNewValue(versions, 'b', ['AWSCURRENT'])), {
      ...{ a: 'AWSPREVIOUS', b: 'AWSCURRENT' },
    });
    const pending = [version('a', 'AWSCURRENT'), version('b', 'AWSPENDING'), version('c')];
    assert.deepEqual(shown(withNewValue(pending, 'c', ['mine'])), {
      ...{ a: 'AWSCURRENT', b: 'AWSPENDING', c: 'mine' },
    });
  });

  test('are sorted, and taken away by name', () => {
    const versions = attached([version('a')], 'a', ['z', 'a', 'm']);
    assert.deepEqual(versions[0]?.stages, ['a', 'm', 'z']);
    assert.deepEqual(detached(versions, ['m', 'other'])[0]?.stages, ['a', 'z']);
    assert.equal(labelCount(versions), 3);
  });

  test('stand on one version each, and AWSCURRENT stays once it is given, in any history', () => {
    const labels = ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS', 'x', 'y'];
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd'),
      stages: fc.uniqueArray(fc.constantFrom(...labels), { minLength: 1 }),
      isNew: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let versions: readonly Version[] = ['a', 'b', 'c', 'd'].map((id) => version(id));
        let wasCurrent = false;
        for (const { id, stages, isNew } of steps) {
          versions = (isNew ? withNewValue : attached)(versions, id, stages);
          const all = versions.flatMap((each) => each.stages);
          assert.equal(new Set(all).size, all.length);
          // AWSPREVIOUS goes where AWSCURRENT was, whatever was asked.
          for (const stage of stages.filter((each) => each !== 'AWSPREVIOUS'))
            assert.ok(versions.find((each) => each.id === id)?.stages.includes(stage));
          if (wasCurrent) assert.ok(all.includes('AWSCURRENT'));
          wasCurrent = all.includes('AWSCURRENT');
        }
      }),
    );
  });
});

describe('versions', () => {
  const day = 86_400_000;
  const many = (count: number, of: Partial<Version>) =>
    Array.from({ length: count }, (_, i) => ({ ...version(`v${i}`), number: i, ...of }));

  test('are forgotten from the oldest on when there are 100, none younger than a day', () => {
    const now = 10 * day;
    assert.deepEqual(versionsToForget(many(maxVersions - 1, {}), now), []);
    const old = many(maxVersions, { createdAt: now - day });
    assert.deepEqual(versionsToForget(old, now), [old[0]]);
    assert.equal(versionsToForget(many(maxVersions, { createdAt: now - day + 1 }), now), undefined);
  });

  test('with labels are never forgotten', () => {
    const labelled = many(maxVersions, { stages: ['x'] });
    assert.equal(versionsToForget(labelled, 10 * day), undefined);
    const one = labelled.with(50, { ...version('free'), stages: [] });
    assert.deepEqual(
      versionsToForget(one, 10 * day)?.map(({ id }) => id),
      ['free'],
    );
  });
});
