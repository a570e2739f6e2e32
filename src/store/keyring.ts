/**
 * The keyring: the keys that records are sealed under, one a term. It lies in the store itself
 * as the one row outside the barrier, sealed under a key from the root key. A new term begins
 * with time or use; the old ones go on opening.
 */
import type { World } from '../world.ts';
import { type Engine, type Row, StoreDamaged, type Write } from './engine.ts';
import { keyringKeyOf } from './root-key.ts';
import { freshVersion, openRow, sealRow } from './sealed-row.ts';

export const keyringPath = 'keyring';

/**
 * Where a term ends: 90 days, and half of GCM's 2³² random IVs under one key (NIST SP 800-38D
 * section 8.3).
 */
const longestTermMs = 90 * 24 * 60 * 60 * 1000;
const mostSeals = 2 ** 31;
/**
 * An old term is forgotten no sooner than this after its end: no node can still be sealing under
 * it then.
 */
const forgetAfterMs = 24 * 60 * 60 * 1000;
/** The keyring row itself names no term. */
const noTerm = 0;

export interface Keyring {
  /** The current term, to seal one record under. */
  use(): { readonly term: number; readonly key: Buffer };
  /** The key of a term, old ones too; undefined when it is unknown here. */
  key(term: number): Buffer | undefined;
  /** The number of the current term. */
  currentTerm(): number;
  /** Terms, oldest first, without their keys. */
  terms(): readonly TermFacts[];
  /** Begins a new term now. */
  rotate(): Promise<void>;
  /**
   * Writes down how much was sealed and begins a new term when the current one is due. To be
   * called at start and every few minutes: what was sealed since the last call is not counted if
   * the process dies.
   */
  maintain(): Promise<'rotated' | 'kept'>;
  /**
   * Forgets an old term for good; `dropTerm` asks first whether anything is sealed under it.
   * Refuses for a day after its end.
   */
  forget(term: number): Promise<void>;
  /** Reads the keyring again; done by itself when another node changes it. */
  reload(): Promise<void>;
}

export interface TermFacts {
  readonly term: number;
  /** `world.now()` at its beginning. */
  readonly createdAt: number;
  /** How many records were sealed under it, by all nodes, about. */
  readonly sealedCount: number;
  /** `world.machineNow()` at its end; undefined for the current term. */
  readonly endedAt: number | undefined;
}

interface Term extends TermFacts {
  readonly key: Buffer;
}

export interface KeyringOptions {
  readonly engine: Engine;
  readonly rootKey: Buffer;
  readonly world: World;
}

/** Makes the keyring of a new store. Throws when there is one. */
export async function createKeyring(options: KeyringOptions): Promise<Keyring> {
  const first = newTerm(options.world, 1);
  const keyring = new StoredKeyring(options);
  if (!(await keyring.write([first], 0))) throw new Error('the store has a keyring already');
  return keyring;
}

/** Throws StoreDamaged when it is missing, altered, or sealed under another root key. */
export async function openKeyring(options: KeyringOptions): Promise<Keyring> {
  const keyring = new StoredKeyring(options);
  await keyring.reload();
  return keyring;
}

class StoredKeyring implements Keyring {
  readonly #engine: Engine;
  readonly #world: World;
  readonly #sealingKey: Buffer;
  #terms: readonly Term[] = [];
  #byNumber: ReadonlyMap<number, Buffer> = new Map();
  #current: Term | undefined;
  #version = 0;
  /** Sealed by this node under the current term and not yet written down. */
  #uncounted = 0;

  constructor({ engine, rootKey, world }: KeyringOptions) {
    this.#engine = engine;
    this.#world = world;
    this.#sealingKey = keyringKeyOf(rootKey);
    engine.subscribe((paths) => {
      if (!paths.includes(keyringPath) && !paths.includes('')) return;
      // A failure shows again, and is reported, when a record needs the term.
      this.reload().catch(() => {});
    });
  }

  use(): Term {
    this.#uncounted++;
    return this.#now();
  }

  key(term: number): Buffer | undefined {
    return this.#byNumber.get(term);
  }

  currentTerm(): number {
    return this.#now().term;
  }

