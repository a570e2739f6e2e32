/**
 * What a month's requests and today's keys would cost at AWS, by account, key and principal. Sums
 * are exact until they are shown.
 */
import type { UseRow } from '../../usage/use-rows.ts';
import type { KmsContext } from './context.ts';
import type { Key } from './key.ts';
import type { LedgerEntry } from './ledger.ts';
import {
  dollars,
  freeRequests,
  keyNanoDollars,
  mostChargedRotations,
  type PriceClass,
  requestNanoDollars,
} from './prices.ts';

type Requests = Readonly<Partial<Record<PriceClass, number>>>;

export interface CostReport {
  /** `2026-08`, in UTC. */
  readonly month: string;
  /** What was calculated with, in US dollars. */
  readonly prices: {
    readonly perRequest: Readonly<Record<PriceClass, number>>;
    readonly freeRequestsPerMonth: number;
    readonly perKeyAndMonth: number;
  };
  readonly accounts: readonly AccountCost[];
  /** The dearest first. */
  readonly keys: readonly KeyCost[];
  /** Keys beyond the number that is told. */
  readonly otherKeys: number;
}

export interface AccountCost {
  readonly account: string;
  readonly requests: Requests;
  readonly requestsUsd: number;
  /** What the free requests take off. */
  readonly freeTierUsd: number;
  readonly keys: number;
  /** For keeping the keys a month, as they are now. */
  readonly keysUsd: number;
  readonly totalUsd: number;
}

export interface KeyCost {
  /** Null for requests that are about no key. */
  readonly key: string | null;
  /** The account that pays. */
  readonly account: string;
  readonly region: string;
  readonly requests: Requests;
  readonly requestsUsd: number;
  readonly keyUsd: number;
  readonly principals: readonly PrincipalCost[];
  /** Requests of principals that are too many to be kept by name. */
  readonly otherRequests: number;
}
interface PrincipalCost {
  readonly principal: string;
  readonly requests: Requests;
  readonly usd: number;
}

const mostKeys = 1_000;
const pageEntries = 500;

/** `account`: one payer alone. */
export async function costReport(
  { ledger, records }: KmsContext,
  { month, account }: { readonly month: string; readonly account: string | undefined },
): Promise<CostReport> {
  // So that what this node knows of the last minute is in it.
  await ledger.records.save();
  const sums = new Sums();
  const prefix = account === undefined ? `${month}/` : `${month}/${account}/`;
  for await (const entry of pagesOf<LedgerEntry>(ledger.collection, prefix)) sums.addEntry(entry);
  const keys = account === undefined ? '' : `${account}/`;
  for await (const key of pagesOf<Key>(records.keys, keys)) sums.addKey(key);
  return sums.report(month);
}

interface Paged<T> {
  page(query: { prefix: string; after?: string; limit: number }): Promise<{
    readonly entries: ReadonlyArray<{ readonly value: T }>;
    readonly next: string | undefined;
  }>;
}

async function* pagesOf<T>(collection: Paged<T>, prefix: string): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const page = await collection.page({
      prefix,
      limit: pageEntries,
      ...(after === undefined ? {} : { after }),
    });
    for (const { value } of page.entries) yield value;
    after = page.next;
  } while (after !== undefined);
}

/** What keeping the key costs a month, in billionths of a dollar. */
export function keepingNanoDollars(key: Key): number {
  if (key.manager === 'AWS' || key.state === 'PendingDeletion') return 0;
  if (key.state === 'PendingReplicaDeletion') return 0;
  const rotations = key.generations.filter(({ rotatedAt }) => rotatedAt !== undefined).length;
  return keyNanoDollars * (1 + Math.min(rotations, mostChargedRotations));
}

const nanoDollarsOf = (requests: Requests): number =>
  (Object.entries(requests) as [PriceClass, number][]).reduce(
    (sum, [name, count]) => sum + count * requestNanoDollars[name],
    0,
  );

interface AccountSums {
  readonly requests: Partial<Record<PriceClass, number>>;
  keys: number;
  /** Billionths of a dollar a month. */
  keeping: number;
}

class Sums {
  readonly #keys = new Map<string, { entry: LedgerEntry | undefined; key: Key | undefined }>();
  readonly #accounts = new Map<string, AccountSums>();

  addEntry(entry: LedgerEntry): void {
    const about = entry.keyArn ?? entry.region;
    this.#keys.set(`${entry.payer} ${about}`, { entry, key: undefined });
    const { requests } = this.#account(entry.payer);
    for (const [name, count] of Object.entries(entry.requests) as [PriceClass, number][])
      requests[name] = (requests[name] ?? 0) + count;
  }

  addKey(key: Key): void {
    const id = `${key.account} ${key.arn}`;
    const known = this.#keys.get(id);
    this.#keys.set(id, { entry: known?.entry, key });
    const account = this.#account(key.account);
    const keeping = keepingNanoDollars(key);
    account.keeping += keeping;
    if (keeping > 0) account.keys++;
  }

  #account(account: string): AccountSums {
    const known = this.#accounts.get(account);
    if (known !== undefined) return known;
    const begun: AccountSums = { requests: {}, keys: 0, keeping: 0 };
    this.#accounts.set(account, begun);
    return begun;
  }

  report(month: string): CostReport {
    const keys = [...this.#keys.values()]
      .map(({ entry, key }) => keyCost(entry, key))
      .sort((a, b) => b.requestsUsd + b.keyUsd - (a.requestsUsd + a.keyUsd) || order(a, b));
    const perRequest = Object.fromEntries(
      Object.entries(requestNanoDollars).map(([name, price]) => [name, dollars(price)]),
    ) as Record<PriceClass, number>;
    return {
      month,
      prices: {
        perRequest,
        freeRequestsPerMonth: freeRequests,
        perKeyAndMonth: dollars(keyNanoDollars),
      },
      accounts: [...this.#accounts].map(([account, sums]) => accountCost(account, sums)),
      keys: keys.slice(0, mostKeys),
      otherKeys: Math.max(0, keys.length - mostKeys),
    };
  }
}

const order = (a: KeyCost, b: KeyCost): number => ((a.key ?? '') < (b.key ?? '') ? -1 : 1);

function accountCost(account: string, { requests, keys, keeping }: AccountSums): AccountCost {
  const asked = nanoDollarsOf(requests);
  const free = Math.min(requests.request ?? 0, freeRequests) * requestNanoDollars.request;
  return {
    account,
    requests,
    requestsUsd: dollars(asked),
    freeTierUsd: dollars(free),
    keys,
    keysUsd: dollars(keeping),
    totalUsd: dollars(asked - free + keeping),
  };
}

function keyCost(entry: LedgerEntry | undefined, key: Key | undefined): KeyCost {
  const principals = Object.entries(entry?.principals.rows ?? {}).map(principalCost);
  return {
    key: key?.arn ?? entry?.keyArn ?? null,
    account: entry?.payer ?? key?.account ?? '',
    region: entry?.region ?? key?.region ?? '',
    requests: entry?.requests ?? {},
    requestsUsd: dollars(nanoDollarsOf(entry?.requests ?? {})),
    keyUsd: key === undefined ? 0 : dollars(keepingNanoDollars(key)),
    principals: principals.sort((a, b) => b.usd - a.usd),
    otherRequests: entry?.principals.others?.uses ?? 0,
  };
}

function principalCost([principal, row]: [string, UseRow]): PrincipalCost {
  const requests = row.uses as Requests;
  return { principal, requests, usd: dollars(nanoDollarsOf(requests)) };
}
