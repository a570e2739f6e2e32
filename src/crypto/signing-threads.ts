/**
 * Threads for the signing operations that node offers only in a blocking form (digest-signing.ts):
 * an RSA-4096 signature would hold up every other request for over a millisecond, ML-DSA over an
 * external μ for tens of them.
 */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SignedDigest } from './digest-signing.ts';
import type { KeyPair, PublicHalf } from './key-spec.ts';

/** To sign, or to verify where there is a signature. */
export type SigningTask = {
  readonly id: number;
  readonly algorithm: string;
  readonly digest: Uint8Array;
} & (
  | { readonly key: KeyPair; readonly signature?: undefined }
  | { readonly key: PublicHalf; readonly signature: Uint8Array }
);

export type SigningTaskResult =
  | { readonly id: number; readonly outcome: Uint8Array | boolean }
  | { readonly id: number; readonly failure: string };

/** What the algorithm's `DigestSigner.sign` gives, made in a thread. */
export async function signInThread(
  algorithm: string,
  key: KeyPair,
  digest: Buffer,
): Promise<Buffer> {
  const pair = { ...detached(key), kind: key.kind, privateKey: key.privateKey };
  const outcome = await dispatch((id) => ({ id, algorithm, key: pair, digest: exactly(digest) }));
  if (typeof outcome === 'boolean') throw new Error('a signing thread answered another question');
  return Buffer.from(outcome.buffer, outcome.byteOffset, outcome.byteLength);
}

/** What the algorithm's `DigestSigner.verify` gives, found in a thread. */
export async function verifyInThread(
  algorithm: string,
  key: PublicHalf,
  { digest, signature }: SignedDigest,
): Promise<boolean> {
  const signed = { digest: exactly(digest), signature: exactly(signature) };
  return (await dispatch((id) => ({ id, algorithm, key: detached(key), ...signed }))) === true;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, PromiseWithResolvers<Uint8Array | boolean>>;
}

/** The event loop and the thread pool want a core, too. */
const mostThreads = Math.min(4, Math.max(1, availableParallelism() - 1));
const threads: Thread[] = [];
let lastId = 0;

function dispatch(task: (id: number) => SigningTask): Promise<Uint8Array | boolean> {
  const { worker, pending } = leastBusy();
  const id = ++lastId;
  const answer = Promise.withResolvers<Uint8Array | boolean>();
  pending.set(id, answer);
  // A thread keeps the process alive only while somebody waits for it.
  worker.ref();
  worker.postMessage(task(id));
  return answer.promise;
}

/** A free thread; a new one while there may be more; else the one with the shortest queue. */
function leastBusy(): Thread {
  let best: Thread | undefined;
  for (const thread of threads) {
    if (best === undefined || thread.pending.size < best.pending.size) best = thread;
  }
  if (best !== undefined && (best.pending.size === 0 || threads.length >= mostThreads)) return best;
  return start();
}

function start(): Thread {
  // `.ts` when run from source, `.js` in the package.
  const file = `./signing-thread${extname(import.meta.filename)}`;
  // No flags of the process: some, such as --input-type, would break it.
  const worker = new Worker(new URL(file, import.meta.url), { name: 'signing', execArgv: [] });
  const thread: Thread = { worker, pending: new Map() };
  worker.on('message', (result: SigningTaskResult) => settle(thread, result));
  worker.on('error', (cause) => abandon(thread, new Error('a signing thread failed', { cause })));
  worker.on('exit', () => abandon(thread, new Error('the signing thread has ended')));
  worker.unref();
  threads.push(thread);
  return thread;
}

function settle({ worker, pending }: Thread, result: SigningTaskResult): void {
  const answer = pending.get(result.id);
  pending.delete(result.id);
  if (pending.size === 0) worker.unref();
  if ('failure' in result) answer?.reject(new Error(result.failure));
  else answer?.resolve(result.outcome);
}

/** A dead thread fails what it was asked; the next task starts another. */
function abandon(thread: Thread, cause: Error): void {
  const at = threads.indexOf(thread);
  if (at >= 0) threads.splice(at, 1);
  for (const answer of thread.pending.values()) answer.reject(cause);
  thread.pending.clear();
}

/**
 * Small Buffers are views of a shared slab, and a message carries the whole of what a view is of.
 */
function exactly(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

/** The public half alone: a private key leaves this thread only to sign. */
function detached(key: PublicHalf): PublicHalf {
  const publicKeyDer = Buffer.allocUnsafeSlow(key.publicKeyDer.length);
  publicKeyDer.set(key.publicKeyDer);
  return { spec: key.spec, publicKey: key.publicKey, publicKeyDer };
}
