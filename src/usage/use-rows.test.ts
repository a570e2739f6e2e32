import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { GatheringRows, mergedRows, mostRows, noRows, type UseRows, usesOf } from './use-rows.ts';

interface Noted {
  readonly name: string;
  readonly operation: string;
  readonly at: number;
}
const noted = fc.record({
  name: fc.nat(3 * mostRows).map(String),
  operation: fc.constantFrom('Encrypt', 'Decrypt'),
  at: fc.nat(1_000),
});
const history = fc.array(noted, { maxLength: 400, size: 'max' });

function gathered(notes: readonly Noted[]): UseRows {
  const rows = new GatheringRows();
  for (const { name, operation, at } of notes) rows.note(name, operation, at);
  return rows.record();
}

const total = ({ rows, others }: UseRows): number =>
  Object.values(rows).reduce((sum, row) => sum + usesOf(row), others?.uses ?? 0);
const latest = ({ rows, others }: UseRows): number =>
  Math.max(others?.lastAt ?? 0, ...Object.values(rows).map(({ lastAt }) => lastAt));

describe('rows under invented names', () => {
  test('lose no use and no last time, and are never too many, however they are merged', () => {
    fc.assert(
      fc.property(fc.array(history, { minLength: 1, maxLength: 4 }), (histories) => {
        const parts = histories.map(gathered);
        const whole = parts.reduce(mergedRows, noRows);
        const all = histories.flat();
        assert.equal(total(whole), all.length);
        assert.equal(latest(whole), Math.max(0, ...all.map(({ at }) => at)));
        for (const rows of [...parts, whole]) assert.ok(Object.keys(rows.rows).length <= mostRows);
      }),
      { numRuns: 60 },
    );
  });

  test('are the same whichever node is merged first', () => {
    fc.assert(
      fc.property(history, history, (one, other) => {
        const [a, b] = [gathered(one), gathered(other)];
        assert.deepEqual(mergedRows(a, b), mergedRows(b, a));
      }),
      { numRuns: 60 },
    );
  });

  test('keep the latest and sum the rest', () => {
    const many = Array.from({ length: mostRows + 3 }, (_, at) => ({
      name: `user ${at}`,
      operation: 'Decrypt',
      at,
    }));
    const { rows, others } = gathered(many);
    assert.deepEqual(others, { names: 3, uses: 3, lastAt: 2 });
    assert.equal(rows['user 2'], undefined);
    const again = mergedRows({ rows, others: others! }, gathered([{ ...many[1]!, at: 1_000 }]));
    assert.deepEqual(again.rows['user 1'], {
      lastAt: 1_000,
      lastOperation: 'Decrypt',
      uses: { Decrypt: 1 },
    });
    assert.deepEqual(again.others, { names: 4, uses: 4, lastAt: 3 });
  });

  test('tell what was last done, and how often each was', () => {
    const { rows } = gathered([
      { name: 'a', operation: 'Encrypt', at: 5 },
      { name: 'a', operation: 'Decrypt', at: 9 },
      { name: 'a', operation: 'Encrypt', at: 7 },
    ]);
    assert.deepEqual(rows.a, {
      lastAt: 9,
      lastOperation: 'Decrypt',
      uses: { Encrypt: 2, Decrypt: 1 },
    });
  });

  test('may have any name', () => {
    const { rows } = gathered([{ name: '__proto__', operation: 'toString', at: 1 }]);
    const merged = mergedRows({ rows }, JSON.parse(JSON.stringify({ rows })));
    assert.deepEqual(
      JSON.stringify(merged.rows),
      '{"__proto__":{"lastAt":1,"lastOperation":"toString","uses":{"toString":2}}}',
    );
  });
});
