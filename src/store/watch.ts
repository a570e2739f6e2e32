/**
 * Counts the changes of paths while somebody waits for the engine, so that an answer that was
 * overtaken by a change is not cached. Only paths that are being waited for are counted.
 */

interface Watched {
  changes: number;
  watchers: number;
}

export interface Watch {
  /** How often the path changed since the watch began. */
  changes(): number;
  end(): void;
}

export class Watches {
  readonly #watched = new Map<string, Watched>();

  begin(path: string): Watch {
    const watched = this.#watched.get(path) ?? { changes: 0, watchers: 0 };
    if (watched.watchers++ === 0) this.#watched.set(path, watched);
    const before = watched.changes;
    return {
      changes: () => watched.changes - before,
      end: () => {
        if (--watched.watchers === 0) this.#watched.delete(path);
      },
    };
  }

  changed(path: string): void {
    const watched = this.#watched.get(path);
    if (watched !== undefined) watched.changes++;
  }

  /** Twice, because one change is what a commit expects of itself. */
  everythingChanged(): void {
    for (const watched of this.#watched.values()) watched.changes += 2;
  }
}
