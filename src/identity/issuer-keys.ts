/**
 * The public keys of the OIDC issuers that this server was told of: a JSON Web Key Set (RFC 7517)
 * from a file, or from a URL on the local network. Kept for minutes, read anew when a token names a
 * key that isn't among them, and never oftener than bounds allow: strangers' tokens ask for it.
 */
import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import type { World } from '../world.ts';

/** Where the keys of an issuer are. */
export interface IssuerSource {
  /** As tokens name it, an https URL. */
  readonly issuer: string;
  /** A path, or an http or https URL. */
  readonly keysFrom: string;
}

/** Finds the key that a token was signed with. The same function as long as the set is. */
export type FindKey = ReturnType<typeof createLocalJWKSet>;

/** `unknown`: no such issuer. `unreachable`: its keys can't be read, and none are kept. */
export type FoundKeys = FindKey | 'unknown' | 'unreachable';

export interface IssuerKeys {
  current(issuer: string): Promise<FoundKeys>;
  /** After a token named a key that isn't in `current`. The same keys when they are fresh. */
  renewed(issuer: string): Promise<FoundKeys>;
}

export interface IssuerKeysOptions {
  readonly world: Pick<World, 'monotonic'>;
  readonly sources: readonly IssuerSource[];
  /** What an operator should know; nothing secret is in it. */
  readonly onTrouble: (text: string) => void;
}

/** So long keys are taken as they are, and so long after they could last be read at the most. */
const freshMs = 10 * 60_000;
const keptMs = 60 * 60_000;
/** Between two attempts, whatever tokens come. */
const retryMs = 5_000;
const renewMs = 30_000;
const timeoutMs = 5_000;
const mostBytes = 256 * 1024;
const mostKeys = 100;

/** `https://issuer.example/` and `https://issuer.example` are one. */
export const issuerName = (issuer: string): string => issuer.replace(/\/$/, '');

export function createIssuerKeys({ world, sources, onTrouble }: IssuerKeysOptions): IssuerKeys {
  const sets = new Map(
    sources.map((source) => [issuerName(source.issuer), new KeySet(source, world, onTrouble)]),
  );
  const ask = (issuer: string, oldestMs: number): Promise<FoundKeys> =>
    sets.get(issuerName(issuer))?.notOlderThan(oldestMs) ?? Promise.resolve('unknown');
  return {
    current: (issuer) => ask(issuer, freshMs),
    renewed: (issuer) => ask(issuer, renewMs),
  };
}

class KeySet {
  readonly #source: IssuerSource;
  readonly #world: Pick<World, 'monotonic'>;
  readonly #onTrouble: (text: string) => void;
  #keys: FindKey | undefined;
  /** By the monotonic clock. */
  #readAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(
    source: IssuerSource,
    world: Pick<World, 'monotonic'>,
    onTrouble: (text: string) => void,
  ) {
    this.#source = source;
    this.#world = world;
    this.#onTrouble = onTrouble;
  }

  async notOlderThan(ageMs: number): Promise<FoundKeys> {
    const now = this.#world.monotonic();
    if (now - this.#readAt > ageMs && now - this.#triedAt > retryMs) this.#reading ??= this.#read();
    if (this.#reading !== undefined) await this.#reading;
    if (this.#world.monotonic() - this.#readAt > keptMs) this.#keys = undefined;
    return this.#keys ?? 'unreachable';
  }

  async #read(): Promise<void> {
    const { keysFrom, issuer } = this.#source;
    this.#triedAt = this.#world.monotonic();
    try {
      const isUrl = /^https?:\/\//.test(keysFrom);
      this.#keys = findKeyIn(isUrl ? await fetched(keysFrom) : await fileText(keysFrom));
      this.#readAt = this.#world.monotonic();
    } catch (error) {
      this.#onTrouble(`The keys of ${issuer} could not be read: ${(error as Error).message}`);
    } finally {
      this.#reading = undefined;
    }
  }
}

async function fileText(path: string): Promise<string> {
  const facts = await stat(path);
  if (!facts.isFile()) throw new Error(`${path} is no file`);
  if (facts.size > mostBytes) throw new Error(`${path} has more than ${mostBytes} bytes`);
  return readFile(path, 'utf8');
}

/** Follows no redirection: the operator named the place. */
async function fetched(url: string): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/json' },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > mostBytes) throw new Error(`${url} answered more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function findKeyIn(text: string): FindKey {
  const { keys } = JSON.parse(text) as Partial<JSONWebKeySet>;
  if (!Array.isArray(keys) || keys.length > mostKeys) throw new Error('It is no JSON Web Key Set.');
  return createLocalJWKSet({ keys });
}
