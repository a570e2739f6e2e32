/**
 * Claims: reading a SecureString costs little more than the KMS call in it, and a page of a
 * hierarchy costs the same wherever it is and however many parameters there are.
 */
import {
  type Bench,
  type Claim,
  call,
  createKey,
  median,
  type Rate,
  type Row,
  rateOf,
  warm,
} from './claim.ts';
import { type Program, startSealhold } from './program.ts';
import { type Prepared, prepare } from './request.ts';

const hierarchy = 10_000;
const wanted = 100_000;

export const parameters: Claim = {
  name: 'parameters',
  says: `GetParameter with decryption against KMS Decrypt; pages of 10 among ${hierarchy} parameters and more`,
  async measure(bench) {
    const data = bench.folder('parameters');
    const program = await startSealhold({ data, core: 0 });
    try {
      const rows = await reading(bench, program);
      await seed(bench, program, { path: '/ten', count: hierarchy, ms: bench.leftMs() / 3 });
      rows.push(...(await pages(program, '/ten')));
      return [...rows, ...(await many(bench, program, data))];
    } finally {
      await program.stop();
    }
  },
};

const ssm = (operation: string, input: object): Prepared =>
  prepare(operation, input, { service: 'ssm' });

interface Read {
  readonly Parameter: { readonly Value: string; readonly ARN: string };
}

/** The same value under the same key, read through Parameter Store and opened by KMS itself. */
async function reading(bench: Bench, program: Program): Promise<Row[]> {
  const KeyId = await createKey(program);
  const Value = 'v'.repeat(1024);
  const put = { Value, Type: 'SecureString', KeyId };
  await call(program, 'PutParameter', { ...put, Name: '/bench/standard' }, 'ssm');
  await call(program, 'PutParameter', { ...put, Name: '/bench/advanced', Tier: 'Advanced' }, 'ssm');
  const { Parameter } = await call<Read>(
    program,
    'GetParameter',
    { Name: '/bench/standard' },
    'ssm',
  );
  const decrypt = prepare('Decrypt', {
    CiphertextBlob: Parameter.Value,
    EncryptionContext: { PARAMETER_ARN: Parameter.ARN },
  });
  const get = (Name: string, WithDecryption: boolean) =>
    ssm('GetParameter', { Name, WithDecryption });
  const reads: readonly (readonly [string, Prepared])[] = [
    ['GetParameter with decryption, standard', get('/bench/standard', true)],
    ['GetParameter with decryption, advanced', get('/bench/advanced', true)],
    ['GetParameter without decryption', get('/bench/standard', false)],
  ];
  for (const [, request] of [['', decrypt] as const, ...reads]) await warm(bench, program, request);
  const rows: Row[] = [];
  for (const [what, request] of reads) {
    const pairs: { readonly ours: Rate; readonly decrypt: Rate }[] = [];
    const rate = (one: Prepared): Promise<Rate> =>
      rateOf(bench, program, { requests: [one], measureMs: 400 });
    for (let round = 0; round < (bench.quick ? 4 : 11); round++)
      pairs.push({ decrypt: await rate(decrypt), ours: await rate(request) });
    const of = (figure: (rate: Rate) => number) => ({
      value: median(pairs.map(({ ours }) => figure(ours))),
      against: { what: 'KMS Decrypt', value: median(pairs.map((pair) => figure(pair.decrypt))) },
    });
    const ratio = median(pairs.map((pair) => pair.ours.perSecond / pair.decrypt.perSecond));
    rows.push(
      { what, unit: 'per s', ...of((each) => each.perSecond), note: `pairs ${ratio.toFixed(2)}` },
      { what: '  server CPU', unit: 'µs', ...of((each) => each.cpuUs) },
    );
  }
  return rows;
}

