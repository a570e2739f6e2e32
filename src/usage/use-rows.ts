/**
 * Rows that are counted under names that anyone may invent: the latest stay, the rest are summed.
 * Pure. The sum makes that nothing is lost from the totals; which rows stay depends on their times
 * alone, so that it doesn't matter which node saw what.
 */

export interface UseRow {
  /** ms since 1970. */
  readonly lastAt: number;
  readonly lastOperation: string;
  /** Uses by operation. */
  readonly uses: Readonly<Record<string, number>>;
}

/** The rows that were dropped. A name that was dropped and came back is counted again. */
export interface OtherRows {
  readonly names: number;
  readonly uses: number;
  readonly lastAt: number;
}

export interface UseRows {
  readonly rows: Readonly<Record<string, UseRow>>;
  readonly others?: OtherRows;
}

/** So many rows are kept under names. */
export const mostRows = 50;

export const noRows: UseRows = { rows: {} };

/** What holds after both; rows beyond the limit are dropped, the longest unused first. */
export function mergedRows(one: UseRows, other: UseRows): UseRows {
  const rows = new Map(Object.entries(one.rows));
  for (const [name, row] of Object.entries(other.rows)) {
    const known = rows.get(name);
    rows.set(name, known === undefined ? row : mergedRow(known, row));
  }
  const inOrder = [...rows].sort(latestFirst);
  const others = inOrder.slice(mostRows).map(([, row]) => othersOf(row));
  for (const each of [one.others, other.others]) if (each !== undefined) others.push(each);
  const kept = Object.fromEntries(inOrder.slice(0, mostRows));
  return others.length === 0 ? { rows: kept } : { rows: kept, others: others.reduce(summedOthers) };
}

type Named = readonly [name: string, row: UseRow];

const latestFirst = ([nameA, a]: Named, [nameB, b]: Named): number =>
  b.lastAt - a.lastAt || (nameA < nameB ? -1 : 1);

function mergedRow(one: UseRow, other: UseRow): UseRow {
  const uses: Record<string, number> = { ...one.uses };
  for (const [operation, count] of Object.entries(other.uses))
    uses[operation] = (uses[operation] ?? 0) + count;
  const { lastAt, lastOperation } = isLater(one, other) ? one : other;
  return { lastAt, lastOperation, uses };
}

const isLater = (one: UseRow, other: UseRow): boolean =>
  one.lastAt > other.lastAt ||
  (one.lastAt === other.lastAt && one.lastOperation > other.lastOperation);

export const usesOf = ({ uses }: UseRow): number =>
  Object.values(uses).reduce((sum, count) => sum + count, 0);

const othersOf = (row: UseRow): OtherRows => ({
  names: 1,
  uses: usesOf(row),
  lastAt: row.lastAt,
});

const summedOthers = (one: OtherRows, other: OtherRows): OtherRows => ({
  names: one.names + other.names,
  uses: one.uses + other.uses,
  lastAt: Math.max(one.lastAt, other.lastAt),
});

interface GatheringRow {
  lastAt: number;
  lastOperation: string;
  readonly uses: Map<string, number>;
}

/** The same while it gathers: a use changes one row in place. */
export class GatheringRows {
  readonly #rows = new Map<string, GatheringRow>();
  /** The row of the last use: most uses of a key are by the one who used it before. */
  #latest: { readonly name: string; readonly row: GatheringRow } | undefined;
  #others: OtherRows | undefined;

  note(name: string, operation: string, at: number): void {
    const row = this.#latest?.name === name ? this.#latest.row : this.#row(name);
    if (at >= row.lastAt) {
      row.lastAt = at;
      row.lastOperation = operation;
    }
    row.uses.set(operation, (row.uses.get(operation) ?? 0) + 1);
  }

  #row(name: string): GatheringRow {
    const row = this.#rows.get(name) ?? { lastAt: 0, lastOperation: '', uses: new Map() };
    // Behind all others: the first in the map is the longest unused.
    this.#rows.delete(name);
    this.#rows.set(name, row);
    this.#latest = { name, row };
    if (this.#rows.size > mostRows) this.#drop();
    return row;
  }

  #drop(): void {
    const [oldest] = this.#rows;
    if (oldest === undefined) return;
    const [name, row] = oldest;
    this.#rows.delete(name);
    const dropped = othersOf(plainRow(row));
    this.#others = this.#others === undefined ? dropped : summedOthers(this.#others, dropped);
  }

  record(): UseRows {
    const rows = Object.fromEntries(
      [...this.#rows].map(([name, row]) => [name, plainRow(row)] as const),
    );
    return this.#others === undefined ? { rows } : { rows, others: this.#others };
  }
}

const plainRow = ({ lastAt, lastOperation, uses }: GatheringRow): UseRow => ({
  lastAt,
  lastOperation,
  uses: Object.fromEntries(uses),
});
