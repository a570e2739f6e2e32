/**
 * Claim: starting, memory and listing don't grow with the number of keys stored, only with those in
 * use.
 */
import { type Bench, type Claim, call, createKey, median, type Row } from './claim.ts';
import { type Program, startSealhold } from './program.ts';
import { prepare } from './request.ts';

const wantedKeys = 100_000;
const keysInUse = 1_000;
const pageKeys = 1_000;

export const manyKeys: Claim = {
  name: 'many-keys',
  says: `start, memory and ListKeys with few keys and with ${wantedKeys} (as many as there is time for)`,
  async measure(bench) {
    const data = bench.folder('many-keys');
    const first = await startSealhold({ data });
    await createKey(first);
    await first.stop();
    const few = await startSeveral(bench, data);
    const rows: Row[] = [
      { what: 'First start, empty folder', value: first.startMs, unit: 'ms' },
      { what: 'Start with one key', value: few.startMs, unit: 'ms' },
      { what: 'Resident memory after start', value: few.residentMb, unit: 'MB' },
    ];
    const stored = await seed(bench, data);
    const many = await startSeveral(bench, data);
    rows.push(
      { what: 'Keys stored', value: stored, unit: 'keys' },
      {
        what: 'Start with all keys',
        value: many.startMs,
        unit: 'ms',
        against: { what: 'one key', value: few.startMs },
      },
      {
        what: 'Resident memory after that start',
        value: many.residentMb,
        unit: 'MB',
        against: { what: 'one key', value: few.residentMb },
      },
    );
    const program = await startSealhold({ data });
    try {
      rows.push(...(await measureRunning(bench, program)));
    } finally {
      await program.stop();
    }
    return rows;
  },
};

/** The median of several starts on what lies there. */
async function startSeveral(
  bench: Bench,
  data: string,
): Promise<{ startMs: number; residentMb: number }> {
  const starts: number[] = [];
  const resident: number[] = [];
  for (let i = 0; i < (bench.quick ? 3 : 5); i++) {
    const program = await startSealhold({ data });
    starts.push(program.startMs);
    resident.push(program.residentBytes() / 1e6);
    await program.stop();
  }
  return { startMs: median(starts), residentMb: median(resident) };
}

/**
 * Returns how many were made in the time there is: a minute at most, in a quick run six seconds.
 */
async function seed(bench: Bench, data: string): Promise<number> {
  const program = await startSealhold({ data });
  try {
    const { port, caller } = program;
    const { answers } = await bench.load.run({
      ...{ port, caller, connections: 64, requests: [prepare('CreateKey', {})], warmMs: 0 },
      measureMs: Math.max(2_000, Math.min(bench.quick ? 6_000 : 60_000, bench.leftMs() - 30_000)),
      maxAnswers: wantedKeys,
    });
    return answers + 1;
  } finally {
    await program.stop();
  }
}

interface ListKeysPage {
  readonly Keys: readonly { readonly KeyId: string }[];
  readonly NextMarker?: string;
}

async function measureRunning(bench: Bench, program: Program): Promise<Row[]> {
  const { markers, keyIds } = await walk(program);
  const start = await pageMs(program, markers[0]);
  const against = { what: 'first page', value: start };
  return [
    ...(await useKeys(bench, program, keyIds)),
    { what: `ListKeys, first page of ${pageKeys}`, value: start, unit: 'ms' },
    {
      what: 'ListKeys, a page in the middle',
      value: await pageMs(program, markers[markers.length >> 1]),
      unit: 'ms',
      against,
    },
    {
      what: 'ListKeys, the last full page',
      value: await pageMs(program, markers.at(-2)),
      unit: 'ms',
      against,
    },
  ];
}

/** Lists all keys once: where each page begins, and the first keys to use. */
async function walk(
  program: Program,
): Promise<{ markers: (string | undefined)[]; keyIds: string[] }> {
  const markers: (string | undefined)[] = [undefined];
  const keyIds: string[] = [];
  for (let page = 0; page <= wantedKeys / pageKeys + 1; page++) {
    const { Keys, NextMarker } = await listKeys(program, markers.at(-1));
    keyIds.push(...Keys.map(({ KeyId }) => KeyId));
    if (NextMarker === undefined) break;
    markers.push(NextMarker);
  }
  return { markers, keyIds: keyIds.slice(0, keysInUse) };
}

function listKeys(program: Program, Marker: string | undefined): Promise<ListKeysPage> {
  const marker = Marker === undefined ? {} : { Marker };
  return call(program, 'ListKeys', { Limit: pageKeys, ...marker });
}

/** The median of nine. Connecting is in it, alike for every page. */
async function pageMs(program: Program, marker: string | undefined): Promise<number> {
  const spans: number[] = [];
  for (let i = 0; i < 9; i++) {
    const beganMs = performance.now();
    await listKeys(program, marker);
    spans.push(performance.now() - beganMs);
  }
  return median(spans);
}

async function useKeys(bench: Bench, program: Program, keyIds: readonly string[]): Promise<Row[]> {
  const Plaintext = Buffer.alloc(1024, 'sealhold').toString('base64');
  const requests = keyIds.map((KeyId) => prepare('Encrypt', { KeyId, Plaintext }));
  const { port, caller } = program;
  const job = { port, caller, connections: 16, requests, warmMs: 0, measureMs: 15_000 };
  const first = await bench.load.run({ ...job, maxAnswers: requests.length });
  const again = await bench.load.run({ ...job, maxAnswers: requests.length * 5 });
  return [
    {
      what: `Encrypt with ${keyIds.length} keys, each for the first time, p50`,
      value: first.p50Ms,
      unit: 'ms',
      against: { what: 'then', value: again.p50Ms },
    },
    {
      what: `Resident memory with ${keyIds.length} keys in use`,
      value: program.residentBytes() / 1e6,
      unit: 'MB',
    },
  ];
}
