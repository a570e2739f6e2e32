/**
 * The barrier: what is below it is not trusted. Each record is sealed under the keyring's
 * current term, bound to its path and version; what doesn't open as exactly that record is
 * damage.
 */
import type { World } from '../world.ts';
import { type Row, StoreDamaged } from './engine.ts';
import type { Keyring } from './keyring.ts';
import { freshVersion, openRow, sealRow, termOf } from './sealed-row.ts';

export class Barrier {
  readonly #keyring: Keyring;
  readonly #world: World;

  constructor(keyring: Keyring, world: World) {
    this.#keyring = keyring;
    this.#world = world;
  }

  /** A new version of the row at `path`. */
  seal(path: string, plaintext: Buffer): { readonly version: number; readonly value: Buffer } {
    const version = freshVersion(this.#world);
    const { term, key } = this.#keyring.use();
    const row = { path, version, plaintext };
    return { version, value: sealRow(row, { term, key, world: this.#world }) };
  }

  /**
   * The plaintext, which the caller owns. Throws StoreDamaged, which names the path and never
   * the content.
   */
  open(row: Row): Buffer | Promise<Buffer> {
    const key = this.#keyOf(row);
    // Another node may have begun a term that this one hasn't heard of.
    return key === undefined ? this.#openLater(row) : openOrThrow(row, key);
  }

  async #openLater(row: Row): Promise<Buffer> {
    await this.#keyring.reload();
    return openOrThrow(row, this.#keyOf(row));
  }

  #keyOf(row: Row): Buffer | undefined {
    const term = termOf(row);
    return term === undefined ? undefined : this.#keyring.key(term);
  }
}

function openOrThrow(row: Row, key: Buffer | undefined): Buffer {
  const plaintext = key === undefined ? undefined : openRow(row, key);
  if (plaintext !== undefined) return plaintext;
  const text = `The record ${JSON.stringify(row.path)} is not what was written there.`;
  throw new StoreDamaged(`${text} Restore the store from a backup.`);
}
