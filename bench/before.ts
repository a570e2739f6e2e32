/**
 * Claim: watching requests (quotas, last uses, counters, ledger) costs next to nothing. Compares
 * this tree, with quotas asked for, with another one of the same program, such as an earlier
 * commit's worktree: `--before DIR`.
 */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Bench,
  type Claim,
  createKey,
  median,
  type Rate,
  type Row,
  rateOf,
  warm,
} from './claim.ts';
import { hotRequests } from './hot-path.ts';
import { type Program, startSealhold } from './program.ts';
import type { Prepared } from './request.ts';

export const before = (tree: string): Claim => ({
  name: 'before',
  says: `the hot path, every request watched and charged to quotas, against ${tree} (32 connections, one core)`,
  async measure(bench) {
    // High enough never to be reached: what counts is that every request draws on them.
    const quotas = join(bench.folder('quotas'), 'quotas.json');
    writeFileSync(quotas, JSON.stringify({ 'L-6E3AF000': 1_000_000_000 }));
    const now = await startSealhold({
      data: bench.folder('now'),
      core: 0,
      args: ['--quotas', quotas],
    });
    const then = await startSealhold({ data: bench.folder('then'), core: 0, root: resolve(tree) });
    try {
      return await compare(bench, now, then);
    } finally {
      await Promise.all([now.stop(), then.stop()]);
    }
  },
});

interface Side {
  readonly program: Program;
  readonly requests: readonly Prepared[];
}

async function compare(bench: Bench, now: Program, then: Program): Promise<Row[]> {
  const [ours, theirs] = (await Promise.all([now, then].map(sideOf))) as [Side, Side];
  for (const { program, requests } of [ours, theirs])
    for (const request of requests) await warm(bench, program, request);
  const rows: Row[] = [];
  for (const [i, request] of ours.requests.entries()) {
    const pairs: (readonly [ours: Rate, theirs: Rate])[] = [];
    const measureMs = bench.quick ? 250 : 500;
    for (let round = 0; round < (bench.quick ? 6 : 30); round++) {
      // Who goes first changes, so that what the first leaves behind hits both.
      const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
      const rates: Rate[] = [];
      for (const { program, requests } of order)
        rates.push(
          await rateOf(bench, program, { requests: [requests[i] as Prepared], measureMs }),
        );
      const [first, second] = rates as [Rate, Rate];
      pairs.push(round % 2 === 0 ? [first, second] : [second, first]);
    }
    rows.push(...rowsOf(request.operation, pairs));
  }
  return rows;
}

async function sideOf(program: Program): Promise<Side> {
  return { program, requests: await hotRequests(program, await createKey(program)) };
}

function rowsOf(operation: string, pairs: readonly (readonly [Rate, Rate])[]): Row[] {
  const ratioOf = (figure: (rate: Rate) => number): string =>
    median(pairs.map(([ours, theirs]) => figure(ours) / figure(theirs))).toFixed(3);
  const of = (side: 0 | 1, figure: (rate: Rate) => number) =>
    median(pairs.map((pair) => figure(pair[side])));
  return [
    {
      what: operation,
      value: of(0, (rate) => rate.perSecond),
      unit: 'per s',
      against: { what: 'before', value: of(1, (rate) => rate.perSecond) },
      note: `median of ${pairs.length} pairs ${ratioOf((rate) => rate.perSecond)}`,
    },
    {
      what: `${operation}: server CPU`,
      value: of(0, (rate) => rate.cpuUs),
      unit: 'µs',
      against: { what: 'before', value: of(1, (rate) => rate.cpuUs) },
      note: `median of ${pairs.length} pairs ${ratioOf((rate) => rate.cpuUs)}`,
    },
  ];
}