  terms(): readonly TermFacts[] {
    return this.#terms.map(({ term, createdAt, sealedCount, endedAt }) => {
      return { term, createdAt, sealedCount, endedAt };
    });
  }

  async rotate(): Promise<void> {
    await this.#change((terms) => this.#withNewTerm(terms));
  }

  async maintain(): Promise<'rotated' | 'kept'> {
    const before = this.currentTerm();
    await this.#change((terms) => {
      const { createdAt, sealedCount } = terms.at(-1)!;
      const isDue = this.#world.now() - createdAt >= longestTermMs || sealedCount >= mostSeals;
      if (isDue) return this.#withNewTerm(terms);
      return this.#uncounted === 0 ? undefined : terms;
    });
    return this.currentTerm() === before ? 'kept' : 'rotated';
  }

  async forget(term: number): Promise<void> {
    const { endedAt } = this.#terms.find((known) => known.term === term) ?? {};
    if (endedAt === undefined || this.#world.machineNow() - endedAt < forgetAfterMs) {
      throw new Error(`term ${term} is current, unknown, or ended less than a day ago`);
    }
    await this.#change((terms) => terms.filter((known) => known.term !== term));
  }

  async reload(): Promise<void> {
    for (;;) {
      const known = this.#version;
      const row = await this.#engine.get(keyringPath);
      // Another reload came first, perhaps with a newer row.
      if (this.#version !== known) continue;
      if (row === undefined) throw new StoreDamaged("The store's keyring is missing.");
      if (row.version !== known) this.#adopt(decode(row, this.#sealingKey), row.version);
      return;
    }
  }

  /** False when another node was faster. */
  async write(terms: readonly Term[], expect: number): Promise<boolean> {
    const version = freshVersion(this.#world);
    const plaintext = encode(terms);
    const under = { term: noTerm, key: this.#sealingKey, world: this.#world };
    const value = sealRow({ path: keyringPath, version, plaintext }, under);
    plaintext.fill(0);
    const write: Write = { path: keyringPath, expect, row: { version, value } };
    const result = await this.#engine.commit([write]);
    if (result.kind === 'conflict') return false;
    await this.reload();
    return true;
  }

  /**
   * `next` decides on the terms as they stand, counts included; undefined leaves them as they
   * are.
   */
  async #change(next: (terms: readonly Term[]) => readonly Term[] | undefined): Promise<void> {
    for (;;) {
      const counting = this.#uncounted;
      const expect = this.#version;
      const current = this.#now();
      const terms = this.#terms.map((term) =>
        term === current ? { ...term, sealedCount: term.sealedCount + counting } : term,
      );
      const changed = next(terms);
      if (changed === undefined) return;
      if (await this.write(changed, expect)) {
        this.#uncounted -= counting;
        return;
      }
      await this.reload();
    }
  }

  #withNewTerm(terms: readonly Term[]): readonly Term[] {
    const last = { ...terms.at(-1)!, endedAt: this.#world.machineNow() };
    return [...terms.slice(0, -1), last, newTerm(this.#world, last.term + 1)];
  }

  #now(): Term {
    if (this.#current === undefined) throw new Error('the keyring has not been read');
    return this.#current;
  }

  #adopt(terms: readonly Term[], version: number): void {
    this.#terms = terms;
    this.#byNumber = new Map(terms.map(({ term, key }) => [term, key]));
    this.#current = terms.at(-1);
    this.#version = version;
  }
}

function newTerm(world: World, term: number): Term {
  const createdAt = world.now();
  return { term, key: world.randomBytes(32), createdAt, sealedCount: 0, endedAt: undefined };
}

function encode(terms: readonly Term[]): Buffer {
  const plain = terms.map((term) => ({ ...term, key: term.key.toString('base64') }));
  return Buffer.from(JSON.stringify({ terms: plain }));
}

function decode(row: Row, key: Buffer): readonly Term[] {
  const plaintext = openRow(row, key);
  if (plaintext === undefined) {
    throw new StoreDamaged("The store's keyring was altered, or sealed under another root key.");
  }
  const { terms } = JSON.parse(plaintext.toString()) as { terms: (TermFacts & { key: string })[] };
  plaintext.fill(0);
  return terms.map((term) => ({
    ...term,
    key: Buffer.from(term.key, 'base64'),
    endedAt: term.endedAt,
  }));
}
