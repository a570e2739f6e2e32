/** A process of its own that commits to a store, for the contract: `FILE KEY count|log NAME`. */
import { openSqliteEngine } from '../../src/store/sqlite/engine.ts';
import { count, countsPerProcess, write } from './commits.ts';
import { testWorld } from './world.ts';

const [file = '', key = '', task, name] = process.argv.slice(2);
const integrityKey = Buffer.from(key, 'hex');
const engine = await openSqliteEngine({ file, world: testWorld(), integrityKey });

if (task === 'count') {
  await count(engine, countsPerProcess);
  await engine.close();
} else {
  // Several at a time, as a server has them; killed from outside.
  const acknowledged = new Set<number>();
  let printed = -1;
  const log = async (lane: number): Promise<void> => {
    for (let n = lane; ; n += 4) {
      await engine.commit([write(`log/${name}/${n}`, `${n}`, 0)]);
      acknowledged.add(n);
      while (acknowledged.delete(printed + 1)) process.stdout.write(`${++printed}\n`);
    }
  };
  await Promise.all([0, 1, 2, 3].map(log));
}
