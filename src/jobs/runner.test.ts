import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomBytes } from '../crypto/random.ts';
import type { World } from '../world.ts';
import { type DueItem, type DueWork, type Runner, startRunner } from './runner.ts';

const world: World = {
  now: () => 0,
  machineNow: () => 0,
  monotonic: () => performance.now(),
  randomBytes,
};

interface Started {
  readonly runner: Runner;
  readonly faults: string[];
  readonly committed: string[];
}

function start(
  due: DueWork['due'],
  commit: (item: DueItem) => 'committed' | 'conflict' = () => 'committed',
): Started {
  const faults: string[] = [];
  const committed: string[] = [];
  const runner = startRunner({
    work: [{ kind: 'test/work', due }],
    world,
    commit: async (item) => {
      const result = commit(item);
      if (result === 'committed') committed.push(item.id);
      return result;
    },
    onFault: (kind, error) => faults.push(`${kind}: ${(error as Error).message}`),
  });
  return { runner, faults, committed };
}

const item = (id: string, perform?: DueItem['perform']): DueItem => ({
  ...{ id, writes: [], record: undefined },
  ...(perform === undefined ? {} : { perform }),
});

describe('due work', () => {
  test('is asked for until nothing is left', async () => {
    const waiting = ['a', 'b', 'c'];
    const { runner, committed } = start(async () => waiting.splice(0, 1).map((id) => item(id)));
    await runner.runNow();
    assert.deepEqual(committed, ['a', 'b', 'c']);
    await runner.close();
  });

  test('that another node has done is left, and not asked for again at once', async () => {
    let asked = 0;
    const due = async () => {
      asked++;
      return [item('a')];
    };
    const { runner, committed } = start(due, () => 'conflict');
    await runner.runNow();
    assert.deepEqual([asked, committed], [1, []]);
    await runner.close();
  });

  test('that fails is told, and keeps nothing else from being done', async () => {
    const { runner, faults } = start(async () => {
      throw new Error('broken');
    });
    await runner.runNow();
    assert.deepEqual(faults, ['test/work: broken']);
    await runner.close();
  });
});

describe('what is performed', () => {
  test('begins after its claim, goes on beside other work, and runNow waits for it', async () => {
    const log: string[] = [];
    const waiting = ['a', 'b'];
    const { runner } = start(
      async () =>
        waiting.splice(0).map((id) =>
          item(id, async () => {
            log.push(`begin ${id}`);
            await new Promise((resolve) => setTimeout(resolve, id === 'a' ? 40 : 10));
            log.push(`end ${id}`);
          }),
        ),
      ({ id }) => {
        log.push(`claim ${id}`);
        return 'committed';
      },
    );
    await runner.runNow();
    assert.deepEqual(log, ['claim a', 'begin a', 'claim b', 'begin b', 'end b', 'end a']);
    await runner.close();
  });

  test('is not begun where the claim is another’s', async () => {
    const claimed = item('a', () => assert.fail('it is not ours'));
    let asked = 0;
    const { runner } = start(
      async () => (asked++ === 0 ? [claimed] : []),
      () => 'conflict',
    );
    await runner.runNow();
    await runner.close();
  });

  test('is bounded: what does not fit is not claimed until a place is free', async () => {
    const waiting = Array.from({ length: 200 }, (_, i) => `${i}`);
    let running = 0;
    let most = 0;
    const { runner, committed } = start(
      async (_now, limit) =>
        waiting.slice(0, limit).map((id) =>
          item(id, async () => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setTimeout(resolve, 5));
            running--;
          }),
        ),
      ({ id }) => {
        waiting.splice(waiting.indexOf(id), 1);
        return 'committed';
      },
    );
    await runner.runNow();
    assert.equal(most, 64);
    assert.equal(new Set(committed).size, 200);
    assert.equal(committed.length, 200);
    await runner.close();
  });

  test('that fails is told', async () => {
    const waiting = [item('a', () => Promise.reject(new Error('broken')))];
    const { runner, faults } = start(async () => waiting.splice(0));
    await runner.runNow();
    assert.deepEqual(faults, ['test/work: broken']);
    await runner.close();
  });

  test('is told when the node stops, and the node waits for it', async () => {
    const waiting = ['a'];
    let ended = false;
    const { runner } = start(async () =>
      waiting.splice(0).map((id) =>
        item(id, async (stopped) => {
          await new Promise((resolve) => stopped.addEventListener('abort', resolve));
          ended = true;
        }),
      ),
    );
    const now = runner.runNow();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await runner.close();
    assert.equal(ended, true);
    await now;
  });
});
