/**
 * Claim: we are as fast as local-kms, the fastest peer, though it verifies no signature, keeps no
 * audit and syncs nothing.
 */
import { spawnSync } from 'node:child_process';
import { type Bench, type Claim, createKey, interleave, type Row, rateOf, warm } from './claim.ts';
import { hotRequests } from './hot-path.ts';
import { anyCaller, freePort, launch, type Program, startSealhold } from './program.ts';

export const peer: Claim = {
  name: 'peer',
  says: 'the same calls on local-kms (one core), which verifies no signatures',
  async measure(bench) {
    if (spawnSync('local-kms', ['--version'], { timeout: 2_000 }).error !== undefined)
      return [{ what: 'local-kms', value: 0, unit: '', note: "isn't installed" }];
    const started: Program[] = [];
    try {
      started.push(await startSealhold({ data: bench.folder('peer-sealhold'), core: 0 }));
      started.push(await startLocalKms(bench.folder('peer')));
      return await compare(bench, started[0] as Program, started[1] as Program);
    } finally {
      await Promise.all(started.map((program) => program.stop()));
    }
  },
};

async function startLocalKms(data: string): Promise<Program> {
  const port = await freePort();
  const env = { PORT: `${port}`, KMS_DATA_PATH: data, KMS_REGION: 'us-east-1' };
  return launch({
    ...{ command: ['local-kms'], port, core: 0, env },
    ready: '/',
    caller: () => anyCaller,
  });
}

async function compare(bench: Bench, ours: Program, theirs: Program): Promise<Row[]> {
  const requests = await hotRequests(ours, await createKey(ours));
  const same = await hotRequests(theirs, await createKey(theirs));
  const rows: Row[] = [];
  for (const [index, request] of requests.entries()) {
    const counterpart = same[index] ?? request;
    await warm(bench, ours, request);
    await warm(bench, theirs, counterpart);
    const [mine, other] = await interleave(bench.rounds, [
      () => rateOf(bench, ours, { requests: [request] }),
      () => rateOf(bench, theirs, { requests: [counterpart] }),
    ]);
    if (mine === undefined || other === undefined) continue;
    rows.push({
      what: request.operation,
      value: mine.perSecond,
      unit: 'per s',
      against: { what: 'local-kms', value: other.perSecond },
    });
  }
  return rows;
}
