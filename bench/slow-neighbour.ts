/**
 * Claim: a caller who makes RSA-4096 key pairs without pause doesn't make those wait who encrypt.
 */
import { type Bench, type Claim, createKey, type Rate, type Row, rateOf, warm } from './claim.ts';
import { hotRequests } from './hot-path.ts';
import { type Program, startSealhold } from './program.ts';
import { type Prepared, prepare } from './request.ts';

export const slowNeighbour: Claim = {
  name: 'slow-neighbour',
  says: 'Encrypt (8 connections) while one caller makes RSA_4096 key pairs in a loop',
  async measure(bench) {
    const rows: Row[] = [];
    for (const core of [undefined, 0]) {
      const data = bench.folder('neighbour');
      const program = await startSealhold({ data, ...(core === undefined ? {} : { core }) });
      try {
        rows.push(await compare(bench, program, core === undefined ? 'all cores' : 'one core'));
      } finally {
        await program.stop();
      }
    }
    return rows;
  },
};

async function compare(bench: Bench, program: Program, where: string): Promise<Row> {
  const keyId = await createKey(program);
  const [encrypt] = (await hotRequests(program, keyId)) as [Prepared];
  await warm(bench, program, encrypt);
  const alone = await encryptRate(bench, program, encrypt);
  const pair = prepare('GenerateDataKeyPair', { KeyId: keyId, KeyPairSpec: 'RSA_4096' });
  const { port, caller } = program;
  const measureMs = bench.measureMs * 2 + 500;
  const neighbour = bench.load.run({
    ...{ port, caller, connections: 1, requests: [pair], warmMs: 0, measureMs },
  });
  const beside = await encryptRate(bench, program, encrypt);
  const { answers } = await neighbour;
  return {
    what: `Encrypt p99 beside key generation, ${where}`,
    value: beside.p99Ms,
    unit: 'ms',
    against: { what: 'alone', value: alone.p99Ms },
    note:
      `p50 ${beside.p50Ms.toFixed(2)} ms, alone ${alone.p50Ms.toFixed(2)} ms; ` +
      `${answers} pairs were made meanwhile`,
  };
}

function encryptRate(bench: Bench, program: Program, encrypt: Prepared): Promise<Rate> {
  return rateOf(bench, program, {
    requests: [encrypt],
    connections: 8,
    measureMs: bench.measureMs * 2,
  });
}
