/**
 * Claim: Encrypt, Decrypt and GenerateDataKey, strict and audited, cost a small multiple of an
 * empty HTTP server.
 */
import {
  answerBytesOf,
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
import { type Program, startBare, startSealhold } from './program.ts';
import { type Prepared, prepare } from './request.ts';

interface Scenario {
  readonly request: Prepared;
  /** The same bytes of request and answer for the bare server. */
  readonly bare: Prepared;
}

export const hotPath: Claim = {
  name: 'hot-path',
  says: 'Encrypt, Decrypt and GenerateDataKey (1 KB, 32 connections, one core) against bare node:http',
  async measure(bench) {
    const sealhold = await startSealhold({ data: bench.folder('hot'), core: 0 });
    const bare = await startBare(0);
    try {
      return await compare(bench, sealhold, bare);
    } finally {
      await Promise.all([sealhold.stop(), bare.stop()]);
    }
  },
};

/** The three requests, each checked once: what is decrypted must be what was encrypted. */
export async function hotRequests(program: Program, keyId: string): Promise<Prepared[]> {
  const Plaintext = Buffer.alloc(1024, 'sealhold').toString('base64');
  const EncryptionContext = { tenant: 'bench' };
  const encrypt = { KeyId: keyId, Plaintext, EncryptionContext };
  const { CiphertextBlob } = await call<{ CiphertextBlob: string }>(program, 'Encrypt', encrypt);
  const decrypt = { CiphertextBlob, EncryptionContext };
  const opened = await call<{ Plaintext: string }>(program, 'Decrypt', decrypt);
  if (opened.Plaintext !== Plaintext) throw new Error('Decrypt gave something else back.');
  return [
    prepare('Encrypt', encrypt),
    prepare('Decrypt', decrypt),
    prepare('GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext }),
  ];
}

async function compare(bench: Bench, sealhold: Program, bare: Program): Promise<Row[]> {
  const scenarios: Scenario[] = [];
  for (const request of await hotRequests(sealhold, await createKey(sealhold))) {
    const sizeBytes = await answerBytesOf(bench, sealhold, request);
    const scenario = { request, bare: { ...request, path: `/${sizeBytes}` } };
    scenarios.push(scenario);
    await warm(bench, sealhold, scenario.request);
    await warm(bench, bare, scenario.bare);
  }
  const pairs = scenarios.map((): Pair[] => []);
  for (let round = 0; round < (bench.quick ? 4 : 15); round++)
    for (const [i, scenario] of scenarios.entries()) pairs[i]?.push(await pairOf(scenario));
  return scenarios.flatMap(({ request }, i) => rowsOf(request.operation, pairs[i] ?? []));

  async function pairOf(scenario: Scenario): Promise<Pair> {
    const measureMs = bench.quick ? 250 : 500;
    return {
      bare: await rateOf(bench, bare, { requests: [scenario.bare], measureMs }),
      ours: await rateOf(bench, sealhold, { requests: [scenario.request], measureMs }),
    };
  }
}

/**
 * Two measurements right after one another. A shared machine's speed changes within seconds, so
 * many short pairs tell more than few long ones, and each is compared within itself.
 */
interface Pair {
  readonly bare: Rate;
  readonly ours: Rate;
}

function rowsOf(operation: string, pairs: readonly Pair[]): Row[] {
  const of = (figure: (pair: Pair) => number): number => median(pairs.map(figure));
  const ratios = pairs.map(({ ours, bare }) => ours.perSecond / bare.perSecond).sort(byNumber);
  const at = (share: number): string =>
    (ratios[Math.round((ratios.length - 1) * share)] ?? Number.NaN).toFixed(2);
  const latency = `p50 ${of((p) => p.ours.p50Ms).toFixed(2)} ms, p99 ${of((p) => p.ours.p99Ms).toFixed(2)} ms`;
  return [
    {
      what: operation,
      value: of((p) => p.ours.perSecond),
      unit: 'per s',
      against: { what: 'bare node:http', value: of((p) => p.bare.perSecond) },
      note: `pairs ${at(0.5)} (${at(0.25)}–${at(0.75)}); ${latency}`,
    },
    {
      what: `${operation}: server CPU`,
      value: of((p) => p.ours.cpuUs),
      unit: 'µs',
      against: { what: 'bare node:http', value: of((p) => p.bare.cpuUs) },
    },
  ];
}

const byNumber = (a: number, b: number): number => a - b;
