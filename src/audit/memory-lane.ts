/**
 * A lane for development without a data folder: it keeps the newest records and promises nothing.
 */
import type { Lane } from './lane.ts';

const DONE = Promise.resolve();

export interface MemoryLane extends Lane {
  /** The newest records, oldest first. */
  recent(limit: number): string[];
}

/** `keepRecords`: how many records are kept, 10,000 by default. */
export function openMemoryLane(lane: string, keepRecords = 10_000): MemoryLane {
  const kept: string[] = [];
  const listeners = new Set<(json: string) => void>();
  let records = 0;
  const append = (json: string): Promise<void> => {
    kept[records++ % keepRecords] = json;
    for (const listener of listeners) listener(json);
    return DONE;
  };
  return {
    append,
    appendCommitted: append,
    head: () => ({ lane, records, hash: Buffer.alloc(32), segment: 0, offset: 0 }),
    trouble: () => undefined,
    retry: () => {},
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    drain: () => DONE,
    close: () => DONE,
    recent(limit) {
      const count = Math.min(limit, kept.length);
      return Array.from({ length: count }, (_, i) => kept[(records - count + i) % keepRecords]!);
    },
  };
}
