/**
 * Measures every claim on this machine and prints a table, or JSON. Loopback only; bounded in time:
 * under four minutes, with --quick under one. What it starts it stops.
 *
 *     npm run bench -- [--quick] [--json] [--only NAME[,NAME]] [--folder DIR] [--before TREE]
 */
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { before } from './before.ts';
import { type Claim, openBench, type Row } from './claim.ts';
import { createKeys } from './create-key.ts';
import { hotPath } from './hot-path.ts';
import { manyKeys } from './many-keys.ts';
import { parameters } from './parameters.ts';
import { peer } from './peer.ts';
import { policy } from './policy.ts';
import { processes } from './processes.ts';
import { canPin, killAll } from './program.ts';
import { secrets } from './secrets.ts';
import { signing } from './signing.ts';
import { slowNeighbour } from './slow-neighbour.ts';
import { stages } from './stages.ts';

const everyClaim: readonly Claim[] = [
  hotPath,
  peer,
  stages,
  policy,
  secrets,
  signing,
  slowNeighbour,
  processes,
  createKeys,
  parameters,
  // Last: it takes what time is left.
  manyKeys,
];

interface Report {
  readonly name: string;
  readonly says: string;
  readonly rows: readonly Row[];
  /** Why there are no rows. */
  readonly failure?: string;
  readonly seconds: number;
}

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    before: { type: 'string' },
  },
});
const claims = flags.before === undefined ? everyClaim : [before(flags.before), ...everyClaim];

const bench = openBench({ quick: flags.quick, parent: flags.folder });
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    clear();
    process.exit(130);
  });
// Whatever hangs, this ends it.
const overallMs = flags.quick ? 120_000 : 360_000;
setTimeout(() => {
  clear();
  console.error(`The bench took over ${overallMs / 1_000} s and was stopped.`);
  process.exit(1);
}, overallMs).unref();

const reports = await measureAll();
clear();
if (flags.json) console.log(JSON.stringify({ machine: machine(), claims: reports }, undefined, 2));
process.exit(reports.some(({ failure }) => failure !== undefined) ? 1 : 0);

async function measureAll(): Promise<Report[]> {
  const wanted = flags.only?.split(',');
  const unknown = wanted?.find((name) => !claims.some((claim) => claim.name === name));
  if (unknown !== undefined) {
    console.error(`No claim is named ${unknown}: ${claims.map(({ name }) => name).join(', ')}.`);
    clear();
    process.exit(2);
  }
  if (!flags.json) console.log(machine().join('\n'));
  const reports: Report[] = [];
  for (const claim of claims) {
    if (wanted !== undefined && !wanted.includes(claim.name)) continue;
    if (bench.leftMs() < 5_000) {
      console.error(`No time was left for ${claim.name}; --only ${claim.name} measures it alone.`);
      continue;
    }
    const report = await measure(claim);
    reports.push(report);
    if (!flags.json) console.log(print(report));
  }
  return reports;
}

async function measure({ name, says, measure }: Claim): Promise<Report> {
  const beganMs = performance.now();
  const seconds = () => Math.round((performance.now() - beganMs) / 100) / 10;
  try {
    const rows = await measure(bench);
    return { name, says, rows, seconds: seconds() };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { name, says, rows: [], failure, seconds: seconds() };
  }
}

function clear(): void {
  killAll();
  bench.close();
}

function machine(): string[] {
  const pins = canPin
    ? 'the server on core 0 where it says "one core", the load generator on core 1'
    : 'taskset is missing: nothing is pinned, so "one core" is not true here';
  return [
    `${cpus().length} cores, ${cpus()[0]?.model.trim()}; Node ${process.version}`,
    pins,
    `data in ${flags.folder}${flags.quick ? '; quick: rough figures' : ''}`,
  ];
}

function print({ name, says, rows, failure, seconds }: Report): string {
  const lines = rows.map(({ what, value, unit, against, note }) => {
    const figure = unit === '' ? '' : `${short(value)} ${unit}`;
    const ratio =
      against === undefined
        ? ''
        : `${(value / against.value).toFixed(2)} × ${against.what} (${short(against.value)})`;
    return `  ${what.padEnd(52)} ${figure.padStart(14)}   ${[ratio, note].filter(Boolean).join('; ')}`;
  });
  const heading = `\n${name}: ${says}  [${seconds} s]`;
  return [heading, ...lines, ...(failure === undefined ? [] : [`  FAILED: ${failure}`])].join('\n');
}

function short(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
