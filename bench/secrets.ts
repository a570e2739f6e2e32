/**
 * Claim: GetSecretValue, with a call of its own to KMS each time and both in the trail, reaches 0.6
 * of the rate of KMS's Decrypt.
 */
import { randomUUID } from 'node:crypto';
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

const service = 'secretsmanager';

export const secrets: Claim = {
  name: 'secrets',
  says: 'GetSecretValue (32 bytes, 32 connections, one core) against KMS Decrypt of a data key',
  async measure(bench) {
    const program = await startSealhold({ data: bench.folder('secrets'), core: 0 });
    try {
      const requests = await readings(program);
      for (const request of requests) await warm(bench, program, request);
      return await compare(bench, program, requests);
    } finally {
      await program.stop();
    }
  },
};

/** Each checked once. */
async function readings(program: Program): Promise<readonly [decrypt: Prepared, get: Prepared]> {
  const SecretString = 'a value of thirty-two characters';
  const KmsKeyId = await createKey(program);
  const asked = { Name: 'bench', SecretString, KmsKeyId, ClientRequestToken: randomUUID() };
  await call(program, 'CreateSecret', asked, service);
  const wanted = { SecretId: 'bench' };
  const get = prepare('GetSecretValue', wanted, { service });
  const read = await call<{ SecretString: string }>(program, 'GetSecretValue', wanted, service);
  if (read.SecretString !== SecretString) throw new Error('GetSecretValue gave something else.');
  const EncryptionContext = {
    SecretARN: 'arn:aws:secretsmanager:us-east-1:111122223333:secret:bench-AbCdEf',
    SecretVersionId: randomUUID(),
  };
  const dataKey = { KeyId: KmsKeyId, KeySpec: 'AES_256', EncryptionContext };
  const made = await call<{ CiphertextBlob: string }>(program, 'GenerateDataKey', dataKey);
  const { CiphertextBlob } = made;
  return [prepare('Decrypt', { CiphertextBlob, EncryptionContext }), get];
}

async function compare(
  bench: Bench,
  program: Program,
  [decrypt, get]: readonly [Prepared, Prepared],
): Promise<Row[]> {
  const measureMs = bench.quick ? 250 : 500;
  const of = (request: Prepared): Promise<Rate> =>
    rateOf(bench, program, { requests: [request], measureMs });
  const pairs: { readonly decrypt: Rate; readonly get: Rate }[] = [];
  for (let round = 0; round < (bench.quick ? 4 : 15); round++)
    pairs.push({ decrypt: await of(decrypt), get: await of(get) });
  const middle = (figure: (pair: (typeof pairs)[number]) => number): number =>
    median(pairs.map(figure));
  const ratio = middle((pair) => pair.get.perSecond / pair.decrypt.perSecond);
  return [
    {
      what: 'GetSecretValue',
      value: middle((pair) => pair.get.perSecond),
      unit: 'per s',
      against: { what: 'Decrypt', value: middle((pair) => pair.decrypt.perSecond) },
      note: `pairs ${ratio.toFixed(2)}`,
    },
    {
      what: 'GetSecretValue: server CPU',
      value: middle((pair) => pair.get.cpuUs),
      unit: 'µs',
      against: { what: 'Decrypt', value: middle((pair) => pair.decrypt.cpuUs) },
    },
  ];
}
