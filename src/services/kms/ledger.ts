/**
 * The ledger: how many requests of which price each principal made with each key, by calendar month
 * (UTC). What fails is not in it; dry runs are, because AWS charges for them. Whoever asks pays,
 * also for another account's key.
 */
import type { Collection, Store } from '../../store/store.ts';
import { GatheredRecords, type Gathering } from '../../usage/merged-records.ts';
import { GatheringRows, mergedRows, type UseRows } from '../../usage/use-rows.ts';
import type { DueChange } from './due.ts';
import { keyRecordId } from './key.ts';
import { userName } from './key-uses.ts';
import type { Answered } from './observed.ts';
import { type PriceClass, priceClassOf } from './prices.ts';

/** One month of one key and payer: uses by price class under the names of principals. */
export interface LedgerEntry {
  /** Undefined for requests that are about no key. */
  readonly keyArn?: string;
  readonly keySpec?: string;
  readonly payer: string;
  readonly region: string;
  readonly principals: UseRows;
  /** Requests by price class, of all principals. */
  readonly requests: Readonly<Partial<Record<PriceClass, number>>>;
}

export interface Ledger {
  readonly collection: Collection<LedgerEntry>;
  readonly records: GatheredRecords<LedgerEntry, GatheringEntry>;
}

export function openLedger(store: Store): Ledger {
  const collection = store.collection<LedgerEntry>({ path: 'kms/ledger', cacheEntries: 1_000 });
  return {
    collection,
    records: new GatheredRecords<LedgerEntry, GatheringEntry>({
      store,
      collection,
      begin: () => new GatheringEntry(),
      merge: mergedEntries,
      // What was spent stays spent when the key is gone.
      isAbout: async () => true,
    }),
  };
}

function mergedEntries(one: LedgerEntry, other: LedgerEntry): LedgerEntry {
  const requests: Partial<Record<PriceClass, number>> = { ...one.requests };
  for (const [name, count] of Object.entries(other.requests) as [PriceClass, number][])
    requests[name] = (requests[name] ?? 0) + count;
  return { ...one, principals: mergedRows(one.principals, other.principals), requests };
}

type Facts = Omit<LedgerEntry, 'principals' | 'requests'>;

class GatheringEntry implements Gathering<LedgerEntry> {
  #facts: Facts | undefined;
  #month = '';
  readonly #principals = new GatheringRows();
  readonly #requests = new Map<PriceClass, number>();

  /** Whether it is the entry of this month, or of none yet. */
  isOf(month: string): boolean {
    return this.#month === month || this.#month === '';
  }

  note({ call, key }: Answered, price: PriceClass): void {
    this.#month = monthOf(call.now);
    this.#facts ??= {
      ...(key === undefined ? {} : { keyArn: key.arn, keySpec: key.spec }),
      payer: call.principal.account,
      region: call.region,
    };
    this.#principals.note(userName(call.principal), price, call.now);
    this.#requests.set(price, (this.#requests.get(price) ?? 0) + 1);
  }

  record(): LedgerEntry {
    if (this.#facts === undefined) throw new Error('Nothing has gathered for the ledger');
    return {
      ...this.#facts,
      principals: this.#principals.record(),
      requests: Object.fromEntries(this.#requests),
    };
  }
}

export function enter(ledger: Ledger, request: Answered): void {
  const { call, key, other, input } = request;
  const { KeyPairSpec: keyPairSpec } = input as { readonly KeyPairSpec?: string };
  const price = priceClassOf({
    operation: call.operation,
    spec: key?.spec,
    otherSpec: other?.spec,
    keyPairSpec,
  });
  entryOf(ledger, request).note(request, price);
}

/** Each key's entry is remembered beside it for the payer and the month that came last. */
function entryOf(ledger: Ledger, { call, key }: Answered): GatheringEntry {
  const { records } = ledger;
  const month = monthOf(call.now);
  const { account } = call.principal;
  const id = () => `${month}/${account}/${key === undefined ? call.region : keyRecordId(key)}`;
  if (key?.account !== account) return records.gathering(id());
  const entry = records.gatheringAbout(key, id);
  return entry.isOf(month) ? entry : records.gathering(id());
}

/** The month that was asked for last: nearly always the one that is asked for next. */
let known = { from: 0, until: 0, name: '' };

/** `2026-08`, in UTC. */
export function monthOf(ms: number): string {
  if (ms >= known.from && ms < known.until) return known.name;
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  known = {
    from: Date.UTC(year, month),
    until: Date.UTC(year, month + 1),
    name: date.toISOString().slice(0, -17),
  };
  return known.name;
}

/** So many months are kept besides the one that runs. */
export const keptMonths = 13;

/** The oldest entries once their month is long over. */
export async function dueForgetting(
  { collection }: Ledger,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<readonly DueChange[]> {
  const date = new Date(now);
  const oldest = monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - keptMonths));
  const { entries } = await collection.page({ limit: 1 });
  if (entries[0] === undefined || entries[0].id >= oldest) return [];
  const page = await collection.page({ limit });
  const over = page.entries.filter(({ id }) => id < oldest);
  return over.map((entry) => ({
    id: entry.value.keyArn ?? entry.id,
    writes: collection.remove(entry),
    event: undefined,
  }));
}
