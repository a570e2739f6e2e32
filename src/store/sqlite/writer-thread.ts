/**
 * The thread that writes: it waits for the disk so that the event loop doesn't. Started by
 * writer.ts only.
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type CommitResult, StoreDamaged, StoreUnavailable, type Write } from '../engine.ts';
import { BatchWriter } from './batch.ts';
import { digestKeys } from './digest.ts';
import { storeError } from './failure.ts';
import { type ConnectionOptions, connect } from './schema.ts';

export interface WriterData {
  readonly connection: ConnectionOptions;
  readonly integrityKey: Uint8Array;
  /** The file that the engine opened: commits to one that was moved or removed would be lost. */
  readonly inode: number;
}

/**
 * A write without its value, which lies with the others', in order, in one buffer that is handed
 * over.
 */
export interface PackedWrite {
  readonly path: string;
  readonly expect: number | undefined;
  /** Undefined to delete. */
  readonly version: number | undefined;
  readonly sizeBytes: number;
}

export type ToWriter =
  | {
      readonly kind: 'batch';
      readonly commits: readonly (readonly PackedWrite[])[];
      readonly values: Uint8Array;
      readonly nonce: Uint8Array;
    }
  | { readonly kind: 'close' };

export type FromWriter =
  | { readonly kind: 'results'; readonly results: readonly CommitResult[] }
  | { readonly kind: 'damaged' | 'unavailable'; readonly text: string };

const { connection, integrityKey, inode } = workerData as WriterData;
const keys = digestKeys(integrityKey);
let open: { readonly db: DatabaseSync; readonly writer: BatchWriter } | undefined;

function apply(message: ToWriter & { kind: 'batch' }): FromWriter {
  try {
    refuseOtherFile();
    open ??= openWriter();
    return { kind: 'results', results: open.writer.apply(unpack(message), message.nonce) };
  } catch (cause) {
    const error = storeError(connection.file, cause);
    if (error instanceof StoreDamaged) return { kind: 'damaged', text: error.message };
    if (error instanceof StoreUnavailable) return { kind: 'unavailable', text: error.message };
    throw error;
  }
}

function openWriter(): NonNullable<typeof open> {
  const db = connect(connection);
  return { db, writer: new BatchWriter(db, { file: connection.file, keys }) };
}

function refuseOtherFile(): void {
  if (statSync(connection.file, { throwIfNoEntry: false })?.ino === inode) return;
  throw new StoreUnavailable(
    `The store ${connection.file} was moved or removed while in use. Put it back, or stop.`,
  );
}

function unpack({ commits, values }: ToWriter & { kind: 'batch' }): Write[][] {
  let at = 0;
  return commits.map((writes) =>
    writes.map(({ path, expect, version, sizeBytes }) => {
      if (version === undefined) return { path, expect, row: undefined };
      const value = values.subarray(at, at + sizeBytes);
      at += sizeBytes;
      return { path, expect, row: { version, value } };
    }),
  );
}

/**
 * The log is emptied into the file, unless another process still reads it: then the last one
 * does so.
 */
function close(): void {
  try {
    open?.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    open?.db.close();
  } catch {
    // What is in the log stays there, durable, and the next opening reads it.
  }
  parentPort?.close();
}

parentPort?.on('message', (message: ToWriter) => {
  if (message.kind === 'close') close();
  else parentPort?.postMessage(apply(message));
});
