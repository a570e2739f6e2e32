/**
 * A map that holds at most so many entries and forgets those not used for longest, roughly: entries
 * live in a young and an old half, and a use moves one from old to young. A hit among the young
 * costs one look-up.
 */
export class BoundedCache<T> {
  readonly #halfEntries: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  constructor(maxEntries: number) {
    this.#halfEntries = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(key: string): T | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#halfEntries && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
