/**
 * A bounded cache in two generations: what was used since the last turn survives the next, the
 * rest is forgotten.
 */

export class EntryCache<T> {
  readonly #generationEntries: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** Holds at most `entries`; 0 holds nothing. */
  constructor(entries: number) {
    this.#generationEntries = Math.floor(entries / 2);
  }

  get(id: string): T | undefined {
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const old = this.#old.get(id);
    if (old !== undefined) this.set(id, old);
    return old;
  }

  set(id: string, value: T): void {
    if (this.#generationEntries === 0) return;
    if (this.#young.size >= this.#generationEntries && !this.#young.has(id)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(id, value);
  }

  delete(id: string): void {
    this.#young.delete(id);
    this.#old.delete(id);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
