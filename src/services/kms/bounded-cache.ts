/**
 * A map that holds at most so many entries and forgets those not used for longest, roughly: entries
 * live in a young and an old half, and a use moves one from old to young. A hit among the young
 * costs one look-up. Where entries differ much in size, `weightOf` says for how many each counts.
 */
export class BoundedCache<T> {
  readonly #halfWeight: number;
  readonly #weightOf: (value: T) => number;
  #young = new Map<string, T>();
  #youngWeight = 0;
  #old = new Map<string, T>();

  constructor(maxEntries: number, weightOf: (value: T) => number = () => 1) {
    this.#halfWeight = Math.max(1, Math.floor(maxEntries / 2));
    this.#weightOf = weightOf;
  }

  get(key: string): T | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: T): void {
    this.#dropYoung(key);
    if (this.#youngWeight >= this.#halfWeight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, value);
    this.#youngWeight += this.#weightOf(value);
  }

  #dropYoung(key: string): void {
    const value = this.#young.get(key);
    if (value === undefined) return;
    this.#young.delete(key);
    this.#youngWeight -= this.#weightOf(value);
  }

  delete(key: string): void {
    this.#dropYoung(key);
    this.#old.delete(key);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
