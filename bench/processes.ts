/** Claim: a second process on the same data folder raises what one machine serves. */
import { type Bench, type Claim, createKey, interleave, type Row, rateOf, warm } from './claim.ts';
import { hotRequests } from './hot-path.ts';
import { type Program, startSealhold } from './program.ts';
import type { Prepared } from './request.ts';

export const processes: Claim = {
  name: 'processes',
  says: 'two processes against one, on all cores, with the load generator beside them',
  async measure(bench) {
    const started: Program[] = [];
    try {
      for (const count of [1, 2])
        started.push(
          await startSealhold({
            data: bench.folder(`processes-${count}`),
            args: ['--processes', `${count}`],
          }),
        );
      return await compare(bench, started);
    } finally {
      await Promise.all(started.map((program) => program.stop()));
    }
  },
};

async function compare(bench: Bench, programs: readonly Program[]): Promise<Row[]> {
  const scenarios: { program: Program; request: Prepared }[] = [];
  for (const program of programs) {
    const [request] = (await hotRequests(program, await createKey(program))) as [Prepared];
    scenarios.push({ program, request });
    await warm(bench, program, request);
  }
  const rates = await interleave(
    bench.rounds,
    scenarios.map(
      ({ program, request }) =>
        () =>
          rateOf(bench, program, { requests: [request] }),
    ),
  );
  const [one, two] = rates;
  if (one === undefined || two === undefined) throw new Error('One of the two was not measured.');
  return [
    {
      what: 'Encrypt, two processes',
      value: two.perSecond,
      unit: 'per s',
      against: { what: 'one process', value: one.perSecond },
      note: `p99 ${two.p99Ms.toFixed(2)} ms, with one ${one.p99Ms.toFixed(2)} ms`,
    },
  ];
}
