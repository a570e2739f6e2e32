/** What runs in a signing thread (signing-threads.ts starts it): one blocking operation after the other. */
import { parentPort } from 'node:worker_threads';
import { digestSigner } from './digest-signing.ts';
import type { SigningTask, SigningTaskResult } from './signing-threads.ts';

parentPort?.on('message', (task: SigningTask) => {
  parentPort?.postMessage(settle(task));
});

function settle(task: SigningTask): SigningTaskResult {
  try {
    return { id: task.id, outcome: run(task) };
  } catch (error) {
    return { id: task.id, failure: error instanceof Error ? error.message : 'not an Error' };
  }
}

function run({ algorithm, key, digest, signature }: SigningTask): Uint8Array | boolean {
  const signer = digestSigner(algorithm);
  // A message carries Buffers as plain Uint8Arrays.
  const pair = { ...key, publicKeyDer: Buffer.from(key.publicKeyDer) };
  if (signature === undefined) return new Uint8Array(signer.sign(pair, Buffer.from(digest)));
  return signer.verify(pair, { digest: Buffer.from(digest), signature: Buffer.from(signature) });
}
