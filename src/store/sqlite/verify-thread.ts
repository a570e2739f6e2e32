/** The check of a large store, on a thread of its own so that requests go on meanwhile. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { StoreDamaged, StoreUnavailable } from '../engine.ts';
import { digestKeys } from './digest.ts';
import { storeError } from './failure.ts';
import { type ConnectionOptions, connect } from './schema.ts';
import { verifyStore } from './verify.ts';

interface VerifyData {
  readonly connection: ConnectionOptions;
  readonly integrityKey: Uint8Array;
}

interface Verdict {
  readonly kind: 'sound' | 'damaged' | 'unavailable';
  readonly text: string;
}

/** Throws StoreDamaged, or StoreUnavailable when the check could not be made or was stopped. */
export async function verifyInThread(data: VerifyData, stop: AbortSignal): Promise<void> {
  const verdict = await new Promise<Verdict>((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { ...data, purpose },
      name: 'store check',
    });
    worker.unref();
    stop.addEventListener('abort', () => void worker.terminate(), { once: true });
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', () => resolve({ kind: 'unavailable', text: 'The check was stopped.' }));
  });
  if (verdict.kind === 'damaged') throw new StoreDamaged(verdict.text);
  if (verdict.kind === 'unavailable') throw new StoreUnavailable(verdict.text);
}

/** Marks our own threads: this file is imported on others', too. */
const purpose = 'sealhold store check';

function check({ connection, integrityKey }: VerifyData): Verdict {
  try {
    const db = connect(connection);
    try {
      verifyStore(db, digestKeys(integrityKey));
    } finally {
      db.close();
    }
    return { kind: 'sound', text: '' };
  } catch (cause) {
    const error = storeError(connection.file, cause);
    if (error instanceof StoreDamaged) return { kind: 'damaged', text: error.message };
    if (error instanceof StoreUnavailable) return { kind: 'unavailable', text: error.message };
    throw error;
  }
}

if (!isMainThread && workerData?.purpose === purpose) {
  parentPort?.postMessage(check(workerData as VerifyData));
}