/** Returns how many were made in the time there is. */
async function seed(
  bench: Bench,
  { port, caller }: Program,
  { path, count, ms }: { readonly path: string; readonly count: number; readonly ms: number },
): Promise<number> {
  const put = (i: number): Prepared =>
    ssm('PutParameter', {
      Name: `${path}/${String(i).padStart(6, '0')}`,
      Value: 'v'.repeat(100),
      Overwrite: true,
      Type: 'String',
      Tier: 'Advanced',
    });
  let made = 0;
  const until = performance.now() + ms;
  while (made < count && performance.now() < until) {
    const requests = Array.from({ length: Math.min(5_000, count - made) }, (_, i) => put(made + i));
    // A first answer may go uncounted, and its request be sent again: it overwrites.
    const job = { port, caller, connections: 1, requests, warmMs: 0, measureMs: 60_000 };
    await sendEach(bench, job);
    made += requests.length;
  }
  return made;
}

/** Every request once, from several connections. */
async function sendEach(bench: Bench, job: Parameters<Bench['load']['run']>[0]): Promise<void> {
  const lanes = 32;
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) => {
      const requests = job.requests.filter((_request, i) => i % lanes === lane);
      return requests.length === 0
        ? undefined
        : bench.load.run({ ...job, requests, maxAnswers: requests.length });
    }),
  );
}

interface Page {
  readonly Parameters: readonly unknown[];
  readonly NextToken?: string;
}

/** Walks the hierarchy once, then measures pages at its beginning, its middle and its end. */
async function pages(program: Program, path: string): Promise<Row[]> {
  const page = (Recursive: boolean, NextToken: string | undefined): Promise<Page> =>
    call(
      program,
      'GetParametersByPath',
      { Path: path, Recursive, MaxResults: 10, ...(NextToken === undefined ? {} : { NextToken }) },
      'ssm',
    );
  const rows: Row[] = [];
  for (const [how, isRecursive] of [
    ['one level', false],
    ['recursive', true],
  ] as const) {
    const tokens: (string | undefined)[] = [undefined];
    for (;;) {
      const { NextToken } = await page(isRecursive, tokens.at(-1));
      if (NextToken === undefined) break;
      tokens.push(NextToken);
    }
    const ms = async (token: string | undefined): Promise<number> => {
      const spans: number[] = [];
      for (let i = 0; i < 15; i++) {
        const beganMs = performance.now();
        await page(isRecursive, token);
        spans.push(performance.now() - beganMs);
      }
      return median(spans);
    };
    const value = await ms(undefined);
    const against = { what: 'first page', value };
    rows.push(
      { what: `GetParametersByPath, ${how}: first of ${tokens.length} pages`, value, unit: 'ms' },
      {
        what: '  a page in the middle',
        value: await ms(tokens[tokens.length >> 1]),
        unit: 'ms',
        against,
      },
      { what: '  the last page', value: await ms(tokens.at(-1)), unit: 'ms', against },
    );
  }
  return rows;
}

/** As many as there is time for, in another hierarchy: start, memory and a page among them. */
async function many(bench: Bench, program: Program, data: string): Promise<Row[]> {
  const ms = Math.min(bench.quick ? 5_000 : 90_000, bench.leftMs() - 20_000);
  if (ms < 2_000) return [];
  const count = wanted - hierarchy;
  const stored = hierarchy + (await seed(bench, program, { path: '/many', count, ms }));
  await program.stop();
  const again = await startSealhold({ data, core: 0 });
  try {
    const spans: number[] = [];
    const read = { Path: '/ten', MaxResults: 10 };
    for (let i = 0; i < 15; i++) {
      const beganMs = performance.now();
      await call<Page>(again, 'GetParametersByPath', read, 'ssm');
      spans.push(performance.now() - beganMs);
    }
    return [
      { what: 'Parameters stored', value: stored, unit: 'parameters' },
      { what: 'Start with all of them', value: again.startMs, unit: 'ms' },
      { what: 'Resident memory after that start', value: again.residentBytes() / 1e6, unit: 'MB' },
      { what: 'GetParametersByPath, a page of 10 among them', value: median(spans), unit: 'ms' },
    ];
  } finally {
    await again.stop();
  }
}
