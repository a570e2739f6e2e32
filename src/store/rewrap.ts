/**
 * Sealing again, under the current term, what lies sealed under old ones: in small batches, any
 * time, any number of times.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { World } from '../world.ts';
import { Barrier } from './barrier.ts';
import type { Engine, Row, Write } from './engine.ts';
import { type Keyring, keyringPath } from './keyring.ts';
import { termOf } from './sealed-row.ts';

const batchRows = 64;

/**
 * Walks the whole store once; resolves to the number of records sealed anew. A record that
 * changes meanwhile is left to whoever changed it, who sealed it under the current term. Stopped
 * and begun again, it goes on with what is left.
 */
export async function rewrap(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly world: World;
  readonly stop?: AbortSignal;
}): Promise<number> {
  const { engine, keyring } = options;
  const barrier = new Barrier(keyring, options.world);
  let resealed = 0;
  for await (const rows of batches(engine)) {
    if (options.stop?.aborted) break;
    const old = rows.filter((row) => isOld(row, keyring.currentTerm()));
    if (old.length === 0) continue;
    const writes = await Promise.all(old.map((row) => sealAnew(row, barrier)));
    const { kind } = await engine.commit(writes);
    resealed += kind === 'committed' ? old.length : await oneByOne(engine, writes);
  }
  return resealed;
}

/**
 * Forgets an old term that nothing is sealed under any more. Throws when something is, or its
 * end is too recent.
 */
export async function dropTerm(options: {
  readonly engine: Engine;
  readonly keyring: Keyring;
  readonly term: number;
}): Promise<void> {
  for await (const rows of batches(options.engine)) {
    if (rows.some((row) => row.path !== keyringPath && termOf(row) === options.term)) {
      throw new Error(`records are still sealed under term ${options.term}; rewrap them first`);
    }
  }
  await options.keyring.forget(options.term);
}

async function* batches(engine: Engine): AsyncGenerator<readonly Row[]> {
  let after: string | undefined;
  for (;;) {
    const query = { prefix: '', limit: batchRows };
    const rows = await engine.scan(after === undefined ? query : { ...query, after });
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)!.path;
    // The engine may answer without waiting: requests come first.
    await nextTurn();
  }
}

function isOld(row: Row, currentTerm: number): boolean {
  return row.path !== keyringPath && termOf(row) !== currentTerm;
}

async function sealAnew(row: Row, barrier: Barrier): Promise<Write> {
  const plaintext = await barrier.open(row);
  const write = { path: row.path, expect: row.version, row: barrier.seal(row.path, plaintext) };
  plaintext.fill(0);
  return write;
}

async function oneByOne(engine: Engine, writes: readonly Write[]): Promise<number> {
  let committed = 0;
  for (const write of writes) {
    if ((await engine.commit([write])).kind === 'committed') committed++;
  }
  return committed;
}
