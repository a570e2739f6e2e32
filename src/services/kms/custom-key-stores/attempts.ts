/** Attempts that go on beside whoever waits for them. */

/** More at a time than stores could want: results that nobody asks for any more are forgotten. */
const mostKept = 1_000;

/**
 * Work that takes its time and is asked for again and again until it is done: what falls due is
 * looked at every second and must not wait for somebody's token or network.
 */
export class Attempts<R> {
  readonly #underWay = new Map<string, { readonly outcome: R | undefined }>();

  /**
   * Begins `attempt` when there is none of this id. Undefined while it is under way; its result
   * once, after which the next asking begins another. `attempt` must not reject.
   */
  resultOf(id: string, attempt: () => Promise<R>): R | undefined {
    const known = this.#underWay.get(id);
    if (known === undefined) {
      const oldest = this.#underWay.keys().next().value;
      if (this.#underWay.size >= mostKept && oldest !== undefined) this.#underWay.delete(oldest);
      this.#underWay.set(id, { outcome: undefined });
      void attempt().then((outcome) => this.#underWay.set(id, { outcome }));
      return undefined;
    }
    if (known.outcome !== undefined) this.#underWay.delete(id);
    return known.outcome;
  }
}
