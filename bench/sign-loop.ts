/**
 * Signs in a loop with the server's own signing function, without HTTP: what of a Sign call is the
 * signature. Key spec, algorithm, message type and milliseconds come from the command line; prints
 * signatures a second.
 */
import { keySpecs } from '../src/crypto/key-spec.ts';
import { sign, signingAlgorithms } from '../src/crypto/signing.ts';

const [keySpec = '', name = '', messageType = 'RAW', forMs = '1000'] = process.argv.slice(2);
const spec = keySpecs.get(keySpec);
const key = spec?.load(await spec.generate());
if (key?.kind !== 'pair') throw new Error(`${keySpec} has no key pairs`);
const algorithm = signingAlgorithms.get(name);
if (algorithm === undefined) throw new Error(`there is no algorithm ${name}`);
const input = { message: Buffer.alloc(32, 7), messageType: messageType as 'RAW' | 'DIGEST' };
const forAWhile = async (ms: number): Promise<number> => {
  const begin = performance.now();
  let count = 0;
  while (performance.now() - begin < ms) {
    // As many at once as the thread pool has threads: the slow algorithms run there.
    await Promise.all(Array.from({ length: 4 }, () => sign(key, algorithm, input)));
    count += 4;
  }
  return (count * 1_000) / (performance.now() - begin);
};
await forAWhile(Number(forMs) / 4);
console.log(await forAWhile(Number(forMs)));
