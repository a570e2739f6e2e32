/**
 * What runs in a signing thread (signing-threads.ts starts it): one blocking operation after the
 * other.
 */
import { parentPort } from 'node:worker_threads';
import { digestSigners } from './digest-signing.ts';
import { nobleSigners } from './noble-signature.ts';
import type { SigningTask, SigningTaskResult } from './signing-threads.ts';

const signers = new Map([...digestSigners, ...nobleSigners]);

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

function run(task: SigningTask): Uint8Array | boolean {
  const signer = signers.get(task.algorithm);
  if (signer === undefined) throw new Error(`${task.algorithm} signs no digests`);
  // A message carries Buffers as plain Uint8Arrays.
  const digest = Buffer.from(task.digest);
  const publicKeyDer = Buffer.from(task.key.publicKeyDer);
  if (task.signature === undefined) {
    return new Uint8Array(signer.sign({ ...task.key, publicKeyDer }, digest));
  }
  const signature = Buffer.from(task.signature);
  return signer.verify({ ...task.key, publicKeyDer }, { digest, signature });
}
