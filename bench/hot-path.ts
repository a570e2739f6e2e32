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
  interleave,
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
  const rates = await interleave(
    bench.rounds,
    scenarios.flatMap((scenario) => [
      () => rateOf(bench, bare, { requests: [scenario.bare] }),
      () => rateOf(bench, sealhold, { requests: [scenario.request] }),
    ]),
  );
  return scenarios.flatMap(({ request }, i) => {
    const [reference, ours] = rates.slice(2 * i, 2 * i + 2) as [Rate, Rate];
    return rowsOf(request.operation, ours, reference);
  });
}

function rowsOf(operation: string, ours: Rate, bare: Rate): Row[] {
  return [
    {
      what: operation,
      value: ours.perSecond,
      unit: 'per s',
      against: { what: 'bare node:http', value: bare.perSecond },
      note: `p50 ${ours.p50Ms.toFixed(2)} ms, p99 ${ours.p99Ms.toFixed(2)} ms`,
    },
    {
      what: `${operation}: server CPU`,
      value: ours.cpuUs,
      unit: 'µs',
      against: { what: 'bare node:http', value: bare.cpuUs },
    },
  ];
}
