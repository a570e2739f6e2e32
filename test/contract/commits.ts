/** Commits as the contract makes them, in the test's process and in others. */
import type { Engine, Write } from '../../src/store/engine.ts';

let lastVersion = 1;

/** A write of text, with a version never used before. */
export function write(path: string, text: string, expect?: number): Write {
  return { path, expect, row: { version: ++lastVersion, value: Buffer.from(text) } };
}

export async function textAt(engine: Engine, path: string): Promise<string | undefined> {
  const row = await engine.get(path);
  return row === undefined ? undefined : Buffer.from(row.value).toString();
}

/** Adds to the counter `times` times, each by the version that was read. */
export async function count(engine: Engine, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const row = await engine.get('counter');
    const next = row === undefined ? 1 : Number(Buffer.from(row.value).toString()) + 1;
    // Versions of different processes must differ.
    const version = (process.pid * 2 ** 24 + ++lastVersion) % 2 ** 52;
    const value = Buffer.from(`${next}`);
    const add: Write = { path: 'counter', expect: row?.version ?? 0, row: { version, value } };
    if ((await engine.commit([add])).kind === 'committed') done++;
  }
}

export const countsPerProcess = 60;
